"""Reads that stay flat: pages of an account, and balances as known at an instant, on both engines.

They are compared with plain lists of what was posted. A second branch lives beside the first: the same
paths and the same numbers of accounts, in another order; fewer entries, of other amounts; other reversals.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate, count, product
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest
from tests.builders import NOW, TODAY
from tests.postgres import a_database

from timebank.clock import SteppingClock
from timebank.errors import AmountOutOfRange, BadPath, NaiveInstant, UnknownAccount, UnknownBranch
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import MINUTES, Posting, credit, debit
from timebank.ledger.statement import StatementLine, TrialBalance
from timebank.services.bank import Bank, open_bank
from timebank.services.statements import PAGE_MOST

FUNDS = tuple(f"fund:f{number}" for number in range(8))
IDLE = FUNDS[-1]
"""Nothing is ever posted to it."""
BATCHES = 25
DAYS = 5
"""Entries take effect on one of so many days, in no order."""
STEP = timedelta(minutes=1)
EUROS = (debit("fund:f0", 500, "EUR"), credit("fund:f1", 500, "EUR"))


class Shown(NamedTuple):
    """A line of an account as people see it."""

    entry: int
    effective_on: date
    recorded_at: datetime
    other_paths: tuple[str, ...]
    change: int
    balance: int
    reverses: int | None
    reversed_by: int | None


@dataclass(frozen=True, slots=True)
class Told:
    """An entry as it was posted."""

    seq: int
    effective_on: date
    recorded_at: datetime
    postings: tuple[Posting, ...]
    reverses: int | None = None


@dataclass(frozen=True, slots=True)
class Life:
    """What was posted in a branch, in order."""

    entries: list[Told] = field(default_factory=list)

    def balances(self, *, known_at: datetime | None = None, on: date | None = None) -> dict[str, int]:
        """Add the minutes of every account up, leaving out what was learned or took effect later."""
        found = dict.fromkeys(FUNDS, 0)
        for entry in self.entries:
            is_known = known_at is None or entry.recorded_at <= known_at
            if is_known and (on is None or entry.effective_on <= on):
                for posting in entry.postings:
                    found[posting.path] += posting.change if posting.unit == MINUTES else 0
        return found

    def lines(self, path: str, unit: str = MINUTES, *, known_at: datetime | None = None) -> list[Shown]:
        """Return an account's lines, newest first, with the account's balance after each."""
        known = [entry for entry in self.entries if known_at is None or entry.recorded_at <= known_at]
        reversals = {entry.reverses: entry.seq for entry in known if entry.reverses is not None}
        mine = [
            (entry, posting)
            for entry in known
            for posting in entry.postings
            if (posting.path, posting.unit) == (path, unit)
        ]
        balances = accumulate(posting.change for _, posting in mine)
        lines = [
            Shown(
                entry.seq,
                entry.effective_on,
                entry.recorded_at,
                tuple(other.path for other in entry.postings if (other.path, other.unit) != (path, unit)),
                posting.change,
                balance,
                entry.reverses,
                reversals.get(entry.seq),
            )
            for (entry, posting), balance in zip(mine, balances, strict=True)
        ]
        return lines[::-1]


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
    for code, paths in (("beside", FUNDS[::-1]), ("lille", FUNDS)):
        bank.branches.create(code, name="Sample branch")
        for path in paths:
            bank.accounts.open(code, path)
    for path in FUNDS[:2]:
        bank.accounts.open("lille", path, "EUR")
    yield bank
    bank.close()


def some_postings(chance: Random) -> tuple[Posting, ...]:
    """Return the lines of an entry: of two accounts, of three, one account in two lines, nobody else's."""
    payer, payee, other = chance.sample(FUNDS[:-1], 3)
    minutes, part = chance.randint(2, 90), 1
    match chance.randrange(6):
        case 0:
            return (debit(payer, minutes), credit(payee, minutes - part), credit(other, part))
        case 1:
            return (debit(payer, minutes), credit(payee, minutes - part), credit(payee, part))
        case 2:
            return (debit(payer, minutes), credit(payer, minutes))
        case _:
            return (debit(payer, minutes), credit(payee, minutes))


def post(bank: Bank, branch: str, life: Life, chance: Random, number: int) -> None:
    """Post a batch of so many entries, and write down what they were."""
    requests = [
        PostRequest(postings=some_postings(chance), effective_at=NOW - timedelta(days=chance.randrange(DAYS)))
        for _ in range(number)
    ]
    for request, result in zip(requests, bank.entries.post_many(branch, requests), strict=True):
        tell(bank, branch, life, result.seq, request.postings)  # type: ignore[union-attr]


