from datetime import timedelta
from typing import Any

import pytest
from tests.unit.care.builders import NOW, a_beneficiary, a_mandate, an_act

from timebank.care.beneficiary import (
    Beneficiary,
    BeneficiaryAct,
    BeneficiaryEvent,
    BeneficiaryOutcome,
    Relation,
    add,
    check,
    consent,
    require_eligible,
    revoke,
)
from timebank.care.mandate import Act
from timebank.errors import (
    BadReference,
    BeneficiaryExists,
    BeneficiaryRevoked,
    CheckMissing,
    ConsentMissing,
    MandateNotInForce,
    NotAllowed,
    ReasonMissing,
    RelationMismatch,
    RelationNotEligible,
    SelfDealing,
    TimebankError,
    TooManyNamed,
)

SON = "member:son"
LATER = NOW + timedelta(days=1)
PROXY = "member:daughter@brest+mother#4"
DAUGHTER = a_mandate(no=4, holder="daughter", holder_branch="brest")


def added(act: Act, **changes: object) -> BeneficiaryOutcome:
    """Add the mother, or somebody else."""
    facts: dict[str, Any] = {
        "no": 1,
        "sponsor": "son",
        "relation": Relation.PARENT,
        "host_branch": "locmine",
        "member": "mother",
        "others": (),
    }
    return add(act, **{**facts, **changes})


def fresh(**changes: object) -> Beneficiary:
    """Return the mother as just added."""
    return a_beneficiary(**{"consented_at": None, "checked_at": None, **changes})


def test_a_sponsor_adds_a_beneficiary_elsewhere() -> None:
    """Neither consented nor checked yet."""
    outcome = added(an_act(SON, branch="lille"))

    assert fresh() == outcome.beneficiary
    assert (
        BeneficiaryEvent(act=BeneficiaryAct.ADD, actor=an_act(SON).actor, at=NOW, has_reason=False)
        == outcome.event
    )


def test_a_coordinator_adds_with_a_reason() -> None:
    """The sponsor asked on the telephone; the reason itself stays out of the event (I-10)."""
    outcome = added(an_act("coordinator:c1", branch="lille"), reason="asked by phone")

    assert ("asked by phone", True) == (outcome.reason, outcome.event.has_reason)
    assert "phone" not in repr(outcome)
    with pytest.raises(ReasonMissing):
        added(an_act("coordinator:c1", branch="lille"))


def test_nobody_else_adds_a_beneficiary() -> None:
    """Not even the one who would benefit."""
    with pytest.raises(NotAllowed):
        added(an_act("member:mother@locmine", branch="lille"))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"member": "My mother"}, BadReference),
        ({"host_branch": "Locminé"}, BadReference),
        ({"relation": Relation.SELF, "host_branch": "lille", "member": "wife"}, RelationMismatch),
        ({"relation": Relation.SPOUSE, "host_branch": "lille", "member": "son"}, RelationMismatch),
        ({"others": (a_beneficiary(no=8),)}, BeneficiaryExists),
    ],
)
def test_what_cannot_be_a_beneficiary_is_refused(changes: dict[str, Any], error: type[TimebankError]) -> None:
    """Malformed, contradicting itself, or there already."""
    with pytest.raises(error):
        added(an_act(SON, branch="lille"), **changes)


@pytest.mark.parametrize(
    "other",
    [
        a_beneficiary(no=8, revoked_at=NOW),
        a_beneficiary(no=8, member="father"),
        a_beneficiary(no=8, host_branch="brest"),
        a_beneficiary(no=8, sponsor="daughter"),
    ],
)
def test_another_or_a_revoked_beneficiary_is_no_obstacle(other: Beneficiary) -> None:
    """Somebody else, a namesake elsewhere, another sponsor's; or the same, revoked before."""
    assert 1 == added(an_act(SON, branch="lille"), others=(other,)).beneficiary.no


