"""Sponsored redemptions in the database: hold, help, settlement in both books, and every way out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    copied,
    dump_of,
)

from timebank.care.beneficiary import Relation
from timebank.care.mandate import Scope
from timebank.care.redemption import RedemptionState
from timebank.errors import TimebankError
from timebank.ledger.holds import HoldState
from timebank.policy.model import CancellationRules, Rounding
from timebank.policy.words import FreeUntil, NoShow

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


@settings(max_examples=settings().max_examples // 5)
@given(
    lengths=st.lists(st.sampled_from([15, 30, 45, 60, 90, 120]), min_size=1, max_size=5), last=st.booleans()
)
def test_any_corrections_leave_what_the_last_one_says(
    family_file: Path, tmp_path_factory: pytest.TempPathFactory, lengths: list[int], *, last: bool
) -> None:
    """Up, down, beyond what was held and back: what was said last is charged, and nothing is held."""
    family = copied(family_file, tmp_path_factory.mktemp("corrected") / "bank.db")
    family.settled(minutes=60)

    for length in lengths:
        family.bank.hours.correct("locmine", 1, minutes=length, reason="again", by=HOST_DESK)
        family.check_quickly()
    if last:
        family.bank.hours.decide("locmine", 1, is_confirmed=False, reason="never", by=HOST_DESK)

    charged = 0 if last else lengths[-1]
    assert ((EARNED - charged, 0), charged) == (family.son, family.helper)
    family.check()
    family.bank.close()


# --- Called off, missed, forgotten --------------------------------------------------------------------


def test_cancelling_before_anybody_was_found_is_free(family: Family) -> None:
    """Nobody has lost any time, whatever the hour."""
    ref = family.request(days=0, start_at=family.clock.instant + timedelta(minutes=30))

    family.bank.redemptions.cancel(ref, by=SON)

    assert (EARNED, 0) == family.son
    assert [HoldState.RELEASED] == [hold.state for hold in family.bank.holds.list("lille")]


def test_cancelling_until_the_day_before_is_free(family: Family) -> None:
    """The day is a day of the branch of the visit: 23:30 in Locminé is 21:30 in UTC in summer."""
    start_at = datetime(2026, 6, 20, 8, 0, tzinfo=UTC)
    ref = family.assigned(start_at=start_at)
    family.wait_until(datetime(2026, 6, 19, 21, 30, tzinfo=UTC))

    family.bank.redemptions.cancel(ref, by=MOTHER)

    assert (EARNED, 0) == family.son
    assert RedemptionState.CANCELLED is family.bank.redemptions.show(ref).redemption.state


@pytest.mark.parametrize("by", [SON, MOTHER])
def test_a_late_cancellation_charges_the_sponsor_and_credits_the_provider(family: Family, by: str) -> None:
    """An hour's fee on the day itself, the rest goes back; it does not count as help."""
    start_at = datetime(2026, 6, 20, 8, 0, tzinfo=UTC)
    ref = family.assigned(minutes=90, start_at=start_at)
    family.wait_until(datetime(2026, 6, 19, 22, 30, tzinfo=UTC))

    family.bank.redemptions.cancel(ref, by=by)

    assert (EARNED - 60, 0) == family.son
    assert 60 == family.helper
    assert 60 == family.balance("lille", "clearing:locmine")
    views = {view.path: view for view in family.bank.accounts.list("locmine")}
    assert 0 == views["member:m2:available"].given
    kinds = [each.draft.kind.value for each in family.bank.redemptions.show(ref).entries]
    assert ["hold", "fee", "release", "fee"] == kinds


def test_a_fee_is_the_one_that_was_agreed_at_the_request(family: Family) -> None:
    """A dearer policy set since changes nothing for the family; the entry says which version counted."""
    ref = family.assigned(minutes=120, days=5)
    family.wait_until(family.clock.instant + timedelta(days=1))
    dearer = a_policy(cancellation=CancellationRules(late_minutes=120, free_until=FreeUntil.DAY_BEFORE))
    family.bank.policies.set("locmine", dearer, by=HOST_DESK)
    family.wait_until(family.clock.instant + timedelta(days=4))

    family.bank.redemptions.cancel(ref, by=SON)

    assert 60 == family.helper
    fee = family.bank.redemptions.show(ref).entries[-1]
    assert ("locmine", "fee", 1) == (fee.branch, fee.draft.kind, fee.draft.policy_version)


