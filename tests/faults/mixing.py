"""The service under a mixed load for a while: no error, nothing lost, and no memory that only grows.

Two hundred members, each over a connection of their own, state hours, confirm those of others, look at
balances, statements, lists and events, ask for help and call it off. Everybody thinks between two requests.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final

import psutil  # type: ignore[import-untyped]
from tests.faults.mixed_client import Caller, Refused
from tests.faults.processes import free_port
from tests.faults.scores import Say, Score, silent
from tests.faults.serving import a_service

import timebank
from timebank.care.access import AccessRole
from timebank.care.beneficiary import Relation
from timebank.care.record import RecordState
from timebank.care.redemption import RedemptionState
from timebank.clock import SystemClock
from timebank.ledger.limits import Limits
from timebank.services.bank import Bank

CLIENTS: Final = 200
THINK_SECONDS: Final = (0.5, 3.5)
"""At least and at most; longer, and the server would close the connection (after five)."""
WARM_SECONDS: Final = 120
"""Warm-up, or half of the time if that is less: threads and connections are opened, and caches filled."""
JUDGED_SECONDS: Final = 60
"""In a shorter time nothing is said about memory."""
MIB: Final = 2**20
SAMPLES: Final = 200
GROWTH_MOST: Final = 0.05
HOST_MEMBERS: Final = 20
"""Members of the other branch, who are helped there for hours of this one."""
MINUTES: Final = 15
EARNED: Final = 600
AGE: Final = timedelta(days=300)
JOINED_ON: Final = date(2025, 1, 1)
OPEN_MOST: Final = 5
"""Redemptions that somebody waits for at most."""
NOWHERE: Final = 999_999_999


@dataclass(slots=True)
class Books:
    """What was acknowledged."""

    logged: dict[int, str] = field(default_factory=dict)
    """By number of the record: who helped."""
    confirmed: set[int] = field(default_factory=set)
    requested: set[str] = field(default_factory=set)
    cancelled: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Member:
    """Somebody who uses the service."""

    no: int
    others: int
    """How many members there are; each helps the next one."""
    think_seconds: tuple[float, float]
    caller: Caller
    chance: random.Random
    since: datetime
    books: Books
    pending: list[list[int]]
    """By recipient: records that wait for their word."""
    made: int = 0
    asked: int = 0
    heard: int = 0
    mine: list[str] = field(default_factory=list)
    """Redemptions that may be called off."""

    async def live(self, until: float) -> None:
        """Ask for one thing after the other until it is over."""
        await asyncio.sleep(self.chance.uniform(0, self.think_seconds[1]))
        acts, weights = list(ACTS), list(ACTS.values())
        try:
            while time.monotonic() < until:
                (act,) = self.chance.choices(acts, weights)
                await act(self)
                await asyncio.sleep(self.chance.uniform(*self.think_seconds))
        finally:
            await self.caller.hang_up()

    async def log(self) -> None:
        """State hours that nobody else states; now and then twice, as who lost the answer does."""
        other = self.no % self.others + 1
        start_at = self.since + timedelta(minutes=MINUTES * self.made)
        self.made += 1
        hours = {
            "recipient": f"member:m{other}",
            "minutes": MINUTES,
            "kind": "shopping",
            "start_at": start_at.isoformat(),
        }
        said = await self._change("/v1/hours", hours, is_repeated=self.chance.random() < 0.1)
        self.books.logged[said["no"]] = f"m{self.no}"
        self.pending[other].append(said["no"])

    async def confirm(self) -> None:
        """Agree with what somebody stated."""
        if not self.pending[self.no]:
            await self.balance()
        else:
            no = self.pending[self.no].pop(0)
            await self._change(f"/v1/hours/{no}/confirm", {})
            self.books.confirmed.add(no)

    async def ask(self) -> None:
        """Ask for help for who lives elsewhere."""
        start_at = SystemClock().now().replace(microsecond=0) + timedelta(days=5)
        wanted = {
            "beneficiary": self.no,
            "start_at": start_at.isoformat(),
            "minutes": MINUTES,
            "kind": "shopping",
        }
        if len(self.mine) >= OPEN_MOST:
            await self.cancel()
        else:
            said = await self._change("/v1/redemptions", wanted)
            self.books.requested.add(said["redemption"])
            self.mine.append(said["redemption"])

    async def cancel(self) -> None:
        """Call the help off."""
        if not self.mine:
            await self.balance()
        else:
            ref = self.mine.pop(0)
            await self._change(f"/v1/redemptions/{ref}/cancel", {})
            self.books.cancelled.add(ref)

    async def balance(self) -> None:
        """Look at the balance."""
        await self.caller.read("/v1/me/balance")

    async def statement(self) -> None:
        """Look at the statement."""
        await self.caller.read("/v1/me/statement?limit=20")

    async def pages(self) -> None:
        """List hours, up to three pages."""
        path: str | None = "/v1/hours?limit=10"
        for _ in range(3):
            if path is not None:
                _, path = await self.caller.read_page(path)

    async def events(self) -> None:
        """Read what happened since the last time."""
        said = await self.caller.read(f"/v1/events?after={self.heard}")
        self.heard = said["through"]

    async def show(self) -> None:
        """Look at what is one's own, and at what is not there."""
        await self.caller.read("/v1/me")
        await self.caller.read(f"/v1/hours/{NOWHERE}", refusal=404)

    async def _change(self, path: str, body: object, *, is_repeated: bool = False) -> Any:  # noqa: ANN401 - of JSON
        self.asked += 1
        key = f"{self.no}-{self.asked}"
        said = await self.caller.change(path, body, key)
        if is_repeated:
            again = await self.caller.change(path, body, key)
            if again != said:
                raise Refused(path, 201, "another answer to the same key")
        return said


