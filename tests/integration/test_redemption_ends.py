"""How redemptions end without help: called off, missed, forgotten; and what that costs."""

from datetime import UTC, datetime, timedelta

import pytest
from tests.integration.family import (
    DESK,
    EARNED,
    HELPER,
    HOST_DESK,
    MOTHER,
    SON,
    Family,
    a_policy,
)

from timebank.care.redemption import RedemptionState
from timebank.errors import TimebankError
from timebank.ledger.holds import HoldState
from timebank.policy.model import CancellationRules
from timebank.policy.words import FreeUntil, NoShow


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
