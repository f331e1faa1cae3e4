"""Sample people and acts for the tests of `care`: Lille and Locminé, a son, his mother, helpers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from timebank.care.beneficiary import Beneficiary, Relation
from timebank.care.mandate import Act, Mandate, Scope
from timebank.care.record import Hours, HoursRules, RecordOutcome, ServiceRecord
from timebank.care.redemption import Redemption
from timebank.care.sponsorship import assign, log, request
from timebank.care.workflow import confirm, log_record
from timebank.ledger.model import Actor

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
TODAY = date(2026, 6, 15)
RULES = HoursRules(longest_minutes=600, oldest_days=31, refuses_overlap=True)
FLAGGING = replace(RULES, refuses_overlap=False)


T = TypeVar("T", Mandate, ServiceRecord, Beneficiary, Redemption)


def changed(value: T, changes: dict[str, Any]) -> T:
    """Return a sample with some of its fields replaced."""
    return replace(value, **changes)


def an_act(
    actor: str, *, branch: str = "locmine", at: datetime = NOW, mandates: tuple[Mandate, ...] = ()
) -> Act:
    """Return an act in `branch`; `actor` as `Actor.parse` reads it."""
    return Act(branch=branch, actor=Actor.parse(actor), at=at, on=at.date(), mandates=mandates)


def a_mandate(**changes: object) -> Mandate:
    """Return mandate 3: the son in Lille may do everything for his mother in Locminé."""
    mandate = Mandate(
        branch="locmine",
        no=3,
        principal="mother",
        holder="son",
        holder_branch="lille",
        basis="family-authorisation",
        scopes=frozenset(Scope),
        from_on=date(2026, 1, 1),
    )
    return changed(mandate, changes)


def some_hours(minutes: int = 90, *, ago: timedelta = timedelta(hours=4), kind: str = "shopping") -> Hours:
    """Return hours that began some time before now."""
    return Hours(start_at=NOW - ago, minutes=minutes, kind=kind)


def logged(
    by: str = "member:luc",
    *,
    recipient: str = "member:mother",
    mandates: tuple[Mandate, ...] = (),
    **changes: object,
) -> ServiceRecord:
    """Return record 7: Luc helped the mother for 90 minutes."""
    record = log_record(
        an_act(by, mandates=mandates),
        no=7,
        provider="luc",
        recipient=recipient,
        hours=some_hours(),
        rules=RULES,
        others=(),
    ).record
    return changed(record, changes)


def confirmed() -> RecordOutcome:
    """Return record 7 confirmed by the mother for 90 minutes."""
    return confirm(logged(), an_act("member:mother"), credited_minutes=90)


def a_beneficiary(**changes: object) -> Beneficiary:
    """Return beneficiary 1 of the son in Lille: his mother in Locminé, consented and checked."""
    beneficiary = Beneficiary(
        branch="lille",
        no=1,
        sponsor="son",
        relation=Relation.PARENT,
        host_branch="locmine",
        member="mother",
        consented_at=NOW,
        checked_at=NOW,
    )
    return changed(beneficiary, changes)


def requested(beneficiary: Beneficiary | None = None, *, held_minutes: int = 120) -> Redemption:
    """Return redemption lille-5: planned for in two days at noon, two hours, a week to log it."""
    asked = a_beneficiary() if beneficiary is None else beneficiary
    return request(
        an_act(f"member:{asked.sponsor}", branch=asked.branch),
        asked,
        no=5,
        hold_no=9,
        planned=Hours(start_at=NOW + timedelta(days=2), minutes=120, kind="shopping"),
        held_minutes=held_minutes,
        expires_at=NOW + timedelta(days=9),
        longest_minutes=600,
    ).redemption


def assigned(beneficiary: Beneficiary | None = None, *, held_minutes: int = 120) -> Redemption:
    """Return the same redemption with Luc as its provider."""
    redemption = requested(beneficiary, held_minutes=held_minutes)
    return assign(redemption, an_act("member:luc", branch=redemption.host_branch), provider="luc").redemption


LATER = NOW + timedelta(days=3)
"""After the planned time, before the deadline."""


def help_logged(
    redemption: Redemption | None = None, *, minutes: int = 120, by: str = "member:luc"
) -> tuple[Redemption, ServiceRecord]:
    """Return the redemption with help logged in the host branch, and its service record 7."""
    before = assigned() if redemption is None else redemption
    outcome = log(
        before,
        an_act(by, branch=before.host_branch, at=LATER),
        record_no=7,
        hours=Hours(start_at=NOW + timedelta(days=2), minutes=minutes, kind="shopping"),
        credited_minutes=minutes,
        rules=RULES,
        others=(),
    )
    assert outcome.record is not None
    return outcome.redemption, outcome.record.record
