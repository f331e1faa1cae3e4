"""Sponsored redemptions in the database: hold, help, settlement in both books, and every way out."""

from datetime import timedelta

import pytest
from tests.integration.family import (
    DESK,
    EARNED,
    FRIEND,
    HELPER,
    HOST_DESK,
    MOTHER,
    NEIGHBOUR,
    SON,
    SON_FOR_MOTHER,
    Family,
    a_policy,
    dump_of,
)

from timebank.care.beneficiary import Relation
from timebank.care.mandate import Scope
from timebank.care.redemption import RedemptionState
from timebank.errors import TimebankError
from timebank.ledger.holds import HoldState
from timebank.policy.model import Rounding

# --- The way that everybody hopes for -----------------------------------------------------------------


def test_help_is_charged_to_the_sponsor_and_credited_to_the_provider(family: Family) -> None:
    """An hour of the son's becomes an hour of his mother's helper; each book balances over clearing (I-7)."""
    ref = family.settled(minutes=60)

    story = family.bank.redemptions.show(ref)
    assert (EARNED - 60, 0) == family.son
    assert 60 == family.helper
    assert 0 == family.balance("locmine", "member:m1:available")
    assert 60 == family.balance("lille", "clearing:locmine")
    assert -60 == family.balance("locmine", "clearing:lille")
    assert RedemptionState.SETTLED is story.redemption.state
    assert (HoldState.CAPTURED, 60) == (story.hold.state, story.hold.captured_minutes)
    assert {("redemption", ref)} == {(each.draft.cause.kind, each.draft.cause.ref) for each in story.entries}
    assert ["lille", "lille", "locmine"] == [each.branch for each in story.entries]


def test_a_redemption_counts_as_help_received_and_given(family: Family) -> None:
    """Both branches' reports count it: the son drew an hour, the helper gave one."""
    family.settled(minutes=60)

    views = {view.path: view for view in family.bank.accounts.list("lille")}
    assert 60 == views["member:m1:available"].received
    given = {view.path: view.given for view in family.bank.accounts.list("locmine")}
    assert 60 == given["member:m2:available"]


def test_held_minutes_leave_the_available_ones_at_once(family: Family) -> None:
    """What is reserved cannot be spent twice (I-6)."""
    ref = family.request(minutes=90)

    assert (EARNED - 90, 90) == family.son
    assert [(90, HoldState.PENDING, ref)] == [
        (hold.minutes, hold.state, hold.cause_ref) for hold in family.bank.holds.list("lille")
    ]


def test_what_was_not_needed_goes_back(family: Family) -> None:
    """A partial capture releases the remainder in the same database transaction."""
    ref = family.settled(minutes=90, given=60)

    assert (EARNED - 60, 0) == family.son
    assert 60 == family.helper
    kinds = [each.draft.kind.value for each in family.bank.redemptions.show(ref).entries]
    assert ["hold", "redemption", "release", "redemption"] == kinds


def test_in_one_branch_no_clearing_account_is_opened(family: Family) -> None:
    """Sponsor and beneficiary of one branch settle in one entry."""
    family.bank.beneficiaries.add("lille", sponsor="m1", relation=Relation.SIBLING, member="m2", by=SON)
    family.bank.beneficiaries.consent("lille", 2, by=NEIGHBOUR)
    family.bank.beneficiaries.check("lille", 2, by=DESK)
    start_at = family.clock.instant + timedelta(days=1)
    redemptions = family.bank.redemptions
    ref = redemptions.request("lille", 2, start_at=start_at, minutes=60, kind="garden", by=SON).redemption.ref
    redemptions.assign(ref, provider="m3", by="member:m3")
    family.wait_until(start_at + timedelta(days=1))
    redemptions.log(ref, by="member:m3")

    redemptions.confirm(ref, by="member:m2")

    assert (EARNED - 60, 0) == family.son
    assert 60 == family.balance("lille", "member:m3:available")
    assert not [view for view in family.bank.accounts.list("lille") if view.path.startswith("clearing:")]


