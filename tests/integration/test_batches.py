"""Many requests at once: the same results as one after the other, on both engines."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import NOW
from tests.postgres import a_database

from timebank.clock import SteppingClock
from timebank.errors import NotAllowed, TimebankError, UnknownBranch
from timebank.ledger.batch import Posted, PostGroup, PostItem, PostRequest, PostResult, Refused
from timebank.ledger.limits import Limits
from timebank.ledger.model import EntryKind, credit, debit
from timebank.services.bank import Bank, open_bank

FUNDS = ("fund:a", "fund:b", "fund:c", "fund:closed")
PATHS = (*FUNDS, "fund:unknown", "clearing:brest")


@pytest.fixture(params=["sqlite", "postgresql"])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    """Return a bank on either engine, with a few funds of which one is closed."""
    if request.param == "sqlite":
        yield from opened(f"sqlite:///{tmp_path / 'bank.db'}")
    else:
        with a_database(request.getfixturevalue("postgres_server")) as address:
            yield from opened(address)


def opened(address: str) -> Iterator[Bank]:
    """Open a bank with accounts whose floor is -100; prove its books at the end."""
    bank = open_bank(address, clock=SteppingClock(NOW, timedelta(seconds=1)))
    found(bank, "lille")
    try:
        yield bank
        assert () == bank.audits.run().faults
    finally:
        bank.close()


def found(bank: Bank, branch: str) -> None:
    """Make a branch with its funds."""
    bank.branches.create(branch, name="Sample branch")
    for path in FUNDS:
        bank.accounts.open(branch, path)
        bank.accounts.limit(branch, path, limits=Limits(floor=-100), why="sample")
    bank.accounts.close(branch, "fund:closed")


def move(minutes: Any = 10, key: str | None = None, *, to: str = "fund:b", **facts: Any) -> PostRequest:  # noqa: ANN401
    """Return a wish to move minutes from fund a."""
    return PostRequest(postings=(debit("fund:a", minutes), credit(to, minutes)), key=key, **facts)


def shown(results: Sequence[PostResult]) -> list[object]:
    """Return what a caller sees of each result."""
    return [
        (each.code, each.transient) if isinstance(each, Refused) else (each.entries, each.is_repeat)
        for each in results
    ]


def test_every_request_has_its_own_answer(bank: Bank) -> None:
    """In order, each against the balances that those before it left."""
    results = bank.entries.post_many(
        "lille",
        [
            move(60, "k1"),
            move(60),
            move(40, "k2"),
            move(1),
            move(60, "k1"),
            move(61, "k1"),
            move(5, ""),
            move(0),
            move(1, to="fund:closed"),
            move(1, to="fund:unknown"),
            move(1, to="clearing:brest"),
            move(1, kind=EntryKind.SERVICE),
            move(5, effective_at=datetime(2026, 1, 1)),  # noqa: DTZ001
        ],
    )

    assert [
        ((1,), False),
        ("insufficient_hours", False),
        ((2,), False),
        ("insufficient_hours", False),
        ((1,), True),
        ("key_reused", False),
        ("bad_key", False),
        ("amount_out_of_range", False),
        ("account_closed", False),
        ("unknown_account", False),
        ("account_managed", False),
        ("kind_managed", False),
        ("naive_instant", False),
    ] == shown(results)
    assert -100 == bank.accounts.show("lille", "fund:a").balance
    assert 100 == bank.accounts.show("lille", "fund:b").balance


def test_a_group_stands_and_falls_together(bank: Bank) -> None:
    """One refusal takes the whole group back, warnings and numbers included; the next request goes on."""
    there_and_away = PostGroup(requests=(move(50), move(51)), key="g")
    within = PostGroup(requests=(move(50), move(50)), key="g2")

    results = bank.entries.post_many("lille", [there_and_away, within, within, move(1)])

    assert [
        ("insufficient_hours", False),
        ((1, 2), False),
        ((1, 2), True),
        ("insufficient_hours", False),
    ] == shown(results)
    assert shown([Posted(entries=(1, 2), is_repeat=True)]) == shown([bank.entries.post("lille", within)])


def test_a_refusal_of_one_is_raised_to_who_asked_for_one(bank: Bank) -> None:
    """`post` answers like every other use case."""
    assert 1 == bank.entries.post("lille", move(1)).seq

    with pytest.raises(TimebankError) as error:
        bank.entries.post("lille", move(1_000))

    assert "insufficient_hours" == error.value.code


def test_soft_limits_warn_who_passed_them(bank: Bank) -> None:
    """Each request hears of its own warnings."""
    bank.accounts.limit("lille", "fund:a", limits=Limits(floor=-100, warn_floor=-20), why="sample")

    first, second, third = bank.entries.post_many("lille", [move(20), move(1), move(1, to="fund:c")])

    assert isinstance(first, Posted)
    assert isinstance(second, Posted)
    assert isinstance(third, Posted)
    assert () == first.warnings
    assert [-21, -22] == [each.warnings[0].balance for each in (second, third)]


def test_who_may_not_post_posts_nothing(bank: Bank) -> None:
    """Members log hours; entries by hand are a coordinator's."""
    with pytest.raises(NotAllowed):
        bank.entries.post_many("lille", [move(1)], by="member:m1")
    with pytest.raises(UnknownBranch):
        bank.entries.post_many("brest", [move(1)])

    assert [] == list(bank.entries.list("lille"))


