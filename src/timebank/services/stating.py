"""Stating: what the policy of a branch says about stated hours, and who confirms them."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from timebank.care import workflow
from timebank.care.mandate import Act
from timebank.care.member import require_active
from timebank.care.record import Hours, HoursRules, Mode, RecordOutcome, ServiceRecord, member_in
from timebank.errors import (
    ConfirmationClosed,
    ConfirmationLate,
    CountOnlyKind,
    KindNotOffered,
    ModeNotOffered,
)
from timebank.instants import day_of
from timebank.ledger.model import MINUTES
from timebank.policy.counting import count
from timebank.policy.model import Policy
from timebank.policy.words import Confirmer, Overlap
from timebank.storage.books import Books


def require_parties(books: Books, provider: str, recipient: str, stated: Hours) -> None:
    """Refuse help between parties that are not there, or were no members on the day of the help."""
    on = day_of(stated.start_at, books.zone)
    for ref in (provider, member_in(recipient)):
        if ref is not None:
            require_active(books.members.get(ref), on=on)
    if member_in(recipient) is None:
        books.accounts.state(recipient)


class Named(Protocol):
    """Help of some kind, in some mode: given, wished for or offered."""

    @property
    def kind(self) -> str:
        """Code of the kind of help."""

    @property
    def mode(self) -> Mode:
        """How it reaches who is helped."""


def require_offered(policy: Policy, stated: Named) -> None:
    """Refuse a kind or mode of help that the policy does not list."""
    if policy.service.kinds and stated.kind not in policy.service.kinds:
        raise KindNotOffered(offered=", ".join(policy.service.kinds))
    if stated.mode.value not in policy.service.modes:
        raise ModeNotOffered(offered=", ".join(policy.service.modes))


def require_creditable(policy: Policy, stated: Named, unit: str) -> None:
    """Refuse to credit a kind of help that the policy only counts."""
    if unit == MINUTES and stated.kind in policy.count_only.kinds:
        raise CountOnlyKind


def rules_of(policy: Policy) -> HoursRules:
    """Return what a policy says about stated hours."""
    return HoursRules(
        longest_minutes=policy.service.longest_minutes,
        oldest_days=policy.service.oldest_days,
        refuses_overlap=policy.overlap.rule is Overlap.REFUSE,
    )


def credited(books: Books, stated: Hours) -> int:
    """Return stated minutes as the policy of the day of the help counts them; 0 for less than a minute.

    The core refuses statements without a minute; here they only must not fail otherwise.
    """
    if stated.minutes < 1:
        return 0
    policy = books.policies.in_force(day_of(stated.start_at, books.zone)).policy
    minutes = min(stated.minutes, policy.service.longest_minutes)  # longer statements are refused anyway
    return count(
        policy, kind=stated.kind, mode=stated.mode, start_at=stated.start_at, minutes=minutes, zone=books.zone
    ).minutes


def others_of(books: Books, provider: str, stated: Hours) -> Sequence[ServiceRecord]:
    """Return the provider's records around stated hours; none where overlaps are allowed."""
    if books.policy.policy.overlap.rule is Overlap.ALLOW:
        return []
    longest = books.policy.policy.service.longest_minutes  # longer statements are refused anyway
    end_at = stated.start_at + timedelta(minutes=min(stated.minutes, longest))
    ever = max(each.policy.service.longest_minutes for each in books.policies.list())
    return books.records.of_provider(
        provider, start_at=stated.start_at, end_at=end_at, longest=timedelta(minutes=ever)
    )


def agree(books: Books, record: ServiceRecord, act: Act) -> RecordOutcome:
    """Confirm a record as the other side.

    Raises:
        ConfirmationClosed: the policy leaves confirming to coordinators.
        Others: see `care.workflow.confirm`.
        ConfirmationLate: the policy leaves it to coordinators after so many days.
    """
    rules = books.policy.policy.confirmation
    if Confirmer.OTHER_SIDE not in rules.by:
        raise ConfirmationClosed(record=record.no)
    outcome = workflow.confirm(record, act, credited_minutes=credited(books, record.hours))
    age_days = (books.today - day_of(record.start_at, books.zone)).days
    if rules.within_days is not None and age_days > rules.within_days:
        raise ConfirmationLate(record=record.no, days=rules.within_days)
    return outcome


def decide_to_confirm(
    books: Books, record: ServiceRecord, act: Act, *, minutes: int | None = None, reason: str | None
) -> RecordOutcome:
    """Confirm a record as a coordinator, with other minutes than stated if given.

    Raises:
        ConfirmationClosed: the policy leaves confirming to the other side.
        Others: see `care.workflow.decide_to_confirm`.
    """
    policy = books.policy.policy
    if Confirmer.COORDINATOR not in policy.confirmation.by:
        raise ConfirmationClosed(record=record.no)
    stated = Hours(
        start_at=record.start_at,
        minutes=minutes if minutes is not None else record.minutes,
        kind=record.kind,
        mode=record.mode,
    )
    return workflow.decide_to_confirm(
        record,
        act,
        hours=stated,
        rules=rules_of(policy),
        others=others_of(books, record.provider, stated),
        credited_minutes=credited(books, stated),
        reason=reason,
    )
