"""Laws of statements: periods fit together, and what was known then is what the journal said then."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW

from timebank.errors import PeriodReversed
from timebank.ledger.statement import (
    Period,
    Statement,
    StatementLine,
    clearing_positions,
    statement_of,
    trial_balance_of,
)

FIRST = date(2026, 1, 1)
days = st.integers(0, 30).map(lambda offset: FIRST + timedelta(days=offset))


@st.composite
def histories(draw: st.DrawFn) -> list[StatementLine]:
    """Draw the postings of one account: days in any order, recorded by a clock that goes as it likes."""
    facts = draw(
        st.lists(st.tuples(days, st.integers(-99, 99).filter(bool), st.integers(0, 50)), max_size=12)
    )
    return [
        StatementLine(
            entry=entry,
            effective_on=on,
            recorded_at=NOW + timedelta(hours=hour),
            kind="service",
            cause=f"service {entry}",
            other_paths=(),
            change=change,
            balance=0,
        )
        for entry, (on, change, hour) in enumerate(facts, 1)
    ]


def statement(lines: Sequence[StatementLine], period: Period, known_at: datetime | None = None) -> Statement:
    """Make the statement of a period the slow way, from the whole history."""
    known = [line for line in lines if known_at is None or line.recorded_at <= known_at]
    inside = [
        line
        for line in known
        if (period.first_on is None or line.effective_on >= period.first_on)
        and (period.last_on is None or line.effective_on <= period.last_on)
    ]
    before = sum(
        line.change for line in known if period.first_on is not None and line.effective_on < period.first_on
    )
    return statement_of(
        branch="lille",
        path="member:m1:available",
        unit="min",
        period=period,
        known_at=known_at,
        opening=before,
        lines=inside,
    )


@given(histories(), days)
def test_the_closing_of_a_period_is_the_opening_of_the_next(lines: list[StatementLine], cut: date) -> None:
    """Wherever the books are closed."""
    first = statement(lines, Period(last_on=cut))
    second = statement(lines, Period(first_on=cut + timedelta(days=1)))

    assert first.closing == second.opening
    assert statement(lines, Period()).closing == second.closing


@given(histories(), st.sets(days, max_size=5))
def test_any_split_gives_the_same_lines_and_balances(lines: list[StatementLine], cuts: set[date]) -> None:
    """Month by month or year by year: nothing falls between two statements, nothing is told twice."""
    firsts = [None, *(cut + timedelta(days=1) for cut in sorted(cuts))]
    lasts = [*sorted(cuts), None]
    parts = [
        statement(lines, Period(first_on=first, last_on=last))
        for first, last in zip(firsts, lasts, strict=True)
    ]

    assert [line for part in parts for line in part.lines] == list(statement(lines, Period()).lines)
    assert [part.opening for part in parts[1:]] == [part.closing for part in parts[:-1]]


@given(histories(), st.integers(-1, 51), days)
def test_as_known_then_is_what_the_journal_said_then(
    lines: list[StatementLine], hour: int, last_on: date
) -> None:
    """The statement of the entries recorded by an instant, whatever was recorded since."""
    at = NOW + timedelta(hours=hour)
    then = [line for line in lines if line.recorded_at <= at]

    found, said = statement(lines, Period(last_on=last_on), at), statement(then, Period(last_on=last_on))

    assert (said.opening, said.lines, said.closing) == (found.opening, found.lines, found.closing)


@given(histories(), st.permutations(range(12)))
def test_a_statement_does_not_depend_on_the_order_it_is_read_in(
    lines: list[StatementLine], order: list[int]
) -> None:
    """Lines come by day, then entry."""
    shuffled = [lines[index] for index in order if index < len(lines)]

    assert statement(lines, Period()) == statement(shuffled, Period())


@given(histories())
def test_every_balance_of_a_statement_follows(lines: list[StatementLine]) -> None:
    """From the opening to the closing, line by line."""
    found = statement(lines, Period(first_on=date(2026, 1, 10)))

    balance = found.opening
    for line in found.lines:
        balance += line.change
        assert balance == line.balance
    assert balance == found.closing


@given(st.none() | days, st.none() | days)
def test_a_period_is_refused_if_it_ends_before_it_starts(first: date | None, last: date | None) -> None:
    """And only then."""
    is_reversed = first is not None and last is not None and last < first
    try:
        Period(first_on=first, last_on=last)
    except PeriodReversed:
        assert is_reversed
    else:
        assert not is_reversed


changes = st.dictionaries(
    st.tuples(st.sampled_from(["fund:a", "fund:b", "fund:c"]), st.sampled_from(["min", "EUR"])),
    st.integers(-99, 99),
)


@given(changes)
def test_a_trial_balance_sums_what_it_is_given(found: dict[tuple[str, str], int]) -> None:
    """Credits less debits are the sum of the balances; it balances if that is nothing."""
    trials = trial_balance_of("lille", ((path, unit, balance) for (path, unit), balance in found.items()))

    for trial in trials:
        balances = [balance for (_, unit), balance in found.items() if unit == trial.unit]
        assert sum(balances) == trial.credit_total - trial.debit_total
        assert trial.is_balanced == (sum(balances) == 0)
        assert all(min(row.debit, row.credit) == 0 < max(row.debit, row.credit) for row in trial.rows)


owed = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.sampled_from("abc"), st.just("min")).filter(
        lambda key: key[0] != key[1]
    ),
    st.integers(-99, 99),
)


@given(owed)
def test_every_clearing_account_is_in_one_position(books: dict[tuple[str, str, str], int]) -> None:
    """Of both branches' books, each balance once (I-7)."""
    positions = clearing_positions((a, b, unit, balance) for (a, b, unit), balance in books.items())

    told = sum(position.owed + position.owed_back for position in positions)
    assert sum(books.values()) == told
    assert all(position.branch < position.other for position in positions)
    assert len({(position.branch, position.other) for position in positions}) == len(positions)
