"""The coalescing writer: everybody's own answer, after the commit, whatever the neighbours do."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import monotonic, sleep

import pytest
from tests.postgres import a_database

from timebank.errors import (
    BadActor,
    InsufficientHours,
    KeyReused,
    NotAllowed,
    OutcomeUnknown,
    QueueFull,
    TimebankError,
    TryAgain,
    UnknownBranch,
    WriterClosed,
)
from timebank.ledger.batch import Posted, PostItem, PostRequest, PostResult
from timebank.ledger.limits import Limits
from timebank.ledger.model import Actor, credit, debit
from timebank.services.bank import Bank, open_bank
from timebank.services.waiting import AsyncWaiting, Wish, answer_all
from timebank.services.writer import Writer

CALLERS, EACH = 8, 25


@pytest.fixture(params=["sqlite", "postgresql"])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    """Return a bank on either engine with two branches; its books are proven at the end."""
    if request.param == "sqlite":
        yield from opened(f"sqlite:///{tmp_path / 'bank.db'}")
    else:
        with a_database(request.getfixturevalue("postgres_server")) as address:
            yield from opened(address)


def opened(address: str) -> Iterator[Bank]:
    """Open a bank whose fund a cannot go below -100."""
    bank = open_bank(address)
    for branch in ("brest", "lille"):
        bank.branches.create(branch, name="Sample branch")
        for path in ("fund:a", "fund:b"):
            bank.accounts.open(branch, path)
    bank.accounts.limit("lille", "fund:a", limits=Limits(floor=-100), why="sample")
    try:
        yield bank
        assert () == bank.audits.run().faults
    finally:
        bank.close()


def move(minutes: int, key: str | None = None) -> PostRequest:
    """Return a wish to move minutes from fund a to fund b."""
    return PostRequest(postings=(debit("fund:a", minutes), credit("fund:b", minutes)), key=key)


def test_many_callers_share_commits_and_lose_nothing(bank: Bank) -> None:
    """Every acknowledged request is in the journal exactly once, in both branches."""
    with bank.writer() as writer, ThreadPoolExecutor(CALLERS) as pool:

        def call(caller: int) -> list[int]:
            branch = ("brest", "lille")[caller % 2]
            minutes = 1 if branch == "lille" else 3
            return [writer.post(branch, move(minutes, f"{caller}-{number}")).seq for number in range(EACH)]

        numbers = list(pool.map(call, range(CALLERS)))

    half = CALLERS // 2 * EACH
    assert list(range(1, half + 1)) == sorted(seq for found in numbers[::2] for seq in found)
    assert list(range(1, half + 1)) == sorted(seq for found in numbers[1::2] for seq in found)
    assert 3 * half == bank.accounts.show("brest", "fund:b").balance


def test_a_refusal_and_a_repeat_are_only_their_own(bank: Bank) -> None:
    """In one batch: a success, a refusal, a repeat, a key used for something else, nobody who may post."""
    with bank.writer() as writer:
        futures = [
            writer.submit("lille", move(60, "k")),
            writer.submit("lille", move(60)),
            writer.submit("lille", move(60, "k")),
            writer.submit("lille", move(40, "k")),
            writer.submit("lille", move(1), by="member:m1"),
            writer.submit("lille", move(40)),
            writer.submit("nowhere", move(1)),
        ]

    assert (1,) == futures[0].result().entries
    assert isinstance(futures[1].exception(), InsufficientHours)
    assert futures[2].result().is_repeat
    assert isinstance(futures[3].exception(), KeyReused)
    assert isinstance(futures[4].exception(), NotAllowed)
    assert (2,) == futures[5].result().entries
    assert isinstance(futures[6].exception(), UnknownBranch)


class Gate:
    """Writes only while it is open; keeps what it was asked to write."""

    def __init__(self, *errors: Exception) -> None:
        self.open = Event()
        self.began = Event()
        self.errors = list(errors)
        self.batches: list[list[PostItem]] = []
        self.turns: list[bool] = []

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        """Let everything through, so that a test that failed inside ends at once."""
        self.open.set()

    def __call__(
        self, _branch: str, wishes: Sequence[Wish], *, is_turn: bool = False
    ) -> Callable[[], Sequence[PostResult]]:
        self.turns.append(is_turn)
        return lambda: self.write(wishes)

    def write(self, wishes: Sequence[Wish]) -> Sequence[PostResult]:
        """Write as soon as it is open."""
        self.batches.append([item for item, _ in wishes])
        self.began.set()
        assert self.open.wait(20)
        if self.errors:
            raise self.errors.pop(0)
        return [Posted(entries=(number,)) for number, _ in enumerate(wishes, 1)]


def desk(by: Actor | str | None) -> Actor:
    """Say who acts."""
    return Actor.parse(str(by) if by is not None else "coordinator:desk")


def test_what_arrives_while_a_batch_is_written_is_written_together() -> None:
    """One commit for all that waited, in the order in which they came, no more than a batch holds."""
    gate = Gate()
    with Writer(gate, desk, batch_most=3) as writer, gate:
        wishes = [move(minutes) for minutes in range(1, 7)]
        futures = [writer.submit("lille", wishes[0])]
        assert gate.began.wait(20)
        futures += [writer.submit("lille", wish) for wish in wishes[1:]]
        assert 5 == writer.waiting()
        gate.open.set()

    assert [wishes[:1], wishes[1:4], wishes[4:]] == gate.batches
    assert [1, 1, 2, 3, 1, 2] == [future.result().seq for future in futures]


def test_a_full_queue_says_try_again_and_a_closed_writer_too() -> None:
    """Back-pressure: who is refused knows at once that nothing was changed."""
    gate = Gate()
    with Writer(gate, desk, queue_most=2) as writer, gate:
        first = writer.submit("lille", move(1))
        assert gate.began.wait(20)
        waiting = [writer.submit("lille", move(1)) for _ in range(2)]
        with pytest.raises(QueueFull):
            writer.submit("lille", move(1))
        elsewhere = writer.submit("brest", move(1))
        with pytest.raises(BadActor):
            writer.submit("lille", move(1), by="nobody")
        gate.open.set()

    assert all(future.done() for future in (first, *waiting, elsewhere))
    with pytest.raises(WriterClosed):
        writer.post("lille", move(1))


def test_closing_answers_everybody_who_waits() -> None:
    """No acknowledgement is lost: `close` returns when every future has ended."""
    gate = Gate()
    writer = Writer(gate, desk)
    first = writer.submit("lille", move(1))
    assert gate.began.wait(20)
    waiting = [writer.submit("lille", move(1)) for _ in range(10)]
    with ThreadPoolExecutor(1) as pool:
        closing = pool.submit(writer.close)
        gate.open.set()
        closing.result(timeout=20)

    assert all(future.done() for future in (first, *waiting))


@pytest.mark.parametrize("is_early", [True, False], ids=["when decided", "when written"])
def test_one_poisoned_request_does_not_fail_its_neighbours(*, is_early: bool) -> None:
    """A bug that one request meets is that request's answer; the others are written."""
    held = Event()
    turns: list[tuple[int, bool]] = []

    def prepare(
        _branch: str, wishes: Sequence[Wish], *, is_turn: bool = False
    ) -> Callable[[], Sequence[PostResult]]:
        def write() -> Sequence[PostResult]:
            assert held.wait(20)
            if is_poisoned:
                raise ZeroDivisionError
            return [Posted(entries=(1,)) for _ in wishes]

        is_poisoned = any(item.key == "poison" for item, _ in wishes)
        turns.append((len(wishes), is_turn))
        if is_poisoned and is_early:
            raise ZeroDivisionError
        return write

    with Writer(prepare, desk) as writer:
        futures = [writer.submit("lille", move(1))]
        while not turns:
            sleep(0.001)
        futures += [writer.submit("lille", move(1, key)) for key in ("a", "poison", "b")]
        held.set()

    assert [None, None, ZeroDivisionError, None] == [
        type(error) if (error := future.exception()) is not None else None for future in futures
    ]
    assert [(1, False), (3, False), *[(1, True)] * 3] == turns