def tell(bank: Bank, branch: str, life: Life, seq: int, postings: tuple[Posting, ...]) -> None:
    """Write down an entry that was just posted; when it was, only the bank can know."""
    entry = bank.entries.show(branch, seq).entry
    day = entry.draft.effective_at.date()
    life.entries.append(Told(seq, day, entry.recorded_at, postings, entry.draft.reverses))


def reverse(bank: Bank, branch: str, life: Life, seq: int) -> None:
    """Reverse an entry, and write that down."""
    turned = tuple(
        Posting(each.path, each.unit, each.side.opposite, each.amount)
        for each in life.entries[seq - 1].postings
    )
    tell(bank, branch, life, bank.entries.reverse(branch, seq, reason="sample").seq, turned)


def lived(bank: Bank) -> Life:
    """Let both branches live for some time; returns what was posted in one of them."""
    chance, life, beside = Random(7), Life(), Life()
    for _ in range(BATCHES):
        post(bank, "beside", beside, chance, 4)
        post(bank, "lille", life, chance, 5)
    for number in (3, 21, 100):
        reverse(bank, "lille", life, number)
    for number in (2, 40, 99):
        reverse(bank, "beside", beside, number)
    euros = bank.entries.post("lille", PostRequest(postings=EUROS))
    tell(bank, "lille", life, euros.seq, EUROS)
    return life


def balances_of(trials: tuple[TrialBalance, ...]) -> dict[str, int]:
    """Return the minutes of every account in a trial balance, in which none stands twice."""
    rows = [row for trial in trials if trial.unit == MINUTES for row in trial.rows]
    balances = {row.path: row.credit - row.debit for row in rows}
    assert len(balances) == len(rows)
    return balances


def standing(balances: dict[str, int]) -> dict[str, int]:
    """Leave out accounts with a balance of zero, as a trial balance does."""
    return {path: balance for path, balance in balances.items() if balance}


def shown(line: StatementLine) -> Shown:
    """Return what is seen of a line."""
    return Shown(*(getattr(line, name) for name in Shown._fields))


def pages_of(bank: Bank, path: str, limit: int, unit: str = MINUTES) -> list[Shown]:
    """Put all pages of an account together; more of them than there can be are not asked for."""
    found: list[Shown] = []
    before = None
    for _ in range(1_000):
        page = bank.statements.page("lille", path, unit=unit, limit=limit, before=before)
        assert limit >= len(page.lines)
        found += map(shown, page.lines)
        before = page.older
        if before is None:
            return found
    pytest.fail("pages without an end")


def test_balances_as_known_at_an_instant_are_what_they_were_then(bank: Bank) -> None:
    """At the very instant of a batch, between two, before the first, after the last; one account or all."""
    life = lived(bank)

    for recorded_at in sorted({entry.recorded_at for entry in life.entries}):
        balances = life.balances(known_at=recorded_at)
        for known_at in (recorded_at, recorded_at + STEP / 2):
            assert standing(balances) == balances_of(
                bank.statements.trial_balance("lille", known_at=known_at)
            )
        assert balances == {
            path: bank.statements.balance_at("lille", path, known_at=recorded_at) for path in FUNDS
        }
    before = life.entries[0].recorded_at - timedelta(microseconds=1)
    assert [0] * len(FUNDS) == [bank.statements.balance_at("lille", path, known_at=before) for path in FUNDS]
    assert () == bank.statements.trial_balance("lille", known_at=before)


