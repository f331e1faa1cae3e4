"""Offers of help: post one, look at them, withdraw one; no hours move."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from timebank.care import listing as care
from timebank.care.listing import HelpOffer, ListingState
from timebank.care.mandate import require_coordinator
from timebank.care.record import Mode
from timebank.care.week import Week
from timebank.ledger.model import Role
from timebank.services.listing import (
    ListingView,
    cleaned,
    expiry_of,
    require_postable,
    view_of,
    write_words,
)
from timebank.services.service import Service, Who, act_in

PAGE_USUAL: Final = 50


class HelpOffers(Service):
    """Use cases on offers of help."""

    def post(
        self,
        branch: str,
        *,
        member: str,
        kind: str,
        week: Week,
        minutes_per_week: int,
        mode: Mode = Mode.IN_PERSON,
        until_on: date | None = None,
        note: str | None = None,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ListingView[HelpOffer]:
        """Offer help, week by week.

        Args:
            branch: its code.
            member: who offers.
            kind: code of the kind of help.
            week: when the member could help.
            minutes_per_week: how much of that the member would give, at most.
            mode: how it is to reach who is helped.
            until_on: last day; about three months from now if None.
            note: what the member says about it; kept with the names, erased with them.
            reason: why; needed of a coordinator.
            by: the member in person, or a coordinator.
            key: idempotency key.

        Raises:
            BadReference, BadText: a part is malformed.
            UnknownBranch, UnknownMember, MemberLeft, KindNotOffered, ModeNotOffered: there is no such thing.
            KeyReused: the key was used for another request.
            Others: see `care.listing.post_offer`.
        """
        words = cleaned(note)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            when = (week, minutes_per_week, until_on)
            request = books.requests.open(key, "offer post", member, kind, mode, *when, actor)
            if request.outcome is not None:
                return view_of(books, books.help_offers.get(int(request.outcome)))
            act = act_in(books, actor)
            posted, why = care.post_offer(
                act,
                HelpOffer(
                    branch=branch,
                    no=books.help_offers.next_no(),
                    member=member,
                    kind=kind,
                    mode=mode,
                    week=week,
                    minutes_per_week=minutes_per_week,
                    posted_at=act.at,
                    posted_by=act.actor,
                    expires_at=expiry_of(books, until_on),
                ),
                open_count=books.help_offers.open_count(member),
                reason=reason,
            )
            require_postable(books, posted)
            books.help_offers.add(posted)
            write_words(books, posted, note=words, reason=why)
            view = view_of(books, posted)
            request.done(posted.no, view)
            return view

    def list(
        self,
        branch: str,
        *,
        state: ListingState | None = None,
        member: str | None = None,
        before: int | None = None,
        limit: int | None = PAGE_USUAL,
    ) -> Sequence[HelpOffer]:
        """Return offers as they stand now, newest first: of a state, of a member, before a number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).help_offers.list(state=state, member=member, before=before, limit=limit)

    def show(self, branch: str, no: int) -> ListingView[HelpOffer]:
        """Return one offer with its words.

        Raises:
            UnknownBranch, UnknownHelpOffer: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            return view_of(books, books.help_offers.get(no))

    def withdraw(
        self,
        branch: str,
        no: int,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ListingView[HelpOffer]:
        """Take an offer back: by the member in person, or by a coordinator, who says why.

        Raises:
            UnknownBranch, UnknownHelpOffer: there is none.
            KeyReused: the key was used for another request.
            Others: see `care.listing.withdraw`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "offer withdraw", no, actor)
            known = books.help_offers.get(no)
            if request.outcome is not None:
                return view_of(books, known)
            withdrawn, why = care.withdraw(known, act_in(books, actor), reason=reason)
            books.help_offers.save_end(withdrawn)
            write_words(books, withdrawn, note=None, reason=why)
            view = view_of(books, withdrawn)
            request.done(no, view)
            return view

    def expire_due(
        self, branch: str, *, by: Who | None = None, key: str | None = None
    ) -> Sequence[HelpOffer]:
        """Write down which offers have expired; returns them, oldest first.

        Nobody needs to call this: an offer whose deadline has passed is not open, whatever its row says.

        Raises:
            UnknownBranch: no branch has that code.
            NotAllowed: only a coordinator of the branch, or the system, does.
            KeyReused: the key was used for another request.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "offer expire", actor)
            if request.outcome is not None:
                return ()
            if actor.role is not Role.SYSTEM:
                require_coordinator(act_in(books, actor), branch)
            expired = books.help_offers.due()
            for each in expired:
                books.help_offers.save_end(each)
            request.done(len(expired), expired)
            return expired
