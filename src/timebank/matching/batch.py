"""Candidates for many requests at once: the pairs that a loop over everybody would find, found in columns.

Whom a request can reach stands in pieces of the sorted offers; the pairs of all pieces go through one rule
after another, the quick ones first. Where a helper's days are not as the week says, or clocks are changed,
the rules themselves look. Needs numpy; for one request at a time see `index`. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from timebank.errors import TooManyCandidates
from timebank.matching.columns import (
    DAYS_A_WEEK,
    LON_BITS,
    REMOTE,
    Block,
    Flags,
    Ints,
    OfferColumns,
    RequestColumns,
    column,
    eroded,
    offer_columns,
    request_columns,
    row_height,
    rows_of,
    stretches_of,
)
from timebank.matching.conditions import Condition, bans_of, conditions_of
from timebank.matching.grid import ANYWHERE, ROUND, SAFE_M, SAFE_UDEG
from timebank.matching.model import Helper, Request
from timebank.matching.place import LAT_MOST, RADIUS_M, UDEG, metres_of
from timebank.matching.rules import first_start, is_remote

PAIRS_AT_ONCE: Final = 1 << 20
"""So that memory does not grow with the number of pairs that are looked at."""
CANDIDATES_MOST: Final = 20_000_000
Small: TypeAlias = NDArray[np.int32]
NEAR_HALF: Final = 1e-6
"""Metres whose rounding numpy's arc sine might decide otherwise than Python's."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Candidates, sorted by request, then by helper; every column has a row for each."""

    requests: Ints
    """Position of the request in what was asked for."""
    helpers: Ints
    """Position of the helper."""
    offers: Ints
    """Position of the offer among the helper's: the first that fits."""
    distances: Ints
    """In metres, -1 for help without a way."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self.requests)


class Pieces(NamedTuple):
    """Pieces of the sorted offers, each for one request."""

    requests: Ints
    firsts: Ints
    counts: Ints


class Found(NamedTuple):
    """Candidates of a portion: as little of each as can be, for there are many."""

    key: Ints
    """Position of the request times helpers, plus position of the helper."""
    offer: Small
    metres: Small


def join(
    requests: Sequence[Request],
    helpers: Sequence[Helper],
    *,
    now_min: int,
    most: int = CANDIDATES_MOST,
) -> Pairs:
    """Return every pair of a request and a helper whom no rule keeps apart.

    Args:
        requests, helpers: in any order; either may be empty.
        now_min: the current minute since 1970.
        most: how many pairs of requests and offers fit.

    Raises:
        TooManyCandidates: there are more.
    """
    offers, asked = offer_columns(helpers), request_columns(requests)
    search = _Search(requests, helpers, offers, asked, now_min)
    found = []
    count = 0
    for is_near, pieces in ((True, _near(requests, offers, asked)), (False, _remote(requests, offers))):
        for some in _portions(pieces):
            found.append(search.pairs_in(some, is_near=is_near))
            count += len(found[-1].key)
            if count > most:
                raise TooManyCandidates(most=most)
    del search
    return _sorted(found, len(helpers), is_several=offers.is_several)


def _sorted(found: list[Found], helpers: int, *, is_several: bool) -> Pairs:
    """Return what was found in order, each pair once, with its first offer."""
    key, offer, metres = (
        np.concatenate(part)
        for part in (zip(*found, strict=True) if found else [[np.zeros(0, np.int64)]] * 3)
    )
    found.clear()
    order = np.lexsort((offer, key)) if is_several else np.argsort(key)
    key = key[order]
    if is_several:
        once = np.flatnonzero(np.diff(key, prepend=-1))
        key, order = key[once], order[once]
    requests, people = np.divmod(key, max(1, helpers))
    return Pairs(
        requests=requests,
        helpers=people,
        offers=offer[order].astype(np.int64),
        distances=metres[order].astype(np.int64),
    )


def metres_in(chord2: Ints) -> Ints:
    """Return what `metres_of` returns for every row; -1 stays as it is."""
    metres = 2 * RADIUS_M * np.arcsin(np.minimum(1.0, np.sqrt(np.maximum(chord2, 0)) / (200 * RADIUS_M)))
    found: Ints = np.rint(metres).astype(np.int64)
    for at in np.flatnonzero(np.abs(metres - np.floor(metres) - 0.5) < NEAR_HALF):
        found[at] = metres_of(int(chord2[at]))
    return np.where(chord2 < 0, -1, found)


# --- Where to look --------------------------------------------------------------------------------------


def _near(requests: Sequence[Request], offers: OfferColumns, asked: RequestColumns) -> Pieces:
    """Return the pieces for help in person, block by block."""
    some = [
        (at, offers.kinds[each.kind])
        for at, each in enumerate(requests)
        if not is_remote(each.mode) and each.place is not None and each.kind in offers.kinds
    ]
    at, kind = (column((each[part] for each in some), len(some)) for part in range(2))
    pieces = [
        piece
        for block in offers.blocks
        if block.number != REMOTE
        for piece in (
            [_pieces(block, at, kind, kind)]
            if block.number == ANYWHERE
            else _around(block, at, kind, asked.lat[at], asked.lon[at])
        )
    ]
    return _together(pieces)


def _remote(requests: Sequence[Request], offers: OfferColumns) -> Pieces:
    """Return the pieces for remote help: of every branch that sees the request."""
    some = [
        (at, offers.wires[each.kind, each.mode, branch])
        for at, each in enumerate(requests)
        if is_remote(each.mode)
        for branch in {each.branch, *each.shown_to}
        if (each.kind, each.mode, branch) in offers.wires
    ]
    at, wire = (column((each[part] for each in some), len(some)) for part in range(2))
    return _together([_pieces(block, at, wire, wire) for block in offers.blocks if block.number == REMOTE])


def _around(block: Block, at: Ints, kind: Ints, lat: Ints, lon: Ints) -> Iterator[Pieces]:
    """Yield the pieces of a block within reach, row by row of latitude; round the poles whole rows.

    A row gives the longitudes by which somebody in it can differ: by the haversine, from how far away the
    row is at least and how short its parallels are at least.
    """
    height = row_height(block.number)
    reach = (block.reach_m + SAFE_M) / RADIUS_M
    wide = int(np.ceil(np.degrees(reach) * UDEG)) + SAFE_UDEG
    first = np.maximum(lat - wide, 0) // height
    last = np.minimum(lat + wide, 2 * LAT_MOST) // height
    for step in range(int((last - first).max(initial=-1)) + 1):
        row = first + step
        width = _widths(lat, row * height, height, reach)
        inside = np.flatnonzero((row <= last) & (width >= 0))
        base = (kind[inside] * rows_of(block.number) + row[inside]) << LON_BITS
        low, high = lon[inside] - width[inside], lon[inside] + width[inside]
        yield _pieces(block, at[inside], base + np.maximum(low, 0), base + np.minimum(high, ROUND))
        over = np.flatnonzero((low < 0) & (high < ROUND))
        yield _pieces(
            block, at[inside][over], base[over] + np.maximum(low + ROUND, high + 1)[over], base[over] + ROUND
        )
        over = np.flatnonzero((high > ROUND) & (low > 0))
        yield _pieces(
            block, at[inside][over], base[over], base[over] + np.minimum(high - ROUND, low - 1)[over]
        )


def _widths(lat: Ints, south: Ints, height: int, reach: float) -> Ints:
    """Return by how much longitudes can differ in a row; -1 if nobody there is in reach."""
    here = np.radians((lat - LAT_MOST) / UDEG)
    low = np.radians(np.maximum(south - LAT_MOST, -LAT_MOST) / UDEG)
    high = np.radians(np.minimum(south + height - LAT_MOST, LAT_MOST) / UDEG)
    gap = np.maximum(0, np.maximum(low - here, here - high))
    left = np.sin(reach / 2) ** 2 - np.sin(gap / 2) ** 2
    out = np.cos(here) * np.minimum(np.cos(low), np.cos(high))
    is_all = left >= out * (1 - 1e-9)
    half = np.sqrt(np.clip(left / np.where(is_all, 1, out), 0, 1))
    width = np.ceil(np.degrees(2 * np.arcsin(half)) * UDEG).astype(np.int64) + SAFE_UDEG
    return np.where(left < 0, -1, np.where(is_all, ROUND, width))


def _pieces(block: Block, at: Ints, low: Ints, high: Ints) -> Pieces:
    """Return the pieces of a block from one key to another, both included."""
    firsts = np.searchsorted(block.keys, low, "left")
    counts = np.searchsorted(block.keys, high, "right") - firsts
    full = np.flatnonzero(counts > 0)
    return Pieces(at[full], firsts[full] + block.first, counts[full])


def _together(pieces: Sequence[Pieces]) -> Pieces:
    if not pieces:
        none = np.zeros(0, np.int64)
        return Pieces(none, none, none)
    return Pieces(*(np.concatenate(part) for part in zip(*pieces, strict=True)))


def _portions(pieces: Pieces) -> Iterator[Pieces]:
    """Yield pieces in portions that hold about `PAIRS_AT_ONCE` pairs; a piece is never larger than that."""
    requests, firsts, counts = pieces
    while (counts > PAIRS_AT_ONCE).any():
        large = counts > PAIRS_AT_ONCE
        requests = np.concatenate((requests, requests[large]))
        firsts = np.concatenate((firsts, firsts[large] + PAIRS_AT_ONCE))
        counts = np.concatenate((np.minimum(counts, PAIRS_AT_ONCE), counts[large] - PAIRS_AT_ONCE))
    for first, end in stretches_of(np.cumsum(counts) // PAIRS_AT_ONCE):
        yield Pieces(requests[first:end], firsts[first:end], counts[first:end])


# --- Which pairs stay -----------------------------------------------------------------------------------


class _Search:
    """What every portion needs."""

    def __init__(
        self,
        requests: Sequence[Request],
        helpers: Sequence[Helper],
        offers: OfferColumns,
        asked: RequestColumns,
        now_min: int,
    ) -> None:
        self.requests, self.helpers = requests, helpers
        self.offers, self.asked = offers, asked
        self.weeks = np.concatenate(
            [eroded(offers.weeks, length).ravel() for length in asked.lengths] or [np.zeros(0, np.uint64)]
        )
        self.conditions: tuple[Condition, ...] = conditions_of(requests, helpers, now_min=now_min)
        self.bans = bans_of(requests, helpers, now_min=now_min)

    def pairs_in(self, pieces: Pieces, *, is_near: bool) -> Found:
        """Return the candidates of some pieces."""
        ends = np.cumsum(pieces.counts)
        request = np.repeat(pieces.requests, pieces.counts)
        at = np.arange(int(ends[-1])) + np.repeat(pieces.firsts - (ends - pieces.counts), pieces.counts)
        chord2 = np.full(len(at), -1)
        if is_near:
            chord2 = self._chord2(request, at)
            request, at, chord2 = _kept(chord2 <= self.offers.chord2[at], request, at, chord2)
        request, at, chord2 = _kept(
            self.asked.minutes[request] <= self.offers.minutes[at], request, at, chord2
        )
        passed, unsure = self._time(request, at)
        request, at, chord2, unsure = _kept(passed, request, at, chord2, unsure)
        helper = self.offers.helper[at]
        stays = np.ones(len(at), np.bool_)
        for condition in self.conditions:
            stays &= condition.holds(request, helper)
        if len(self.bans):
            key = request * len(self.helpers) + helper
            place = np.minimum(np.searchsorted(self.bans, key), len(self.bans) - 1)
            stays &= self.bans[place] != key
        for pair in np.flatnonzero(stays & (unsure != 0)):
            who = self.helpers[helper[pair]]
            offer = who.offers[self.offers.number[at[pair]]]
            stays[pair] = first_start(self.requests[request[pair]], who, offer) is not None
        request, at, chord2 = _kept(stays, request, at, chord2)
        return Found(
            request * len(self.helpers) + self.offers.helper[at],
            self.offers.number[at].astype(np.int32),
            metres_in(chord2).astype(np.int32),
        )

    def _chord2(self, request: Ints, at: Ints) -> Ints:
        found = np.zeros(len(at), np.int64)
        for here, there in zip(self.asked.points, self.offers.points, strict=True):
            apart = here[request] - there[at]
            found += apart * apart
        return found

    def _time(self, request: Ints, at: Ints) -> tuple[Flags, Ints]:
        """Return which pairs may have time for one another, and for which of them the rules must look."""
        passed = np.zeros(len(at), np.bool_)
        rows = len(self.offers.weeks) * DAYS_A_WEEK
        week = self.offers.week[at]
        for look in self.asked.looks:
            open_ = np.flatnonzero(~passed & (look.mask[request] != 0))
            who = request[open_]
            words = self.weeks[(look.length * rows + look.day)[who] + week[open_]]
            passed[open_] = words & look.mask[who] != 0
        starts, ends = (each[request] for each in self.asked.span)
        also = (self.offers.also[0][at] < ends) & (self.offers.also[1][at] > starts)
        odd = (self.offers.odd[0][at] < ends) & (self.offers.odd[1][at] > starts)
        unsure = self.asked.is_odd[request] | also
        return passed | unsure, (unsure | odd).astype(np.int64)


def _kept(stays: Flags, *columns: Ints) -> tuple[Ints, ...]:
    where = np.flatnonzero(stays)
    return tuple(each[where] for each in columns)
