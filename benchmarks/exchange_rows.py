"""The time exchange: what it costs to serve members in their order, beside finding the most there is.

Members live in towns on a grid; each has one to eight hours, offers one to three of thirty kinds of help,
some far more common than others, and accepts up to two hours of each of up to twelve members of their town or
a neighbouring one. Some nine tenths of all time is exchanged, so that priorities have something to decide.
"""

import random
import time

from benchmarks.lab import Lab
from benchmarks.table import Measured

from timebank.matching.circulation import Network, circulate
from timebank.matching.precedence import favour

MEMBERS = 1_000
TOWN = 100
KINDS = 30
ACCEPTED_MOST = 12
RUNS = 9
MS = 1_000


def exchanging(lab: Lab) -> dict[str, Measured]:
    """Measure the stage of priorities against the first flow, in the same runs."""
    minutes, accepted = swaps_wanted(lab.sized(MEMBERS, least=20))
    first, second = [], []
    for _ in range(RUNS):
        network = Network(minutes, accepted)
        begun = time.perf_counter()
        prices = circulate(network, minutes)
        found = time.perf_counter()
        kept, cuts = favour(network, prices)
        second.append((time.perf_counter() - found) * MS)
        first.append((found - begun) * MS)
    share = 100 - 100 * sum(kept) // sum(minutes)
    return {
        "match-exchange": Measured(
            ours=second,
            other=first,
            unit="ms",
            note=f"{share} % of all time was exchanged; {len(cuts)} members could not get more",
        )
    }


def swaps_wanted(members: int, *, seed: int = 1) -> tuple[list[int], list[tuple[int, int, int]]]:
    """Return what each member has in minutes, and who accepts how much of whom: provider, member, minutes."""
    chance = random.Random(seed)
    side = max(1, round((members / TOWN) ** 0.5))
    towns = [(chance.randrange(side), chance.randrange(side)) for _ in range(members)]
    common = [1 / (kind + 1) ** 0.7 for kind in range(KINDS)]
    offers, wishes = (
        [sorted(set(chance.choices(range(KINDS), common, k=chance.randint(1, 3)))) for _ in range(members)]
        for _ in range(2)
    )
    there: dict[tuple[int, int, int], list[int]] = {}
    for member, (x, y) in enumerate(towns):
        for kind in offers[member]:
            there.setdefault((x, y, kind), []).append(member)
    accepted: list[tuple[int, int, int]] = []
    for member, (x, y) in enumerate(towns):
        near = ((x, y), (x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1))
        some = {other for town in near for kind in wishes[member] for other in there.get((*town, kind), ())}
        some.discard(member)
        chosen = chance.sample(sorted(some), min(ACCEPTED_MOST, len(some)))
        accepted += [(provider, member, 30 * chance.randint(1, 4)) for provider in chosen]
    return [30 * chance.randint(2, 16) for _ in range(members)], accepted
