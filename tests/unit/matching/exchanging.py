"""Time exchanges for tests: small pools, and two ways to find the same answer that are not ours.

`by_enumeration` tries every exchange there is; `by_cancelling` improves an exchange by rounds that are worth
something, with priorities as powers of a base that no amount can reach. Neither knows a price or a cut.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from random import Random
from typing import Any

from hypothesis import strategies as st

from timebank.matching.exchange_model import Acceptance, Exchange, ExchangePool, Participant


def a_pool(
    minutes: Sequence[int], accepted: Mapping[tuple[int, int], int], *, order: Sequence[int] | None = None
) -> ExchangePool:
    """Return a pool of members `m0`, `m1` and so on.

    Args:
        minutes: what each of them has.
        accepted: how much the second accepts of the first.
        order: who comes first, second and so on; as they are numbered, if not given.
    """
    ranks = {member: rank for rank, member in enumerate(order or range(len(minutes)))}
    return ExchangePool.of(
        [
            Participant(id=f"m{member}", priority=ranks[member], minutes=each)
            for member, each in enumerate(minutes)
        ],
        [
            Acceptance(provider=f"m{provider}", member=f"m{member}", minutes=most)
            for (provider, member), most in accepted.items()
        ],
    )


def exchanged(found: Exchange) -> dict[str, int]:
    """Return how much each member exchanges."""
    return {share.id: share.exchanged_minutes for share in found.shares}


@st.composite
def pools(
    draw: st.DrawFn, *, members_most: int = 4, ways_most: int = 7, minutes_most: int = 3, hours_most: int = 2
) -> ExchangePool:
    """Draw a pool, small enough for enumeration unless asked for more."""
    minutes = draw(st.lists(st.integers(0, minutes_most), min_size=2, max_size=members_most))
    members = range(len(minutes))
    pairs = [(one, other) for one, other in product(members, members) if one != other]
    chosen = draw(st.lists(st.sampled_from(pairs), max_size=ways_most, unique=True))
    accepted = {pair: draw(st.integers(0, hours_most)) for pair in chosen}
    return a_pool(minutes, accepted, order=draw(st.permutations(list(members))))


def a_crowd(seed: int, *, members: int, minutes_most: int = 3, helped_by: int = 2) -> ExchangePool:
    """Return a pool in which time is short: each accepts a few others, and who comes first decides."""
    chance = Random(seed)
    minutes = [chance.randint(1, minutes_most) for _ in range(members)]
    accepted = {
        (provider, member): chance.randint(1, minutes_most)
        for member in range(members)
        for provider in chance.sample([each for each in range(members) if each != member], helped_by)
    }
    return a_pool(minutes, accepted, order=chance.sample(range(members), members))


SEEDS = st.integers(0, 1_000_000)


def by_enumeration(pool: ExchangePool) -> tuple[int, ...]:
    """Return what members exchange, in order of priority: the best of every exchange that there is."""
    return max(_possible(pool), key=lambda given: (sum(given), given))


def _possible(pool: ExchangePool) -> Iterator[tuple[int, ...]]:
    ids = [each.id for each in pool.participants]
    for minutes in product(*(range(each.minutes + 1) for each in pool.acceptances)):
        given = dict.fromkeys(ids, 0)
        received = dict.fromkeys(ids, 0)
        for accepted, moved in zip(pool.acceptances, minutes, strict=True):
            given[accepted.provider] += moved
            received[accepted.member] += moved
        has_time = all(given[member.id] <= member.minutes for member in pool.participants)
        if has_time and given == received:
            yield tuple(given[id_] for id_ in ids)


def by_cancelling(pool: ExchangePool) -> tuple[int, ...]:
    """Return what members exchange, in order of priority: rounds are added for as long as one is worth it."""
    count = len(pool.participants)
    places = {each.id: place for place, each in enumerate(pool.participants)}
    base = 1 + sum(each.minutes for each in pool.participants)
    worth = [base ** (count + 1) + base ** (count - place) for place in range(count)]
    # A member is two places, what they receive and what they give; a minute through them is worth something.
    ways = [(place, place + count, worth[place]) for place in range(count)]
    ways += [(places[each.provider] + count, places[each.member], 0) for each in pool.acceptances]
    rooms = [member.minutes for member in pool.participants] + [each.minutes for each in pool.acceptances]
    moved = [0] * len(ways)
    while around := _worthwhile(ways, rooms, moved, nodes=2 * count):
        room = min(rooms[way] - moved[way] if sign > 0 else moved[way] for way, sign in around)
        for way, sign in around:
            moved[way] += sign * room
    return tuple(moved[:count])


def _worthwhile(
    ways: Sequence[tuple[int, int, int]], rooms: Sequence[int], moved: Sequence[int], *, nodes: int
) -> list[tuple[int, int]]:
    """Return the ways of a round that is worth something, each with a sign; Bellman and Ford's way."""
    arcs = [
        (tail, head, worth, way, 1) for way, (tail, head, worth) in enumerate(ways) if moved[way] < rooms[way]
    ]
    arcs += [(head, tail, -worth, way, -1) for way, (tail, head, worth) in enumerate(ways) if moved[way]]
    best = [0] * nodes
    came: list[tuple[int, int, int] | None] = [None] * nodes
    changed = None
    for _ in range(nodes + 1):
        changed = None
        for tail, head, worth, way, sign in arcs:
            if best[tail] + worth > best[head]:
                best[head] = best[tail] + worth
                came[head] = (tail, way, sign)
                changed = head
    if changed is None:
        return []
    for _ in range(nodes):  # now surely on the round itself
        changed = _before(came, changed)
    around: list[tuple[int, int]] = []
    at = changed
    while not around or at != changed:
        step = came[at]
        assert step is not None, "who is on a round was come to"
        around.append((step[1], step[2]))
        at = step[0]
    return around


def _before(came: Sequence[tuple[int, int, int] | None], node: int) -> int:
    step = came[node]
    assert step is not None, "who is on a round was come to"
    return step[0]


def renamed(pool: ExchangePool, names: Mapping[str, str]) -> ExchangePool:
    """Return the same pool of members with other names."""
    return ExchangePool.of(
        _in_reverse(
            Participant(id=names[each.id], priority=each.priority, minutes=each.minutes)
            for each in pool.participants
        ),
        _in_reverse(
            Acceptance(provider=names[each.provider], member=names[each.member], minutes=each.minutes)
            for each in pool.acceptances
        ),
    )


def _in_reverse(items: Iterable[Any]) -> list[Any]:
    return list(items)[::-1]
