"""One whole number for everything that a plan is judged by, and the hash that breaks ties.

The cost of an arc is its points, negative, with a hash of both ids below the least point: of two plans equal
in everything else the one with the smaller sum of hashes is chosen, whatever order they came in. A request
left unserved costs more than all arcs of all plans together, and one of a more urgent class more than all of
the classes below. Whole numbers have no end, so none of this can overflow.

Below the cost, the lowest bits of an arc hold the place of its helper: lists of numbers sort quickly, take
little room, and a number in a heap says where it leads. Pure.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Self

from timebank.matching.problem import CLASSES, INDEX_BITS, MOST_CAPACITY, MOST_NODES, MOST_POINTS

PLACE: Final = (1 << INDEX_BITS) - 1
"""The bits of a number that hold a place."""
HASH_BITS: Final = 88
POINT: Final = 1 << (HASH_BITS + INDEX_BITS + INDEX_BITS)
"""One point: more than the hashes of four million arcs together."""


def hash_of(noun: str, id: str) -> int:
    """Return a number that says nothing about an id and is always the same, its place's bits zero.

    The hash of a pair is the exclusive or of both: it cannot be split into a part of each, so two plans that
    are equal otherwise differ in their sums.
    """
    digest = blake2b(f"{noun} {id}".encode(), digest_size=HASH_BITS // 8).digest()
    return int.from_bytes(digest, "big") << INDEX_BITS


def request_hash(id: str) -> int:
    """Return the hash of a request's id."""
    return hash_of("request", id)


def helper_hash(id: str) -> int:
    """Return the hash of a helper's id."""
    return hash_of("helper", id)


def packed(request: int, helpers: Iterable[int], tags: Sequence[int], points: Iterable[int]) -> list[int]:
    """Return the arcs of a request, the cheapest first: cost above, place of the helper in the lowest bits.

    Args:
        request: its hash.
        helpers: of its arcs.
        tags: hashes of all helpers, each with a place in its lowest bits.
        points: one for each arc.
    """
    row = [(request ^ tags[helper]) - each * POINT for helper, each in zip(helpers, points, strict=True)]
    row.sort()
    return row


@dataclass(frozen=True, slots=True)
class Worth:
    """What plans say of themselves: served in each class, the most urgent first, then points net of load.

    Compares as it reads: one request more of a more urgent class outweighs everything behind it.
    """

    served: tuple[int, ...]
    points: int

    @property
    def key(self) -> tuple[int, ...]:
        """What plans are compared by."""
        return (*self.served, self.points)


@dataclass(frozen=True, slots=True)
class Scale:
    """What a request costs that stays unserved, by class."""

    unserved: tuple[int, ...]

    @classmethod
    def of(cls, *, requests: int, points: int) -> Self:
        """Return costs that no sum of points outweighs.

        Args:
            requests: how many there are, at most.
            points: what one arc and its load can be worth, at most, in either sign.
        """
        costs = [2 * (requests + 1) * (points + 1) * POINT]
        while len(costs) < CLASSES:
            costs.append(2 * (requests + 1) * costs[-1])
        return cls(tuple(reversed(costs)))

    def worth_of(self, cost: int, wanted: Sequence[int]) -> Worth:
        """Read the cost of a plan, or a bound of it; a bound is rounded to the better side.

        Args:
            cost: of everything that is not pinned.
            wanted: how many requests there are, by class.
        """
        served = []
        for priority, each in enumerate(self.unserved):
            missing = (2 * cost + each) // (2 * each)
            cost -= missing * each
            served.append(wanted[priority] - missing)
        return Worth(tuple(served), -(cost // POINT))


WIDEST: Final = Scale.of(requests=MOST_NODES, points=MOST_POINTS * (2 * MOST_CAPACITY + 2))
"""For plans that grow: enough for whatever may still come."""
