"""Helpers and requests as columns of whole numbers, for `batch`: the same facts, in arrays.

Offers are sorted into blocks, one for each class of reach and one for remote help; in a block by kind, row
of latitude and longitude, so that whom a request can reach stands in a few pieces. Needs numpy. Pure.
"""

from collections.abc import Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from timebank.care.record import Mode
from timebank.care.week import DAY_SLOTS, DAYS, SLOT_MINUTES, WEEK_SLOTS, Week
from timebank.matching.grid import ANYWHERE, class_of, height_of
from timebank.matching.model import Dated, Helper, Offer, Request
from timebank.matching.place import LAT_MOST, LON_MOST, Place, chord2_within
from timebank.matching.rules import busy_bits, is_remote
from timebank.matching.times import ALL_SLOTS, WEEK_MINUTES, Run, rotated, slots_for, starts_in

Ints: TypeAlias = NDArray[np.int64]
Words: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.bool_]

NEVER: Final = 1 << 60
"""Later than any minute, further than any place."""
REMOTE: Final = ANYWHERE + 1
"""The block of offers without a way."""
FINE: Final = 2
"""Rows of a block in a row of the grid: the more, the closer pieces lie around a circle."""
LON_BITS: Final = 29
DAYS_A_WEEK: Final = len(DAYS)
DAY_MASK: Final = (1 << DAY_SLOTS) - 1

