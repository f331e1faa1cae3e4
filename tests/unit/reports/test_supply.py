"""Time supply: the parts of the identity, and that it holds for every book that balances."""

from hypothesis import given
from hypothesis import strategies as st

from timebank.reports.supply import TimeSupply, time_supply_of

PATHS = (
    *("member:m1:available", "member:m1:held", "member:m2:available", "member:m2:grant"),
    *("fund:solidarity", "issuance:grant", "clearing:locmine", "suspense:transit"),
)


@given(st.lists(st.tuples(st.sampled_from(PATHS), st.sampled_from(PATHS), st.integers(1, 10_000))))
def test_the_identity_is_exact_in_every_balanced_book(moves: list[tuple[str, str, int]]) -> None:
    """Debit one, credit the other: whatever is posted, no hour is missing."""
    balances = dict.fromkeys(PATHS, 0)
    for payer, payee, minutes in moves:
        balances[payer] -= minutes
        balances[payee] += minutes

    assert time_supply_of(balances.items()).is_exact


def test_each_part_is_what_it_says() -> None:
    """A member's minutes count together; a book that does not balance shows."""
    found = time_supply_of(
        [
            ("member:m1:available", -30),
            ("member:m1:held", 60),
            ("member:m2:available", -100),
            ("fund:solidarity", 10),
            ("issuance:grant", -20),
            ("clearing:locmine", 60),
            ("suspense:transit", 20),
        ]
    )

    assert TimeSupply(issued=20, positive=30, negative=100, funds=10, waiting=20, clearing=60) == found
    assert found.is_exact
    assert not (found + TimeSupply(issued=1)).is_exact
