"""Candidates of a sample world: the join in columns against a double loop in plain Python.

The loop is as quick as it can be made without an index: offers lie ready as tuples, the kind is compared
first, then the distance in whole numbers, and only then the rules are asked. Both find the same pairs.
"""

from collections.abc import Callable, Mapping, Sequence

from benchmarks.lab import Lab
from benchmarks.matching_world import NOW_MIN, World, world_of
from benchmarks.table import Measured
from benchmarks.turns import in_turn, seconds_of

from timebank.matching.batch import Pairs, join
from timebank.matching.model import Request
from timebank.matching.place import chord2_within
from timebank.matching.rules import fit_of, is_remote

LOOPED_MOST = 1_000
"""The loop's time is proportional to the requests: it takes some of a larger world, and is scaled."""
RUNS = 3


def candidates(requests: int) -> Callable[[Lab], Mapping[str, Measured]]:
    """Return the measurement for a world with so many requests."""

    def measure(lab: Lab) -> Mapping[str, Measured]:
        world = world_of(lab.sized(requests, least=50))
        every = -(-len(world.requests) // LOOPED_MOST)
        some = world.requests[::every]
        pairs = join(world.requests, world.helpers, now_min=NOW_MIN)
        assert looped(world, some) == _found(pairs, world, every), "both find the same pairs"
        mine, theirs = in_turn(
            RUNS,
            lambda _: seconds_of(lambda: join(world.requests, world.helpers, now_min=NOW_MIN)),
            lambda _: seconds_of(lambda: looped(world, some)) * len(world.requests) / len(some),
            warm_up=False,
        )
        name = f"match-candidates-{requests // 1_000}k"
        note = f"{len(pairs):,} pairs"
        return {name: Measured(ours=mine, other=theirs, unit="s", note=note)}

    return measure


def looped(world: World, requests: Sequence[Request]) -> list[tuple[str, str]]:
    """Return the pairs that the double loop finds for some requests."""
    offers = [
        (
            offer.kind,
            offer.mode,
            each.place.point if each.place else (0, 0, 0),
            chord2_within(each.reach_m),
            each,
        )
        for each in world.helpers
        for offer in each.offers
    ]
    found = []
    for request in requests:
        wanted, way = request.kind, request.mode
        is_near = not is_remote(way)
        assert request.place is not None, "sample requests have a place"
        x, y, z = request.place.point
        for kind, mode, (px, py, pz), chord2, helper in offers:
            if kind != wanted or mode is not way:
                continue
            if is_near and (x - px) ** 2 + (y - py) ** 2 + (z - pz) ** 2 > chord2:
                continue
            if fit_of(request, helper, now_min=NOW_MIN) is not None:
                found.append((request.id, helper.id))
    return sorted(found)


def _found(pairs: Pairs, world: World, every: int) -> list[tuple[str, str]]:
    return sorted(
        (world.requests[at].id, world.helpers[who].id)
        for at, who in zip(pairs.requests.tolist(), pairs.helpers.tolist(), strict=True)
        if at % every == 0
    )
