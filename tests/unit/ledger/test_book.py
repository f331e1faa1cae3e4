from typing import Any

import pytest
from tests.builders import NOW, a_book, a_draft, an_exchange, balances_of

from timebank.errors import (
    AccountClosed,
    BalanceTooLarge,
    CeilingReached,
    InsufficientHours,
    TimebankError,
    UnknownAccount,
)
from timebank.ledger.book import AccountState, Book, help_counted
from timebank.ledger.chart import available, held
from timebank.ledger.limits import HELD, Limits, LimitWarning
from timebank.ledger.model import BALANCE_MAX, credit, debit

M1, M2, M3 = available("m1"), available("m2"), available("m3")
FLOOR = Limits(floor=-600, warn_floor=-480)
CEILING = Limits(ceiling=600, warn_ceiling=500)


def facts_of(book: Book) -> dict[str, tuple[int, int, int, int]]:
    """Return balance, given, received and version of every account."""
    return {
        path: (state.balance, state.given, state.received, state.version)
        for (path, _), state in book.accounts.items()
    }


def test_posting_moves_both_balances_and_numbers_the_lines() -> None:
    """Every line carries the account's version and running balance (I-4), the entry its place (I-13)."""
    book = a_book(M1, M2)

    first = book.post(an_exchange(minutes=90, record=1), recorded_at=NOW)
    second = book.post(an_exchange(minutes=30, record=2), recorded_at=NOW)

    assert [1, 2] == [first.seq, second.seq]
    assert [(1, -90), (1, 90)] == [(line.account_seq, line.balance_after) for line in first.lines]
    assert [(2, -120), (2, 120)] == [(line.account_seq, line.balance_after) for line in second.lines]
    assert balances_of([first, second]) == {path: facts[0] for path, facts in facts_of(book).items()}


def test_order_comes_from_the_sequence_not_from_the_clock() -> None:
    """I-13: a clock that goes back changes nothing in the order."""
    book = a_book(M1, M2)
    earlier = NOW.replace(year=2020)

    entries = [book.post(an_exchange(record=no), recorded_at=at) for no, at in ((1, NOW), (2, earlier))]

    assert [(1, NOW), (2, earlier)] == [(entry.seq, entry.recorded_at) for entry in entries]


def test_several_lines_of_one_account_are_carried_one_after_another() -> None:
    """Each line has its own version; the limits judge the entry's net effect only."""
    book = a_book(M1, M2, limits={M1: Limits(floor=0)})
    draft = a_draft(debit(M1, 50), credit(M1, 70), debit(M2, 20))

    entry = book.post(draft, recorded_at=NOW)

    assert [(1, -50), (2, 20), (1, -20)] == [(line.account_seq, line.balance_after) for line in entry.lines]


@pytest.mark.parametrize(
    ("amounts", "is_allowed"),
    [((300, 300), True), ((300, 301), False), ((600, 1), False), ((1, 600), False)],
)
def test_limits_judge_all_lines_of_an_account_together(amounts: tuple[int, int], *, is_allowed: bool) -> None:
    """Two debits that each keep the floor pass it together (I-5)."""
    book = a_book(M1, M2, limits={M1: FLOOR})
    first, second = amounts
    draft = a_draft(debit(M1, first), credit(M2, first + second), debit(M1, second))

    if is_allowed:
        assert 1 == book.post(draft, recorded_at=NOW).seq
    else:
        with pytest.raises(InsufficientHours):
            book.post(draft, recorded_at=NOW)


@pytest.mark.parametrize(
    ("side", "counts_help", "given", "received"),
    [
        (credit, 1, 90, 0),
        (debit, 1, 0, 90),
        (credit, -1, 0, -90),
        (debit, -1, -90, 0),
        (credit, 0, 0, 0),
        (debit, 0, 0, 0),
    ],
)
def test_help_is_counted_given_and_received(side: Any, counts_help: int, given: int, received: int) -> None:  # noqa: ANN401
    """A reversal mirrors the sides: its debit takes back help given, its credit help received."""
    assert (given, received) == help_counted(side(M1, 90), counts_help)


def test_only_entries_that_count_help_change_the_totals() -> None:
    """A transfer by decision is nobody's help."""
    book = a_book(M1, M2)

    book.post(an_exchange(minutes=90), recorded_at=NOW)
    book.post(a_draft(debit(M1, 40), credit(M2, 40)), recorded_at=NOW)

    assert {M1: (50, 90, 0, 2), M2: (-50, 0, 90, 2)} == facts_of(book)


def test_touching_a_limit_is_allowed_and_passing_it_is_not() -> None:
    """I-5, and a refusal leaves the book as it was: no number is used up, nothing half done."""
    book = a_book(M1, M2, limits={M2: FLOOR, M1: CEILING})
    book.post(an_exchange(minutes=600, record=1), recorded_at=NOW)
    before, warnings = facts_of(book), list(book.warnings)
    book.changed.clear()

    with pytest.raises(InsufficientHours):
        book.post(an_exchange(minutes=1, record=2), recorded_at=NOW)

    assert (before, warnings, 1, {}) == (facts_of(book), book.warnings, book.last_seq, book.changed)


