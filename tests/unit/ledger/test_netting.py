"""Netting: circles of debts cancel out, nobody's sum changes, and an open balance has an age."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.ledger.netting import ageing, circles_in

CODES = st.sampled_from("abcdef")
DEBTS = st.dictionaries(st.tuples(CODES, CODES).filter(lambda pair: pair[0] < pair[1]), st.integers(-99, 99))


def test_a_circle_cancels_out_by_its_smallest_debt() -> None:
    """Three branches; what is left is owed in one direction only."""
    debts = {("a", "b"): 120, ("b", "c"): 60, ("c", "a"): 90, ("c", "d"): 5}

    assert ((("a", "b", "c"), 60),) == circles_in(debts)


def test_without_a_circle_there_is_nothing_to_net() -> None:
    """A chain, a fork, and a debt of nothing."""
    assert () == circles_in({("a", "b"): 1, ("b", "c"): 1, ("a", "c"): 1, ("c", "a"): 0})


@given(DEBTS)
def test_netting_changes_nobodys_sum_and_leaves_no_circle(signed: dict[tuple[str, str], int]) -> None:
    """Whatever is owed: each branch owes in sum what it owed before, and a second run finds nothing."""
    debts = {(pair if minutes > 0 else pair[::-1]): abs(minutes) for pair, minutes in signed.items()}
    left = dict(debts)
    for circle, minutes in circles_in(debts):
        for pair in zip(circle, (*circle[1:], circle[0]), strict=True):
            left[pair] -= minutes

    assert all(minutes >= 0 for minutes in left.values())
    assert () == circles_in(left)
    assert sums_of(debts) == sums_of(left)


def sums_of(debts: dict[tuple[str, str], int]) -> dict[str, int]:
    """Return what each branch owes in sum."""
    sums = dict.fromkeys("abcdef", 0)
    for (debtor, creditor), minutes in debts.items():
        sums[debtor] += minutes
        sums[creditor] -= minutes
    return sums


@pytest.mark.parametrize(
    ("changes", "balance", "expected"),
    [
        ([(1, 60), (10, 60), (20, -30)], 90, ((1, 60), (10, 30))),
        ([(1, -60), (10, 60), (20, -30)], -30, ((1, -30),)),
        ([], 0, ()),
    ],
)
def test_an_open_balance_consists_of_the_newest_changes(
    changes: list[tuple[int, int]], balance: int, expected: tuple[tuple[int, int], ...]
) -> None:
    """The oldest hours are settled first."""
    assert expected == ageing(changes, balance=balance)