def test_a_sponsor_redeems_for_themselves_without_consent_and_check(family: Family) -> None:
    """Nobody has to ask or check whether somebody agrees with themselves."""
    family.bank.beneficiaries.add("lille", sponsor="m1", relation=Relation.SELF, member="m1", by=SON)

    done = family.bank.redemptions.request(
        "lille", 2, start_at=family.clock.instant + timedelta(days=1), minutes=60, kind="garden", by=SON
    )

    assert RedemptionState.REQUESTED is done.redemption.state


def test_the_host_branch_rounds(family: Family) -> None:
    """What is held is what the help would credit where it is given: the host's steps, not the sponsor's."""
    document = a_policy(rounding=Rounding(step_minutes=30))
    family.bank.policies.set("locmine", document, by=HOST_DESK)

    ref = family.settled(minutes=50)

    story = family.bank.redemptions.show(ref)
    assert (50, 60, 60) == (
        story.redemption.planned_minutes,
        story.redemption.held_minutes,
        story.redemption.charged_minutes,
    )


def test_the_deadline_is_the_policys_and_never_before_the_help_can_be_logged(family: Family) -> None:
    """Hours come back after 90 days; a visit planned for later is waited for, and a week longer."""
    soon = family.bank.redemptions.show(family.request(days=3)).redemption
    late = family.bank.redemptions.show(family.request(days=100)).redemption

    assert family.clock.instant + timedelta(days=90) == soon.expires_at
    assert late.planned_at + timedelta(minutes=60, days=7) == late.expires_at


def test_log_takes_the_plan_unless_told_otherwise(family: Family) -> None:
    """A provider on a phone types the reference, and nothing else."""
    ref = family.assigned(minutes=60)
    planned = family.bank.redemptions.show(ref).redemption
    family.wait_until(planned.planned_at + timedelta(hours=5))

    family.bank.redemptions.log(ref, by=HELPER)

    record = family.bank.redemptions.show(ref).record
    assert record is not None
    assert (planned.planned_at, 60, "shopping") == (record.start_at, record.minutes, record.kind)


def test_help_before_its_planned_time_is_logged_as_just_over(family: Family) -> None:
    """Two people who meet earlier need no new request."""
    ref = family.assigned(minutes=60)

    family.bank.redemptions.log(ref, minutes=45, by=HELPER)

    record = family.bank.redemptions.show(ref).record
    assert record is not None
    assert family.clock.instant - timedelta(minutes=45) == record.start_at


# --- Who confirms -------------------------------------------------------------------------------------


def test_a_son_confirms_for_his_mother_under_her_mandate(family: Family) -> None:
    """I-14: both books say who acted, for whom and under which mandate."""
    ref = family.logged()

    family.bank.redemptions.confirm(ref, by=SON_FOR_MOTHER)

    story = family.bank.redemptions.show(ref)
    actors = {each.branch: str(each.draft.actor) for each in story.entries if each.draft.kind == "redemption"}
    assert {"lille": SON_FOR_MOTHER, "locmine": SON_FOR_MOTHER} == actors
    last, _ = story.events[-1]
    assert ("settle", "locmine", SON_FOR_MOTHER) == (last.act, last.acted_in, last.actor)


def test_what_the_mother_states_the_helper_confirms(family: Family) -> None:
    """Whoever states it, the other side has the word; nobody confirms their own statement."""
    ref = family.assigned()
    family.bank.redemptions.log(ref, by=MOTHER)
    with pytest.raises(TimebankError, match="waits for the word of the provider"):
        family.bank.redemptions.confirm(ref, by=MOTHER)

    family.bank.redemptions.confirm(ref, by=HELPER)

    assert ((EARNED - 60, 0), 60) == (family.son, family.helper)


