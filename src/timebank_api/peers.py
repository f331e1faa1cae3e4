"""Who is on the other end of the connection, and what of their word counts.

A proxy that the settings name may say for whom it asks, over which scheme, and with which request id. Whoever
else sends such headers is not believed; no other header about addresses or names is, whoever sends it.
"""

import re
import secrets
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from litestar.types import Scope

ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}", re.ASCII)
"""A request id that a proxy may give."""
TRACE: Final = re.compile(r"[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""`traceparent` as W3C Trace Context has it."""
HEARSAY: Final = frozenset(
    {
        b"forwarded",
        b"x-forwarded-host",
        b"x-forwarded-port",
        b"x-forwarded-prefix",
        b"x-forwarded-server",
        b"x-host",
        b"x-original-url",
        b"x-real-ip",
        b"x-rewrite-url",
    }
)
"""Headers that nobody is believed."""
FROM_PROXIES: Final = frozenset(
    {b"x-forwarded-for", b"x-forwarded-proto", b"x-request-id", b"traceparent", b"tracestate"}
)
"""Headers that only a named proxy is believed."""
RELAYED: Final = "is_relayed"
SCHEMES: Final = frozenset({"http", "https"})


class Peers:
    """Knows the named proxies."""

    def __init__(self, proxies: Sequence[str]) -> None:
        """Name the proxies, by address or network."""
        self._networks = tuple(ip_network(each) for each in proxies)
        self._is_named = lru_cache(maxsize=1_024)(self._look)

    def is_named(self, host: str) -> bool:
        """Tell whether an address is that of a named proxy."""
        return bool(self._networks) and self._is_named(host)

    def _look(self, host: str) -> bool:
        try:
            address = ip_address(host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped  # of a socket that listens to both kinds
        return any(address in network for network in self._networks)

    def admit(self, scope: Scope) -> str:
        """Make a request's scope say who really asks, drop what counts for nothing; return the request id."""
        client = scope["client"]
        is_proxy = client is not None and self.is_named(client[0])
        dropped = HEARSAY if is_proxy else HEARSAY | FROM_PROXIES
        headers = scope["headers"]
        if any(name in dropped for name, _ in headers):
            scope.setdefault("state", {})[RELAYED] = True
            headers = [(name, value) for name, value in headers if name not in dropped]
            scope["headers"] = headers
        if not is_proxy:
            return new_id()
        said = {name: value.decode("latin-1").strip() for name, value in headers if name in FROM_PROXIES}
        scheme = said.get(b"x-forwarded-proto", "")
        if scheme in SCHEMES:
            scope["scheme"] = scheme
        chain = b",".join(value for name, value in headers if name == b"x-forwarded-for")
        asker = self._asker(chain.decode("latin-1"))
        if asker is not None:
            scope["client"] = (asker, 0)
        return _id_of(said) or new_id()

    def _asker(self, chain: str) -> str | None:
        """Return the last address of a chain that is no named proxy; None if it has none, or is malformed."""
        for part in reversed([each.strip() for each in chain.split(",") if each.strip()]):
            try:
                address = ip_address(_without_port(part))
            except ValueError:
                return None
            if not self.is_named(str(address)):
                return str(address)
        return None


def _without_port(part: str) -> str:
    if part.startswith("["):
        return part[1:].partition("]")[0]
    return part.partition(":")[0] if part.count(":") == 1 else part


def _id_of(said: dict[bytes, str]) -> str | None:
    given = said.get(b"x-request-id", "")
    if ID.fullmatch(given):
        return given
    trace = TRACE.fullmatch(said.get(b"traceparent", ""))
    return trace["trace"] if trace is not None else None


def new_id() -> str:
    """Return a request id of our own."""
    return secrets.token_hex(16)


def is_relayed(scope: Scope) -> bool:
    """Tell whether a request came with a word about addresses that was not believed: some proxy's, maybe."""
    return bool(scope["state"].get(RELAYED))


class Names:
    """Knows under which names the service may be asked."""

    def __init__(self, allowed: Sequence[str]) -> None:
        """Allow names; `*.` before one allows those below it, and none at all allows any."""
        self._exact = frozenset(each.lower() for each in allowed if not each.startswith("*."))
        self._endings = tuple(each[1:].lower() for each in allowed if each.startswith("*."))
        self._is_open = not allowed

    def allow(self, scope: Scope) -> bool:
        """Tell whether a request asks for a name that is allowed."""
        if self._is_open:
            return True
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1:
            return False
        name = hosts[0].decode("latin-1").lower()
        name = name.partition("]")[0] + "]" if name.startswith("[") else name.partition(":")[0]
        return name in self._exact or (bool(self._endings) and name.endswith(self._endings))