def test_a_fee_never_passes_what_is_held(family: Family) -> None:
    """A visit of 20 minutes, held as 15, costs 15 when nobody opens, not 20."""
    ref = family.assigned(minutes=20)
    family.wait_until(family.clock.instant + timedelta(days=3))

    family.bank.redemptions.miss(ref, is_by_provider=False, reason="nobody opened", by=HOST_DESK)

    assert (EARNED - 15, 0) == family.son
    assert 15 == family.helper


def test_a_missing_beneficiary_costs_the_planned_time(family: Family) -> None:
    """The helper came; the policy pays for the time that was kept free."""
    ref = family.assigned(minutes=90)
    family.wait_until(family.clock.instant + timedelta(days=3))

    family.bank.redemptions.miss(ref, is_by_provider=False, by=MOTHER)

    assert (EARNED - 90, 0) == family.son
    assert 90 == family.helper
    assert RedemptionState.MISSED is family.bank.redemptions.show(ref).redemption.state


def test_a_policy_may_let_a_missing_beneficiary_off(family: Family) -> None:
    """Some branches charge nobody."""
    lenient = a_policy(cancellation=CancellationRules(no_show=NoShow.NONE))
    family.bank.policies.set("locmine", lenient, by=HOST_DESK)
    ref = family.assigned(minutes=90)
    family.wait_until(family.clock.instant + timedelta(days=3))

    family.bank.redemptions.miss(ref, is_by_provider=False, by=MOTHER)

    assert ((EARNED, 0), 0) == (family.son, family.helper)


def test_a_missing_provider_costs_nothing(family: Family) -> None:
    """The mother waited in vain; her son's hours are whole again."""
    ref = family.assigned(minutes=90)
    family.wait_until(family.clock.instant + timedelta(days=3))

    family.bank.redemptions.miss(ref, is_by_provider=True, by=HELPER)

    assert ((EARNED, 0), 0) == (family.son, family.helper)


def test_a_coordinator_releases_a_hold_free_of_charge(family: Family) -> None:
    """Whatever the policy says about late cancellation."""
    ref = family.assigned(minutes=90, days=0, start_at=family.clock.instant + timedelta(minutes=10))

    done = family.bank.holds.release("lille", 1, reason="asked by mistake", by=DESK)

    assert RedemptionState.CANCELLED is done.redemption.state
    assert (EARNED, 0) == family.son
    assert "asked by mistake" == family.bank.redemptions.show(ref).events[-1][1]


def test_forgotten_hours_come_back(family: Family) -> None:
    """Past its deadline a redemption ends, whoever asks for it, and exactly then."""
    ref = family.assigned()
    deadline = family.bank.redemptions.show(ref).redemption.expires_at
    family.wait_until(deadline - timedelta(microseconds=1))
    with pytest.raises(TimebankError, match="has not reached its deadline"):
        family.bank.redemptions.expire(ref, by=DESK)
    assert () == family.bank.holds.expire_due("lille", by=DESK)

    family.wait_until(deadline)
    family.bank.redemptions.expire(ref, by=DESK)

    assert (EARNED, 0) == family.son
    assert [HoldState.EXPIRED] == [hold.state for hold in family.bank.holds.list("lille")]
    assert RedemptionState.EXPIRED is family.bank.redemptions.show(ref).redemption.state


def test_expire_due_ends_all_that_is_due_and_nothing_else(family: Family) -> None:
    """One command for a branch; help that waits for a word is not forgotten, others' holds are not ours."""
    first, second = family.request(), family.assigned()
    waiting = family.logged()
    later = family.request(days=200)
    family.wait_until(family.clock.instant + timedelta(days=120))

    assert () == family.bank.holds.expire_due("locmine", by=HOST_DESK)
    ended = family.bank.holds.expire_due("lille", by="system:nightly")

    assert [first, second] == [each.ref for each in ended]
    states = {each.ref: each.state.value for each in family.bank.redemptions.list("lille")}
    assert {first: "expired", second: "expired", waiting: "logged", later: "requested"} == states


def test_what_is_due_is_ended_first_by_the_next_act(family: Family) -> None:
    """Nobody needs a nightly job: forgotten hours are there when they are asked for."""
    forgotten = family.request(minutes=EARNED)
    family.wait_until(family.clock.instant + timedelta(days=91))

    done = family.bank.redemptions.request(
        "lille",
        1,
        start_at=family.clock.instant + timedelta(days=1),
        minutes=EARNED,
        kind="shopping",
        by=SON,
    )

    assert (forgotten,) == done.expired
    assert (0, EARNED) == family.son
    assert "system:deadline" == family.bank.redemptions.show(forgotten).events[-1][0].actor


