from datetime import timedelta

import pytest
from tests.builders import NOW

from timebank.errors import CeilingReached, InsufficientHours, LimitsCrossed
from timebank.ledger.limits import (
    UNLIMITED,
    Limits,
    LimitWarning,
    Override,
    check_limits,
    limits_in_force,
    soft_warnings,
)

M1 = "member:m1:available"
LIMITS = Limits(floor=-600, warn_floor=-480, warn_ceiling=500, ceiling=600)
SECOND = timedelta(seconds=1)


def an_override(floor: int | None = None, ceiling: int | None = None, *, no: int = 1) -> Override:
    """Return an override that ends now."""
    return Override(no=no, floor=floor, ceiling=ceiling, until_at=NOW)


@pytest.mark.parametrize(
    "levels",
    [
        {},
        {"floor": 0, "ceiling": 0},
        {"floor": -5, "warn_floor": -5, "warn_ceiling": -5, "ceiling": -5},
        {"warn_floor": 3, "ceiling": 4},
    ],
)
def test_levels_may_touch(levels: dict[str, int]) -> None:
    """In rising order as far as they are set; equal levels are in order."""
    assert levels == {name: getattr(Limits(**levels), name) for name in levels}


@pytest.mark.parametrize(
    "levels",
    [
        {"floor": 1, "ceiling": 0},
        {"floor": 1, "warn_floor": 0},
        {"warn_floor": 1, "warn_ceiling": 0},
        {"warn_ceiling": 1, "ceiling": 0},
        {"floor": 1, "warn_ceiling": 0},
    ],
)
def test_crossed_levels_are_refused(levels: dict[str, int]) -> None:
    """A floor above a ceiling would let nothing pass, a warning outside would never be heard."""
    with pytest.raises(LimitsCrossed):
        Limits(**levels)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (0, -600),
        (0, 600),
        (0, 0),
        (-700, -650),
        (-700, -700),
        (-700, 0),
        (700, 650),
        (700, 700),
        (700, -600),
    ],
    ids=[
        "touches the floor",
        "touches the ceiling",
        "stays",
        "back towards the floor",
        "stays below",
        "back inside from below",
        "back towards the ceiling",
        "stays above",
        "from above to the floor",
    ],
)
def test_what_touches_a_limit_or_moves_back_is_allowed(before: int, after: int) -> None:
    """I-5: an import or a lowered limit may leave a balance outside; the way back is open."""
    check_limits(M1, LIMITS, before=before, after=after)


@pytest.mark.parametrize(
    ("before", "after", "has"), [(0, -601, 600), (-600, -601, 0), (-700, -701, 0), (700, -601, 1300)]
)
def test_a_balance_does_not_fall_below_its_floor(before: int, after: int, has: int) -> None:
    """I-5; the error says how much was needed and how much there was above the floor, at least none."""
    with pytest.raises(InsufficientHours) as refused:
        check_limits(M1, LIMITS, before=before, after=after)

    assert {"path": M1, "needed_minutes": before - after, "available_minutes": has} == refused.value.facts
    assert f"{M1} needs {before - after} min, has {has} min above its floor" == str(refused.value)


@pytest.mark.parametrize(
    ("before", "after", "room"), [(0, 601, 600), (600, 601, 0), (700, 701, 0), (-700, 601, 1300)]
)
def test_a_balance_does_not_rise_above_its_ceiling(before: int, after: int, room: int) -> None:
    """I-5, the other way up."""
    with pytest.raises(CeilingReached) as refused:
        check_limits(M1, LIMITS, before=before, after=after)

    assert {"path": M1, "needed_minutes": after - before, "room_minutes": room} == refused.value.facts


@pytest.mark.parametrize("after", [-(2**60), 2**60])
def test_without_limits_everything_passes(after: int) -> None:
    """None is no limit."""
    check_limits(M1, UNLIMITED, before=0, after=after)

    assert () == soft_warnings(M1, UNLIMITED, before=0, after=after)


@pytest.mark.parametrize(
    ("override", "floor", "ceiling"),
    [
        (an_override(floor=-900), -900, 600),
        (an_override(ceiling=900), -600, 900),
        (an_override(floor=-900, ceiling=900), -900, 900),
        (an_override(floor=-10, ceiling=10), -600, 600),
        (an_override(), -600, 600),
    ],
    ids=["floor", "ceiling", "both", "narrower", "neither"],
)
def test_an_override_only_widens(override: Override, floor: int, ceiling: int) -> None:
    """A permission never takes anything away; warnings stay, so that the account is still watched."""
    found = limits_in_force(LIMITS, [override], at=NOW)

    assert Limits(floor=floor, warn_floor=-480, warn_ceiling=500, ceiling=ceiling) == found


@pytest.mark.parametrize("second", [an_override(floor=-700, ceiling=1000, no=2)])
def test_of_several_overrides_the_widest_wins(second: Override) -> None:
    """In whatever order they were given."""
    first = an_override(floor=-900, ceiling=700)

    for overrides in ([first, second], [second, first]):
        found = limits_in_force(LIMITS, overrides, at=NOW)

        assert (-900, 1000) == (found.floor, found.ceiling)


def test_an_override_ends_after_its_last_instant() -> None:
    """`until` is included."""
    override = an_override(floor=-900)

    assert -900 == limits_in_force(LIMITS, [override], at=NOW).floor
    assert -600 == limits_in_force(LIMITS, [override], at=NOW + SECOND / 1_000_000).floor


def test_an_override_sets_no_limit_where_there_was_none() -> None:
    """It would narrow: an account without a floor has none under an override either."""
    override = an_override(floor=-900, ceiling=900)

    assert UNLIMITED == limits_in_force(UNLIMITED, [override], at=NOW)


@pytest.mark.parametrize(
    ("before", "after", "code"),
    [
        (0, -481, "below_warning_floor"),
        (-481, -482, "below_warning_floor"),
        (0, 501, "above_warning_ceiling"),
        (501, 502, "above_warning_ceiling"),
    ],
)
def test_a_soft_limit_warns_and_refuses_nothing(before: int, after: int, code: str) -> None:
    """The entry stands; the people should know, each time it gets worse."""
    level = -480 if after < 0 else 500

    assert (LimitWarning(code, M1, after, level),) == soft_warnings(M1, LIMITS, before=before, after=after)


@pytest.mark.parametrize(("before", "after"), [(0, -480), (0, 500), (-500, -490), (520, 510), (-490, -490)])
def test_nobody_is_warned_at_the_level_or_on_the_way_back(before: int, after: int) -> None:
    """A warning that comes with good news is soon not read any more."""
    assert () == soft_warnings(M1, LIMITS, before=before, after=after)
