from datetime import date, datetime, timedelta
from typing import Any

import pytest
from tests.unit.care.builders import NOW, TODAY, a_mandate, an_act

from timebank.care.mandate import (
    Mandate,
    Scope,
    authorise,
    authorise_or_coordinate,
    grant,
    require_coordinator,
    revoke,
)
from timebank.errors import (
    BadReference,
    MandateNotInForce,
    NaiveInstant,
    NotAllowed,
    PeriodReversed,
    ReasonMissing,
    SelfDealing,
    TimebankError,
)

PROXY = "member:son@lille+mother#3"
DAY = timedelta(days=1)


def test_members_act_for_themselves_without_a_mandate() -> None:
    """It is their own right."""
    authorise(an_act("member:mother"), branch="locmine", member="mother", scope=Scope.CONFIRM)


def test_holder_acts_under_a_mandate_in_force() -> None:
    """The son in Lille speaks for his mother in Locminé."""
    act = an_act(PROXY, mandates=(a_mandate(no=2), a_mandate()))

    authorise(act, branch="locmine", member="mother", scope=Scope.CONFIRM)


@pytest.mark.parametrize(
    "changes",
    [
        {"no": 4},
        {"branch": "lille"},
        {"principal": "father"},
        {"holder": "daughter"},
        {"holder_branch": "brest"},
        {"scopes": frozenset({Scope.VIEW})},
        {"from_on": TODAY + DAY},
        {"until_on": TODAY - DAY},
        {"revoked_at": NOW},
    ],
)
def test_a_mandate_holds_only_between_its_people_in_its_time_and_scope(changes: dict[str, Any]) -> None:
    """Each of them alone is enough to refuse (I-14)."""
    act = an_act(PROXY, mandates=(a_mandate(**changes),))

    with pytest.raises(MandateNotInForce) as refused:
        authorise(act, branch="locmine", member="mother", scope=Scope.CONFIRM)

    assert "no mandate 3 of son for mother covers 'confirm' on that day" == str(refused.value)


def test_a_mandate_nobody_has_is_not_in_force() -> None:
    """The actor names it, the books do not know it."""
    with pytest.raises(MandateNotInForce):
        authorise(an_act(PROXY), branch="locmine", member="mother", scope=Scope.VIEW)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2025, 12, 31), False),
        (date(2026, 1, 1), True),
        (date(2026, 12, 31), True),
        (date(2027, 1, 1), False),
    ],
)
def test_first_and_last_day_belong_to_a_mandate(on: date, *, expected: bool) -> None:
    """Both days are written on the paper."""
    mandate = a_mandate(until_on=date(2026, 12, 31))

    assert expected is mandate.is_in_force(Scope.VIEW, on=on, at=NOW)


def test_a_revocation_counts_from_its_instant() -> None:
    """Not from the next morning."""
    mandate = a_mandate(revoked_at=NOW)

    assert mandate.is_in_force(Scope.VIEW, on=TODAY, at=NOW - timedelta(microseconds=1))
    assert not mandate.is_in_force(Scope.VIEW, on=TODAY, at=NOW)


@pytest.mark.parametrize(
    ("actor", "branch"),
    [
        ("member:anne", "locmine"),
        ("member:mother@lille", "locmine"),
        ("member:mother", "lille"),
        ("coordinator:mother", "locmine"),
        ("system:import", "locmine"),
        ("member:son@lille+father#3", "locmine"),
        ("member:son+mother#3", "lille"),
        ("coordinator:son@lille+mother#3", "locmine"),
    ],
)
def test_nobody_else_speaks_for_a_member(actor: str, branch: str) -> None:
    """Neither a namesake in another branch nor a role; references are read within a branch."""
    act = an_act(actor, branch=branch, mandates=(a_mandate(),))

    with pytest.raises(NotAllowed):
        authorise(act, branch="locmine", member="mother", scope=Scope.VIEW)


def test_the_own_branch_may_be_written_out() -> None:
    """`@locmine` in Locminé says nothing new."""
    assert an_act("member:mother@locmine").is_by("locmine", "mother")


def test_coordinator_speaks_in_a_members_stead_with_a_reason_only() -> None:
    """Members without a telephone exist; the reason says why it was not them."""
    allowed: dict[str, Any] = {"branch": "locmine", "member": "mother", "scope": Scope.REQUEST}

    assert "by phone" == authorise_or_coordinate(an_act("coordinator:c1"), reason=" by phone ", **allowed)
    assert authorise_or_coordinate(an_act("member:mother"), reason=None, **allowed) is None
    with pytest.raises(ReasonMissing):
        authorise_or_coordinate(an_act("coordinator:c1"), reason=None, **allowed)
    with pytest.raises(NotAllowed):
        authorise_or_coordinate(an_act("coordinator:c1@lille"), reason="by phone", **allowed)


