"""Limits of how often: a bucket of requests for each side, which fills up again with time."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from math import ceil
from time import monotonic
from typing import Any, Final

SIDES_MOST: Final = 10_000
"""How many sides are remembered; who was quiet for longest is forgotten, and begins with a full bucket."""
NETWORK_BITS: Final = 64
"""Of an IPv6 address: what one household or machine has to itself."""


@dataclass(slots=True)
class Buckets:
    """Lets each side ask `per_second` times a second in the long run, and `burst` times at once."""

    per_second: int
    """0 for no limit."""
    burst: int
    elapsed: Callable[[], float] = monotonic
    _left: dict[object, tuple[float, float]] = field(default_factory=dict)
    """By side: how many more, and as of when; the side that asked last is last."""

    def wait_seconds(self, side: object) -> int:
        """Return how long a side has to wait for its next request; 0 if it need not."""
        if not self.per_second:
            return 0
        left = self._now(side)[0]
        return 0 if left >= 1 else ceil((1 - left) / self.per_second)

    def take(self, side: object) -> int:
        """Count a request, unless there are too many; returns how long to wait in seconds, 0 if it counts."""
        if not self.per_second:
            return 0
        left, now = self._now(side)
        if left < 1:
            return ceil((1 - left) / self.per_second)
        self._left.pop(side, None)
        self._left[side] = left - 1, now
        if len(self._left) > SIDES_MOST:
            del self._left[next(iter(self._left))]
        return 0

    def _now(self, side: object) -> tuple[float, float]:
        now = self.elapsed()
        left, at = self._left.get(side, (self.burst, now))
        return min(float(self.burst), left + (now - at) * self.per_second), now


def peer_of(scope: Any) -> str:  # noqa: ANN401 - of whatever server
    """Return where a request came from: an address, of IPv6 the network; empty if the server does not say."""
    client = scope.get("client")
    return _side_of(str(client[0])) if client else ""


@lru_cache(maxsize=SIDES_MOST)
def _side_of(host: str) -> str:
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if isinstance(address, IPv6Address) and address.ipv4_mapped is None:
        return str(IPv6Address(int(address) >> NETWORK_BITS << NETWORK_BITS))
    return str(address)
