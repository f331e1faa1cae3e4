"""Clearings: what branches owe one another is netted in circles and settled in pairs, in all books at once.

Owns, with `ledger.netting`, the part of I-7 that belongs to these runs: each run has one cause, `netting NO`
or `settlement NO`, which names its entries in every book, so that both sides can reconcile them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from timebank.care.inputs import reason_of
from timebank.care.mandate import require_coordinator
from timebank.errors import NothingToSettle
from timebank.ledger.chart import AccountKind, clearing, place_of
from timebank.ledger.details import Details
from timebank.ledger.model import MINUTES, Cause, EntryKind, Posting, credit, debit
from timebank.ledger.netting import Circle, ageing, circles_in
from timebank.services.leavings import balance_of
from timebank.services.posting import Told, post
from timebank.services.service import Service, Who, act_in, of_branch
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run of netting or a settlement: what it took away, and its entries in every book."""

    cause: str
    """Kind and reference, as `timebank entry list --cause` takes it; empty if there was nothing to do."""
    circles: tuple[Circle, ...]
    entries: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDebt:
    """What one branch owes another, and since when."""

    debtor: str
    creditor: str
    minutes: int
    parts: tuple[tuple[int, int], ...]
    """(age in days, minutes), newest first: the oldest hours are taken to be settled first."""


class Clearings(Service):
    """Use cases on what branches owe one another."""

    def ages(self) -> Sequence[OpenDebt]:
        """Return every debt between branches with its age, by debtor and creditor; from the debtor's book."""
        found = []
        with self.store.read() as tx:
            for _, branch in tx.branches.list():
                books = tx.books(branch.code)
                for other, balance in _owed(books).items():
                    path = clearing(other)
                    entries = books.reader.list(path=path, is_newest_first=True)
                    changes = [
                        ((books.today - entry.draft.effective_on).days, line.posting.change)
                        for entry in entries
                        for line in entry.lines
                        if (line.posting.path, line.posting.unit) == (path, MINUTES)
                    ]
                    parts = ageing(changes, balance=balance)
                    found.append(OpenDebt(debtor=branch.code, creditor=other, minutes=balance, parts=parts))
        return sorted(found, key=lambda each: (each.debtor, each.creditor))

    def net(self, branch: str, *, by: Who | None = None, key: str | None = None) -> Run:
        """Cancel out all debts in circles; nobody is better or worse off in sum.

        Args:
            branch: whose coordinator starts the run; it has the run's number and key.
            by: a coordinator of that branch.
            key: idempotency key.

        Raises:
            UnknownBranch, NotAllowed, KeyReused: in this order.
            BranchFrozen: a branch in a circle is being closed.
        """
        with self.store.read() as tx:
            codes = [each.code for _, each in tx.branches.list()]
        with self.store.write(branch, *codes) as tx:
            books, actor = tx.books(branch), self.actor(by)
            request = books.requests.open(key, "clearing net", actor)
            if request.outcome is not None:
                cause = request.outcome
                kind, _, ref = cause.partition(" ")
                again = [
                    (code, entry.seq)
                    for code in codes
                    for entry in (tx.books(code).reader.list(cause=(kind, ref)) if ref else ())
                ]
                return Run(cause=cause, circles=(), entries=tuple(again))
            require_coordinator(act_in(books, actor), branch)
            debts = {
                (code, other): balance for code in codes for other, balance in _owed(tx.books(code)).items()
            }
            circles = circles_in(debts)
            ref = f"{branch}-{books.journal.book.last_seq + 1}"
            changes: dict[str, dict[str, int]] = {}
            for circle, minutes in circles:
                for number, code in enumerate(circle):
                    creditor, debtor = circle[(number + 1) % len(circle)], circle[number - 1]
                    mine = changes.setdefault(code, {})
                    mine[creditor] = mine.get(creditor, 0) - minutes
                    mine[debtor] = mine.get(debtor, 0) + minutes
            entries = []
            for code, mine in sorted(changes.items()):
                entry = post(
                    tx.books(code),
                    kind=EntryKind.TRANSFER,
                    cause=Cause("netting", ref),
                    postings=tuple(_posting(clearing(other), by) for other, by in sorted(mine.items()) if by),
                    actor=actor if code == branch else of_branch(actor, branch),
                    enforce_limits=False,  # every debt only shrinks
                )
                entries.append((code, entry.seq))
            cause = f"netting {ref}" if entries else ""
            done = Run(cause=cause, circles=circles, entries=tuple(entries))
            request.done(cause, done)
            return done

    def settle(
        self,
        creditor: str,
        *,
        debtor: str,
        minutes: int,
        reason: str,
        by: Who | None = None,
        key: str | None = None,
    ) -> Run:
        """Settle what another branch owes without help in return: the creditor's fund bears the shortage.

        In the creditor's book its underwriting fund pays what was owed; in the debtor's book the fund that it
        names has the hours that it need not give.

        Args:
            creditor: the branch that is owed, and decides.
            debtor: the branch that owes.
            minutes: how much, at most what is owed.
            reason: what was agreed; kept with the names.
            by: a coordinator of the creditor.
            key: idempotency key.

        Raises:
            UnknownBranch, NotAllowed, ReasonMissing, BadText, KeyReused: in this order.
            NothingToSettle: so much is not owed.
            InsufficientHours, CeilingReached: a fund cannot bear it.
            BranchFrozen: one of the two is being closed.
        """
        with self.store.write(creditor, debtor) as tx:
            ours, theirs, actor = tx.books(creditor), tx.books(debtor), self.actor(by)
            request = ours.requests.open(key, "clearing settle", debtor, minutes, actor)
            if request.outcome is not None:
                ref = request.outcome
                again = [
                    (books.branch.code, entry.seq)
                    for books in (ours, theirs)
                    for entry in books.reader.list(cause=("settlement", ref))
                ]
                return Run(
                    cause=f"settlement {ref}", circles=(((debtor, creditor), minutes),), entries=tuple(again)
                )
            require_coordinator(act_in(ours, actor), creditor)
            words = reason_of(reason)
            owed = balance_of(theirs, clearing(creditor))
            if not 1 <= minutes <= owed:
                raise NothingToSettle(
                    debtor=debtor, creditor=creditor, owed_minutes=max(0, owed), minutes=minutes
                )
            ref = f"{creditor}-{ours.journal.book.last_seq + 1}"
            entries = []
            for books, path, change in ((ours, clearing(debtor), 1), (theirs, clearing(creditor), -1)):
                fund = f"fund:{books.policy.policy.clearing.underwriter}"
                books.journal.open(fund)
                is_here = books is ours
                entry = post(
                    books,
                    kind=EntryKind.TRANSFER,
                    cause=Cause("settlement", ref),
                    postings=(_posting(fund, -change * minutes), _posting(path, change * minutes)),
                    actor=actor if is_here else of_branch(actor, creditor),
                    told=Told(details=Details(words=words), members=()) if is_here else None,
                )
                entries.append((books.branch.code, entry.seq))
            done = Run(
                cause=f"settlement {ref}", circles=(((debtor, creditor), minutes),), entries=tuple(entries)
            )
            request.done(ref, done)
            return done


def _owed(books: Books) -> dict[str, int]:
    """Return what a branch owes each other one, in minutes above zero."""
    return {
        place_of(path).name: balance
        for path, unit, balance in books.reader.balances()
        if unit == MINUTES and balance > 0 and place_of(path).kind is AccountKind.CLEARING
    }


def _posting(path: str, change: int) -> Posting:
    return credit(path, change) if change > 0 else debit(path, -change)