def test_a_thousand_at_once_and_one_by_one_are_the_same_books(bank: Bank) -> None:
    """Few rows and many take different ways into PostgreSQL; both keep every line."""
    found(bank, "brest")
    wishes = [move(1, f"k{number}") if number % 2 else away(1, f"k{number}") for number in range(400)]

    many = bank.entries.post_many("lille", wishes)
    singly = [bank.entries.post("brest", wish) for wish in wishes]

    assert shown(singly) == shown(many)
    lille, brest = bank.statements.page("lille", "fund:a"), bank.statements.page("brest", "fund:a")
    assert [(line.entry, line.balance) for line in brest.lines] == [
        (line.entry, line.balance) for line in lille.lines
    ]


def away(minutes: int, key: str | None = None) -> PostRequest:
    """Return a wish to move minutes back to fund a."""
    return PostRequest(postings=(debit("fund:b", minutes), credit("fund:a", minutes)), key=key)


requests = st.builds(
    PostRequest,
    postings=st.tuples(
        st.builds(debit, st.sampled_from(PATHS), st.integers(-1, 80)),
        st.builds(credit, st.sampled_from(PATHS), st.integers(-1, 80)),
    )
    | st.builds(
        lambda payer, payee, amount: (debit(payer, amount), credit(payee, amount)),
        st.sampled_from(FUNDS[:3]),
        st.sampled_from(FUNDS[:3]),
        st.integers(1, 80),
    ),
    key=st.none() | st.sampled_from(["k1", "k2", "k3"]),
)
items: st.SearchStrategy[PostItem] = requests | st.builds(
    PostGroup,
    requests=st.lists(
        requests.map(lambda each: PostRequest(postings=each.postings)), min_size=1, max_size=3
    ).map(tuple),
    key=st.none() | st.sampled_from(["k1", "g1"]),
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(wishes=st.lists(items, max_size=12), cut=st.integers(0, 12))
def test_however_requests_are_cut_into_batches_the_answers_are_the_same(
    wishes: list[PostItem], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All at once, in two batches, one by one, with what was in hand before or without it: one law."""
    answers = []
    for name, batches in {
        "once": [wishes],
        "twice": [wishes[:cut], wishes[cut:]],
        "singly": [[wish] for wish in wishes],
    }.items():
        for bank in opened(f"sqlite:///{tmp_path_factory.mktemp(name) / 'bank.db'}"):
            results = [each for batch in batches for each in bank.entries.post_many("lille", batch)]
            balances = [bank.accounts.show("lille", path).balance for path in FUNDS]
            answers.append((shown(results), balances))

    assert answers[0] == answers[1] == answers[2]


def test_what_is_in_hand_is_not_trusted_after_anybody_else_wrote(bank: Bank) -> None:
    """Another process posts, changes a limit, closes an account: the next post sees it."""
    address = bank.store.engine.url.render_as_string(hide_password=False)
    other = open_bank(address, clock=SteppingClock(NOW + timedelta(hours=1), timedelta(seconds=1)))
    bank.entries.post("lille", move(60))

    assert 2 == other.entries.post("lille", move(30)).seq
    refused = bank.entries.post_many("lille", [move(20)])
    other.accounts.limit("lille", "fund:a", limits=Limits(floor=-200), why="sample")
    posted = bank.entries.post_many("lille", [move(20)])
    bank.accounts.close("lille", "fund:c")
    closed = other.entries.post_many("lille", [move(1, to="fund:c")])
    other.close()

    assert [("insufficient_hours", False)] == shown(refused)
    assert [((3,), False)] == shown(posted)
    assert [("account_closed", False)] == shown(closed)
    assert 110 == bank.accounts.show("lille", "fund:b").balance


def test_time_does_not_go_back_in_a_branch(bank: Bank) -> None:
    """A clock that is set back does not make an entry older than the one before it (I-13)."""
    early = SteppingClock(datetime(2020, 1, 1, tzinfo=UTC), timedelta(seconds=1))
    address = bank.store.engine.url.render_as_string(hide_password=False)
    first = bank.entries.show("lille", bank.entries.post("lille", move(1)).seq).entry
    late = open_bank(address, clock=early)

    second = late.entries.show("lille", late.entries.post("lille", move(1)).seq).entry
    late.close()

    assert second.recorded_at >= first.recorded_at
