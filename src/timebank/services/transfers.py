"""Transfers: minutes moved between two accounts by a coordinator's decision, with a reason."""

from datetime import datetime

from timebank.care.inputs import reason_of
from timebank.care.mandate import require_coordinator
from timebank.errors import AccountManaged, FundOverdrawn, GiftsNotAllowed, SameAccount
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.details import Details
from timebank.ledger.model import MINUTES, Actor, Cause, EntryKind, JournalEntry, credit, debit
from timebank.services.posting import Told, members_of, post
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books


class Transfers(Service):
    """Use cases on transfers."""

    def transfer(
        self,
        branch: str,
        *,
        debit_path: str,
        credit_path: str,
        minutes: int,
        reason: str,
        unit: str = MINUTES,
        effective_at: datetime | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> JournalEntry:
        """Move minutes from one account to another inside a branch; it does not count as help.

        Args:
            branch: its code.
            debit_path: the account that pays.
            credit_path: the account that receives.
            minutes: 1 to `AMOUNT_MAX`.
            reason: kept in the identity store.
            unit: of both accounts.
            effective_at: when it takes effect; now if None.
            by: a coordinator.
            key: idempotency key.

        Raises:
            SameAccount, BadPath, AccountManaged: the accounts cannot be moved between by hand.
            UnknownBranch, UnknownAccount, AccountClosed: an account is not there.
            NotAllowed, SelfDealing: not a coordinator, or one who would have it from a fund themselves.
            FundOverdrawn: it is more than one decision takes out of a fund.
            GiftsNotAllowed: from member to member, where the policy lets no hours be given away.
            ReasonMissing, BadText: there is no reason.
            AmountOutOfRange, InsufficientHours, CeilingReached: the ledger refuses the entry.
            KeyReused: the key was used for another request.
        """
        if debit_path == credit_path:
            raise SameAccount(path=debit_path)
        for path in (debit_path, credit_path):
            place = place_of(path)
            if place.bucket == "held" or place.kind is AccountKind.CLEARING:
                raise AccountManaged(path=path)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(
                key, "transfer", debit_path, credit_path, minutes, unit, effective_at, actor
            )
            if request.outcome is not None:
                return books.reader.entry(int(request.outcome))
            _require_disinterested(books, actor, debit_path, credit_path)
            _require_gifts(books, debit_path, credit_path)
            words = reason_of(reason)
            _require_within(books, debit_path, minutes, unit)
            number = books.journal.book.last_seq + 1
            postings = (debit(debit_path, minutes, unit), credit(credit_path, minutes, unit))
            concerned = members_of(postings)
            entry = post(
                books,
                kind=EntryKind.TRANSFER,
                cause=Cause("transfer", str(number)),
                postings=postings,
                actor=actor,
                effective_at=effective_at,
                told=Told(details=Details(words=words), members=concerned),
            )
            books.identities.write_note(words, about=f"entry {entry.seq}", members=concerned)
            request.done(entry.seq, entry)
            return entry


def _require_disinterested(books: Books, actor: Actor, payer: str, payee: str) -> None:
    """Let a coordinator move hours, but nobody gives themselves what a fund has (I-14)."""
    place, branch = place_of(payee), books.branch.code
    is_from_fund = place_of(payer).kind is AccountKind.FUND
    parties = ((branch, place.name),) if is_from_fund and place.kind is AccountKind.MEMBER else ()
    require_coordinator(act_in(books, actor), branch, parties=parties)


def _require_within(books: Books, path: str, minutes: int, unit: str) -> None:
    most = books.policy.policy.funds.most_at_once_minutes
    if unit == MINUTES and place_of(path).kind is AccountKind.FUND and most is not None and minutes > most:
        raise FundOverdrawn(path=path, most_minutes=most)


def _require_gifts(books: Books, payer: str, payee: str) -> None:
    members = {place_of(each).name for each in (payer, payee) if each.startswith("member:")}
    if len(members) > 1 and not books.policy.policy.gifts.between_members:
        raise GiftsNotAllowed