def test_a_trial_balance_is_of_its_branch_its_day_and_its_instant(bank: Bank) -> None:
    """Now, at the end of each day, and at the end of a day as known then; nothing owed is left out."""
    life = lived(bank)
    middle = life.entries[len(life.entries) // 2].recorded_at

    assert standing(life.balances()) == balances_of(bank.statements.trial_balance("lille"))
    for day in (TODAY - timedelta(days=ago) for ago in range(-1, DAYS + 1)):
        for known_at in (None, middle):
            assert standing(life.balances(on=day, known_at=known_at)) == standing(
                balances_of(bank.statements.trial_balance("lille", on=day, known_at=known_at))
            )


def test_a_statement_is_of_its_days_and_its_instant(bank: Bank) -> None:
    """It opens with what was before, has every line of its days, and closes with what is then."""
    life = lived(bank)
    periods = ((None, None), (3, 1), (2, 2), (DAYS, None), (None, 2))
    instants = (None, life.entries[60].recorded_at, life.entries[-3].recorded_at)
    for path, ago, known_at in product(FUNDS, periods, instants):
        first, last = (TODAY - timedelta(days=days) if days is not None else None for days in ago)

        found = bank.statements.statement("lille", path, first_on=first, last_on=last, known_at=known_at)

        before = first - timedelta(days=1) if first is not None else date.min
        assert life.balances(on=before, known_at=known_at)[path] == found.opening
        assert life.balances(on=last, known_at=known_at)[path] == found.closing
        changes = accumulate((line.change for line in found.lines), initial=found.opening)
        assert list(changes)[1:] == [line.balance for line in found.lines]
        mine = [
            line._replace(balance=0)
            for line in life.lines(path, known_at=known_at)
            if (first or date.min) <= line.effective_on <= (last or date.max)
        ]
        assert sorted(mine) == sorted(shown(line)._replace(balance=0) for line in found.lines)
        order = [(line.effective_on, line.entry) for line in found.lines]
        assert sorted(order) == order


def test_each_unit_of_an_account_is_read_by_itself(bank: Bank) -> None:
    """Hours and money stand under one path and are never mixed (I-12)."""
    life = lived(bank)
    last = life.entries[-1].recorded_at

    assert life.lines("fund:f1", "EUR") == pages_of(bank, "fund:f1", 10, "EUR")
    assert 500 == bank.statements.balance_at("lille", "fund:f1", unit="EUR", known_at=last)
    assert life.balances()["fund:f1"] == bank.statements.balance_at("lille", "fund:f1", known_at=last)


def test_the_past_of_a_closed_account_stays(bank: Bank) -> None:
    """Closing an account takes nothing from the books of the years before."""
    life, path = lived(bank), "fund:f2"
    end, balance = life.entries[-1].recorded_at, life.balances()[path]
    sides = (debit, credit) if balance > 0 else (credit, debit)
    emptied = (sides[0](path, abs(balance)), sides[1](IDLE, abs(balance)))
    tell(bank, "lille", life, bank.entries.post("lille", PostRequest(postings=emptied)).seq, emptied)
    bank.accounts.close("lille", path)

    assert life.lines(path) == pages_of(bank, path, 10)
    assert balance == bank.statements.balance_at("lille", path, known_at=end)
    assert standing(life.balances(known_at=end)) == balances_of(
        bank.statements.trial_balance("lille", known_at=end)
    )
    for day in (TODAY, TODAY - timedelta(days=1)):
        assert standing(life.balances(on=day)) == standing(
            balances_of(bank.statements.trial_balance("lille", on=day))
        )


def test_an_empty_journal_has_no_balances_at_any_time(bank: Bank) -> None:
    """Halving nothing ends at once."""
    assert 0 == bank.statements.balance_at("lille", "fund:f0", known_at=NOW)
    assert () == bank.statements.page("lille", "fund:f0").lines


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_pages_put_together_are_the_whole_account(bank: Bank, limit: int) -> None:
    """Newest first, nothing twice, nothing left out, the account's own balance after every line."""
    life = lived(bank)

    for path in ("fund:f1", "fund:f5", IDLE):
        assert life.lines(path) == pages_of(bank, path, limit)


def test_the_last_page_says_that_it_is_the_last(bank: Bank) -> None:
    """However the lines divide into pages, nobody is sent to a page of nothing."""
    life = lived(bank)
    whole = len(life.lines("fund:f1"))

    assert bank.statements.page("lille", "fund:f1", limit=whole).older is None
    assert bank.statements.page("lille", "fund:f1", limit=PAGE_MOST).older is None
    assert 2 == bank.statements.page("lille", "fund:f1", limit=whole - 1).older
    for before in (1, 0):
        assert () == bank.statements.page("lille", "fund:f1", before=before).lines


@pytest.mark.parametrize(
    ("error", "ask"),
    [
        (UnknownAccount, lambda bank: bank.statements.page("lille", "fund:none")),
        (UnknownAccount, lambda bank: bank.statements.page("lille", "fund:f2", unit="EUR")),
        (BadPath, lambda bank: bank.statements.page("lille", "fund")),
        (UnknownBranch, lambda bank: bank.statements.page("brest", "fund:f0")),
        (AmountOutOfRange, lambda bank: bank.statements.page("lille", "fund:f0", limit=0)),
        (AmountOutOfRange, lambda bank: bank.statements.page("lille", "fund:f0", limit=1_001)),
        (UnknownAccount, lambda bank: bank.statements.balance_at("lille", "fund:none", known_at=NOW)),
        (
            UnknownAccount,
            lambda bank: bank.statements.balance_at("lille", "fund:f2", unit="EUR", known_at=NOW),
        ),
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
    balances = lived(bank).balances()

    assert balances["fund:f2"] == bank.statements.balance_at(
        "lille", "fund:f2", known_at=datetime(2199, 1, 1, tzinfo=UTC)
    )
    assert 0 == bank.statements.balance_at("lille", "fund:f2", known_at=datetime(1970, 1, 2, tzinfo=UTC))
