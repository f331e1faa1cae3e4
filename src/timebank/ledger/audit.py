"""The audit of a branch's books: re-derives everything from the journal and lists all faults.

Checks I-1 to I-4 and I-13 on rows as they are stored, without trusting any of them: a fold that shares
no code with the posting rules. It is the specification: `segments` says quickly that it would find nothing,
`reconcile` and `stories` compare the rest of the database with it. Memory grows with the accounts, not with
the entries. Pure: the caller streams the rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from timebank.ledger.canonical import head_text, leaf_of, line_text
from timebank.ledger.chart import is_held
from timebank.ledger.model import AMOUNT_MAX

RESERVING: Final = frozenset({"hold", "release"})
"""Kinds of entry that only move minutes between available and held."""
FIRST_US: Final = -(2**63)
"""Before every instant that is stored."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that does not hold."""

    place: str
    """Where: `lille entry 17`, `lille account member:m1:available`, `database trigger …`."""
    code: str
    """What: stable, listed in the documentation of errors."""
    detail: str
    """Numbers found and expected; never personal data (I-10)."""


class StoredEntry(NamedTuple):
    """The header of an entry, as stored."""

    seq: int
    kind: str
    cause_kind: str
    cause_ref: str
    step: int
    effective_us: int
    effective_on: str
    recorded_us: int
    policy_version: int
    actor: str
    reverses: int | None
    counts_help: int
    details: bytes | None
    leaf: bytes


class StoredLine(NamedTuple):
    """A posting, as stored."""

    entry_seq: int
    line: int
    account_no: int
    side: str
    amount: int
    account_seq: int
    balance_after: int


class StoredAccount(NamedTuple):
    """An account with its cached totals, as stored; None where the cache row is missing."""

    no: int
    path: str
    unit: str
    balance: int | None
    given: int | None
    received: int | None
    version: int | None


@dataclass(slots=True)
class Totals:
    """What the fold knows about one account."""

    balance: int = 0
    given: int = 0
    received: int = 0
    version: int = 0


@dataclass(slots=True)
class JournalAudit:
    """The fold over one branch's journal; feed it entries in order, then ask for the rest."""

    branch: str
    accounts: Mapping[int, StoredAccount]
    policy_versions: frozenset[int]
    faults: list[Fault] = field(default_factory=list)
    totals: dict[int, Totals] = field(default_factory=dict)
    entries: int = 0
    last_seq: int = 0
    last_us: int = FIRST_US
    """When the last entry was recorded."""
    cause_kinds: set[str] = field(default_factory=set)
    """Kinds of the causes that its entries cite."""
    has_reversals: bool = False
    is_regular: bool = True
    """Whether every header is as `is_regular` says."""

    def fault(self, code: str, place: str, detail: str) -> None:
        """Note a fault at a place of this branch."""
        self.faults.append(Fault(f"{self.branch} {place}", code, detail))

    def take(self, entry: StoredEntry, lines: Iterable[StoredLine]) -> None:
        """Check one entry with its lines and carry the totals on."""
        lines = tuple(lines)
        place = f"entry {entry.seq}"
        self.cause_kinds.add(entry.cause_kind)
        self.has_reversals = self.has_reversals or entry.reverses is not None
        self.is_regular = self.is_regular and is_regular(entry)
        if entry.seq != self.last_seq + 1:
            self.fault("entry_missing", f"entry {self.last_seq + 1}", f"the journal goes on with {place}")
        self.last_seq = entry.seq
        self.entries += 1
        if entry.recorded_us < self.last_us:
            self.fault("recorded_backwards", place, "it was recorded before the entry that it follows")
        self.last_us = entry.recorded_us
        if entry.policy_version not in self.policy_versions:
            self.fault("policy_unknown", place, f"policy version {entry.policy_version} is not stored")
        self._check_balance(place, lines)
        for line in lines:
            self._check_line(f"{place} line {line.line}", line, entry.counts_help)
        self._check_held(place, lines)
        if self._leaf(entry, lines) != entry.leaf:
            self.fault(
                "leaf_differs", place, "the entry does not hash to its leaf: something in it was changed"
            )

    def _check_balance(self, place: str, lines: tuple[StoredLine, ...]) -> None:
        if len(lines) < 2:
            self.fault("too_few_postings", place, f"{len(lines)} postings")
        if [line.line for line in lines] != list(range(1, len(lines) + 1)):
            self.fault("posting_missing", place, "the lines are not numbered 1, 2, 3 …")
        off_by: dict[str, int] = {}
        for line in lines:
            account = self.accounts.get(line.account_no)
            unit = account.unit if account is not None else "?"
            off_by[unit] = off_by.get(unit, 0) + (line.amount if line.side == "credit" else -line.amount)
        for unit, off in sorted(off_by.items()):
            if off != 0:
                self.fault("entry_unbalanced", place, f"debits and credits differ by {abs(off)} {unit}")

    def _check_line(self, place: str, line: StoredLine, counts_help: int) -> None:
        if line.side not in {"debit", "credit"} or not 1 <= line.amount <= AMOUNT_MAX:
            self.fault("posting_invalid", place, f"side {line.side}, amount {line.amount}")
        if line.account_no not in self.accounts:
            self.fault("account_missing", place, f"there is no account number {line.account_no}")
        totals = self.totals.setdefault(line.account_no, Totals())
        is_credit = line.side == "credit"
        totals.balance += line.amount if is_credit else -line.amount
        totals.version += 1
        if is_credit == (counts_help > 0):
            totals.given += counts_help * line.amount
        else:
            totals.received += counts_help * line.amount
        if line.account_seq != totals.version:
            self.fault(
                "account_sequence_gap", place, f"version {line.account_seq}, expected {totals.version}"
            )
        if line.balance_after != totals.balance:
            self.fault(
                "running_balance_differs",
                place,
                f"balance {line.balance_after}, the fold gives {totals.balance}",
            )

    def _check_held(self, place: str, lines: tuple[StoredLine, ...]) -> None:
        """Check that no held account is below zero once the entry is through (I-6)."""
        for line in lines:
            account = self.accounts.get(line.account_no)
            balance = self.totals[line.account_no].balance
            if account is not None and is_held(account.path) and balance < 0:
                self.fault("held_below_zero", place, f"{account.path} falls to {balance}")

    def _leaf(self, entry: StoredEntry, lines: tuple[StoredLine, ...]) -> bytes:
        if not isinstance(entry.details, bytes | None):
            return b""
        text = head_text(self.branch, *entry[:-1]) + "".join(
            line_text(
                line.side,
                line.amount,
                account.unit if account is not None else "?",
                account.path if account is not None else "?",
                line.account_seq,
                line.balance_after,
            )
            for line in lines
            for account in (self.accounts.get(line.account_no),)
        )
        return leaf_of(text.encode())


