"""The audit's quickest lane: says of a chunk of the journal, taken by column, that nothing in it is wrong.

What most headers of a chunk share is compared by the database and never handed over; the rest comes by
column, as one text with a comma between values. Numbers are compared with numpy, all of a column at once;
what is left for each entry is to write its text and hash it. Such a text does not show of what type a value
was: whoever uses what was found here must know that every value is of its column's type and none is missing
where one must be, as a check of the file says (ADR 0013).

A chunk that is refused leaves no trace; it is for `ledger.quick`, which looks at more. Imported by worker
processes only: numpy takes a tenth of a second to load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from timebank.ledger.audit import Totals
from timebank.ledger.model import AMOUNT_MAX
from timebank.ledger.quick import Running
from timebank.ledger.segments import SegmentFold
from timebank.storage.column_texts import heads_of, leaves_of, leaves_of_pairs

Ints: TypeAlias = NDArray[np.int64]
Bools: TypeAlias = NDArray[np.bool_]
Places: TypeAlias = NDArray[np.intp]

LEAF_BYTES: Final = 32
NONE: Final = "-"
"""For a header that reverses nothing."""
SIDES: Final = frozenset({"debit", "credit"})
SMALL: Final = 2**62
"""No sum of two numbers below it is too large for a column."""
SPARSE: Final = 4
"""Numbers of accounts count up: more than so many for each account there is are not looked up."""


class Headers(NamedTuple):
    """The headers of a chunk by column, in the order of the journal."""

    same: Mapping[str, Any]
    """Columns of which the database has compared every value with this one."""
    free: Mapping[str, str]
    """All others, `seq` among them: their values with commas between them; a minus for a header that
    reverses nothing, or has no details. Details are the same only where there are none."""
    leaves: bytes
    """All in one."""
    leaf_least: int
    """Bytes of the shortest."""


class Postings(NamedTuple):
    """The postings of a chunk by column, each a text with commas between its values."""

    account_no: str
    amount: str
    account_seq: str
    balance_after: str
    place: str
    """Of pairs: twice the place of its entry in the chunk, counted from 0, for a debit on line 1; one more
    for a credit on line 2; left out for any other. Else the place of its entry."""
    line: str | None = None
    """None: the postings are to be pairs."""
    side: str | None = None


class Lines(NamedTuple):
    """How the postings of a chunk are shared out among its entries."""

    credits: Bools
    """Of each, whether it is a credit."""
    starts: Places
    """Where the postings of each entry begin."""
    sizes: Places | int
    """How many each entry has."""
    sides: Sequence[str] | None
    """None for pairs of a debit and a credit."""


@dataclass(frozen=True, slots=True)
class Heads:
    """Headers that were found to be right."""

    texts: Sequence[str]
    helps: Ints
    """Of each, or one for all."""
    first_us: int
    last_us: int
    cause_kinds: frozenset[str]
    has_reversals: bool


@dataclass(frozen=True, slots=True)
class Moves:
    """Postings by account, in the order of the journal, that were found to follow one another."""

    order: Places
    starts: Places
    """Where the postings of each account begin."""
    accounts: Ints
    """The place of each account that has postings."""
    claims: Ints
    """Balance and version of these before the chunk."""
    ends: Ints
    """And after it."""


class Off(Exception):
    """Something in a chunk is not right, or is more than is looked at here."""


def need(condition: object) -> None:
    """Stop unless this holds.

    Raises:
        Off: it does not.
    """
    if not condition:
        raise Off


class ColumnFold:
    """Carries the fold of a segment on over chunks by column."""

    def __init__(self, fold: SegmentFold) -> None:
        """Fold for a segment; see `give_back`."""
        accounts = fold.audit.accounts
        largest = SPARSE * len(accounts) + SPARSE
        numbers = sorted(no for no in accounts if 0 <= no <= largest)
        runnings = [Running(accounts[no], Totals()) for no in numbers]
        units = sorted({each.unit for each in runnings})
        size = len(numbers)
        self.fold = fold
        self.policies = frozenset(map(str, fold.audit.policy_versions))
        self.numbers = numbers
        self.places: Ints = np.full(largest + 1, -1, dtype=np.int64)
        """Of accounts by their number; -1 for none."""
        self.places[numbers] = np.arange(size)
        self.texts = np.array([each.text for each in runnings], dtype=object)
        self.floors: Ints = np.array([each.floor for each in runnings], dtype=np.int64)
        self.units: Ints = np.array([units.index(each.unit) for each in runnings], dtype=np.int64)
        self.is_begun: Bools = np.zeros(size, dtype=np.bool_)
        self.starts: Ints = np.zeros((2, size), dtype=np.int64)
        """Balance and version that accounts began with."""
        self.state: Ints = np.zeros((4, size), dtype=np.int64)
        """Balance, version, given and received, now."""
        self.key_type = np.uint16 if size <= np.iinfo(np.uint16).max else np.int64
        """The smaller is sorted much faster."""
        self.is_ahead = False
        """Whether there is something to give back."""

    def _take_over(self) -> None:
        """Go on from where the fold is."""
        if self.is_ahead:
            return
        self.is_begun[:] = False
        for no, each in self.fold.running.items():
            at = self.places[no] if 0 <= no < len(self.places) else -1
            if at >= 0:
                self.is_begun[at] = True
                self.starts[:, at] = self.fold.starts[no]
                self.state[:, at] = each.balance, each.version, each.given, each.received
        self.is_ahead = True

    def give_back(self) -> None:
        """Have the fold of the segment go on from here; before it takes anything, and at the end."""
        if not self.is_ahead:
            return
        fold, begun = self.fold, np.flatnonzero(self.is_begun)
        starts, states = self.starts[:, begun].T.tolist(), self.state[:, begun].T.tolist()
        for at, start, state in zip(begun.tolist(), starts, states, strict=True):
            no = self.numbers[at]
            each = fold.running.get(no)
            if each is None:
                each = fold.running[no] = Running(fold.audit.accounts[no], Totals())
                fold.starts[no] = start[0], start[1]
            each.balance, each.version, each.given, each.received = state
        self.is_ahead = False

    def take(self, headers: Headers, postings: Postings, count: int) -> bool:
        """Fold a chunk; False, and nothing changed, if anything is off, or more than is looked at here.

        Args:
            headers: of the chunk.
            postings: all of these entries and no others.
            count: how many entries there are to be.
        """
        try:
            self._take_over()
            self._fold(headers, postings, count)
        except Off:
            return False
        return True

    def _fold(self, headers: Headers, postings: Postings, count: int) -> None:
        heads = self._heads(headers, count)
        lines = _lines_of(postings, count)
        numbers, amounts, versions, balances = (_ints_of(each, len(lines.credits)) for each in postings[:4])
        need(numbers.min() >= 0)
        need(numbers.max() < len(self.places))
        accounts = self.places[numbers]
        need(accounts.min() >= 0)
        need(amounts.min() >= 1)
        need(amounts.max() <= AMOUNT_MAX)
        signed = np.where(lines.credits, amounts, -amounts)
        self._balance(accounts, signed, lines.starts)
        need((balances >= self.floors[accounts]).all())
        moves = self._moves(accounts, signed, versions, balances)
        need(self._leaves(heads.texts, postings, accounts, lines) == headers.leaves)
        self._apply(moves, heads.helps, lines, amounts)
        self._go_on(heads, count)

    def _heads(self, headers: Headers, count: int) -> Heads:
        """Check the headers and write their texts."""
        first = self.fold.last_seq + 1
        need(headers.leaf_least == LEAF_BYTES)
        need(len(headers.leaves) == LEAF_BYTES * count)
        need(np.array_equal(_ints_of(headers.free["seq"], count), np.arange(first, first + count)))
        columns = {name: text.split(",") for name, text in headers.free.items()}
        need(set(map(len, columns.values())) == {count})
        for name, value in headers.same.items():
            columns[name] = [NONE if value is None else str(value)]
        recorded, helps = (
            _ints_of(headers.free.get(name, columns[name][0]), count if name in headers.free else 1)
            for name in ("recorded_us", "counts_help")
        )
        need(recorded[0] >= self.fold.last_us)
        need((recorded[1:] >= recorded[:-1]).all())
        need(helps.min() >= -1)
        need(helps.max() <= 1)
        need(self.policies.issuperset(columns["policy_version"]))
        return Heads(
            heads_of(self.fold.audit.branch, headers.same, columns, count),
            helps,
            int(recorded[0]),
            int(recorded[-1]),
            frozenset(columns["cause_kind"]),
            _has_reversals(columns["kind"], columns["reverses"], first),
        )

    def _balance(self, accounts: Ints, signed: Ints, starts: Places) -> None:
        """Check that the postings of every entry sum to zero in every unit."""
        units = self.units[accounts]
        for unit in range(units.min(), units.max() + 1):
            need(not np.add.reduceat(np.where(units == unit, signed, 0), starts).any())

    def _moves(self, accounts: Ints, signed: Ints, versions: Ints, balances: Ints) -> Moves:
        """Put the postings of every account together, and check that they follow one another."""
        levels = np.stack((balances, versions))
        need(levels.min() > -SMALL)
        need(levels.max() < SMALL)
        order = np.argsort(accounts.astype(self.key_type), kind="stable")
        levels, steps = levels[:, order], np.stack((signed[order], np.ones_like(signed)))
        starts = np.flatnonzero(np.diff(accounts[order], prepend=-1))
        touched = accounts[order[starts]]
        first = levels[:, starts] - steps[:, starts]
        claims = np.where(self.is_begun[touched], self.state[:2, touched], first)
        before = np.empty_like(levels)
        before[:, 1:] = levels[:, :-1]
        before[:, starts] = claims
        need(np.array_equal(before + steps, levels))
        ends = np.append(starts[1:], len(order)) - 1
        return Moves(order, starts, touched, claims, levels[:, ends])

    def _leaves(self, heads: Sequence[str], postings: Postings, accounts: Ints, lines: Lines) -> bytes:
        """Return the leaves that the entries hash to, all in one."""
        amounts, versions, balances = (each.split(",") for each in postings[1:4])
        columns = (amounts, self.texts[accounts].tolist(), versions, balances)
        if lines.sides is None:
            return leaves_of_pairs(heads, *columns)
        return leaves_of(heads, lines.starts.tolist(), lines.sides, *columns)

    def _apply(self, moves: Moves, helps: Ints, lines: Lines, amounts: Ints) -> None:
        """Carry the accounts on over postings that were found to be right."""
        touched = moves.accounts
        is_fresh = ~self.is_begun[touched]
        fresh = touched[is_fresh]
        self.is_begun[fresh] = True
        self.starts[:, fresh] = moves.claims[:, is_fresh]
        self.state[2:, fresh] = 0
        self.state[:2, touched] = moves.ends
        if helps.any():
            of_lines = helps if len(helps) == 1 else np.repeat(helps, lines.sizes)
            counted = (of_lines * amounts)[moves.order]
            is_given = (lines.credits == (of_lines > 0))[moves.order]
            for kind, which in ((2, is_given), (3, ~is_given)):
                self.state[kind, touched] += np.add.reduceat(np.where(which, counted, 0), moves.starts)

    def _go_on(self, heads: Heads, count: int) -> None:
        fold = self.fold
        fold.last_seq += count
        fold.last_us = heads.last_us
        if fold.first_us is None:
            fold.first_us = heads.first_us
        fold.cause_kinds |= heads.cause_kinds
        fold.has_reversals = fold.has_reversals or heads.has_reversals


def is_paired(postings: Postings, count: int) -> bool:
    """Tell whether postings are pairs, one for each entry, by the column that says so."""
    return postings.place == _pairs(count)[0] and postings.account_no.count(",") == 2 * count - 1


@cache
def _pairs(count: int) -> tuple[str, Lines]:
    places = np.arange(2 * count)
    return ",".join(map(str, places.tolist())), Lines(places % 2 == 1, places[::2], 2, None)


def _lines_of(postings: Postings, count: int) -> Lines:
    """Check that every entry has two lines or more, counted from 1, each a debit or a credit."""
    if postings.line is None or postings.side is None:
        need(is_paired(postings, count))
        return _pairs(count)[1]
    sides = postings.side.split(",")
    need(SIDES.issuperset(sides))
    entries, numbers = (_ints_of(each, len(sides)) for each in (postings.place, postings.line))
    starts = np.flatnonzero(np.diff(entries, prepend=-1))
    need(np.array_equal(entries[starts], np.arange(count)))
    sizes = np.diff(starts, append=len(sides))
    need(sizes.min() >= 2)
    need(np.array_equal(numbers, np.arange(1, len(sides) + 1) - np.repeat(starts, sizes)))
    return Lines(np.array([side == "credit" for side in sides]), starts, sizes, sides)


def _ints_of(text: str, count: int) -> Ints:
    """Return the numbers in a column, of which there are to be so many."""
    try:
        numbers = np.fromstring(text, dtype=np.int64, sep=",")
    except (DeprecationWarning, ValueError):
        raise Off from None
    need(len(numbers) == count)
    return numbers


def _has_reversals(kinds: Sequence[str], reverses: Sequence[str], first: int) -> bool:
    """Check that reversals, and nothing else, reverse an earlier entry; tells whether there are any."""
    if len(reverses) == 1 and reverses[0] == NONE:
        need("reversal" not in kinds)
        return False
    need(len(kinds) == len(reverses))
    places = [place for place, of in enumerate(reverses) if of != NONE]
    need(kinds.count("reversal") == len(places))
    need(all(kinds[place] == "reversal" and int(reverses[place]) < first + place for place in places))
    return bool(places)
