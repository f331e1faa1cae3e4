"""The problem in numbers: which helper helps with which request, for how many points.

No rule and no word of the field is left here: requests and helpers have ids, capacities and times, arcs have
points. Whoever makes a problem has judged every pair; whoever solves it (`timebank.matching.solve`) judges
none. Pure, and whole numbers only.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Final, Self

from timebank.errors import (
    BadCapacity,
    MatchingTooLarge,
    PinsContradict,
    PointsOutOfRange,
    SpanReversed,
    TwiceInPool,
    UnknownPriority,
    UnknownToPool,
)

INDEX_BITS: Final = 22
MOST_NODES: Final = 1 << INDEX_BITS
"""Fewer requests, and fewer helpers, than this (4 million) in one problem."""
MOST_POINTS: Final = 1 << 31
"""Points of an arc, its sticky points, and the points of a squared load stay below this, in either sign."""
MOST_CAPACITY: Final = 1 << 16
CLASSES: Final = 8
"""Classes of priority, 0 the most urgent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestNode:
    """A request that wants one helper.

    Two requests of one helper exclude each other if they are in the same block, or if less than the helper's
    rest lies between the end of one and the start of the other.

    Raises:
        SpanReversed: it does not end after it starts, or has only one of both.
        UnknownPriority: there is no such class.
    """

    id: str
    priority: int = 0
    block: str | None = None
    starts: int | None = None
    ends: int | None = None
    """Minutes, on any clock that is common to all requests; the end is not part of it."""

    def __post_init__(self) -> None:
        """Refuse times and classes that mean nothing."""
        if (self.starts is None) != (self.ends is None):
            raise SpanReversed
        if self.starts is not None and self.ends is not None and self.starts >= self.ends:
            raise SpanReversed
        if not 0 <= self.priority < CLASSES:
            raise UnknownPriority(priority=self.priority, most=CLASSES - 1)

    @property
    def can_conflict(self) -> bool:
        """Whether it can exclude another request."""
        return self.block is not None or self.starts is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class HelperNode:
    """A helper who takes up to `capacity` requests, with `rest_minutes` between one and the next.

    Raises:
        BadCapacity: a capacity or a rest below zero, or beyond every limit.
    """

    id: str
    capacity: int = 1
    rest_minutes: int = 0

    def __post_init__(self) -> None:
        """Refuse what no helper can have."""
        if not 0 <= self.capacity < MOST_CAPACITY or self.rest_minutes < 0:
            raise BadCapacity


@dataclass(frozen=True, slots=True, kw_only=True)
class Arc:
    """One candidate: a request and a helper by their places in the problem, and what the pair is worth."""

    request: int
    helper: int
    points: int = 0
    is_pinned: bool = False
    sticky_points: int = 0


@dataclass(frozen=True, slots=True)
class Arcs:
    """All candidates, as columns of one length; in any order. Of two arcs of one pair the better one counts.

    A million arcs as a million objects would cost more than solving them. Arrays of the standard library hold
    plain numbers, as lists do, in a fifth of the room; those of numpy are to be made into such first.
    """

    requests: Sequence[int]
    helpers: Sequence[int]
    points: Sequence[int]
    pinned: frozenset[int] = frozenset()
    """Places in the columns of arcs that are matched whatever it costs."""
    sticky: Mapping[int, int] = field(default_factory=dict)
    """Points on top for arcs at these places, because they were offered already."""

    def __post_init__(self) -> None:
        """See that they are columns."""
        assert len(self.requests) == len(self.helpers) == len(self.points), "columns of different lengths"

    @classmethod
    def of(cls, arcs: Iterable[Arc]) -> Self:
        """Make columns of arcs."""
        every = tuple(arcs)
        return cls(
            [arc.request for arc in every],
            [arc.helper for arc in every],
            [arc.points for arc in every],
            frozenset(place for place, arc in enumerate(every) if arc.is_pinned),
            {place: arc.sticky_points for place, arc in enumerate(every) if arc.sticky_points},
        )


@dataclass(frozen=True, slots=True)
class Objective:
    """What a plan is good for, after as many requests as possible are served, class by class.

    A helper with a load of n costs `load_points` times n squared: the second request of a helper costs three
    times what the first one does, so that a plan rather asks somebody else. The gain of an arc less worth
    than that is forgone; no request is.

    Raises:
        PointsOutOfRange: the load's points are negative, or beyond every limit.
    """

    load_points: int = 0

    def __post_init__(self) -> None:
        """Refuse a load that would be rewarded."""
        if not 0 <= self.load_points < MOST_POINTS:
            raise PointsOutOfRange(most=MOST_POINTS - 1)


