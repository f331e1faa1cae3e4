from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from tests.builders import NOW, a_book, a_draft

from timebank.errors import CaptureExceedsHold, HoldExpired, HoldResolved, TimebankError
from timebank.ledger.chart import available, held
from timebank.ledger.holds import (
    Hold,
    HoldState,
    capture,
    due,
    expire,
    is_due,
    placing,
    release,
    returning,
)
from timebank.ledger.limits import HELD
from timebank.ledger.model import EntryKind

MICROSECOND = timedelta(microseconds=1)
DEADLINE = NOW + timedelta(days=90)
ENDED = [state for state in HoldState if state is not HoldState.PENDING]


def a_hold(no: int = 1, *, minutes: int = 120, state: HoldState = HoldState.PENDING) -> Hold:
    """Return two hours of m1, reserved for redemption lille-1 until the deadline."""
    return Hold(
        no=no,
        member="m1",
        minutes=minutes,
        state=state,
        expires_at=DEADLINE,
        cause_kind="redemption",
        cause_ref="lille-1",
    )


def test_reserving_and_returning_cancel() -> None:
    """Available plus held is the member's balance all the way (I-6)."""
    book = a_book(available("m1"), held("m1"), limits={held("m1"): HELD})

    book.post(a_draft(*placing("m1", 120), kind=EntryKind.HOLD), recorded_at=NOW)
    reserved = {path: state.balance for (path, _), state in book.accounts.items()}
    book.post(a_draft(*returning("m1", 120), kind=EntryKind.RELEASE), recorded_at=NOW)

    assert {available("m1"): -120, held("m1"): 120} == reserved
    assert {0} == {state.balance for state in book.accounts.values()}


@pytest.mark.parametrize("minutes", [1, 119, 120])
def test_a_capture_takes_up_to_what_is_held(minutes: int) -> None:
    """All of it or a part; the hold says how much it was."""
    captured = capture(a_hold(), minutes=minutes, at=NOW)

    assert (HoldState.CAPTURED, minutes) == (captured.state, captured.captured_minutes)


def test_a_capture_takes_no_more_than_is_held() -> None:
    """I-6: what was not reserved is not taken by the way."""
    with pytest.raises(CaptureExceedsHold) as refused:
        capture(a_hold(), minutes=121, at=NOW)

    assert {"needed_minutes": 121, "held_minutes": 120} == refused.value.facts


def test_a_capture_moves_something() -> None:
    """Nothing to capture is a release: whoever captures nothing has a bug."""
    with pytest.raises(AssertionError, match="I-6"):
        capture(a_hold(), minutes=0, at=NOW)


def test_a_hold_is_due_at_its_deadline() -> None:
    """The deadline itself counts."""
    assert not is_due(a_hold(), at=DEADLINE - MICROSECOND)
    assert is_due(a_hold(), at=DEADLINE)


def test_a_due_hold_is_not_captured() -> None:
    """The minutes are on their way back."""
    capture(a_hold(), minutes=1, at=DEADLINE - MICROSECOND)

    with pytest.raises(HoldExpired):
        capture(a_hold(), minutes=1, at=DEADLINE)


def test_a_hold_is_released_at_any_time() -> None:
    """Also after its deadline: releasing early or late gives the same minutes back."""
    assert HoldState.RELEASED == release(a_hold()).state


def test_a_hold_expires_after_its_deadline_only() -> None:
    """Whoever expires it early has a bug."""
    assert HoldState.EXPIRED == expire(a_hold(), at=DEADLINE).state
    with pytest.raises(AssertionError, match="after its deadline"):
        expire(a_hold(), at=DEADLINE - MICROSECOND)


@pytest.mark.parametrize("state", ENDED)
def test_a_hold_resolves_once(state: HoldState) -> None:
    """I-6, whatever ended it and whatever is tried next."""
    ended = a_hold(state=state)

    attempts: list[Callable[[], Hold]] = [
        lambda: capture(ended, minutes=1, at=NOW),
        lambda: release(ended),
        lambda: expire(ended, at=DEADLINE),
    ]
    for attempt in attempts:
        with pytest.raises(HoldResolved) as refused:
            attempt()
        assert {"hold": 1, "state": state.value} == refused.value.facts


@pytest.mark.parametrize(
    ("error", "hold", "minutes", "at"),
    [
        (HoldResolved, a_hold(state=HoldState.RELEASED), 121, DEADLINE),
        (HoldExpired, a_hold(), 121, DEADLINE),
        (CaptureExceedsHold, a_hold(), 121, NOW),
    ],
)
def test_a_capture_is_refused_in_a_fixed_order(
    error: type[TimebankError], hold: Hold, minutes: int, at: datetime
) -> None:
    """Resolved, then expired, then too much."""
    with pytest.raises(error):
        capture(hold, minutes=minutes, at=at)


def test_due_holds_come_by_deadline_then_number() -> None:
    """The sweep does the same on every run; what is resolved or not due stays out."""
    early = replace(a_hold(3), expires_at=NOW)
    holds = [a_hold(2), a_hold(1), early, a_hold(4, state=HoldState.CAPTURED), a_hold(5)]
    later = replace(holds[4], expires_at=DEADLINE + MICROSECOND)

    assert [3, 1, 2] == [hold.no for hold in due([*holds[:4], later], at=DEADLINE)]