def test_a_story_says_that_it_is_past_its_deadline(family: Family) -> None:
    """Between deadline and next act, a reader is not told that somebody still comes."""
    ref = family.request()
    assert not family.bank.redemptions.show(ref).is_due

    family.wait_until(family.clock.instant + timedelta(days=90))

    assert family.bank.redemptions.show(ref).is_due


def test_help_logged_in_time_is_confirmed_after_the_deadline(family: Family) -> None:
    """The deadline was for logging; a mother who confirms late takes nothing from the helper (I-6)."""
    family.logged()
    family.wait_until(family.clock.instant + timedelta(days=200))

    family.bank.redemptions.confirm("lille-1", by=MOTHER)

    assert ((EARNED - 60, 0), 60) == (family.son, family.helper)


def test_a_record_rejected_after_the_deadline_lets_the_hours_go(family: Family) -> None:
    """Once the help is denied, the old deadline counts again."""
    ref = family.logged()
    family.wait_until(family.clock.instant + timedelta(days=200))
    family.bank.hours.reject("locmine", 1, reason="she never came", by="member:m1")

    family.bank.holds.expire_due("lille", by=DESK)

    assert RedemptionState.EXPIRED is family.bank.redemptions.show(ref).redemption.state
    assert (EARNED, 0) == family.son


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


# --- Whatever people do -------------------------------------------------------------------------------

Trying = Callable[[Family], object]
ACTORS = (SON, NEIGHBOUR, MOTHER, HELPER, FRIEND, DESK, HOST_DESK, SON_FOR_MOTHER, "system:nightly")
BEGINNINGS: tuple[Trying, ...] = (Family.assigned, Family.logged, Family.settled)


@st.composite
def an_attempt(draw: st.DrawFn) -> Trying:
    """Return something that somebody tries to do to one of the first two redemptions."""
    by = draw(st.sampled_from([SON, MOTHER, HELPER, HOST_DESK]) | st.sampled_from(ACTORS))
    ref = draw(st.sampled_from(["lille-1", "lille-2"]))
    no = draw(st.sampled_from([1, 2]))
    minutes = draw(st.sampled_from([15, 45, 60, 75, 120]))
    days = draw(st.sampled_from([1, 3, 40, 100]))
    provider = draw(st.sampled_from(["m1", "m2", "m3"]))
    reason = draw(st.sampled_from(["because", "because", ""]))
    either = draw(st.booleans())
    attempts: list[Trying] = [
        lambda f: f.request(minutes=minutes, days=days, by=by, reason=reason),
        lambda f: f.bank.redemptions.assign(ref, provider=provider, by=by),
        lambda f: f.bank.redemptions.unassign(ref, by=by),
        lambda f: f.bank.redemptions.log(ref, minutes=minutes, by=by),
        lambda f: f.bank.redemptions.confirm(ref, reason=reason, by=by),
        lambda f: f.bank.redemptions.dispute(ref, reason=reason, by=by),
        lambda f: f.bank.redemptions.cancel(ref, reason=reason, by=by),
        lambda f: f.bank.redemptions.miss(ref, is_by_provider=either, reason=reason, by=by),
        lambda f: f.bank.redemptions.expire(ref, by=by),
        lambda f: f.bank.holds.release("lille", no, reason=reason, by=by),
        lambda f: f.bank.holds.expire_due("lille", by=by),
        lambda f: f.bank.hours.correct("locmine", no, minutes=minutes, reason=reason, by=by),
        lambda f: f.bank.hours.decide("locmine", no, is_confirmed=either, reason=reason, by=by),
        lambda f: f.bank.hours.withdraw("locmine", no, by=by),
        lambda f: f.wait_until(f.clock.instant + timedelta(days=days)),
    ]
    return draw(st.sampled_from(attempts))


@settings(max_examples=settings().max_examples // 5)
@given(attempts=st.lists(an_attempt(), min_size=10, max_size=30), begin=st.sampled_from(BEGINNINGS))
def test_whatever_people_try_the_books_of_both_branches_hold(
    family_file: Path, tmp_path_factory: pytest.TempPathFactory, attempts: list[Trying], begin: Trying
) -> None:
    """Anything by anybody in any order: it is refused without a trace, or both books stay in step."""
    family = copied(family_file, tmp_path_factory.mktemp("whatever") / "bank.db")
    begin(family)
    family.request(days=2)

    for attempt in attempts:
        before = dump_of(family.file)
        try:
            attempt(family)
        except TimebankError:
            assert before == dump_of(family.file)
        family.check_quickly()

    family.check()
    family.bank.close()