def test_soft_limits_are_reported_in_the_order_of_the_postings() -> None:
    """The entry stands, the people should know."""
    book = a_book(M1, M2, limits={M2: FLOOR, M1: CEILING})

    book.post(an_exchange(minutes=550), recorded_at=NOW)

    assert [
        LimitWarning("below_warning_floor", M2, -550, -480),
        LimitWarning("above_warning_ceiling", M1, 550, 500),
    ] == book.warnings


def test_a_correction_is_possible_whatever_the_limits_say() -> None:
    """History and reversals are not refused; whoever lets them through lists the accounts outside."""
    book = a_book(M1, M2, limits={M2: FLOOR, M1: CEILING})

    book.post(an_exchange(minutes=700), recorded_at=NOW, enforce_limits=False)

    assert (700, -700) == (facts_of(book)[M1][0], facts_of(book)[M2][0])


@pytest.mark.parametrize("enforce_limits", [True, False])
def test_held_minutes_are_never_overspent(*, enforce_limits: bool) -> None:
    """I-6 bends for nobody: not under an override, not for a correction."""
    book = a_book(M1, held("m1"), limits={held("m1"): HELD})

    with pytest.raises(InsufficientHours):
        book.post(
            a_draft(debit(held("m1"), 1), credit(M1, 1)), recorded_at=NOW, enforce_limits=enforce_limits
        )


def test_a_balance_never_passes_what_json_keeps_exactly() -> None:
    """Limits or not, in both directions."""
    for balance, draft in (
        (BALANCE_MAX, a_draft(debit(M2, 1), credit(M1, 1))),
        (-BALANCE_MAX, a_draft(debit(M1, 1), credit(M2, 1))),
    ):
        book = a_book(M2)
        book.take([AccountState(no=9, path=M1, unit="min", balance=balance)])

        with pytest.raises(BalanceTooLarge):
            book.post(draft, recorded_at=NOW, enforce_limits=False)
        assert 0 == book.last_seq


def test_the_largest_balance_is_allowed() -> None:
    """Bounds are included."""
    book = a_book(M2)
    book.take([AccountState(no=9, path=M1, unit="min", balance=BALANCE_MAX - 1)])

    book.post(a_draft(debit(M2, 1), credit(M1, 1)), recorded_at=NOW)

    assert BALANCE_MAX == book.accounts[M1, "min"].balance


def test_an_account_is_known_by_path_and_unit() -> None:
    """I-12: minutes of an account are not its service minutes."""
    book = a_book(M1, M2, units=("min", "svc"))

    book.post(a_draft(debit(M1, 5, "svc"), credit(M2, 5, "svc")), recorded_at=NOW)

    assert (0, -5) == (book.accounts[M1, "min"].balance, book.accounts[M1, "svc"].balance)
    with pytest.raises(UnknownAccount) as refused:
        book.post(a_draft(debit(M1, 5, "EUR"), credit(M2, 5, "EUR")), recorded_at=NOW)
    assert {"path": M1, "branch": "lille"} == refused.value.facts


def test_an_account_in_hand_keeps_its_state() -> None:
    """Loading it again, from before the last entry, must not undo what was posted since."""
    book = a_book(M1, M2)
    book.post(an_exchange(minutes=90), recorded_at=NOW)

    book.take([AccountState(no=1, path=M1, unit="min")])

    assert 90 == book.accounts[M1, "min"].balance


def test_changed_accounts_are_handed_to_the_caller() -> None:
    """Those that were posted to, and no others."""
    book = a_book(M1, M2, M3)

    book.post(an_exchange(), recorded_at=NOW)

    assert {(M1, "min"), (M2, "min")} == set(book.changed)


PRECEDENCE: list[tuple[type[TimebankError], Book]] = [
    (AccountClosed, a_book(M3, held("m1"), closed=[M3])),
    (UnknownAccount, a_book(M3, held("m1"))),
    (AccountClosed, a_book(M3, M2, M1, held("m1"), closed=[M2])),
]


@pytest.mark.parametrize(("error", "book"), PRECEDENCE)
def test_accounts_are_looked_at_in_posting_order_before_any_limit(
    error: type[TimebankError], book: Book
) -> None:
    """The first posting that names a missing or closed account decides, whatever else is wrong."""
    for state in book.accounts.values():
        state.limits = HELD
    draft = a_draft(debit(M3, 10), debit(M2, 10), credit(M1, 20))

    with pytest.raises(error):
        book.post(draft, recorded_at=NOW)


def test_limits_are_judged_account_by_account_in_posting_order() -> None:
    """The first account to appear wins, and its size is looked at before its limits."""
    limits = {M1: CEILING, M2: FLOOR}
    payer_first, payee_first = an_exchange(minutes=700), a_draft(credit(M1, 700), debit(M2, 700))

    with pytest.raises(InsufficientHours):
        a_book(M1, M2, limits=limits).post(payer_first, recorded_at=NOW)
    with pytest.raises(CeilingReached):
        a_book(M1, M2, limits=limits).post(payee_first, recorded_at=NOW)

    book = a_book(M2, limits=limits)
    book.take([AccountState(no=9, path=M1, unit="min", balance=BALANCE_MAX, limits=CEILING)])
    with pytest.raises(BalanceTooLarge):
        book.post(payee_first, recorded_at=NOW)
