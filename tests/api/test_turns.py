"""Turns: short acts share a commit, and whatever goes wrong with it, each takes effect once."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any
from unittest.mock import patch

import pytest
from tests.builders import NOW, a_branch

from timebank.errors import StorageFull, TryAgain, UnknownMember
from timebank.services.bank import Bank
from timebank.storage.sharing import Share
from timebank.storage.store import Store
from timebank_api.turns import SHARED_MOST, Turns


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Return a bank with one branch and three members."""
    with closing(a_branch(tmp_path)) as bank:
        yield bank


def log(bank: Bank, hour: int, *, recipient: str = "m2") -> int:
    """Log help of m1; returns its number."""
    done = bank.hours.log(
        "lille",
        provider="m1",
        recipient=f"member:{recipient}",
        minutes=10,
        kind="shopping",
        start_at=NOW.replace(day=1 + hour // 24, hour=hour % 24),
        key=f"k{hour}",
    )
    return done.record.no


def taken(bank: Bank, *acts: Callable[[], Any], waiting_most: int = 100) -> list[Any]:
    """Let acts take their turns together; returns the result or the error of each."""

    async def take() -> list[Any]:
        turns = Turns(bank, waiting_most=waiting_most)
        asked = [turns.take(act, is_short=True) for act in acts]
        found = await asyncio.gather(*asked, return_exceptions=True)
        await asyncio.to_thread(turns.close)
        return found

    return asyncio.run(take())


def test_acts_that_come_together_share_a_commit(bank: Bank) -> None:
    """So many of them at once, and no more: who reads has a turn between."""
    acts = SHARED_MOST + 1
    with patch.object(Share, "commit", autospec=True, side_effect=Share.commit) as commit:
        found = taken(bank, *[partial(log, bank, hour) for hour in range(acts)])
    assert list(range(1, acts + 1)) == found
    assert 2 == commit.call_count
    assert bank.audits.run().ok


def test_who_is_refused_hears_why_and_nobody_else_does(bank: Bank) -> None:
    """A neighbour's mistake is nobody else's."""
    one, other, two = taken(
        bank, partial(log, bank, 1), partial(log, bank, 2, recipient="m9"), partial(log, bank, 3)
    )
    assert (1, 2) == (one, two)
    assert isinstance(other, UnknownMember)


def test_while_another_program_writes_acts_wait_where_they_keep_nobody_up(bank: Bank, tmp_path: Path) -> None:
    """The loop goes on meanwhile; else the other program, here on the same loop, would never end."""

    async def both() -> list[int]:
        turns = Turns(bank)
        other.execute("BEGIN IMMEDIATE")
        asked = [
            asyncio.ensure_future(turns.take(partial(log, bank, hour), is_short=True)) for hour in (1, 2)
        ]
        await asyncio.sleep(0.05)
        assert not any(each.done() for each in asked)
        other.execute("ROLLBACK")
        found = await asyncio.gather(*asked)
        await asyncio.to_thread(turns.close)
        return found

    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as other:
        assert [1, 2] == asyncio.run(both())


def test_if_nothing_of_a_share_was_kept_each_act_is_done_alone(bank: Bank) -> None:
    """The disk was full for a moment: nobody hears of it."""
    commit = Store.commit

    def fail(store: Store, share: Share) -> None:
        share._connection.connection.dbapi_connection.rollback()  # type: ignore[union-attr]
        commit(store, share)

    with patch.object(Store, "commit", fail):
        found = taken(bank, *[partial(log, bank, hour) for hour in range(3)])
    assert [1, 2, 3] == sorted(found)
    assert 3 == len(bank.hours.list("lille"))


def test_an_act_that_could_only_be_told_to_try_again_is_done_alone(bank: Bank) -> None:
    """There it may wait."""
    places: list[bool] = []

    def hurried() -> int:
        places.append(current_thread() is main_thread())
        if len(places) == 1:
            raise TryAgain
        return log(bank, 1)

    assert [1] == taken(bank, hurried)
    assert [True, False] == places


def test_a_disk_that_stays_full_is_everybody_s_answer(bank: Bank) -> None:
    """And nothing is half-done."""
    with (
        patch.object(Share, "commit", side_effect=StorageFull),
        patch.object(Store, "write", side_effect=StorageFull),
    ):
        assert [StorageFull, StorageFull] == [
            type(each) for each in taken(bank, lambda: log(bank, 1), lambda: log(bank, 2))
        ]
    assert [] == list(bank.hours.list("lille"))


def test_whatever_keeps_a_share_from_beginning_everybody_is_answered(bank: Bank) -> None:
    """Also what nobody has a name for; and the next ones have their turn."""
    with patch.object(Store, "share", side_effect=OSError):
        assert [1, 2] == sorted(taken(bank, partial(log, bank, 1), partial(log, bank, 2)))
    assert [3] == taken(bank, partial(log, bank, 3))


def test_too_many_are_told_to_try_again(bank: Bank) -> None:
    """Nothing of theirs was done."""
    found = taken(bank, *[partial(log, bank, hour) for hour in range(3)], waiting_most=2)
    assert [1, 2] == found[:2]
    assert isinstance(found[2], TryAgain)


def test_what_takes_longer_has_a_thread_of_its_own(bank: Bank) -> None:
    """And shares nothing."""

    async def take() -> bool:
        turns = Turns(bank)
        found = await turns.take(lambda: current_thread() is main_thread() or bank.store.is_sharing)
        await asyncio.to_thread(turns.close)
        return found

    assert not asyncio.run(take())