ACTS: Final = {
    Member.log: 18,
    Member.confirm: 18,
    Member.balance: 20,
    Member.statement: 12,
    Member.pages: 8,
    Member.events: 8,
    Member.show: 6,
    Member.ask: 5,
    Member.cancel: 5,
}
"""What people do, and how often."""


def mix(
    seconds: int,
    *,
    seed: int,
    folder: Path,
    clients: int = CLIENTS,
    think_seconds: tuple[float, float] = THINK_SECONDS,
    say: Say = silent,
) -> Score:
    """Let everybody use the service for so long; then look at its memory, its answers and the books.

    Args:
        seconds: how long.
        seed: of what they do, and when.
        folder: where the books are made.
        clients: how many there are.
        think_seconds: how long each thinks between two requests, at least and at most.
        say: told how far it is.
    """
    score = Score("service, mixed load")
    address = f"sqlite:///{folder / 'mixed.db'}"
    tokens = _found(address, clients)
    port, books = free_port(), Books()
    pending: list[list[int]] = [[] for _ in range(clients + 1)]
    since = SystemClock().now().replace(microsecond=0) - AGE
    members = [
        Member(
            no,
            clients,
            think_seconds,
            Caller(port, token),
            random.Random(f"{seed}-{no}"),
            since,
            books,
            pending,
        )
        for no, token in enumerate(tokens, start=1)
    ]
    with a_service(address, port, metrics="loopback") as process:
        served = psutil.Process(process.pid)
        sizes = asyncio.run(_live(members, served, seconds, say))
        process.terminate()
        status = process.wait(timeout=60)
    score.expect(status == 0, f"exit status {status}")
    _judge_answers(score, members, seconds)
    judge_memory(score, sizes, seconds)
    bank = timebank.open(address)
    _judge_books(score, bank, books)
    bank.close()
    return score


async def _live(members: Iterable[Member], served: "psutil.Process", seconds: int, say: Say) -> list[int]:
    """Let everybody live; returns the sizes of the process meanwhile, in bytes."""
    until = time.monotonic() + seconds
    lives = asyncio.gather(*(each.live(until) for each in members), return_exceptions=True)
    sizes: list[int] = []
    while not lives.done() and len(sizes) < SAMPLES:
        await asyncio.sleep(seconds / SAMPLES)
        sizes.append(served.memory_info().rss)
        say(f"mixed load: {max(0, until - time.monotonic()):.0f} s left, {sizes[-1] / MIB:.0f} MiB")
    for each, found in zip(members, await lives, strict=True):
        if isinstance(found, BaseException):
            each.caller.wrong.append(f"m{each.no}: {found!r}")
    return sizes


