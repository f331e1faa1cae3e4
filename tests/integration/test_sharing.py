import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import NOW, a_bank, a_branch, address_in
from tests.integration.exports import export_of

from timebank.clock import SteppingClock
from timebank.errors import TimebankError, TryAgain, UnknownMember, UnknownRecord
from timebank.ledger.chart import available
from timebank.services.bank import Bank, open_bank
from timebank.services.hours import HoursDone
from timebank.storage.retry import NO_RETRY, RetryPolicy


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Return a bank with one branch and three members, where nobody tries again."""
    a_branch(tmp_path).close()
    with closing(a_bank(tmp_path, retry=NO_RETRY)) as bank:
        yield bank


def log(
    bank: Bank, *, minutes: int = 30, recipient: str = "m2", ago: int = 0, key: str | None = None
) -> HoursDone:
    """Log help of m1."""
    return bank.hours.log(
        "lille",
        provider="m1",
        recipient=f"member:{recipient}",
        minutes=minutes,
        kind="shopping",
        start_at=NOW.replace(hour=1 + ago),
        key=key,
    )


def numbers(bank: Bank) -> list[int]:
    """Return the numbers of the records that the bank has."""
    return [record.no for record in bank.hours.list("lille")]


def take_a_number_in_vain(bank: Bank) -> None:
    """Write something, and refuse it then."""
    with bank.store.write("lille") as tx:
        tx.books("lille").records.next_no()
        raise UnknownRecord(record=9, branch="lille")


def give_up(bank: Bank) -> None:
    """End the transaction, as the database itself does where the disk is full."""
    with suppress(TryAgain), bank.store.write("lille") as tx:
        tx.connection.connection.dbapi_connection.rollback()  # type: ignore[union-attr]
        raise TryAgain


def test_what_shares_a_transaction_counts_only_after_the_commit(bank: Bank, tmp_path: Path) -> None:
    """Nobody is told of what a power cut could still undo."""
    share = bank.store.share(is_patient=False)
    with bank.store.sharing(share):
        first, second = log(bank), log(bank, ago=1)
    with closing(a_bank(tmp_path)) as other:
        assert [] == numbers(other)
        bank.store.commit(share)
        assert [2, 1] == numbers(other)
    assert (1, 2) == (first.record.no, second.record.no)


def test_a_write_sees_those_before_it_in_the_share_and_so_does_a_read(bank: Bank) -> None:
    """Whoever acts twice finds what they did."""
    share = bank.store.share(is_patient=False)
    with bank.store.sharing(share):
        log(bank)
        assert [1] == numbers(bank)
        bank.hours.confirm("lille", 1, by="member:m2")
        assert 30 == bank.accounts.totals("lille", available("m1")).balance
    assert [] == numbers(bank), "outside of the share nobody sees it yet"
    bank.store.commit(share)
    assert 30 == bank.accounts.totals("lille", available("m1")).balance


def test_only_the_thread_that_shares_is_part_of_the_share(bank: Bank) -> None:
    """Who reads beside it sees what was committed."""
    share = bank.store.share(is_patient=False)
    found: list[list[int]] = []
    with bank.store.sharing(share):
        log(bank)
        other = Thread(target=lambda: found.append(numbers(bank)))
        other.start()
        other.join()
    bank.store.commit(share)
    assert [[]] == found


def test_what_is_refused_leaves_nothing_and_disturbs_nobody(bank: Bank) -> None:
    """Each is whole or not at all, the numbers it took included."""
    share = bank.store.share(is_patient=False)
    with bank.store.sharing(share):
        log(bank)
        with pytest.raises(UnknownMember):
            log(bank, recipient="m9", ago=1)
        with pytest.raises(UnknownRecord):
            take_a_number_in_vain(bank)
        log(bank, ago=2)
    bank.store.commit(share)
    assert [2, 1] == numbers(bank)
    assert bank.audits.run().ok


def test_a_repeated_key_finds_what_it_did_in_the_same_share(bank: Bank) -> None:
    """I-9: one key, one effect."""
    share = bank.store.share(is_patient=False)
    with bank.store.sharing(share):
        assert 1 == log(bank, key="once").record.no
        assert 1 == log(bank, key="once").record.no
    bank.store.commit(share)
    assert [1] == numbers(bank)


def test_who_cannot_begin_at_once_is_told_to_try_again(bank: Bank, tmp_path: Path) -> None:
    """A loop that serves everybody may ask, and ask again."""
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for _ in range(2):
            with pytest.raises(TryAgain):
                bank.store.share(is_patient=False)
        assert 1 == len(bank.store._sharers._free), "the connection is none the worse"
        with pytest.raises(TryAgain):
            log(bank)
        assert 1 == len(bank.store._writers._free), "nor is that of who waited in vain"
        other.execute("ROLLBACK")
    share = bank.store.share(is_patient=False)
    assert [(0,)] == share._driver.execute("PRAGMA busy_timeout").fetchall()
    with bank.store.sharing(share):
        log(bank)
    bank.store.commit(share)
    assert [1] == numbers(bank)


def test_who_is_patient_waits_for_the_other_writer(bank: Bank, tmp_path: Path) -> None:
    """For as long as any writer does."""
    with closing(
        sqlite3.connect(tmp_path / "bank.db", isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        ending = Thread(target=lambda: other.execute("ROLLBACK"))
        ending.start()
        share = bank.store.share(is_patient=True)
        ending.join()
    with bank.store.sharing(share):
        log(bank)
    bank.store.commit(share)
    assert [1] == numbers(bank)


Act = Callable[[Bank], object]
ACTS: dict[str, Act] = {
    "log": lambda bank: log(bank, ago=1),
    "log again": lambda bank: log(bank, ago=2),
    "log under a key": lambda bank: log(bank, ago=3, key="once"),
    "log what nobody received": lambda bank: log(bank, recipient="m9", ago=4),
    "confirm": lambda bank: bank.hours.confirm("lille", 1, by="member:m2"),
    "confirm as a stranger": lambda bank: bank.hours.confirm("lille", 1, by="member:m3"),
    "transfer": lambda bank: bank.transfers.transfer(
        "lille", debit_path=available("m2"), credit_path=available("m3"), minutes=5, reason="sample words"
    ),
    "dispute": lambda bank: bank.hours.dispute("lille", 2, by="member:m2", reason="sample words"),
}


@cache
def the_branch() -> bytes:
    """Return a branch with three members, as a file."""
    with TemporaryDirectory() as folder:
        a_branch(Path(folder)).close()
        return (Path(folder) / "bank.db").read_bytes()


def a_copy(folder: Path) -> Bank:
    """Open a copy of the branch."""
    (folder / "bank.db").write_bytes(the_branch())
    return a_bank(folder, draw=bytes)


def outcome(bank: Bank, act: str) -> str:
    """Do an act; returns what came of it."""
    try:
        return str(ACTS[act](bank))
    except TimebankError as error:
        return error.code


@settings(max_examples=15)
@given(st.lists(st.lists(st.sampled_from(list(ACTS)), max_size=5), max_size=4))
def test_shared_or_alone_acts_lead_to_the_same_books(groups: list[list[str]]) -> None:
    """To the byte, and every refusal, too."""
    with (
        TemporaryDirectory() as one,
        TemporaryDirectory() as two,
        closing(a_copy(Path(one))) as alone,
        closing(a_copy(Path(two))) as shared,
    ):
        for acts in groups:
            share = shared.store.share(is_patient=False)
            with shared.store.sharing(share):
                found = [outcome(shared, act) for act in acts]
            shared.store.commit(share)
            assert [outcome(alone, act) for act in acts] == found
        assert export_of(alone) == export_of(shared)


def test_if_the_database_gives_a_share_up_nothing_of_it_counts(bank: Bank) -> None:
    """Not even what went well before."""
    share = bank.store.share(is_patient=False)
    with bank.store.sharing(share):
        log(bank)
        give_up(bank)
        with pytest.raises(TryAgain):
            log(bank, ago=1)
    with pytest.raises(TryAgain):
        bank.store.commit(share)
    assert [] == numbers(bank)
    assert 1 == log(bank).record.no, "and the next one goes on"


def test_in_a_share_nobody_waits_to_try_again(tmp_path: Path) -> None:
    """A loop that serves everybody may run it."""
    a_branch(tmp_path).close()

    waits: list[float] = []
    retry = RetryPolicy(sleep=waits.append)
    with closing(open_bank(address_in(tmp_path), clock=SteppingClock(NOW), retry=retry)) as bank:
        share = bank.store.share(is_patient=False)
        with bank.store.sharing(share):
            give_up(bank)
            with pytest.raises(TryAgain):
                log(bank)
        with pytest.raises(TryAgain):
            bank.store.commit(share)
    assert [] == waits
