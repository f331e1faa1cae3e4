from datetime import date, timedelta

import pytest
from tests.builders import NOW

from timebank.errors import PeriodReversed
from timebank.ledger.statement import (
    ClearingPosition,
    Period,
    StatementLine,
    TrialRow,
    clearing_positions,
    statement_of,
    trial_balance_of,
)

MARCH = Period(first_on=date(2026, 3, 1), last_on=date(2026, 3, 31))


def a_line(entry: int, day: int, change: int) -> StatementLine:
    """Return a line of March, without its running balance."""
    return StatementLine(
        entry=entry,
        effective_on=date(2026, 3, day),
        recorded_at=NOW + timedelta(seconds=entry),
        kind="service",
        cause=f"service {entry}",
        other_paths=("member:m2:available",),
        change=change,
        balance=0,
    )


def test_a_period_includes_both_of_its_days() -> None:
    """One day is a period; None is open."""
    assert date(2026, 3, 1) == Period(first_on=date(2026, 3, 1), last_on=date(2026, 3, 1)).last_on
    assert Period(first_on=None, last_on=None) == Period()
    assert date(2026, 3, 1) == Period(last_on=date(2026, 3, 1)).last_on
    assert date(2026, 3, 1) == Period(first_on=date(2026, 3, 1)).first_on


def test_a_period_does_not_end_before_it_starts() -> None:
    """Days swapped by mistake would give an empty statement that looks like a true one."""
    with pytest.raises(PeriodReversed):
        Period(first_on=date(2026, 3, 2), last_on=date(2026, 3, 1))


def test_a_statement_is_ordered_by_day_then_entry_and_carries_its_balance() -> None:
    """Whatever order the lines arrive in: closing is opening plus all changes."""
    lines = [a_line(4, 2, 5), a_line(3, 9, -90), a_line(1, 2, 60)]

    found = statement_of(
        branch="lille",
        path="member:m1:available",
        unit="min",
        period=MARCH,
        known_at=NOW,
        opening=10,
        lines=lines,
    )

    assert [(1, 70), (4, 75), (3, -15)] == [(line.entry, line.balance) for line in found.lines]
    assert (10, -15) == (found.opening, found.closing)
    assert ("lille", "member:m1:available", "min", MARCH, NOW) == (
        found.branch,
        found.path,
        found.unit,
        found.period,
        found.known_at,
    )


def test_a_statement_without_lines_closes_as_it_opened() -> None:
    """Nothing happened."""
    found = statement_of(
        branch="lille", path="fund:branch", unit="min", period=Period(), known_at=None, opening=7, lines=()
    )

    assert (7, 7, ()) == (found.opening, found.closing, found.lines)


def test_a_trial_balance_has_each_balance_in_one_column() -> None:
    """By unit and path; debits equal credits; accounts without a balance are left out."""
    found = trial_balance_of(
        "lille",
        [
            ("member:m2:available", "min", -90),
            ("fund:branch", "min", 0),
            ("member:m1:available", "min", 90),
            ("fund:branch", "EUR", 0),
        ],
    )

    assert [("EUR", ()), ("min", ("member:m1:available", "member:m2:available"))] == [
        (trial.unit, tuple(row.path for row in trial.rows)) for trial in found
    ]
    assert (
        TrialRow(path="member:m1:available", unit="min", debit=0, credit=90),
        TrialRow(path="member:m2:available", unit="min", debit=90, credit=0),
    ) == found[1].rows
    assert (90, 90, True) == (found[1].debit_total, found[1].credit_total, found[1].is_balanced)


def test_a_trial_balance_that_is_off_says_so() -> None:
    """It states what it was given; the audit asks."""
    (found,) = trial_balance_of("lille", [("fund:branch", "min", 5)])

    assert not found.is_balanced


def test_the_two_books_of_a_clearing_position_are_paired() -> None:
    """I-7: one position for each pair of branches and unit, from the side of the first by name."""
    found = clearing_positions(
        [
            ("locmine", "lille", "min", -120),
            ("lille", "locmine", "min", 120),
            ("lille", "locmine", "EUR", 500),
            ("brest", "lille", "min", 1),
            ("lille", "brest", "min", -1),
        ]
    )

    assert (
        ClearingPosition(branch="brest", other="lille", unit="min", owed=1, owed_back=-1),
        ClearingPosition(branch="lille", other="locmine", unit="EUR", owed=500, owed_back=0),
        ClearingPosition(branch="lille", other="locmine", unit="min", owed=120, owed_back=-120),
    ) == found
    assert [True, False, True] == [position.is_reconciled for position in found]