def test_a_coordinator_of_the_host_confirms_with_a_reason(family: Family) -> None:
    """The mother cannot hold a phone; the desk in Locminé has heard her."""
    ref = family.logged()

    family.bank.redemptions.confirm(ref, reason="heard on the phone", by=HOST_DESK)

    story = family.bank.redemptions.show(ref)
    assert "heard on the phone" == story.events[-1][1]
    assert ("heard on the phone",) == _notes(family, "locmine", "record 1")


def test_a_dispute_leaves_everything_held(family: Family) -> None:
    """Nobody is charged for help that somebody doubts."""
    ref = family.logged()

    family.bank.redemptions.dispute(ref, reason="it was half an hour", by=MOTHER)

    assert (EARNED - 60, 60) == family.son
    assert RedemptionState.LOGGED is family.bank.redemptions.show(ref).redemption.state


# --- The record is acted on through `hours` -----------------------------------------------------------


def test_a_withdrawn_record_leaves_the_visit_to_be_made(family: Family) -> None:
    """The provider logged the wrong day: the redemption is assigned again, and nothing is charged."""
    ref = family.logged()

    family.bank.hours.withdraw("locmine", 1, by="member:m2")

    assert RedemptionState.ASSIGNED is family.bank.redemptions.show(ref).redemption.state
    family.bank.redemptions.log(ref, by=HELPER)
    family.bank.hours.confirm("locmine", 2, by="member:m1")
    assert (EARNED - 60, 0) == family.son


def test_a_decision_about_the_record_settles_both_books(family: Family) -> None:
    """A coordinator finds that it was less; the books of both branches follow."""
    ref = family.logged(minutes=90)
    family.bank.redemptions.dispute(ref, reason="less", by=MOTHER)

    done = family.bank.hours.decide(
        "locmine", 1, is_confirmed=True, minutes=45, reason="both agree now", by=HOST_DESK
    )

    assert done.redemption is not None
    assert ["lille", "locmine", "lille"] == [branch for branch, _ in done.redemption.entries]
    assert (1,) == done.entries
    assert (EARNED - 45, 0) == family.son
    assert 45 == family.helper


def test_a_correction_after_settlement_moves_both_books(family: Family) -> None:
    """The earlier entries are reversed in both branches and posted anew (I-3)."""
    ref = family.settled(minutes=60)

    family.bank.hours.correct("locmine", 1, minutes=30, reason="typed wrong", by=HOST_DESK)

    assert (EARNED - 30, 0) == family.son
    assert 30 == family.helper
    story = family.bank.redemptions.show(ref)
    assert 30 == story.redemption.charged_minutes
    assert 2 == sum(each.draft.kind == "reversal" for each in story.entries)
    assert [60] == [hold.captured_minutes for hold in family.bank.holds.list("lille")]


def test_an_annulled_record_gives_everything_back(family: Family) -> None:
    """A visit that never happened costs nobody anything; the story of the mistake stays."""
    ref = family.settled(minutes=60)

    family.bank.hours.decide("locmine", 1, is_confirmed=False, reason="never happened", by=HOST_DESK)

    assert (EARNED, 0) == family.son
    assert 0 == family.helper
    assert 0 == family.balance("lille", "clearing:locmine")
    story = family.bank.redemptions.show(ref)
    assert 0 == story.redemption.charged_minutes
    assert ("correct", "never happened") == (story.events[-1][0].act, story.events[-1][1])


# --- Who sees what, and words -------------------------------------------------------------------------


def test_both_branches_list_it_and_no_other(family: Family) -> None:
    """Home and host each find what they pay or serve, newest first, by state and by person."""
    family.bank.branches.create("third", name="Sample third")
    first, second = family.request(), family.assigned()

    def refs(branch: str, **wanted: object) -> list[str]:
        return [each.ref for each in family.bank.redemptions.list(branch, **wanted)]  # type: ignore[arg-type]

    assert [first, second] == sorted(refs("lille"))
    assert refs("lille") == refs("locmine")
    assert [] == refs("third")
    assert [second] == refs("locmine", state=RedemptionState.ASSIGNED)
    assert [second] == refs("locmine", member="m2")
    assert [] == refs("lille", member="m2")
    assert 1 == len(refs("lille", limit=1))