@pytest.mark.parametrize("error", [TryAgain(), OutcomeUnknown(key="x")])
def test_what_the_database_could_not_do_is_everybodys_answer(error: TimebankError) -> None:
    """Trying each by itself would only make it worse; an unknown outcome names each one's own key."""
    gate = Gate(TryAgain(), error)
    gate.open.set()
    with Writer(gate, desk) as writer, gate:
        futures: list[Future[Posted]] = []
        futures.append(writer.submit("lille", move(1, "first")))
        with pytest.raises(TryAgain):
            futures[0].result(timeout=20)
        gate.open.clear()
        gate.began.clear()
        held = writer.submit("lille", move(1, "second"))
        assert gate.began.wait(20)
        gate.open.set()

    found = held.exception()
    assert type(error) is type(found)
    assert "second" in str(found) or isinstance(error, TryAgain)


def test_a_cancelled_request_is_not_written() -> None:
    """Who gave up before the writer came to it gave up."""
    gate = Gate()
    with Writer(gate, desk) as writer, gate:
        writer.submit("lille", move(1))
        assert gate.began.wait(20)
        gone, stays = writer.submit("lille", move(2)), writer.submit("lille", move(3))
        assert gone.cancel()
        gate.open.set()

    assert [[move(1)], [move(3)]] == gate.batches
    assert 1 == stays.result().seq