def test_oneself_elsewhere_is_a_beneficiary() -> None:
    """Whoever moves away is a member there under another reference."""
    outcome = added(an_act(SON, branch="lille"), relation=Relation.SELF, member="son-2")

    assert not outcome.beneficiary.is_sponsor


@pytest.mark.parametrize(
    ("actor", "mandates", "reason"),
    [
        ("member:mother", (), None),
        (PROXY, (DAUGHTER,), None),
        ("coordinator:c1", (), "signed paper of 3 June"),
    ],
)
def test_consent_comes_from_the_beneficiary_a_proxy_or_a_signed_paper(
    actor: str, mandates: tuple[Any, ...], reason: str | None
) -> None:
    """It counts from the first time it was given."""
    act = an_act(actor, mandates=mandates)

    outcome = consent(fresh(), act, reason=reason)

    assert NOW == outcome.beneficiary.consented_at
    assert NOW == consent(outcome.beneficiary, an_act("member:mother", at=LATER)).beneficiary.consented_at
    assert (BeneficiaryAct.CONSENT, reason) == (outcome.event.act, outcome.reason)


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        ("member:son@lille", SelfDealing),
        ("member:son@lille+mother#3", SelfDealing),
        ("member:son", NotAllowed),
        ("coordinator:c1@lille", NotAllowed),
        ("coordinator:c1", ReasonMissing),
        (PROXY, MandateNotInForce),
    ],
)
def test_nobody_consents_in_the_beneficiarys_place(actor: str, error: type[TimebankError]) -> None:
    """The sponsor not even with a mandate (I-14)."""
    with pytest.raises(error):
        consent(fresh(), an_act(actor, mandates=(a_mandate(),)))


def test_a_coordinator_who_sponsors_does_not_consent() -> None:
    """In one branch, coordinator and sponsor can be one person."""
    near = fresh(host_branch="lille")

    with pytest.raises(SelfDealing):
        consent(near, an_act("coordinator:son", branch="lille"), reason="signed paper")


def test_consent_for_oneself_is_ones_own() -> None:
    """The sponsor gives it, or the same person under the other reference; nobody else."""
    own = fresh(relation=Relation.SELF, member="son-2")

    assert NOW == consent(own, an_act("member:son@lille")).beneficiary.consented_at
    assert NOW == consent(own, an_act("member:son-2")).beneficiary.consented_at
    with pytest.raises(NotAllowed):
        consent(own, an_act("member:mother"))


@pytest.mark.parametrize("actor", ["coordinator:c1", "coordinator:c1@lille", "coordinator:son"])
def test_a_coordinator_of_either_branch_checks(actor: str) -> None:
    """The last one is a namesake of the sponsor; the check counts from the first time."""
    outcome = check(fresh(), an_act(actor))

    assert (NOW, BeneficiaryAct.CHECK) == (outcome.beneficiary.checked_at, outcome.event.act)
    assert NOW == check(outcome.beneficiary, an_act(actor, at=LATER)).beneficiary.checked_at


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        ("member:mother", NotAllowed),
        ("coordinator:c1@brest", NotAllowed),
        ("coordinator:mother", SelfDealing),
        ("coordinator:son@lille", SelfDealing),
    ],
)
def test_nobody_checks_their_own_case(actor: str, error: type[TimebankError]) -> None:
    """A check by sponsor or beneficiary is none."""
    with pytest.raises(error):
        check(fresh(), an_act(actor))


@pytest.mark.parametrize(
    ("actor", "reason"),
    [
        ("member:son@lille", None),
        ("member:mother", "not any more"),
        (PROXY, None),
        ("coordinator:c1", "wrong person"),
        ("coordinator:c1@lille", "wrong person"),
    ],
)
def test_either_side_or_a_coordinator_with_a_reason_revokes(actor: str, reason: str | None) -> None:
    """Nobody is a beneficiary against their will."""
    home = actor.endswith("@lille")
    act = an_act(actor, branch="lille" if home else "locmine", mandates=(DAUGHTER,))

    outcome = revoke(a_beneficiary(), act, reason=reason)

    assert (NOW, reason) == (outcome.beneficiary.revoked_at, outcome.reason)


