import pytest

from timebank.errors import BadPath
from timebank.ledger.chart import (
    GRANT,
    OPENING,
    UNFUNDED,
    AccountKind,
    Place,
    available,
    clearing,
    held,
    is_held,
    place_of,
)
from timebank.ledger.model import Side

PLACES = [
    ("member:m1:available", Place(AccountKind.MEMBER, "m1", "available")),
    ("member:m1:held", Place(AccountKind.MEMBER, "m1", "held")),
    ("member:m1:grant", Place(AccountKind.MEMBER, "m1", "grant")),
    ("fund:solidarity", Place(AccountKind.FUND, "solidarity")),
    ("fund:club-tea", Place(AccountKind.FUND, "club-tea")),
    ("issuance:opening", Place(AccountKind.ISSUANCE, "opening")),
    ("clearing:locmine", Place(AccountKind.CLEARING, "locmine")),
    ("suspense:estate-m1", Place(AccountKind.SUSPENSE, "estate-m1")),
]


@pytest.mark.parametrize(("path", "place"), PLACES)
def test_every_path_of_the_chart_is_read(path: str, place: Place) -> None:
    """The paths are a contract with other people's scripts."""
    assert place == place_of(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "member",
        "member:",
        "member:m1",
        "member:m1:",
        "member:m1:spent",
        "member:M1:available",
        "member:m1:available:x",
        "member:m1:available\n",
        "member: m1:available",
        "fund",
        "fund:",
        "fund:a:b",
        "fund:a b",
        "fund:" + "x" * 41,
        "wallet:m1",
        "Fund:a",
        "issuance:ä",
    ],
)
def test_any_other_path_is_refused(path: str) -> None:
    """What is not in the chart cannot be opened by mistake."""
    with pytest.raises(BadPath):
        place_of(path)


def test_only_issuance_is_increased_by_debits() -> None:
    """The bank owes what stands on every other account; issuance is where it came from."""
    sides = {kind: kind.normal_side for kind in AccountKind}

    assert Side.DEBIT == sides.pop(AccountKind.ISSUANCE)
    assert {Side.CREDIT} == set(sides.values())


def test_the_helpers_write_paths_of_the_chart() -> None:
    """One place knows how a path is put together."""
    assert "available" == place_of(available("m1")).bucket
    assert "held" == place_of(held("m1")).bucket
    assert AccountKind.CLEARING == place_of(clearing("locmine")).kind
    assert {AccountKind.ISSUANCE} == {place_of(path).kind for path in (GRANT, OPENING, UNFUNDED)}


@pytest.mark.parametrize(("path", "place"), PLACES)
def test_a_held_account_is_known_by_its_path(path: str, place: Place) -> None:
    """The audit asks this of every posting, so it must not parse; it must agree with the parser (I-6)."""
    assert (place.bucket == "held") == is_held(path)