Value = TypeVar("Value", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Block:
    """Offers whose helpers go about as far, or remote ones."""

    number: int
    """Class of reach, or `REMOTE`."""
    first: int
    """Place of its first offer among all."""
    keys: Ints
    """Sorted."""
    reach_m: int
    """How far anybody of the block goes."""


@dataclass(frozen=True, slots=True)
class OfferColumns:
    """Offers of helpers with visits left, block by block; every column has a row for each."""

    helper: Ints
    number: Ints
    """Of the offer among the helper's."""
    week: Ints
    """Row of `weeks`, times seven."""
    minutes: Ints
    points: tuple[Ints, Ints, Ints]
    chord2: Ints
    """See `chord2_within`."""
    odd: tuple[Ints, Ints]
    """Between these minutes days are not as the week says: the rules have to look."""
    also: tuple[Ints, Ints]
    """Between these the helper may be free when the week says no."""
    weeks: Words
    """A row for each week, a word for each day: half hours that are offered and not taken."""
    kinds: dict[str, int]
    wires: dict[tuple[str, Mode, str], int]
    blocks: tuple[Block, ...]
    is_several: bool
    """Whether a helper has two offers of one kind in one way."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look at an eroded week for each request: which erosion, which day, which bits; no bits, no look."""

    length: Ints
    day: Ints
    mask: Words


@dataclass(frozen=True, slots=True)
class RequestColumns:
    """Requests; every column has a row for each."""

    minutes: Ints
    lat: Ints
    lon: Ints
    points: tuple[Ints, Ints, Ints]
    span: tuple[Ints, Ints]
    """Of dated help; nothing for weekly help."""
    is_odd: Flags
    """Whether clocks are changed meanwhile: the rules have to look."""
    looks: tuple[Look, ...]
    """Where to look in eroded weeks, one after another until a bit is found; see `starts_wanted`."""
    lengths: tuple[int, ...]
    """In half hours: how long whatever begins at a half hour of an eroded week goes on."""


def numbered(values: Iterable[Value]) -> dict[Value, int]:
    """Return a number for each different value, in the order in which they are met."""
    return {value: number for number, value in enumerate(dict.fromkeys(values))}


def column(numbers: Iterable[int], count: int) -> Ints:
    """Return a column of whole numbers."""
    return np.fromiter(numbers, np.int64, count)


def words_of(weeks: Collection[int]) -> Words:
    """Return the bits of weeks, a row for each, a word for each day."""
    text = b"".join(bits.to_bytes(DAYS_A_WEEK * 6, "little") for bits in weeks)
    found = np.zeros((len(weeks), DAYS_A_WEEK, 8), np.uint8)
    found[:, :, :6] = np.frombuffer(text, np.uint8).reshape(-1, DAYS_A_WEEK, 6)
    return found.view(np.uint64).reshape(-1, DAYS_A_WEEK)


def eroded(words: Words, slots: int) -> Words:
    """Return what `times.starts_in` returns, for every row."""
    have = 1
    while have < slots:
        more = min(have, slots - have)
        words = words & _rotated(words, more)
        have += more
    return words


def _rotated(words: Words, slots: int) -> Words:
    days, rest = divmod(slots % WEEK_SLOTS, DAY_SLOTS)
    words = np.roll(words, -days, axis=1)
    if not rest:
        return words
    following = np.roll(words, -1, axis=1)
    return words >> np.uint64(rest) | following << np.uint64(DAY_SLOTS - rest) & np.uint64(DAY_MASK)


# --- Offers ---------------------------------------------------------------------------------------------


def offer_columns(helpers: Sequence[Helper]) -> OfferColumns:
    """Return the offers of helpers; who has no visit left has none, who has no place none in person."""
    offers = [offer for each in helpers for offer in each.offers]
    at = np.repeat(np.arange(len(helpers)), [len(each.offers) for each in helpers])
    number = np.arange(len(at)) - np.searchsorted(at, at)
    remote = np.fromiter((is_remote(offer.mode) for offer in offers), np.bool_, len(offers))
    has_visits = column((each.visits_left for each in helpers), len(helpers)) > 0
    has_place = np.fromiter((each.place is not None for each in helpers), np.bool_, len(helpers))
    kinds = numbered(offer.kind for offer in offers)
    kind = column((kinds[offer.kind] for offer in offers), len(offers))
    afar = np.flatnonzero(remote)
    wire_of = [(offers[row].kind, offers[row].mode, helpers[at[row]].branch) for row in afar]
    wires = numbered(wire_of)
    wire = np.zeros(len(offers), np.int64)
    wire[afar] = [wires[each] for each in wire_of]
    bits = [_bits_of(each, offer) for each in helpers for offer in each.offers]
    weeks = numbered(bits)
    lat, lon, points = places_of([each.place for each in helpers])
    reach = column((each.reach_m for each in helpers), len(helpers))
    classes = {each: class_of(each) for each in set(reach.tolist())}
    block = np.where(remote, REMOTE, column((classes[each] for each in reach.tolist()), len(helpers))[at])
    limit = {each: chord2_within(each) for each in classes}
    chord2 = column((limit[each] for each in reach.tolist()), len(helpers))
    keys = np.where(remote, wire, _near_keys(kind, block, lat[at], lon[at]))
    order = np.lexsort((keys, block))
    order = order[(has_visits & has_place)[at[order]] | (has_visits[at] & remote)[order]]
    at, block, keys = at[order], block[order], keys[order]
    odd = _hulls(len(helpers), ((row, _odd_spans(each)) for row, each in enumerate(helpers)))
    also = _hulls(
        len(offers),
        (
            (row, [(each.starts_min, each.ends_min) for each in offer.also])
            for row, offer in enumerate(offers)
            if offer.also
        ),
    )
    return OfferColumns(
        helper=at,
        number=number[order],
        week=DAYS_A_WEEK * column((weeks[each] for each in bits), len(offers))[order],
        minutes=column((offer.minutes_left for offer in offers), len(offers))[order],
        points=(points[0][at], points[1][at], points[2][at]),
        chord2=chord2[at],
        odd=(odd[0][at], odd[1][at]),
        also=(also[0][order], also[1][order]),
        weeks=words_of(weeks),
        kinds=kinds,
        wires=wires,
        blocks=tuple(_blocks(block, keys, reach[at])),
        is_several=any(
            len({(offer.kind, offer.mode) for offer in each.offers}) < len(each.offers) for each in helpers
        ),
    )


def row_height(number: int) -> int:
    """Return the height of the rows of a block."""
    return -(-height_of(min(number, ANYWHERE - 1)) // FINE)


def rows_of(number: int) -> int:
    """Return how many rows a block has from pole to pole."""
    return 2 * LAT_MOST // row_height(number) + 1


def stretches_of(numbers: Ints) -> Iterator[tuple[int, int]]:
    """Return where each stretch of one and the same number, none below zero, begins and ends."""
    return pairwise([*np.flatnonzero(np.diff(numbers, prepend=-1)).tolist(), len(numbers)])


def places_of(places: Sequence[Place | None]) -> tuple[Ints, Ints, tuple[Ints, Ints, Ints]]:
    """Return latitudes, longitudes from 180° west on, and points; zeros for no place."""
    lat = column((0 if each is None else each.lat_udeg + LAT_MOST for each in places), len(places))
    lon = column((0 if each is None else each.lon_udeg + LON_MOST for each in places), len(places))
    points = np.array([(0, 0, 0) if each is None else each.point for each in places], np.int64).reshape(-1, 3)
    return lat, lon, (points[:, 0].copy(), points[:, 1].copy(), points[:, 2].copy())


def _near_keys(kind: Ints, block: Ints, lat: Ints, lon: Ints) -> Ints:
    numbers = range(ANYWHERE + 2)
    height = column(map(row_height, numbers), len(numbers))[block]
    rows = column(map(rows_of, numbers), len(numbers))[block]
    near = (kind * rows + lat // height << LON_BITS) + lon
    return np.where(block == ANYWHERE, kind, near)


def _blocks(block: Ints, keys: Ints, reach: Ints) -> Iterator[Block]:
    for first, end in stretches_of(block):
        yield Block(
            number=int(block[first]), first=first, keys=keys[first:end], reach_m=int(reach[first:end].max())
        )


def _bits_of(helper: Helper, offer: Offer) -> int:
    """Return the half hours of a week that are offered, and that no weekly help takes."""
    return offer.week.bits & ~busy_bits(helper) if helper.busy_week.bits else offer.week.bits


def _hulls(count: int, some: Iterable[tuple[int, Sequence[Run]]]) -> tuple[Ints, Ints]:
    """Return the first and the last minute of the times of some rows; none of either for the others."""
    starts, ends = np.full(count, NEVER), np.full(count, -NEVER)
    for row, runs in some:
        if runs:
            starts[row] = min(start for start, _ in runs)
            ends[row] = max(end for _, end in runs)
    return starts, ends


def _odd_spans(helper: Helper) -> Sequence[Run]:
    """Return when a helper's days may not be as the week says."""
    if not (helper.away or helper.busy or helper.days):
        return ()
    rest = helper.rest_minutes
    return [
        *((each.starts_min, each.ends_min) for each in helper.away),
        *((each.starts_min - rest, each.ends_min + rest) for each in helper.busy),
        *((each.day.starts_min, each.day.ends_min) for each in helper.days),
    ]


# --- Requests -------------------------------------------------------------------------------------------


def request_columns(requests: Sequence[Request]) -> RequestColumns:
    """Return requests as columns."""
    count = len(requests)
    wanted = [starts_wanted(each) for each in requests]
    lengths = numbered(length for each in wanted for length, _ in each)
    lat, lon, points = places_of([each.place for each in requests])
    dates = [each.when if isinstance(each.when, Dated) else None for each in requests]
    span = (
        column((NEVER if each is None else each.starts_min for each in dates), count),
        column((-NEVER if each is None else each.ends_min for each in dates), count),
    )
    return RequestColumns(
        minutes=column((each.minutes for each in requests), count),
        lat=lat,
        lon=lon,
        points=points,
        span=span,
        is_odd=np.fromiter((_is_odd(each) for each in requests), np.bool_, count),
        looks=tuple(_looks(wanted, lengths)),
        lengths=tuple(lengths),
    )


def starts_wanted(request: Request) -> tuple[tuple[int, int], ...]:
    """Return where in a week help can begin: half hours, with how many have to be free from there on.

    Two lines at most: help begins on the half hour or, if that is in the middle of one, with its time. Room
    that begins later begins on a half hour, too. Nothing of help that does not fit into its time.
    """
    needed = slots_for(request.minutes)
    if isinstance(request.when, Week):
        return ((needed, starts_in(request.when.bits, needed)),)
    stretch = request.when.stretches[0]
    last = request.when.ends_min - request.when.starts_min - request.minutes
    slot, into = divmod((stretch.span.starts_min + stretch.shift_min) % WEEK_MINUTES, SLOT_MINUTES)
    if last < 0 or _is_odd(request):
        return ()
    count = (last + into) // SLOT_MINUTES + 1  # half hours that help can begin in, the first included
    bits = rotated(ALL_SLOTS if count >= WEEK_SLOTS else (1 << count) - 1, -slot)
    if not into or slots_for(into + request.minutes) == needed:
        return ((needed, bits),)
    first = 1 << slot
    on_the_half_hour = bits if count > WEEK_SLOTS else bits & ~first
    return ((needed, on_the_half_hour), (slots_for(into + request.minutes), first))


def _is_odd(request: Request) -> bool:
    return isinstance(request.when, Dated) and len(request.when.stretches) > 1


def _looks(wanted: Sequence[Sequence[tuple[int, int]]], lengths: Mapping[int, int]) -> Iterator[Look]:
    lines = [(at, lengths[length], bits) for at, each in enumerate(wanted) for length, bits in each]
    words = words_of([bits for *_, bits in lines])
    line, days = np.nonzero(words)
    rows = column((at for at, *_ in lines), len(lines))[line]
    which = column((length for _, length, _ in lines), len(lines))[line]
    turn = np.arange(len(rows)) - np.searchsorted(rows, rows)
    for number in range(int(turn.max(initial=-1)) + 1):
        some = np.flatnonzero(turn == number)
        length, day = (np.zeros(len(wanted), np.int64) for _ in range(2))
        mask = np.zeros(len(wanted), np.uint64)
        length[rows[some]], day[rows[some]] = which[some], days[some]
        mask[rows[some]] = words[line[some], days[some]]
        yield Look(length=length, day=day, mask=mask)
