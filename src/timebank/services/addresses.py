"""Addresses of webhooks: what a coordinator may name, and where a message may really go.

Whoever names an address lets this machine call it: so it calls nobody inside the house (loopback, private and
link-local addresses, where databases and cloud metadata are), unless the operator allows that.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final
from urllib.parse import urlsplit

from timebank.care.webhook import Reach
from timebank.errors import BadWebhookUrl

URL_MOST: Final = 2_000
IP = IPv4Address | IPv6Address
NAT64: Final = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""IPv6 addresses that stand for IPv4 ones."""
PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a message goes, as its address says."""

    url: str
    host: str
    port: int
    is_secure: bool
    path: str
    """With the query."""


def target_of(url: str, reach: Reach) -> Target:
    """Read the address of a webhook.

    Raises:
        BadWebhookUrl: it is none, or one that nothing is sent to.
    """
    if not 1 <= len(url) <= URL_MOST or not url.isascii() or not url.isprintable() or " " in url:
        raise BadWebhookUrl(what=f"1 to {URL_MOST} printable ASCII characters are")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise BadWebhookUrl(what="host and port must be readable") from None
    allowed = ("https",) if reach is Reach.PUBLIC else ("https", "http")
    if parts.scheme not in allowed:
        raise BadWebhookUrl(what="it must begin with https://")
    if not host or port == 0:
        raise BadWebhookUrl(what="it must name a host")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise BadWebhookUrl(what="leave out user, password and fragment: messages are signed")
    literal = literal_of(host)
    if literal is not None and not is_allowed(literal, reach, is_secure=parts.scheme == "https"):
        raise BadWebhookUrl(what="no message may go to that address")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(
        url=url,
        host=host,
        port=port or PORTS[parts.scheme],
        is_secure=parts.scheme == "https",
        path=path,
    )


def literal_of(host: str) -> IP | None:
    """Return the address that a host is written as; None if it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def is_allowed(address: IP, reach: Reach, *, is_secure: bool) -> bool:
    """Tell whether a message may go to an address.

    Link-local addresses (cloud metadata), multicast and those that mean nobody are never allowed.
    """
    found = _meant(address)
    if found.is_link_local or found.is_multicast or found.is_unspecified or str(found) == "255.255.255.255":
        return False
    if found.is_loopback:
        return reach is Reach.PRIVATE
    return is_secure and (found.is_global or (reach is Reach.PRIVATE and found.is_private))


def first_allowed(addresses: Iterable[str], reach: Reach, *, is_secure: bool) -> str | None:
    """Return the first of a host's addresses; None if there is none, or one of them is not allowed.

    A name that also points into the house points into the house.
    """
    found = [ip_address(each.partition("%")[0]) for each in addresses]
    if not found or not all(is_allowed(each, reach, is_secure=is_secure) for each in found):
        return None
    return str(found[0])


def _meant(address: IP) -> IP:
    """Return the IPv4 address that an IPv6 address stands for, else the address itself."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address.teredo is not None:
            inner = address.teredo[1]
        if inner is None and any(address in network for network in NAT64):
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        return inner if inner is not None else address
    return address