def test_coordinator_of_either_branch_but_never_a_party() -> None:
    """Coordinators are members too, and help and are helped like everybody."""
    require_coordinator(an_act("coordinator:c1@lille"), "lille", "locmine")
    require_coordinator(an_act("coordinator:c1"), "lille", "locmine", parties=(("lille", "c1"),))
    with pytest.raises(NotAllowed):
        require_coordinator(an_act("coordinator:c1+mother#3"), "locmine")
    with pytest.raises(NotAllowed):
        require_coordinator(an_act("coordinator:c1@brest"), "lille", "locmine")
    with pytest.raises(SelfDealing):
        require_coordinator(an_act("coordinator:c1"), "locmine", parties=(("locmine", "c1"),))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"branch": "Locmine"}, BadReference),
        ({"holder_branch": ""}, BadReference),
        ({"principal": "-"}, BadReference),
        ({"holder": "a b"}, BadReference),
        ({"basis": "Word of honour"}, BadReference),
        ({"until_on": date(2025, 12, 31)}, PeriodReversed),
        ({"revoked_at": datetime(2026, 1, 1)}, NaiveInstant),  # noqa: DTZ001
        ({"holder": "mother", "holder_branch": "locmine"}, SelfDealing),
    ],
)
def test_what_cannot_be_a_mandate_is_not_built(changes: dict[str, Any], error: type[TimebankError]) -> None:
    """A wrong mandate is caught when it is written down, not when it is used."""
    with pytest.raises(error):
        a_mandate(**changes)


def test_a_namesake_elsewhere_can_hold_a_mandate() -> None:
    """Two members of two branches are two people."""
    assert "mother" == a_mandate(holder="mother").holder


def test_an_act_is_kept_in_utc() -> None:
    """And an instant without a zone is no instant."""
    local = datetime.fromisoformat("2026-06-15T14:00:00+02:00")

    assert NOW == an_act("member:mother", at=local).at
    assert "+00:00" == str(an_act("member:mother", at=local).at)[-6:]
    with pytest.raises(NaiveInstant):
        an_act("member:mother", at=NOW.replace(tzinfo=None))


@pytest.mark.parametrize("actor", ["member:mother", "coordinator:c1"])
def test_a_mandate_is_granted_by_the_principal_or_recorded_by_a_coordinator(actor: str) -> None:
    """The basis says which paper it rests on."""
    assert a_mandate() == grant(an_act(actor), a_mandate())


@pytest.mark.parametrize(
    ("actor", "holder", "error"),
    [
        ("member:son@lille", "son", NotAllowed),
        (PROXY, "daughter", NotAllowed),
        ("coordinator:c1@lille", "son", NotAllowed),
        ("coordinator:son@lille", "son", NotAllowed),
        ("coordinator:c1", "c1", SelfDealing),
    ],
)
def test_nobody_takes_or_passes_on_a_mandate(actor: str, holder: str, error: type[TimebankError]) -> None:
    """Not the holder, not another branch, and no coordinator for themselves."""
    mandate = a_mandate(holder=holder, holder_branch="locmine" if holder == "c1" else "lille")

    with pytest.raises(error):
        grant(an_act(actor, mandates=(a_mandate(),)), mandate)


@pytest.mark.parametrize("actor", ["member:mother", "member:son@lille", "coordinator:c1"])
def test_either_side_or_a_coordinator_ends_a_mandate(actor: str) -> None:
    """At once; and a second revocation changes nothing."""
    revoked = revoke(a_mandate(), an_act(actor))

    assert NOW == revoked.revoked_at
    assert revoked is revoke(revoked, an_act(actor, at=NOW + DAY))


@pytest.mark.parametrize("actor", ["member:anne", "member:son", "coordinator:c1@lille", "system:import"])
def test_others_do_not_end_a_mandate(actor: str) -> None:
    """A stranger, a namesake of the holder, another branch's coordinator, a machine."""
    with pytest.raises(NotAllowed):
        revoke(a_mandate(), an_act(actor))


def test_scopes_are_a_set() -> None:
    """A mandate without any scope covers nothing."""
    nothing: Mandate = a_mandate(scopes=frozenset())

    assert not any(nothing.is_in_force(scope, on=TODAY, at=NOW) for scope in Scope)