@dataclass(frozen=True, slots=True)
class Problem:
    """Requests, helpers and the arcs between them.

    Raises:
        TwiceInPool: an id appears twice among requests or among helpers.
        MatchingTooLarge: four million requests or helpers, or more.
        UnknownToPool: an arc names a request or a helper that there is not.
        PointsOutOfRange: points beyond every limit.
        PinsContradict: a request is pinned twice, or a helper beyond their capacity or at one time twice.
    """

    requests: Sequence[RequestNode]
    helpers: Sequence[HelperNode]
    arcs: Arcs

    def __post_init__(self) -> None:
        """Refuse what has no answer, before anybody looks for one."""
        for nodes in (self.requests, self.helpers):
            if len(nodes) >= MOST_NODES:
                raise MatchingTooLarge(most=MOST_NODES - 1)
            if len({node.id for node in nodes}) < len(nodes):
                raise TwiceInPool(id=_repeated(node.id for node in nodes))
        arcs = self.arcs
        for column, nodes in ((arcs.requests, self.requests), (arcs.helpers, self.helpers)):
            if column and not 0 <= min(column) <= max(column) < len(nodes):
                raise UnknownToPool(id=min(column) if min(column) < 0 else max(column))
        for place in chain(arcs.pinned, arcs.sticky):
            if not 0 <= place < len(arcs.points):
                raise UnknownToPool(id=place)
        every = [*arcs.sticky.values()]
        check_points((*every, min(arcs.points, default=0), max(arcs.points, default=0)))
        self.check_pins()

    def check_pins(self) -> None:
        """Refuse pins that contradict one another; called for every problem that is made."""
        taken: dict[int, list[RequestNode]] = {}
        seen: set[int] = set()
        for place in sorted(self.arcs.pinned):
            request, helper = self.arcs.requests[place], self.arcs.helpers[place]
            if request in seen:
                raise PinsContradict(request=self.requests[request].id, helper=self.helpers[helper].id)
            seen.add(request)
            if len(taken.setdefault(helper, [])) >= self.helpers[helper].capacity:
                raise PinsContradict(request=self.requests[request].id, helper=self.helpers[helper].id)
            for other in taken[helper]:
                if do_conflict(self.requests[request], other, self.helpers[helper].rest_minutes):
                    raise PinsContradict(request=self.requests[request].id, helper=self.helpers[helper].id)
            taken[helper].append(self.requests[request])

    def limited(self, most: Mapping[int, int]) -> "Problem":
        """Return the same problem with other capacities of some helpers, by their places.

        Raises:
            BadCapacity: below zero, or beyond every limit.
            PinsContradict: a capacity is less than what is pinned.
        """
        helpers = [*self.helpers]
        for place, capacity in most.items():
            helpers[place] = replace(helpers[place], capacity=capacity)
        made = copy(self)
        object.__setattr__(made, "helpers", helpers)
        made.check_pins()
        return made

    def pins(self) -> dict[int, int]:
        """Return the places of pinned arcs by their request."""
        return {self.arcs.requests[place]: place for place in self.arcs.pinned}


def check_points(points: Iterable[int]) -> None:
    """Refuse points beyond every limit.

    Raises:
        PointsOutOfRange: some are.
    """
    if not all(-MOST_POINTS < each < MOST_POINTS for each in points):
        raise PointsOutOfRange(most=MOST_POINTS - 1)


def do_conflict(one: RequestNode, other: RequestNode, rest_minutes: int) -> bool:
    """Tell whether one helper, who rests so long, cannot take both."""
    if one.block is not None and one.block == other.block:
        return True
    if one.starts is None or one.ends is None or other.starts is None or other.ends is None:
        return False
    return one.starts < other.ends + rest_minutes and other.starts < one.ends + rest_minutes


def do_all_conflict(nodes: Sequence[RequestNode], rest_minutes: int) -> bool:
    """Tell whether every two of some requests do: they share a block, or there is a minute that all need."""
    if len(nodes) < 2 or (nodes[0].block is not None and len({node.block for node in nodes}) == 1):
        return True
    starts = [node.starts for node in nodes if node.starts is not None]
    ends = [node.ends for node in nodes if node.ends is not None]
    return len(starts) == len(nodes) and max(starts) < min(ends) + rest_minutes


def _repeated(ids: Iterable[str]) -> str:
    return Counter(ids).most_common(1)[0][0]
