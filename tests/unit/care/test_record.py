from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from tests.unit.care.builders import NOW, confirmed, logged, some_hours

from timebank.care.record import Hours, Party, RecordState, ServiceRecord, member_in, overlaps, payer_path
from timebank.errors import BadPath, BadReference, DayBeyondRange, NaiveInstant, TimebankError
from timebank.ledger.model import Actor

PARIS = ZoneInfo("Europe/Paris")


def a_night(day: int, month: int, *, minutes: int) -> Hours:
    """Return hours that begin at 23:00 in Paris on a day of 2026."""
    return Hours(start_at=datetime(2026, month, day, 23, tzinfo=PARIS), minutes=minutes, kind="night-watch")


def placed(no: int, start_at: datetime, minutes: int, **changes: Any) -> ServiceRecord:  # noqa: ANN401
    """Return Luc's record of some hours."""
    return replace(logged(), no=no, start_at=start_at, minutes=minutes, **changes)


@pytest.mark.parametrize(
    ("day", "month", "hours"),
    [(24, 10, 9), (28, 3, 7), (15, 6, 8)],
    ids=["clocks go back", "clocks go forward", "any night"],
)
def test_a_night_lasts_as_long_as_it_lasts(day: int, month: int, hours: int) -> None:
    """23:00 to 07:00 in Paris: nine hours when clocks go back, seven when they go forward."""
    seven = (datetime(2026, month, day, 7, tzinfo=PARIS) + timedelta(days=1)).astimezone(UTC)

    night = a_night(day, month, minutes=hours * 60)

    assert seven == placed(1, night.start_at, night.minutes).end_at


@pytest.mark.parametrize(("day", "month", "hours"), [(24, 10, 9), (28, 3, 7)])
def test_overlap_is_right_across_a_clock_change(day: int, month: int, hours: int) -> None:
    """Breakfast at 07:00 touches the night and does not overlap; at 06:59 it does."""
    night = placed(1, a_night(day, month, minutes=60).start_at, hours * 60)
    seven = (datetime(2026, month, day, 7, tzinfo=PARIS) + timedelta(days=1)).astimezone(UTC)

    assert () == overlaps(night, [placed(2, seven, 30)])
    assert (2,) == overlaps(night, [placed(2, seven - timedelta(minutes=1), 30)])


def test_the_hour_that_happens_twice_is_two_hours() -> None:
    """02:30 before and after the clocks go back are an hour apart: no overlap of half an hour each."""
    first = datetime(2026, 10, 25, 2, 30, tzinfo=PARIS)

    early = Hours(start_at=first, minutes=30, kind="night-watch")
    late = Hours(start_at=first.replace(fold=1), minutes=30, kind="night-watch")

    assert timedelta(hours=1) == late.start_at - early.start_at
    assert () == overlaps(placed(1, early.start_at, 30), [placed(2, late.start_at, 30)])


def test_only_the_providers_other_standing_hours_overlap() -> None:
    """Found ones come in rising order (I-8)."""
    record = placed(5, NOW, 60)
    others = [
        placed(9, NOW + timedelta(minutes=59), 60),
        placed(8, NOW - timedelta(minutes=59), 60, state=RecordState.DISPUTED),
        placed(7, NOW + timedelta(minutes=60), 60),
        placed(6, NOW - timedelta(minutes=60), 60),
        placed(5, NOW, 60),
        placed(4, NOW, 60, state=RecordState.REJECTED),
        placed(3, NOW, 60, state=RecordState.WITHDRAWN),
        placed(2, NOW, 60, provider="anne"),
        placed(1, NOW, 60, branch="lille"),
        replace(confirmed().record, no=10, start_at=NOW - timedelta(days=1), minutes=3_000),
    ]

    assert (8, 9, 10) == overlaps(record, others)


@pytest.mark.parametrize(
    ("recipient", "path", "member"),
    [("member:mother", "member:mother:available", "mother"), ("fund:solidarity", "fund:solidarity", None)],
)
def test_help_is_charged_to_who_was_helped(recipient: str, path: str, member: str | None) -> None:
    """A member's available minutes, or a fund."""
    assert path == payer_path(recipient)
    assert member == member_in(recipient)


@pytest.mark.parametrize(
    "recipient", ["mother", "member:", "member:mother:held", "fund:", "clearing:lille", "issuance:grant", ""]
)
def test_nothing_else_is_a_recipient(recipient: str) -> None:
    """Issuance and clearing receive no help."""
    with pytest.raises(BadPath):
        payer_path(recipient)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"start_at": NOW.replace(tzinfo=None)}, NaiveInstant),
        ({"start_at": datetime.max.replace(tzinfo=UTC)}, DayBeyondRange),
        ({"kind": "Reading to Mrs K."}, BadReference),
    ],
)
def test_what_cannot_be_hours_is_not_built(changes: dict[str, Any], error: type[TimebankError]) -> None:
    """Kinds are codes, so that no name slips into them (I-10)."""
    with pytest.raises(error):
        replace(some_hours(), **changes)


@pytest.mark.parametrize(
    ("logged_by", "recipient", "side", "waits_for"),
    [
        ("member:luc", "member:mother", Party.PROVIDER, Party.RECIPIENT),
        ("member:anne+luc#1", "member:mother", Party.PROVIDER, Party.RECIPIENT),
        ("member:mother", "member:mother", Party.RECIPIENT, Party.PROVIDER),
        ("member:son@lille+mother#3", "member:mother", Party.RECIPIENT, Party.PROVIDER),
        ("coordinator:c1", "member:mother", Party.COORDINATOR, Party.RECIPIENT),
        ("coordinator:c1", "fund:solidarity", Party.RECIPIENT, Party.PROVIDER),
    ],
)
def test_the_side_that_has_the_word_is_the_other_one(
    logged_by: str, recipient: str, side: Party, waits_for: Party
) -> None:
    """What a coordinator stated waits for whom it charges; coordinators speak for a fund."""
    actor = Actor.parse(logged_by)
    record = logged(recipient=recipient, logged_by=actor, stated_by=actor)

    assert (side, side, waits_for) == (record.logged_side, record.stated_side, record.waits_for)


def test_parties_are_people_of_the_branch() -> None:
    """A fund is nobody."""
    assert (("locmine", "luc"), ("locmine", "mother")) == logged().parties
    assert (("locmine", "luc"),) == logged(recipient="fund:solidarity").parties


@pytest.mark.parametrize(
    "changes",
    [
        {"start_at": NOW.astimezone(PARIS)},
        {"minutes": 0},
        {"recipient": "member:luc"},
        {"state": RecordState.CONFIRMED},
        {"credited_minutes": 90},
        {"revision": 1},
    ],
)
def test_records_read_back_are_asserted(changes: dict[str, Any]) -> None:
    """A stored row that contradicts itself is our own bug."""
    with pytest.raises(AssertionError):
        replace(logged(), **changes)
