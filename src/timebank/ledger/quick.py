"""The audit's quick lane: says of a chunk of the journal that the careful fold would find nothing in it.

Whenever anything at all is off, nothing is accepted, and the careful fold says what and where (ADR 0013).
Pure: rows come in as plain tuples, in the order of the fields of `StoredEntry` and `StoredLine`.
"""

import hashlib
from collections.abc import Sequence
from operator import itemgetter
from sys import intern
from typing import Any, Final

from timebank.ledger.audit import JournalAudit, StoredAccount, StoredEntry, StoredLine, Totals, is_regular
from timebank.ledger.canonical import LEAF_PREFIX, VERSION_1, VERSION_2, details_line
from timebank.ledger.chart import is_held
from timebank.ledger.model import AMOUNT_MAX

Rows = Sequence[tuple[Any, ...]]
END: Final = (None,) * len(StoredLine._fields)
HELPS: Final = StoredEntry._fields.index("counts_help")
LOOKED_AT: Final = tuple(map(StoredEntry._fields.index, ("kind", "cause_kind", "reverses", "counts_help")))
NO_FLOOR: Final = -(2**63)
PREFIX: Final = LEAF_PREFIX.decode()


class Running:
    """An account while it is folded."""

    __slots__ = ("balance", "floor", "given", "received", "text", "unit", "version")

    def __init__(self, account: StoredAccount, totals: Totals) -> None:
        self.text = f" {account.unit} {account.path} "
        self.unit = intern(account.unit)
        self.floor = 0 if is_held(account.path) else NO_FLOOR
        self.balance = totals.balance
        self.version = totals.version
        self.given = totals.given
        self.received = totals.received