def is_regular(entry: StoredEntry) -> bool:
    """Tell whether a header is one that the columns take.

    It counts its help as -1, 0 or 1, and reverses an earlier entry if and only if it is a reversal. The fold
    finds no fault in one that is not: the database does.
    """
    of, by = entry.reverses, entry.seq
    is_earlier = of is None or (isinstance(of, int) and isinstance(by, int) and of < by)
    return entry.counts_help in {-1, 0, 1} and (entry.kind == "reversal") == (of is not None) and is_earlier


def tally(lines: Iterable[StoredLine], *, is_turned: bool) -> Counter[tuple[int, str, int]]:
    """Count an entry's lines by account, side and amount; `is_turned` swaps the sides."""
    turned = {"debit": "credit", "credit": "debit"}
    return Counter(
        (line.account_no, turned.get(line.side, line.side) if is_turned else line.side, line.amount)
        for line in lines
    )


@dataclass(frozen=True, slots=True)
class Reversal:
    """A reversal beside the entry it reverses, as stored."""

    seq: int
    reverses: int
    lines: tuple[StoredLine, ...]
    original: tuple[StoredLine, ...] | None
    """Lines of the entry it reverses; None if there is no such entry."""
    is_reversal_of_reversal: bool
    is_first: bool
    """Whether no earlier entry reverses the same."""


def check_reversal(branch: str, reversal: Reversal) -> Iterator[Fault]:
    """Check that a reversal mirrors its original exactly and once (I-3)."""
    place, of = f"{branch} entry {reversal.seq}", f"entry {reversal.reverses}"
    if not reversal.is_first:
        yield Fault(place, "reversed_twice", f"{of} was reversed before")
    if reversal.is_reversal_of_reversal:
        yield Fault(place, "reversal_reversed", f"{of} is itself a reversal")
    if reversal.original is None:
        yield Fault(place, "reversal_dangling", f"there is no {of}")
    elif tally(reversal.lines, is_turned=True) != tally(reversal.original, is_turned=False):
        yield Fault(place, "reversal_differs", f"it does not mirror {of}")