@pytest.mark.parametrize(
    ("by", "branch", "people"),
    [(DESK, "lille", ("m1@locmine", "m1")), (HOST_DESK, "locmine", ("m1", "m2"))],
)
def test_reasons_are_kept_where_somebody_acted_with_whom_they_concern(
    family: Family, by: str, branch: str, people: tuple[str, str]
) -> None:
    """Words go into the identity store of the branch acted in, named so that erasing removes them (I-10)."""
    ref = family.assigned()

    family.bank.redemptions.cancel(ref, reason="in hospital", by=by)

    assert "in hospital" == family.bank.redemptions.show(ref).events[-1][1]
    assert ("in hospital",) == _notes(family, branch, f"redemption {ref}")
    notes = [row for row in dump_of(family.file)["identity_note"] if "in hospital" in row]
    assert [people] == [row[3:5] for row in notes]
    journal = {name: rows for name, rows in dump_of(family.file).items() if not name.startswith("identity_")}
    assert "in hospital" not in repr(journal)


def test_erasing_the_beneficiary_erases_the_words_about_them(family: Family) -> None:
    """The story stays, told without its reason."""
    ref = family.assigned()
    family.bank.redemptions.cancel(ref, reason="in hospital", by=HOST_DESK)

    family.bank.members.erase("locmine", "m1", by=HOST_DESK)

    assert family.bank.redemptions.show(ref).events[-1][1] is None
    assert "in hospital" not in repr(dump_of(family.file))


def test_what_is_done_elsewhere_names_the_branch(family: Family) -> None:
    """The home book never takes the helper of Locminé for the neighbour m2 of Lille."""
    ref = family.settled()

    story = family.bank.redemptions.show(ref)
    assert [
        ("lille", "member:m1"),
        ("locmine", "member:m2"),
        ("locmine", "member:m2"),
        ("locmine", "member:m1"),
    ] == [(event.acted_in, event.actor) for event, _ in story.events]
    actors = [(each.branch, each.draft.kind.value, str(each.draft.actor)) for each in story.entries]
    assert ("lille", "redemption", "member:m1@locmine") in actors
    assert ("locmine", "redemption", "member:m1") in actors


def test_a_proxy_of_the_sponsor_cancels_wherever_they_live(family: Family) -> None:
    """Who acts for somebody acts where the mandate is kept, not where they are a member."""
    scopes = {Scope.SPONSOR}
    family.bank.mandates.grant(
        "lille", principal="m1", holder="m3@locmine", basis="family-authorisation", scopes=scopes, by=SON
    )
    ref = family.assigned()

    family.bank.redemptions.cancel(ref, by=f"{FRIEND}+m1#1")

    assert RedemptionState.CANCELLED is family.bank.redemptions.show(ref).redemption.state
    assert "lille" == family.bank.redemptions.show(ref).events[-1][0].acted_in


@pytest.mark.parametrize("holder", ["m3@locmine", "m3@lille"])
def test_a_proxy_of_the_beneficiary_cancels_wherever_they_live(family: Family, holder: str) -> None:
    """The sponsor of the same reference is not taken for the principal."""
    scopes = {Scope.REQUEST}
    family.bank.mandates.grant(
        "locmine", principal="m1", holder=holder, basis="family-authorisation", scopes=scopes, by=MOTHER
    )
    ref = family.assigned()

    family.bank.redemptions.cancel(ref, by=f"member:{holder}+m1#2")

    last, _ = family.bank.redemptions.show(ref).events[-1]
    assert ("cancel", "locmine") == (last.act, last.acted_in)


def _notes(family: Family, branch: str, about: str) -> tuple[str, ...]:
    with family.bank.store.read() as tx:
        return tx.books(branch).identities.notes(about)
