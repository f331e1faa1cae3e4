from dataclasses import replace
from typing import Any

import pytest
from tests.unit.care.builders import NOW, a_beneficiary, assigned, help_logged, requested

from timebank.care.beneficiary import Relation
from timebank.care.redemption import (
    Redemption,
    RedemptionState,
    settlement_of,
    step_of_capture,
    step_of_hold,
    step_of_release,
)
from timebank.errors import CaptureExceedsHold
from timebank.ledger.model import Cause, EntryKind, credit, debit

HELP = EntryKind.REDEMPTION


def in_one_branch() -> Redemption:
    """Return a redemption of a spouse in Lille, helped by Luc of Lille."""
    return assigned(a_beneficiary(relation=Relation.SPOUSE, host_branch="lille", member="wife"))


def settled(redemption: Redemption, charged_minutes: int) -> Redemption:
    """Return the redemption after its settlement."""
    return replace(redemption, state=RedemptionState.SETTLED, record_no=7, charged_minutes=charged_minutes)


def test_two_branches_settle_over_their_clearing_accounts() -> None:
    """Each book balances alone; what was not needed goes back to the sponsor (I-7)."""
    plan = settlement_of(assigned(held_minutes=120), charged_minutes=90, kind=HELP)

    assert (debit("member:son:held", 90), credit("clearing:locmine", 90)) == plan.home_postings
    assert (debit("clearing:lille", 90), credit("member:luc:available", 90)) == plan.host_postings
    assert (debit("member:son:held", 30), credit("member:son:available", 30)) == plan.release_postings
    assert (None, Cause("redemption", "lille-5", 2), Cause("redemption", "lille-5", 3), HELP) == (
        plan.undo,
        plan.capture,
        plan.release,
        plan.kind,
    )


def test_one_branch_settles_without_clearing() -> None:
    """One entry does both."""
    plan = settlement_of(in_one_branch(), charged_minutes=120, kind=HELP)

    assert (debit("member:son:held", 120), credit("member:luc:available", 120)) == plan.home_postings
    assert ((), ()) == (plan.host_postings, plan.release_postings)


def test_nothing_charged_is_only_given_back() -> None:
    """Even where nobody was found to help."""
    plan = settlement_of(requested(), charged_minutes=0, kind=EntryKind.FEE)

    assert ((), ()) == (plan.home_postings, plan.host_postings)
    assert (debit("member:son:held", 120), credit("member:son:available", 120)) == plan.release_postings


def test_no_more_is_charged_than_was_held() -> None:
    """All of it is fine; a minute more is not (I-6)."""
    assert () == settlement_of(assigned(), charged_minutes=120, kind=HELP).release_postings
    with pytest.raises(CaptureExceedsHold) as refused:
        settlement_of(assigned(), charged_minutes=121, kind=HELP)

    assert "121 min is more than the 120 min held" == str(refused.value)


def test_a_correction_downwards_gives_back() -> None:
    """The reversal puts the 90 on the held account again; 60 are charged, 30 go back."""
    plan = settlement_of(settled(assigned(), 90), charged_minutes=60, kind=HELP, revision=2)

    assert (debit("member:son:held", 60), credit("clearing:locmine", 60)) == plan.home_postings
    assert (debit("member:son:held", 30), credit("member:son:available", 30)) == plan.release_postings
    assert () == plan.hold_postings
    assert (2, 4, 5, 6) == (
        plan.undo and plan.undo.step,
        plan.hold.step,
        plan.capture.step,
        plan.release.step,
    )


def test_a_correction_upwards_reserves_what_is_missing() -> None:
    """The charge still comes from the held account alone, so that the next reversal fits (I-3)."""
    plan = settlement_of(settled(assigned(), 90), charged_minutes=130, kind=HELP, revision=2)

    assert (debit("member:son:available", 40), credit("member:son:held", 40)) == plan.hold_postings
    assert (debit("member:son:held", 130), credit("clearing:locmine", 130)) == plan.home_postings
    assert (debit("clearing:lille", 130), credit("member:luc:available", 130)) == plan.host_postings
    assert () == plan.release_postings


def test_an_annulment_gives_everything_back() -> None:
    """Nothing is charged or credited any more."""
    plan = settlement_of(settled(in_one_branch(), 90), charged_minutes=0, kind=HELP, revision=2)

    assert ((), ()) == (plan.home_postings, plan.host_postings)
    assert (debit("member:son:held", 90), credit("member:son:available", 90)) == plan.release_postings


def test_no_two_entries_of_a_story_share_a_step() -> None:
    """A step happens once (I-8): hold, then charge and release, again for each correction."""
    of_a_revision = (step_of_hold, step_of_capture, step_of_release)

    steps = [step(revision) for revision in range(1, 9) for step in of_a_revision]

    assert [*range(1, 25)] == steps


@pytest.mark.parametrize(
    "plan",
    [
        {"charged_minutes": -1},
        {"charged_minutes": 1, "revision": 2},
    ],
)
def test_a_plan_that_makes_no_sense_is_our_own_mistake(plan: dict[str, Any]) -> None:
    """A negative charge, or a correction before the first settlement."""
    with pytest.raises(AssertionError):
        settlement_of(assigned(), kind=HELP, **plan)


def test_it_is_due_at_its_deadline_unless_help_was_logged() -> None:
    """Whoever helped in time is not punished for a slow confirmation."""
    open_one, (logged_one, _) = assigned(), help_logged()
    deadline = open_one.expires_at

    assert not open_one.is_due(at=NOW)
    assert open_one.is_due(at=deadline)
    assert not logged_one.is_due(at=deadline)


@pytest.mark.parametrize(
    "changes",
    [
        {"planned_at": NOW.replace(tzinfo=None)},
        {"expires_at": NOW.replace(tzinfo=None)},
        {"charged_minutes": 90},
        {"state": RedemptionState.CANCELLED},
        {"state": RedemptionState.LOGGED},
        {"record_no": 7},
        {"state": RedemptionState.CANCELLED, "charged_minutes": 60, "provider": None},
    ],
)
def test_redemptions_read_back_are_asserted(changes: dict[str, Any]) -> None:
    """A stored row that contradicts itself is our own bug."""
    with pytest.raises(AssertionError):
        replace(assigned(), **changes)
