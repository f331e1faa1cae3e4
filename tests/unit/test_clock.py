from datetime import UTC, datetime, timedelta

from timebank.clock import SteppingClock, SystemClock

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)


def test_the_machine_clock_gives_aware_utc() -> None:
    """The only place that reads it, and never without a zone."""
    assert UTC is SystemClock().now().tzinfo


def test_a_stepping_clock_stands_still_unless_told() -> None:
    """Tests decide when time passes."""
    clock = SteppingClock(NOON)

    assert [NOON, NOON] == [clock.now(), clock.now()]


def test_a_stepping_clock_moves_by_its_step_after_each_reading() -> None:
    """The first reading is the start."""
    clock = SteppingClock(NOON, timedelta(seconds=1))

    assert [NOON, NOON + timedelta(seconds=1)] == [clock.now(), clock.now()]


def test_a_stepping_clock_can_be_turned_back() -> None:
    """I-13 has to be tried with clocks that go wrong."""
    clock = SteppingClock(NOON)

    clock.advance(timedelta(days=-1))

    assert NOON - timedelta(days=1) == clock.now()
