"""Lives: a member leaves, dies, is merged with their second self; who is dormant, whose hours wait.

What somebody leaves behind is moved by one entry with its own cause, `leaving REF`, `death REF`, `estate REF`
or `merging REF`; nothing is ever deleted, and nothing expires.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from timebank.care.access import AccessRole
from timebank.care.inputs import optional_reason_of, reason_of
from timebank.care.life import (
    LifeAct,
    LifeEvent,
    death_of,
    estate_until,
    months_later,
    require_heir,
    require_living,
    require_past,
)
from timebank.care.mandate import require_coordinator
from timebank.care.member import require_active
from timebank.errors import NotMergeable
from timebank.ledger.chart import available
from timebank.ledger.model import Posting, credit, debit
from timebank.policy.life import Heir
from timebank.services.leavings import (
    Deed,
    LifeDone,
    balance_of,
    end_mandates,
    estate_of,
    granted,
    require_ready,
)
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books


@dataclass(frozen=True, slots=True, kw_only=True)
class Estate:
    """Hours that somebody left behind and that wait for an heir, or for the fund."""

    ref: str
    died_on: date
    until: date
    """The last day on which an heir can be named."""
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dormant:
    """A member who was not seen for long."""

    ref: str
    joined_on: date
    last_on: date | None
    """The day of the last entry; None if there never was one."""
    balance: int


class Lives(Service):
    """Use cases on the ends of memberships."""

    def leave(
        self,
        branch: str,
        ref: str,
        *,
        keep: bool = False,
        reason: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> LifeDone:
        """Let a member leave today: the hours go to the fund, or rest on the account.

        Args:
            branch: its code.
            ref: who leaves.
            keep: the hours rest, as the policy allows; else they go to its fund.
            reason: needed by a coordinator, and where a debt is written off.
            by: the member, or a coordinator, who alone writes a debt off.
            key: idempotency key.

        Raises:
            UnknownBranch, UnknownMember, BadActor: a part is malformed, or not there.
            KeyReused: the key was used for another request.
            NotAllowed, SelfDealing: somebody else asks.
            ReasonMissing, BadText: there is no reason.
            MemberGone, OpenMatters: the membership has ended, or something is still open.
            InsufficientHours: the fund cannot bear the debt.
        """
        with self.store.write(branch) as tx:
            books, actor = tx.books(branch), self.actor(by)
            request = books.requests.open(key, "member leave", ref, keep, actor)
            if request.outcome is not None:
                return _done(books, int(request.outcome))
            act = act_in(books, actor)
            books.members.get(ref)
            balance = balance_of(books, available(ref))
            if act.is_by(branch, ref) and balance >= 0:
                words = optional_reason_of(reason)
            else:
                require_coordinator(act, branch, parties=((branch, ref),) if balance < 0 else ())
                words = reason_of(reason)
            require_ready(books, ref)
            rules = books.policy.policy.leaving
            postings = granted(books, ref)
            if balance < 0:
                postings += (debit(f"fund:{rules.shortage_fund}", -balance), credit(available(ref), -balance))
            elif balance > 0 and not (keep and rules.may_keep):
                postings += (debit(available(ref), balance), credit(f"fund:{rules.fund}", balance))
            done = Deed(books, ref, actor, words).end(LifeAct.LEFT, "leaving", postings)
            request.done(done.event.no, done)
            return done

    def died(
        self,
        branch: str,
        ref: str,
        *,
        on: date,
        reason: str,
        by: Who | None = None,
        key: str | None = None,
    ) -> LifeDone:
        """Record a death: the hours wait for an heir, a debt is written off, mandates end.

        Args:
            branch: its code.
            ref: who died.
            on: the day of the death, in the branch's calendar.
            reason: how the branch knows; kept with the names.
            by: a coordinator.
            key: idempotency key.

        Raises:
            UnknownBranch, UnknownMember, BadActor: a part is malformed, or not there.
            KeyReused: the key was used for another request.
            NotAllowed, SelfDealing, ReasonMissing, BadText, DayAhead: in this order.
            MemberGone, OpenMatters: the membership has ended, or something is still open.
        """
        with self.store.write(branch) as tx:
            books, actor = tx.books(branch), self.actor(by)
            request = books.requests.open(key, "member died", ref, on, actor)
            if request.outcome is not None:
                return _done(books, int(request.outcome))
            act = act_in(books, actor)
            books.members.get(ref)
            require_coordinator(act, branch, parties=((branch, ref),))
            words = reason_of(reason)
            require_past(on, today=books.today)
            require_ready(books, ref)
            balance = balance_of(books, available(ref))
            postings = granted(books, ref)
            if balance > 0:
                postings += (debit(available(ref), balance), credit(estate_of(ref), balance))
            elif balance < 0:
                fund = f"fund:{books.policy.policy.leaving.shortage_fund}"
                postings += (debit(fund, -balance), credit(available(ref), -balance))
            end_mandates(books, ref, act)
            books.access_tokens.revoke_of(AccessRole.MEMBER, ref)
            books.invitations.revoke_of(AccessRole.MEMBER, ref)
            done = Deed(books, ref, actor, words).end(LifeAct.DIED, "death", postings, on=on)
            request.done(done.event.no, done)
            return done

    def settle_estate(
        self,
        branch: str,
        ref: str,
        *,
        heir: str | None = None,
        relation: Heir | None = None,
        reason: str,
        by: Who | None = None,
        key: str | None = None,
    ) -> LifeDone:
        """Give what a member left behind to an heir, or, once nobody can come any more, to the fund.

        Args:
            branch: its code.
            ref: who died.
            heir: a member of the branch; None: the fund.
            relation: what the heir was to them; goes with `heir`.
            reason: what was approved, and why.
            by: a coordinator who is not the heir.
            key: idempotency key.

        Raises:
            UnknownBranch, UnknownMember, BadActor: a part is malformed, or not there.
            KeyReused: the key was used for another request.
            NotAllowed, SelfDealing, ReasonMissing, BadText: in this order.
            MemberNotDead, EstateSettled: there is no estate any more.
            HeirNotEligible, EstateOver, EstateWaits, MemberLeft: the policy says no.
            CeilingReached: the heir's account cannot take so much.
        """
        with self.store.write(branch) as tx:
            books, actor = tx.books(branch), self.actor(by)
            request = books.requests.open(key, "member estate", ref, heir, relation, actor)
            if request.outcome is not None:
                return _done(books, int(request.outcome))
            books.members.get(ref)
            parties = ((branch, heir),) if heir is not None else ()
            require_coordinator(act_in(books, actor), branch, parties=parties)
            words = reason_of(reason)
            rules = books.policy.policy.death
            death = death_of(books.life.of_member(ref), member=ref, branch=branch)
            require_heir(
                death,
                heir=heir,
                relation=relation,
                heirs=rules.heirs,
                until=estate_until(death, wait_months=rules.wait_months),
                today=books.today,
            )
            to = f"fund:{rules.fund}"
            if heir is not None:
                require_active(books.members.get(heir), on=books.today)
                require_living(books.life.of_member(heir), member=heir, branch=branch)
                to = available(heir)
            minutes = balance_of(books, estate_of(ref))
            postings = (debit(estate_of(ref), minutes), credit(to, minutes)) if minutes > 0 else ()
            deed = Deed(books, ref, actor, words)
            done = deed.note(LifeAct.ESTATE, deed.post("estate", postings), other=heir or to)
            request.done(done.event.no, done)
            return done

    def merge(
        self,
        branch: str,
        duplicate: str,
        *,
        into: str,
        reason: str,
        by: Who | None = None,
        key: str | None = None,
    ) -> LifeDone:
        """Merge two entries of one person: the balance goes to the one that stays, in one linked entry.

        Limits do not refuse it: whoever they are, they had these hours before.

        Args:
            branch: its code.
            duplicate: the one that ends; its history stays where it is.
            into: the one that stays.
            reason: why they are the same.
            by: a coordinator who is neither.
            key: idempotency key.

        Raises:
            UnknownBranch, UnknownMember, BadActor: a part is malformed, or not there.
            KeyReused: the key was used for another request.
            NotAllowed, SelfDealing, ReasonMissing, BadText: in this order.
            NotMergeable: they are the same entry, or a person and an organisation.
            MemberGone, OpenMatters: a membership has ended, or something of the duplicate is still open.
        """
        with self.store.write(branch) as tx:
            books, actor = tx.books(branch), self.actor(by)
            request = books.requests.open(key, "member merge", duplicate, into, actor)
            if request.outcome is not None:
                return _done(books, int(request.outcome))
            gone, stays = books.members.get(duplicate), books.members.get(into)
            parties = ((branch, duplicate), (branch, into))
            require_coordinator(act_in(books, actor), branch, parties=parties)
            words = reason_of(reason)
            if gone == stays or gone.kind is not stays.kind:
                raise NotMergeable(duplicate=duplicate, into=into)
            require_living(books.life.of_member(into), member=into, branch=branch)
            require_ready(books, duplicate)
            postings: tuple[Posting, ...] = ()
            for bucket in ("available", "grant"):
                theirs, ours = f"member:{duplicate}:{bucket}", f"member:{into}:{bucket}"
                balance = balance_of(books, theirs)
                if balance > 0:
                    postings += (debit(theirs, balance), credit(ours, balance))
                elif balance < 0:
                    postings += (debit(ours, -balance), credit(theirs, -balance))
            done = Deed(books, duplicate, actor, words).end(LifeAct.MERGED, "merging", postings, other=into)
            request.done(done.event.no, done)
            return done

    def history(self, branch: str, ref: str) -> Sequence[LifeEvent]:
        """Return the turns in a member's life, oldest first.

        Raises:
            UnknownBranch, UnknownMember: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            books.members.get(ref)
            return books.life.of_member(ref)

    def estates(self, branch: str) -> Sequence[Estate]:
        """Return the estates that are not settled, by the day on which the time for heirs ends.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            events = books.life.of_members()
            settled = {event.ref for event in events if event.act is LifeAct.ESTATE}
            months = books.policy.policy.death.wait_months
            found = [
                Estate(
                    ref=event.ref,
                    died_on=event.on,
                    until=estate_until(event, wait_months=months),
                    minutes=balance_of(books, estate_of(event.ref)),
                )
                for event in events
                if event.act is LifeAct.DIED and event.ref not in settled
            ]
            return sorted(found, key=lambda each: (each.until, each.ref))

    def dormant(self, branch: str, *, months: int | None = None) -> Sequence[Dormant]:
        """Return the members without an entry for long, the longest first; nothing happens to them.

        Args:
            branch: its code.
            months: for how many months; what the policy says if None.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            span = months if months is not None else books.policy.policy.dormancy.months
            since = months_later(books.today, -span)
            last = books.life.last_days()
            ended = {event.ref for event in books.life.of_members() if event.act is not LifeAct.ESTATE}
            found = [
                Dormant(
                    ref=member.ref,
                    joined_on=member.joined_on,
                    last_on=last.get(member.ref),
                    balance=balance_of(books, available(member.ref)),
                )
                for member in books.members.list()
                if member.ref not in ended and last.get(member.ref, member.joined_on) <= since
            ]
            return sorted(found, key=lambda each: (each.last_on or each.joined_on, each.ref))


def _done(books: Books, no: int) -> LifeDone:
    event = books.life.get(no)
    entry = books.reader.entry(event.entry) if event.entry is not None else None
    return LifeDone(branch=books.branch.code, event=event, entry=entry)
