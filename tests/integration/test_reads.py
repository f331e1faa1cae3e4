"""Reads that stay flat: pages of an account, and balances as known at an instant, on both engines."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from tests.builders import NOW
from tests.postgres import a_database

from timebank.clock import SteppingClock
from timebank.errors import AmountOutOfRange, BadPath, NaiveInstant, UnknownAccount, UnknownBranch
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank, open_bank

FUNDS = tuple(f"fund:f{number}" for number in range(8))
BATCHES = 25
STEP = timedelta(minutes=1)


@pytest.fixture(params=["sqlite", "postgresql"])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    """Return a bank on either engine, with some funds and nothing posted."""
    if request.param == "sqlite":
        yield from opened(f"sqlite:///{tmp_path / 'bank.db'}")
    else:
        with a_database(request.getfixturevalue("postgres_server")) as address:
            yield from opened(address)


def opened(address: str) -> Iterator[Bank]:
    """Open a bank whose clock goes on by a minute with every transaction."""
    bank = open_bank(address, clock=SteppingClock(NOW, STEP))
    bank.branches.create("lille", name="Sample branch")
    for path in FUNDS:
        bank.accounts.open("lille", path)
    yield bank
    bank.close()


def lived(bank: Bank) -> list[tuple[datetime, dict[str, int]]]:
    """Post some batches of five; returns what every account had after each, and when that was."""
    chance, balances = Random(7), dict.fromkeys(FUNDS, 0)
    history = []
    for _ in range(BATCHES):
        requests = []
        for _ in range(5):
            payer, payee = chance.sample(FUNDS[:-1], 2)
            minutes = chance.randint(1, 90)
            requests.append(PostRequest(postings=(debit(payer, minutes), credit(payee, minutes))))
            balances[payer] -= minutes
            balances[payee] += minutes
        last = bank.entries.post_many("lille", requests)[-1]
        entry = bank.entries.show("lille", last.seq).entry  # type: ignore[union-attr]
        history.append((entry.recorded_at, dict(balances)))
    return history


def test_balances_as_known_at_an_instant_are_what_they_were_then(bank: Bank) -> None:
    """At the very instant of a batch, between two, before the first, after the last; one account or all."""
    history = lived(bank)

    for recorded_at, balances in history:
        for known_at in (recorded_at, recorded_at + STEP / 2):
            found = {
                row.path: row.credit - row.debit
                for trial in bank.statements.trial_balance("lille", known_at=known_at)
                for row in trial.rows
            }
            assert {path: balance for path, balance in balances.items() if balance} == found
        assert balances == {
            path: bank.statements.balance_at("lille", path, known_at=recorded_at) for path in FUNDS
        }
    before = history[0][0] - timedelta(microseconds=1)
    assert 0 == bank.statements.balance_at("lille", "fund:f0", known_at=before)
    assert () == bank.statements.trial_balance("lille", known_at=before)


def test_an_empty_journal_has_no_balances_at_any_time(bank: Bank) -> None:
    """Halving nothing ends at once."""
    assert 0 == bank.statements.balance_at("lille", "fund:f0", known_at=NOW)
    assert () == bank.statements.page("lille", "fund:f0").lines


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_pages_put_together_are_the_statement(bank: Bank, limit: int) -> None:
    """Newest first, nothing twice, nothing left out, the account's own balance after every line."""
    lived(bank)
    bank.entries.reverse("lille", 3, reason="sample")
    whole = bank.statements.statement("lille", "fund:f1")

    page = bank.statements.page("lille", "fund:f1", limit=limit)
    lines = list(page.lines)
    while page.older is not None:
        page = bank.statements.page("lille", "fund:f1", limit=limit, before=page.older)
        lines += page.lines

    assert sorted(whole.lines, key=lambda line: -line.entry) == lines


@pytest.mark.parametrize(
    ("error", "ask"),
    [
        (UnknownAccount, lambda bank: bank.statements.page("lille", "fund:none")),
        (UnknownAccount, lambda bank: bank.statements.page("lille", "fund:f0", unit="EUR")),
        (BadPath, lambda bank: bank.statements.page("lille", "fund")),
        (UnknownBranch, lambda bank: bank.statements.page("brest", "fund:f0")),
        (AmountOutOfRange, lambda bank: bank.statements.page("lille", "fund:f0", limit=0)),
        (AmountOutOfRange, lambda bank: bank.statements.page("lille", "fund:f0", limit=1_001)),
        (UnknownAccount, lambda bank: bank.statements.balance_at("lille", "fund:none", known_at=NOW)),
        (BadPath, lambda bank: bank.statements.balance_at("lille", "fund", known_at=NOW)),
        (
            NaiveInstant,
            lambda bank: bank.statements.balance_at("lille", "fund:f0", known_at=NOW.replace(tzinfo=None)),
        ),
    ],
    ids=count(),
)
def test_what_cannot_be_read_is_said(error: type[Exception], ask: object, tmp_path: Path) -> None:
    """A page of nothing would look like an account without lines."""
    for bank in opened(f"sqlite:///{tmp_path / 'bank.db'}"):
        with pytest.raises(error):
            ask(bank)  # type: ignore[operator]


def test_an_instant_far_away_is_an_instant(bank: Bank) -> None:
    """The first and the last one that people may write."""
    (*_, (_, balances)) = lived(bank)

    assert balances["fund:f2"] == bank.statements.balance_at(
        "lille", "fund:f2", known_at=datetime(2199, 1, 1, tzinfo=UTC)
    )
    assert 0 == bank.statements.balance_at("lille", "fund:f2", known_at=datetime(1970, 1, 2, tzinfo=UTC))