@pytest.mark.parametrize(
    ("actor", "error"),
    [
        ("member:luc", NotAllowed),
        ("coordinator:c1@brest", NotAllowed),
        ("coordinator:c1", ReasonMissing),
        ("coordinator:c1@lille", ReasonMissing),
        (PROXY, MandateNotInForce),
    ],
)
def test_others_do_not_revoke(actor: str, error: type[TimebankError]) -> None:
    """Nor do coordinators without a reason."""
    with pytest.raises(error):
        revoke(a_beneficiary(), an_act(actor))


def test_a_revoked_beneficiary_stays_revoked() -> None:
    """Consent, check and another revocation come too late; add them again."""
    gone = a_beneficiary(revoked_at=NOW)

    with pytest.raises(BeneficiaryRevoked):
        consent(gone, an_act("member:mother"))
    with pytest.raises(BeneficiaryRevoked):
        check(gone, an_act("coordinator:c1"))
    with pytest.raises(BeneficiaryRevoked):
        revoke(gone, an_act("member:mother"))


def judged(beneficiary: Beneficiary, **changes: object) -> None:
    """Judge by a policy that asks for everything."""
    rules: dict[str, Any] = {
        "relations": frozenset(Relation),
        "needs_consent": True,
        "needs_check": True,
        "named_most": 1,
        "others": (),
    }
    require_eligible(beneficiary, **{**rules, **changes})


def test_hours_are_spent_when_relation_consent_and_check_are_in_place() -> None:
    """Or when the policy does not ask for them."""
    judged(a_beneficiary())
    judged(fresh(), needs_consent=False, needs_check=False)


def test_conditions_are_checked_in_a_fixed_order() -> None:
    """Everything is wrong at first; each repair shows the next fault."""
    named = a_beneficiary(no=2, relation=Relation.NAMED, member="friend")
    faults: list[type[TimebankError]] = []
    steps: tuple[tuple[dict[str, Any], dict[str, Any]], ...] = (
        ({}, {"relations": (Relation.PARENT,)}),
        ({"revoked_at": None}, {"relations": (Relation.PARENT,)}),
        ({"revoked_at": None}, {}),
        ({"revoked_at": None}, {"named_most": 2}),
        ({"revoked_at": None, "consented_at": NOW}, {"named_most": 2}),
    )
    for repaired, rules in steps:
        with pytest.raises(TimebankError) as refused:
            judged(
                fresh(**{"relation": Relation.NAMED, "no": 3, "revoked_at": NOW, **repaired}),
                others=(named,),
                **rules,
            )
        faults.append(type(refused.value))

    assert [BeneficiaryRevoked, RelationNotEligible, TooManyNamed, ConsentMissing, CheckMissing] == faults


def test_named_persons_count_in_the_order_they_were_added() -> None:
    """The first stays eligible when a second is added; a revoked one makes room."""
    first, second = (a_beneficiary(no=no, relation=Relation.NAMED, member=f"friend-{no}") for no in (1, 2))

    judged(first, others=(first, second))
    with pytest.raises(TooManyNamed):
        judged(second, others=(first, second))
    judged(second, others=(a_beneficiary(no=1, relation=Relation.NAMED, revoked_at=NOW), second))
    judged(second, others=(a_beneficiary(no=1), second))


def test_nobody_is_asked_about_themselves() -> None:
    """A sponsor who is the beneficiary consents by requesting, and needs no check."""
    judged(fresh(relation=Relation.SELF, host_branch="lille", member="son"))
    with pytest.raises(ConsentMissing):
        judged(fresh(relation=Relation.SELF, member="son-2"))
