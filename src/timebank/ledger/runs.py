"""The audit's quickest lane: runs of entries that are alike and have two postings each, a debit and a credit.

In a history that was imported, and for stretches of any other, a header differs from the one before it in
little more than its number and its day. What is the same throughout is compared by the database and never
handed over; the rest comes by column, as one text with a comma between values: most of it is only hashed.
Such a text does not show of what type a value was: whoever uses what was found here must know that every
value is of its column's type and none is missing where one must be, as a check of the file says (ADR 0013).
Pure.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NamedTuple

from timebank.ledger.audit import JournalAudit, StoredEntry
from timebank.ledger.canonical import head_text
from timebank.ledger.model import AMOUNT_MAX
from timebank.ledger.quick import PREFIX, QuickFold, Rows, Running

FACTS: Final = StoredEntry._fields[:-1]
"""The columns of a header that its text is made of, in their order."""
FREE: Final = ("seq", "step", "effective_us", "effective_on")
"""Those that may vary in a run."""
HELPS: Final = (-1, 0, 1)
MARK: Final = "\0"
LEAF_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Likeness:
    """What the headers of a run have in common, beside that none reverses another entry."""

    same: Mapping[str, Any]
    """By column."""
    parts: tuple[str, str, str, str]
    """The text of a header before its number, its step, its instant and its end."""


class Columns(NamedTuple):
    """A chunk by column, each a text with commas between its values, in the order of the journal."""

    seq: str
    step: str
    effective_us: str
    effective_on: str
    leaves: bytes
    """All in one."""
    leaf_least: int
    """Bytes of the shortest."""
    account_no: str
    amount: str
    account_seq: str
    balance_after: str
    place: str
    """Twice the place of its entry in the chunk, counted from 0, for a debit on line 1; one more for a credit
    on line 2; left out for any other."""


def likeness_of(branch: str, entries: Rows) -> Likeness | None:
    """Return what the headers of a chunk have in common; None if that is too little for a run.

    Args:
        branch: its code.
        entries: at least one, in the order of the fields of `StoredEntry`.
    """
    first = StoredEntry(*entries[0])
    columns = dict(zip(StoredEntry._fields, zip(*entries, strict=True), strict=True))
    same = {name: getattr(first, name) for name in FACTS if name not in FREE}
    if first.reverses is not None or any(set(columns[name]) != {value} for name, value in same.items()):
        return None
    del same["reverses"]
    facts: list[Any] = [MARK if name in FREE else getattr(first, name) for name in FACTS]
    text = head_text(branch, *facts)
    if text.count(MARK) != len(FREE):
        return None
    before_seq, before_step, before_instant, _, after = text.split(MARK)
    return Likeness(same, (PREFIX + before_seq, before_step, before_instant, after))


class RunFold(QuickFold):
    """A quick fold that takes runs as well."""

    def __init__(self, audit: JournalAudit, *, is_alone: bool = False) -> None:
        """Go on from an audit: see `QuickFold`."""
        super().__init__(audit, is_alone=is_alone)
        self.named: dict[str, Running] = {}
        """Accounts that were taken in hand, by their number as text."""
        self.is_spoilt = False
        """Whether something was off in the middle of a run: what was folded is worth nothing."""

    def take_run(self, likeness: Likeness, columns: Columns, count: int) -> bool:
        """Fold a chunk; False, and nothing changed unless it is spoilt, if anything in it is not right.

        Args:
            likeness: of all headers of the chunk.
            columns: of those headers, and of all postings in the chunk.
            count: how many entries there are to be.
        """
        same, first = likeness.same, self.last_seq + 1
        if (
            columns.place != _numbers(2 * count)
            or columns.leaf_least != LEAF_BYTES
            or len(columns.leaves) != LEAF_BYTES * count
            or same["recorded_us"] < self.last_us
            or same["policy_version"] not in self.audit.policy_versions
            or same["counts_help"] not in HELPS
            or same["kind"] == "reversal"
        ):
            return False
        headers = [text.split(",") for text in columns[:4]]
        lines = [text.split(",") for text in columns[-5:-1]]
        if {count} != set(map(len, headers)) or {2 * count} != set(map(len, lines)):
            return False
        if headers[0] != list(map(str, range(first, first + count))) or lines[1][::2] != lines[1][1::2]:
            return False
        self.is_spoilt = not self._fold_run(likeness, headers, lines, columns.leaves)
        if self.is_spoilt:
            return False
        self.last_seq += count
        self.last_us = same["recorded_us"]
        self.cause_kinds.add(same["cause_kind"])
        return True

    def _find(
        self, accounts: list[str], amounts: list[int], versions: list[int], balances: list[int]
    ) -> bool:
        """Take accounts in hand at their first postings in a run; False if there is no such account."""
        for no in set(accounts).difference(self.named):
            at = accounts.index(no)
            signed = amounts[at // 2] if at % 2 else -amounts[at // 2]
            found = self.running.get(int(no)) or self.begin(int(no), signed, versions[at], balances[at])
            if found is None:
                return False
            self.named[no] = found
        return True

    def _fold_run(
        self, likeness: Likeness, headers: list[list[str]], lines: list[list[str]], leaves: bytes
    ) -> bool:
        """Fold the entries; False as soon as anything is off.

        One loop without a call of ours for each entry: it runs a million times in a large branch.
        """
        debited = lines[1][::2]
        amounts = list(map(int, debited))
        versions, balances = (list(map(int, each)) for each in lines[2:])
        if not self._find(lines[0], amounts, versions, balances):
            return False
        sha256, helps = hashlib.sha256, likeness.same["counts_help"]
        before_seq, before_step, before_instant, after = likeness.parts
        accounts = map(self.named.__getitem__, lines[0])
        written, levels, counted, reached = iter(lines[2]), iter(lines[3]), iter(versions), iter(balances)
        found = []
        for (
            seq,
            step,
            effective_us,
            effective_on,
            payer,
            payee,
            amount_text,
            version_text,
            other_version_text,
            balance_text,
            other_balance_text,
            amount,
            version,
            other_version,
            balance,
            other_balance,
        ) in zip(
            *headers,
            *(accounts, accounts, debited, written, written, levels, levels),
            *(amounts, counted, counted, reached, reached),
            strict=True,
        ):
            if not (
                1 <= amount <= AMOUNT_MAX
                and payer is not payee
                and payer.unit is payee.unit
                and payer.version + 1 == version
                and payer.balance - amount == balance >= payer.floor
                and payee.version + 1 == other_version
                and payee.balance + amount == other_balance >= payee.floor
            ):
                return False
            if helps == 1:
                payer.received += amount
                payee.given += amount
            elif helps:
                payer.given -= amount
                payee.received -= amount
            payer.version = version
            payer.balance = balance
            payee.version = other_version
            payee.balance = other_balance
            text = (
                f"{before_seq}{seq}{before_step}{step}{before_instant}{effective_us} {effective_on}{after}"
                f"debit {amount_text}{payer.text}{version_text} {balance_text}\n"
                f"credit {amount_text}{payee.text}{other_version_text} {other_balance_text}\n"
            )
            found.append(sha256(text.encode()).digest())
        return b"".join(found) == leaves


@cache
def _numbers(count: int) -> str:
    """Return the numbers from 0 on, as a column."""
    return ",".join(map(str, range(count)))
