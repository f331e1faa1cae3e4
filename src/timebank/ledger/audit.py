"""The audit of a branch's books: re-derives everything from the journal and lists all faults.

Checks I-1 to I-4 and I-13 on rows as they are stored, without trusting any of them: a fold that shares
no code with the posting rules, and gathers what `reconcile` and `stories` compare with the rest of the
database. Memory grows with the accounts, the reversals, and the entries of service records and
redemptions, not with other entries. Pure: the caller streams the rows.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from timebank.ledger.canonical import head_text, leaf_of, line_text
from timebank.ledger.chart import is_held
from timebank.ledger.model import AMOUNT_MAX

STORIES: Final = frozenset({"service", "redemption"})
"""Causes that have a state of their own, kept outside the journal."""
RESERVING: Final = frozenset({"hold", "release"})
"""Kinds of entry that only move minutes between available and held."""


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


class Posted(NamedTuple):
    """What an entry of a service record or a redemption did, as far as its story must agree with it."""

    seq: int
    kind: str
    step: int
    effective_us: int
    minutes: int
    """Sum of its credits."""
    unit: str
    payer: str
    """Path of its first debit; empty if there is none."""
    payee: str
    """Path of its first credit; empty if there is none."""


@dataclass(slots=True)
class Reserved:
    """What the entries of one cause did to one held account."""

    seq: int
    """The first of them."""
    placed: int = 0
    """Credited by the first entry that holds."""
    captured: int = 0
    """Debited by the first entry that charges."""
    left: int = 0
    """Credits minus debits."""


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
    reversed_by: dict[int, int] = field(default_factory=dict)
    """Reversal of each reversed entry."""
    mirrors: dict[int, Counter[tuple[int, str, int]]] = field(default_factory=dict)
    """The lines of each reversal with their sides turned, by the entry it reverses."""
    reversals: set[int] = field(default_factory=set)
    """Every entry that is itself a reversal."""
    posted: dict[tuple[str, str], list[Posted]] = field(default_factory=dict)
    """The entries of each story, by kind and reference of its cause, without what is only reserved (I-8)."""
    reserved: dict[tuple[str, str, str], Reserved] = field(default_factory=dict)
    """By kind and reference of the cause and path of the held account (I-6)."""

    def fault(self, code: str, place: str, detail: str) -> None:
        """Note a fault at a place of this branch."""
        self.faults.append(Fault(f"{self.branch} {place}", code, detail))

    def take(self, entry: StoredEntry, lines: Iterable[StoredLine]) -> None:
        """Check one entry with its lines and carry the totals on."""
        lines = tuple(lines)
        place = f"entry {entry.seq}"
        if entry.seq != self.last_seq + 1:
            self.fault("entry_missing", f"entry {self.last_seq + 1}", f"the journal goes on with {place}")
        self.last_seq = entry.seq
        self.entries += 1
        if entry.policy_version not in self.policy_versions:
            self.fault("policy_unknown", place, f"policy version {entry.policy_version} is not stored")
        self._check_balance(place, lines)
        for line in lines:
            self._check_line(f"{place} line {line.line}", line, entry.counts_help)
        self._reserve(place, entry, lines)
        if entry.reverses is not None:
            self._check_reversal(place, entry, lines)
        if entry.cause_kind in STORIES and entry.kind not in RESERVING:
            story = self.posted.setdefault((entry.cause_kind, entry.cause_ref), [])
            story.append(self._posted(entry, lines))
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

    def _reserve(self, place: str, entry: StoredEntry, lines: tuple[StoredLine, ...]) -> None:
        """Carry on what each cause did to the held accounts, which never fall below zero (I-6)."""
        for line in lines:
            account = self.accounts.get(line.account_no)
            if account is None or not is_held(account.path):
                continue
            key = (entry.cause_kind, entry.cause_ref, account.path)
            reserved = self.reserved.setdefault(key, Reserved(entry.seq))
            is_credit = line.side == "credit"
            if entry.kind == "hold" and is_credit and reserved.placed == 0:
                reserved.placed = line.amount
            if entry.kind not in RESERVING and not is_credit and reserved.captured == 0:
                reserved.captured = line.amount
            reserved.left += line.amount if is_credit else -line.amount
            balance = self.totals[line.account_no].balance
            if balance < 0:
                self.fault("held_below_zero", place, f"{account.path} falls to {balance}")

    def _posted(self, entry: StoredEntry, lines: tuple[StoredLine, ...]) -> Posted:
        paths: dict[str, str] = {}
        units: dict[str, str] = {}
        for line in lines:
            account = self.accounts.get(line.account_no)
            if account is not None:
                paths.setdefault(line.side, account.path)
                units.setdefault(line.side, account.unit)
        return Posted(
            seq=entry.seq,
            kind=entry.kind,
            step=entry.step,
            effective_us=entry.effective_us,
            minutes=sum(line.amount for line in lines if line.side == "credit"),
            unit=units.get("credit", ""),
            payer=paths.get("debit", ""),
            payee=paths.get("credit", ""),
        )

    def standing(self, cause_kind: str, cause_ref: str) -> list[Posted]:
        """Return the entries of a story that are neither reversals nor reversed, in journal order."""
        return [
            posted
            for posted in self.posted.get((cause_kind, cause_ref), [])
            if posted.seq not in self.reversed_by and posted.seq not in self.reversals
        ]

    def _check_reversal(self, place: str, entry: StoredEntry, lines: tuple[StoredLine, ...]) -> None:
        assert entry.reverses is not None, "called for reversals only"
        if entry.reverses in self.reversed_by:
            self.fault("reversed_twice", place, f"entry {entry.reverses} was reversed before")
        if entry.reverses in self.reversals:
            self.fault("reversal_reversed", place, f"entry {entry.reverses} is itself a reversal")
        self.reversals.add(entry.seq)
        self.reversed_by[entry.reverses] = entry.seq
        self.mirrors[entry.reverses] = tally(lines, is_turned=True)

    def _leaf(self, entry: StoredEntry, lines: tuple[StoredLine, ...]) -> bytes:
        text = head_text(self.branch, *entry[:12]) + "".join(
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


def tally(lines: Iterable[StoredLine], *, is_turned: bool) -> Counter[tuple[int, str, int]]:
    """Count an entry's lines by account, side and amount; `is_turned` swaps the sides."""
    turned = {"debit": "credit", "credit": "debit"}
    return Counter(
        (line.account_no, turned.get(line.side, line.side) if is_turned else line.side, line.amount)
        for line in lines
    )


def check_mirrors(
    audit: JournalAudit, originals: Iterable[tuple[int, tuple[StoredLine, ...]]]
) -> Iterator[Fault]:
    """Check that each reversal mirrors its original exactly (I-3).

    Args:
        audit: a fold that has taken the whole journal.
        originals: the lines of every entry that was reversed, with its sequence number.
    """
    missing = set(audit.mirrors)
    for seq, lines in originals:
        missing.discard(seq)
        if audit.mirrors[seq] != tally(lines, is_turned=False):
            place = f"{audit.branch} entry {audit.reversed_by[seq]}"
            yield Fault(place, "reversal_differs", f"it does not mirror entry {seq}")
    for seq in sorted(missing):
        place = f"{audit.branch} entry {audit.reversed_by[seq]}"
        yield Fault(place, "reversal_dangling", f"there is no entry {seq}")