def _judge_answers(score: Score, members: list[Member], seconds: int) -> None:
    statuses: Counter[int] = Counter()
    for each in members:
        statuses += each.caller.statuses
        score.wrong += each.caller.wrong
    score.counts["clients"] = len(members)
    score.counts["answers"] = statuses.total()
    score.counts["errors"] = len(score.wrong)
    times = [took for each in members for took in each.caller.seconds]
    cut = quantiles(times, n=100)
    score.notes.append(f"{statuses.total() / seconds:.0f} a second for {seconds} s")
    score.notes.append(
        f"answered in {cut[49] * 1e3:.0f} ms in the middle, {cut[98] * 1e3:.0f} ms for 99 of 100"
    )
    score.expect(statuses.total() > len(members), "too little was asked to show anything")


def judge_memory(score: Score, sizes: list[int], seconds: int) -> None:
    """Compare the first tenth after warm-up with the last."""
    if seconds < JUDGED_SECONDS:
        score.notes.append("too short to say something about memory")
        return
    warm = sizes[int(len(sizes) * min(WARM_SECONDS / seconds, 0.5)) :]
    few = max(1, len(warm) // 10)
    before, after = median(warm[:few]), median(warm[-few:])
    growth = after / before - 1
    score.notes.append(f"{before / MIB:.1f} MiB after warm-up, {after / MIB:.1f} at the end ({growth:+.1%})")
    score.expect(growth < GROWTH_MOST, f"memory grew by {growth:.1%}")


def _judge_books(score: Score, bank: Bank, books: Books) -> None:
    """Find every act that was acknowledged in the books, and nothing else there."""
    kept = {record.no: record for record in bank.hours.list("lille") if record.minutes == MINUTES}
    asked = {each.ref: each.state for each in bank.redemptions.list("lille")}
    confirmed = {no for no, record in kept.items() if record.state is RecordState.CONFIRMED}
    cancelled = {ref for ref, state in asked.items() if state is RedemptionState.CANCELLED}
    for what, found, said in (
        ("hours", {no: record.provider for no, record in kept.items()}.items(), books.logged.items()),
        ("confirmed", confirmed, books.confirmed),
        ("redemptions", asked.keys(), books.requested),
        ("cancelled", cancelled, books.cancelled),
    ):
        score.counts[what] = len(said)
        score.expect(set(found) == set(said), f"{what}: {len(said)} acknowledged, {len(found)} in the books")
    report = bank.audits.run()
    score.counts["faults"] = len(report.faults)
    score.expect(report.ok, f"the audit found {[fault.code for fault in report.faults]}")


def _found(address: str, clients: int) -> list[str]:
    """Found two branches; returns the tokens of the first one's members, who have hours to spend."""
    bank = timebank.open(address)
    for branch, many in (("lille", clients), ("locmine", HOST_MEMBERS)):
        bank.branches.create(branch, name="Sample branch")
        for no in range(1, many + 1):
            bank.members.add(branch, name=f"Sample Member {no}", joined_on=JOINED_ON)
    bank.accounts.open("lille", "fund:meals")
    bank.accounts.limit("lille", "fund:meals", limits=Limits(floor=-clients * EARNED), why="sample")
    tokens = []
    for no in range(1, clients + 1):
        _earn(bank, no)
        whose = f"m{no % HOST_MEMBERS + 1}@locmine"
        named = bank.beneficiaries.add(
            "lille", sponsor=f"m{no}", relation=Relation.PARENT, member=whose, by=f"member:m{no}"
        )
        bank.beneficiaries.consent("lille", named.no, by=f"member:{whose}")
        bank.beneficiaries.check("lille", named.no, by="coordinator:desk@lille")
        tokens.append(bank.tokens.issue("lille", role=AccessRole.MEMBER, ref=f"m{no}").text or "")
    bank.close()
    return tokens


def _earn(bank: Bank, no: int) -> None:
    """Give a member hours to spend, for longer help than anybody gives later."""
    record = bank.hours.log(
        "lille", provider=f"m{no}", recipient="fund:meals", minutes=EARNED, kind="shopping",
        start_at=bank.now() - AGE - timedelta(days=2), by=f"member:m{no}",
    ).record  # fmt: skip
    bank.hours.decide("lille", record.no, is_confirmed=True, reason="sample", by="coordinator:desk")
