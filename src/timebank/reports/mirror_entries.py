"""Entries as their bytes say them, folded as the audit of a database folds them. Pure."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from timebank.ledger.audit import (
    Fault,
    JournalAudit,
    Reversal,
    StoredAccount,
    StoredEntry,
    StoredLine,
    check_reversal,
    is_regular,
)
from timebank.ledger.canonical import leaf_of
from timebank.translog.verifier import ENTRY

HEAD_LINES: Final = 9
"""Lines before the postings of an entry without details."""
Accounts = dict[tuple[str, str], int]


class AnyVersion(frozenset[int]):
    """Every version of the policy: policies are not in the log."""

    __slots__ = ()

    def __contains__(self, _version: object) -> bool:
        """Hold whatever is asked for."""
        return True


def read_entry(
    data: bytes, number_of: Callable[[str, str], int]
) -> tuple[str, StoredEntry, list[StoredLine]]:
    """Return the branch, the header and the postings that the bytes of an entry say.

    Args:
        data: canonical bytes.
        number_of: gives an account's number by path and unit.

    Raises:
        ValueError: they are not written as entries are.
    """
    text = data.decode("ascii")
    if re.fullmatch(ENTRY, text) is None:
        message = "not an entry"
        raise ValueError(message)
    lines = [line.split(" ") for line in text.removesuffix("\n").split("\n")]
    has_details = lines[HEAD_LINES][0] == "details"
    (branch, seq), (kind, cause_kind, cause_ref, step), (_, effective, day) = lines[1], lines[2], lines[3]
    head = StoredEntry(
        seq=int(seq),
        kind=kind,
        cause_kind=cause_kind,
        cause_ref=cause_ref,
        step=int(step),
        effective_us=int(effective),
        effective_on=day,
        recorded_us=int(lines[4][1]),
        policy_version=int(lines[5][1]),
        actor=lines[6][1],
        reverses=None if lines[7][1] == "-" else int(lines[7][1]),
        counts_help=int(lines[8][1]),
        details=bytes.fromhex(lines[9][1]) if has_details else None,
        leaf=leaf_of(data),
    )
    postings = [
        StoredLine(int(seq), number, number_of(path, unit), side, int(amount), int(version), int(balance))
        for number, (side, amount, unit, path, version, balance) in enumerate(
            lines[HEAD_LINES + has_details :], start=1
        )
    ]
    return branch, head, postings


class EntryFold:
    """The fold over the entries of a mirror, in order, as far as they are surely right."""

    def __init__(self, entry_at: Callable[[int], bytes | None]) -> None:
        """Begin; `entry_at` reads an earlier entry again."""
        self.entry_at = entry_at
        self.numbers: Accounts = {}
        self.accounts: dict[int, StoredAccount] = {}
        self.audit: JournalAudit | None = None
        self.others: list[Fault] = []
        self.reversed: set[int] = set()
        self.is_open = True

    @property
    def faults(self) -> list[Fault]:
        """What was found so far."""
        return [*(self.audit.faults if self.audit is not None else ()), *self.others]

    @property
    def entries(self) -> int:
        """How many entries were folded."""
        return 0 if self.audit is None else self.audit.entries

    def take(self, first: int, entries: Sequence[bytes] | None, *, is_sure: bool) -> None:
        """Fold the entries of a bundle; nothing any more after one that is missing or not surely right.

        What follows would differ from what came before, entry by entry: the first of it is named elsewhere.
        """
        self.is_open = self.is_open and entries is not None and is_sure
        for seq, data in enumerate(entries or (), start=first):
            if self.is_open:
                self._take_one(seq, data)

    def _take_one(self, seq: int, data: bytes) -> None:
        try:
            branch, entry, lines = read_entry(data, self._number)
        except ValueError:
            self.is_open = False
            self.others.append(Fault(f"entry {seq}", "entry_malformed", "it is not written as entries are"))
            return
        if self.audit is None:
            self.audit = JournalAudit(branch, self.accounts, AnyVersion())
        if (branch, entry.seq) != (self.audit.branch, seq):
            self.is_open = False
            what = f"it is at the place of entry {seq} of {self.audit.branch}"
            self.others.append(Fault(f"{branch} entry {entry.seq}", "entry_misplaced", what))
            return
        self.audit.take(entry, lines)
        if not is_regular(entry):
            what = "its kind, what it reverses and how it counts do not go together"
            self.others.append(Fault(f"{branch} entry {seq}", "entry_malformed", what))
        elif entry.reverses is not None:
            self._check_reversal(entry, entry.reverses, lines)

    def _check_reversal(self, entry: StoredEntry, of: int, lines: list[StoredLine]) -> None:
        """Check that a reversal mirrors an earlier entry, which is read again."""
        assert self.audit is not None, "an entry was taken"
        data = self.entry_at(of)
        original = None if data is None else read_entry(data, self._number)
        reversal = Reversal(
            seq=entry.seq,
            reverses=of,
            lines=tuple(lines),
            original=None if original is None else tuple(original[2]),
            is_reversal_of_reversal=original is not None and original[1].kind == "reversal",
            is_first=of not in self.reversed,
        )
        self.reversed.add(of)
        self.others += check_reversal(self.audit.branch, reversal)

    def _number(self, path: str, unit: str) -> int:
        """Return the number that an account has here; a new one if it has none."""
        number = self.numbers.setdefault((path, unit), len(self.numbers) + 1)
        if number not in self.accounts:
            self.accounts[number] = StoredAccount(number, path, unit, None, None, None, None)
        return number