class QuickFold:
    """Carries an audit on over chunks of rows in which the careful fold would find nothing."""

    def __init__(self, audit: JournalAudit, *, is_alone: bool = False) -> None:
        """Go on from an audit.

        Args:
            audit: the fold so far; changed by `settle` only.
            is_alone: what came before is not known; accounts begin as their first posting here claims.
        """
        self.audit = audit
        self.is_alone = is_alone
        self.starts: dict[int, tuple[int, int]] = {}
        """Where accounts claimed to begin: balance and version."""
        self.running: dict[int, Running] = {}
        self.last_seq = audit.last_seq
        self.last_us = audit.last_us
        self.applied = 0
        """How many postings of the chunk in hand were folded."""
        self.cause_kinds: set[str] = set()
        self.has_reversals = False
        self.is_regular = True

    def settle(self) -> None:
        """Write what was folded into the audit."""
        audit = self.audit
        for no, each in self.running.items():
            if each.version:
                audit.totals[no] = Totals(each.balance, each.given, each.received, each.version)
        audit.entries += self.last_seq - audit.last_seq
        audit.last_seq, audit.last_us = self.last_seq, self.last_us
        audit.cause_kinds |= self.cause_kinds
        audit.has_reversals = audit.has_reversals or self.has_reversals
        audit.is_regular = audit.is_regular and self.is_regular

    def take(self, entries: Rows, lines: Rows) -> bool:
        """Fold a chunk; False, and nothing changed, if the careful fold would find a fault in it.

        Args:
            entries: headers, by sequence number.
            lines: all postings of these entries and no others, by entry and line.
        """
        self.applied = 0
        try:
            if self._fold(entries, [*lines, END, END]):
                self._look(entries)
                return True
        except (TypeError, ValueError):
            pass  # a value of a wrong kind
        self._take_back(entries, lines[: self.applied])
        return False

    def _look(self, entries: Rows) -> None:
        """Note what sort of entries there are in a chunk that was folded."""
        kinds, cause_kinds, reverses, helps = (set(map(itemgetter(at), entries)) for at in LOOKED_AT)
        self.cause_kinds |= cause_kinds
        if reverses <= {None}:
            self.is_regular = self.is_regular and "reversal" not in kinds and helps <= {-1, 0, 1}
        else:
            self.has_reversals = True
            self.is_regular = self.is_regular and all(is_regular(StoredEntry(*entry)) for entry in entries)

    def begin(self, no: int, signed: int, version: int, balance: int) -> Running | None:
        """Take an account in hand at its first posting; None if there is no such account."""
        account = self.audit.accounts.get(no)
        if account is None:
            return None
        totals = self.audit.totals.get(no)
        if totals is None:
            totals = Totals()
            if self.is_alone:
                totals.balance = balance - signed
                totals.version = version - 1
                self.starts[no] = (totals.balance, totals.version)
        running = self.running[no] = Running(account, totals)
        return running

    def _take_back(self, entries: Rows, lines: Rows) -> None:
        """Undo postings of a chunk that were folded before something was found to be off."""
        first = entries[0][0] if entries else 0
        for seq, _, no, side, amount, _, _ in lines:
            each, helps = self.running[no], entries[seq - first][HELPS]
            signed = amount if side == "credit" else -amount
            each.balance -= signed
            each.version -= 1
            if (signed > 0) == (helps > 0):
                each.given -= helps * amount
            else:
                each.received -= helps * amount

    def _fold(self, entries: Rows, lines: Rows) -> bool:
        """Fold the rows; False as soon as anything is off.

        One function without a call for each entry of two postings, a debit and a credit: it runs a million
        times in the audit of a large branch. A posting is folded once nothing can stop it.

        Args:
            entries: as in `take`.
            lines: as in `take`, with two times `END` after them.
        """
        running, begin, policies = self.running, self.begin, self.audit.policy_versions
        sha256, seq, last_us = hashlib.sha256, self.last_seq, self.last_us
        opening, fuller = (f"{PREFIX}{version}\n{self.audit.branch} " for version in (VERSION_1, VERSION_2))
        at = 0
        for (
            number,
            kind,
            cause_kind,
            cause_ref,
            step,
            effective_us,
            effective_on,
            recorded_us,
            policy,
            actor,
            reverses,
            helps,
            details,
            leaf,
        ) in entries:
            seq += 1
            if number != seq or recorded_us < last_us or policy not in policies:
                return False
            last_us = recorded_us
            head = (
                f"{opening if details is None else fuller}{number}\n{kind} {cause_kind} {cause_ref} {step}\n"
                f"effective {effective_us} {effective_on}\nrecorded {recorded_us}\npolicy {policy}\n"
                f"by {actor}\nreverses {'-' if reverses is None else reverses}\nhelp {helps}\n"
            )
            if details is not None:
                head += details_line(details)
            of, place, no, side, amount, version, balance = lines[at]
            other_of, other_place, other_no, other_side, other_amount, other_version, other_balance = lines[
                at + 1
            ]
            if not (
                of == other_of == seq != lines[at + 2][0]
                and side == "debit"
                and other_side == "credit"
                and place == 1
                and other_place == 2
                and 1 <= amount == other_amount <= AMOUNT_MAX
                and no != other_no
                and (payer := running.get(no) or begin(no, -amount, version, balance)) is not None
                and (payee := running.get(other_no) or begin(other_no, amount, other_version, other_balance))
                is not None
                and payer.unit == payee.unit
                and payer.version + 1 == version
                and payer.balance - amount == balance >= payer.floor
                and payee.version + 1 == other_version
                and payee.balance + amount == other_balance >= payee.floor
            ):
                text = self._fold_any(lines, at, seq, helps)
                if text is None or sha256((head + text).encode()).digest() != leaf:
                    return False
                at = self.applied
                continue
            if helps > 0:
                payer.received += helps * amount
                payee.given += helps * amount
            elif helps:
                payer.given += helps * amount
                payee.received += helps * amount
            payer.version = version
            payer.balance = balance
            payee.version = other_version
            payee.balance = other_balance
            self.applied = at = at + 2
            text = (
                f"{head}debit {amount}{payer.text}{version} {balance}\n"
                f"credit {other_amount}{payee.text}{other_version} {other_balance}\n"
            )
            if sha256(text.encode()).digest() != leaf:
                return False
        if lines[at] is not END:
            return False
        self.last_seq, self.last_us = seq, last_us
        return True

    def _fold_any(self, lines: Rows, at: int, seq: int, helps: int) -> str | None:
        """Fold the postings of an entry of any shape; returns their text, None as soon as anything is off."""
        is_help, first = helps > 0, at
        off_by: dict[str, int] = {}
        touched: list[Running] = []
        text = ""
        while lines[at][0] == seq:
            _, place, no, side, amount, version, balance = lines[at]
            signed = amount if side == "credit" else -amount
            each = self.running.get(no) or self.begin(no, signed, version, balance)
            if each is None or place != at - first + 1 or not 1 <= amount <= AMOUNT_MAX:
                return None
            if side not in {"debit", "credit"}:
                return None
            if each.version + 1 != version or each.balance + signed != balance:
                return None
            if (signed > 0) == is_help:
                each.given += helps * amount
            else:
                each.received += helps * amount
            each.version = version
            each.balance = balance
            at += 1
            self.applied = at
            off_by[each.unit] = off_by.get(each.unit, 0) + signed
            touched.append(each)
            text += f"{side} {amount}{each.text}{version} {balance}\n"
        is_low = any(each.balance < each.floor for each in touched)
        return None if at - first < 2 or any(off_by.values()) or is_low else text