def test_a_thread_that_had_nothing_to_do_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A branch that was quiet for a while is written to as well as before."""
    monkeypatch.setattr("timebank.services.writer.IDLE_SECONDS", 0.0)
    gate = Gate()
    gate.open.set()
    with Writer(gate, desk) as writer, gate:
        for _ in range(3):
            assert 1 == writer.post("lille", move(1)).seq

    assert 3 == len(gate.batches)


class Two:
    """Says in which order two threads prepare and write; the first write waits until it may."""

    def __init__(self) -> None:
        self.may_write = Event()
        self.said: list[str] = []

    def __call__(
        self, _branch: str, wishes: Sequence[Wish], *, is_turn: bool = False
    ) -> Callable[[], Sequence[PostResult]]:
        name = ",".join(str(item.key) for item, _ in wishes)

        def write() -> Sequence[PostResult]:
            assert self.may_write.wait(20)
            self.said.append(f"write {name}")
            return [Posted(entries=(number,)) for number, _ in enumerate(wishes, 1)]

        assert not is_turn
        self.said.append(f"prepare {name}")
        return write

    def wait_for(self, said: int) -> None:
        """Wait until so much was said."""
        until = monotonic() + 20
        while len(self.said) < said and monotonic() < until:
            sleep(0.001)


def test_a_crew_of_two_decides_one_batch_while_it_writes_another() -> None:
    """Nobody overtakes: batches are written in the order in which they were decided."""
    two = Two()
    with Writer(two, desk, crew=2) as writer:
        futures = [writer.submit("lille", move(1, "a"))]
        two.wait_for(1)
        futures += [writer.submit("lille", move(1, key)) for key in "bc"]
        two.wait_for(2)
        futures.append(writer.submit("lille", move(1, "d")))
        sleep(0.05)
        assert "prepare a" == two.said[0]
        assert two.said[1].startswith("prepare b")
        assert 2 == len(two.said)
        two.may_write.set()

    assert ["a", "b", "c", "d"] == [
        key for said in two.said if said.startswith("write") for key in said.split()[1].split(",")
    ]
    assert all(future.done() for future in futures)


def test_a_crew_shares_out_what_waits() -> None:
    """Many requests become a batch for each of the crew: one is decided while the other is written."""
    two = Two()
    with Writer(two, desk, crew=2) as writer:
        writer.submit("lille", move(1, "first"))
        two.wait_for(1)
        for number in range(40):
            writer.submit("lille", move(1, f"{number}"))
        two.may_write.set()

    sizes = [said.count(",") + 1 for said in two.said if said.startswith("write")]
    assert 41 == sum(sizes)
    assert max(sizes) <= 21


def test_tasks_are_answered_in_their_own_loop(bank: Bank) -> None:
    """A success, a refusal, a repeat: the same as for threads."""

    async def call() -> Sequence[Posted | BaseException]:
        with bank.writer() as writer:
            return await asyncio.gather(
                writer.apost("lille", move(60, "k")),
                writer.apost("lille", move(60)),
                writer.apost("lille", move(60, "k")),
                return_exceptions=True,
            )

    granted, refused, repeated = asyncio.run(call())
    assert Posted(entries=(1,)) == granted
    assert isinstance(refused, InsufficientHours)
    assert Posted(entries=(1,), is_repeat=True) == repeated


def test_a_task_that_gave_up_is_not_written() -> None:
    """Cancelled before its turn, nothing is posted; cancelled later, nobody minds."""
    gate = Gate()

    async def call() -> None:
        with Writer(gate, desk) as writer, gate:
            writing = asyncio.ensure_future(writer.apost("lille", move(1)))
            await asyncio.sleep(0)
            assert await asyncio.to_thread(gate.began.wait, 20)
            gone, stays = (asyncio.ensure_future(writer.apost("lille", move(each))) for each in (2, 3))
            await asyncio.sleep(0)
            assert gone.cancel()
            assert writing.cancel()
            await asyncio.sleep(0)
            gate.open.set()
            assert 1 == (await stays).seq

    asyncio.run(call())
    assert [[move(1)], [move(3)]] == gate.batches


def test_who_gave_up_while_being_written_takes_nobody_elses_answer() -> None:
    """Both were written together, and are answered together."""

    async def call() -> None:
        loop = asyncio.get_running_loop()
        gone, stays = (AsyncWaiting((move(1), desk(None)), loop) for _ in range(2))
        assert gone.claim()
        assert stays.claim()
        assert gone.future.cancel()
        answer_all([(gone, Posted(entries=(1,))), (stays, Posted(entries=(2,)))])
        assert Posted(entries=(2,)) == await asyncio.wait_for(stays.future, 20)

    asyncio.run(call())


def test_a_loop_that_ended_is_not_waited_for() -> None:
    """Whoever closed their event loop gets no answer, and keeps nobody else from theirs."""
    gate = Gate()

    async def call(writer: Writer) -> None:
        task = asyncio.ensure_future(writer.apost("lille", move(1)))
        await asyncio.sleep(0)
        assert await asyncio.to_thread(gate.began.wait, 20)
        task.cancel()

    with Writer(gate, desk) as writer, gate:
        asyncio.run(call(writer))
        last = writer.submit("lille", move(2))
        gate.open.set()

    assert 1 == last.result().seq


def test_a_full_queue_and_a_closed_writer_refuse_tasks_too() -> None:
    """At once, before anything is awaited."""
    gate = Gate()
    writer = Writer(gate, desk, queue_most=0)

    async def call() -> None:
        with pytest.raises(QueueFull):
            await writer.apost("lille", move(1))
        with gate:
            gate.open.set()
            await asyncio.to_thread(writer.close)
        with pytest.raises(WriterClosed):
            await writer.apost("lille", move(1))

    asyncio.run(call())
