"""Requests of help: post one, look at them, withdraw one; no hours move."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from timebank.care import listing as care
from timebank.care.listing import HelpRequest, ListingState
from timebank.care.mandate import require_coordinator
from timebank.care.record import Mode
from timebank.care.week import Week
from timebank.errors import WhenUnclear
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


class HelpRequests(Service):
    """Use cases on requests of help."""

    def post(
        self,
        branch: str,
        *,
        member: str,
        kind: str,
        minutes: int,
        mode: Mode = Mode.IN_PERSON,
        earliest_at: datetime | None = None,
        latest_at: datetime | None = None,
        week: Week | None = None,
        until_on: date | None = None,
        note: str | None = None,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ListingView[HelpRequest]:
        """Ask for help: once between two instants, or week by week.

        Args:
            branch: its code.
            member: who asks.
            kind: code of the kind of help.
            minutes: how long it is planned to take, each time.
            mode: how it is to reach the member.
            earliest_at: it does not begin before.
            latest_at: it has ended by then; with `earliest_at`, or neither.
            week: when it would suit, week by week; instead of the two instants.
            until_on: last day of a wish week by week; about three months from now if None.
            note: what the member says about it; kept with the names, erased with them.
            reason: why; needed of a coordinator.
            by: the member, a proxy who may request, or a coordinator.
            key: idempotency key.

        Raises:
            BadReference, BadText, WhenUnclear: a part is malformed.
            UnknownBranch, UnknownMember, MemberLeft, KindNotOffered, ModeNotOffered: there is no such thing.
            KeyReused: the key was used for another request.
            Others: see `care.listing.post_request`.
        """
        words = cleaned(note)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            when = (earliest_at, latest_at, week, until_on)
            request = books.requests.open(key, "request post", member, kind, mode, minutes, *when, actor)
            if request.outcome is not None:
                return view_of(books, books.help_requests.get(int(request.outcome)))
            if until_on is not None and week is None:
                raise WhenUnclear
            act = act_in(books, actor)
            expires_at = (
                care.deadline_of(latest_at, minutes=minutes)
                if latest_at is not None and week is None
                else expiry_of(books, until_on)
            )
            posted, why = care.post_request(
                act,
                HelpRequest(
                    branch=branch,
                    no=books.help_requests.next_no(),
                    member=member,
                    kind=kind,
                    mode=mode,
                    minutes=minutes,
                    earliest_at=earliest_at,
                    latest_at=latest_at,
                    week=week,
                    posted_at=act.at,
                    posted_by=act.actor,
                    expires_at=expires_at,
                ),
                longest_minutes=books.policy.policy.service.longest_minutes,
                open_count=books.help_requests.open_count(member),
                reason=reason,
            )
            require_postable(books, posted)
            books.help_requests.add(posted)
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
    ) -> Sequence[HelpRequest]:
        """Return requests as they stand now, newest first: of a state, of a member, before a number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(branch).help_requests.list(state=state, member=member, before=before, limit=limit)

    def show(self, branch: str, no: int) -> ListingView[HelpRequest]:
        """Return one request with its words.

        Raises:
            UnknownBranch, UnknownHelpRequest: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            return view_of(books, books.help_requests.get(no))

    def withdraw(
        self,
        branch: str,
        no: int,
        *,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> ListingView[HelpRequest]:
        """Take a request back: by the member, a proxy who may request, or a coordinator, who says why.

        Raises:
            UnknownBranch, UnknownHelpRequest: there is none.
            KeyReused: the key was used for another request.
            Others: see `care.listing.withdraw`.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "request withdraw", no, actor)
            known = books.help_requests.get(no)
            if request.outcome is not None:
                return view_of(books, known)
            withdrawn, why = care.withdraw(known, act_in(books, actor), reason=reason)
            books.help_requests.save_end(withdrawn)
            write_words(books, withdrawn, note=None, reason=why)
            view = view_of(books, withdrawn)
            request.done(no, view)
            return view

    def expire_due(
        self, branch: str, *, by: Who | None = None, key: str | None = None
    ) -> Sequence[HelpRequest]:
        """Write down which requests have expired; returns them, oldest first.

        Nobody needs to call this: a request whose deadline has passed is not open, whatever its row says.

        Raises:
            UnknownBranch: no branch has that code.
            NotAllowed: only a coordinator of the branch, or the system, does.
            KeyReused: the key was used for another request.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "request expire", actor)
            if request.outcome is not None:
                return ()
            if actor.role is not Role.SYSTEM:
                require_coordinator(act_in(books, actor), branch)
            expired = books.help_requests.due()
            for each in expired:
                books.help_requests.save_end(each)
            request.done(len(expired), expired)
            return expired
