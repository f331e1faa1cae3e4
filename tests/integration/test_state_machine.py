"""A plain model, the bank on SQLite and the bank on PostgreSQL side by side, whatever happens to them.

People, clocks and machines do things to all three; after each, they answer the same and say the same.
"""

import itertools
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import event
from sqlalchemy.engine import Connection
from tests.builders import JOINED_ON, NOW
from tests.integration.copies import copy_of, drop
from tests.integration.plain_model import FUND, Model, Refused, Rules
from tests.postgres import a_database, raw
from tests.unit.translog import naive

from timebank.care.record import Mode
from timebank.clock import SteppingClock
from timebank.errors import KeyReused, TimebankError
from timebank.ledger.chart import available
from timebank.ledger.limits import Limits
from timebank.policy.model import ConfirmationRules, LimitRule, OverlapRules, Policy, Rounding
from timebank.policy.model import Limits as PolicyLimits
from timebank.policy.words import Confirmer, Overlap
from timebank.policy.writing import write_policy
from timebank.services.bank import Bank, open_bank
from timebank.translog.tree import check_consistency, consistency_proof, root_at

DAY = timedelta(days=1)
NIGHTS = (
    datetime(2026, 3, 29, 0, 30, tzinfo=UTC),
    datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
    datetime(2026, 12, 31, 23, 30, tzinfo=UTC),
)
"""Clocks go forward, clocks go back (the hour that happens twice), and a year ends in Paris before UTC."""
DESK = "coordinator:desk"
RULES = (
    Rules(),
    Rules(step=1, overlap="flag", by=("other-side",)),
    Rules(step=60, floor=-60, ceiling=240, overlap="allow", by=("coordinator",)),
)


def document_of(rules: Rules, number: int) -> str:
    """Write the policy of some rules; `number` makes each document another one."""
    policy = Policy(
        rounding=Rounding(step_minutes=rules.step, least_minutes=rules.step),
        limits=PolicyLimits(
            member=LimitRule(
                floor_minutes=rules.floor,
                warn_floor_minutes=None,
                warn_ceiling_minutes=None,
                ceiling_minutes=rules.ceiling,
            )
        ),
        overlap=OverlapRules(rule=Overlap(rules.overlap)),
        confirmation=ConfirmationRules(by=tuple(Confirmer(by) for by in rules.by)),
    )
    return f"# {number}\n{write_policy(policy)}"


class Crash(Exception):
    """The machine stops between deciding and committing."""


class Place:
    """Where a bank is: opened, stopped in the middle of something, and found again as it was then."""

    address: str

    def __init__(self, clock: SteppingClock) -> None:
        """Keep the clock of whoever opens the bank."""
        self.clock = clock

    def open(self, *, is_dry_run: bool = False) -> Bank:
        """Open the bank."""
        return open_bank(self.address, clock=self.clock, is_dry_run=is_dry_run)

    def stop(self, connection: Connection | None) -> None:
        """Stop the machine, in the middle of a transaction if there is a connection."""
        raise NotImplementedError

    def recover(self) -> None:
        """Put what was found after the stop in its place."""

    def remove(self) -> None:
        """Leave nothing behind."""


class SqliteFile(Place):
    """A bank in a file of its own; a crash leaves the file and its log as they are at that moment."""

    numbers: ClassVar[Iterator[int]] = itertools.count(1)

    def __init__(self, clock: SteppingClock) -> None:
        """Begin with the branch, three members and a fund."""
        super().__init__(clock)
        self.folder = tempfile.TemporaryDirectory(prefix="timebank-test-")
        self._put(self._another())
        self.file.write_bytes(_beginning())
        self.photograph: Path | None = None

    def _another(self) -> Path:
        return Path(self.folder.name) / f"{next(self.numbers)}.db"

    def _put(self, file: Path) -> None:
        self.file = file
        self.address = f"sqlite:///{file}"

    def stop(self, connection: Connection | None) -> None:  # noqa: ARG002 - any moment is as good
        """Copy the file and its log as they are, without anybody closing them."""
        self.photograph = self._another()
        for suffix in ("", "-wal"):
            source = self.file.with_name(self.file.name + suffix)
            if source.exists():
                shutil.copyfile(source, self.photograph.with_name(self.photograph.name + suffix))

    def recover(self) -> None:
        """Go on with the copy."""
        if self.photograph is not None:
            self._put(self.photograph)
            self.photograph = None

    def remove(self) -> None:
        """Remove the folder."""
        self.folder.cleanup()


class PostgresqlDatabase(Place):
    """A bank in a database of its own; a crash is a session that its server ends at once."""

    server: ClassVar[str]
    template: ClassVar[str]

    def __init__(self, clock: SteppingClock) -> None:
        """Begin with a copy of the template."""
        super().__init__(clock)
        self.address = copy_of(self.server, self.template)

    def stop(self, connection: Connection | None) -> None:
        """Let the server end every session of the database, the one that is about to commit included."""
        query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
        with raw(self.server) as other:
            assert connection is None or other.execute(query, [connection.engine.url.database]).fetchall()

    def remove(self) -> None:
        """Drop the database."""
        drop(self.server, self.address)


def begin_in(address: str) -> None:
    """Make the bank that every run begins with: the branch, three members and a fund."""
    bank = open_bank(address, clock=SteppingClock(NOW))
    bank.branches.create("lille", name="Lille", policy=document_of(RULES[0], 0))
    for ref in ("m1", "m2", "m3"):
        bank.members.add("lille", name=f"Sample {ref}", joined_on=JOINED_ON)
    bank.accounts.open("lille", FUND)
    bank.close()


@cache
def _beginning() -> bytes:
    with tempfile.TemporaryDirectory(prefix="timebank-test-") as folder:
        begin_in(f"sqlite:///{folder}/bank.db")
        return Path(folder, "bank.db").read_bytes()


@contextmanager
def before_commit(bank: Bank, act: Callable[[Connection], None]) -> Iterator[None]:
    """Run something in place of the next commit."""

    def hook(connection: Connection) -> None:
        act(connection)
        raise Crash

    event.listen(bank.store.engine, "commit", hook)
    try:
        yield
    finally:
        event.remove(bank.store.engine, "commit", hook)


refs = st.sampled_from(["m1", "m2", "m3", "m4"])
actors = st.sampled_from(["member:m1", "member:m2", "member:m3", DESK, DESK])
paths = st.sampled_from([available("m1"), available("m2"), available("m3"), FUND])
lengths = st.sampled_from([0, 1, 7, 8, 15, 22, 23, 30, 45, 60, 90, 600, 1440, 1441])
ages = st.integers(0, 3000).map(lambda minutes: timedelta(minutes=minutes)) | st.sampled_from(
    [366 * DAY, 366 * DAY + timedelta(minutes=1), timedelta(minutes=-30)]
)
reasons = st.sampled_from(["why", "why", "why", ""])
levels = st.sampled_from([None, -900, -60, 0, 30, 600])


@dataclass(frozen=True)
class Act:
    """Something people do: to the bank under a key, and to the model."""

    name: str
    arguments: tuple[Any, ...]
    on_bank: Callable[[Bank, str | None], object]
    on_model: Callable[[Model], None]
    is_keyed: bool = True


class BankMachine(RuleBasedStateMachine):
    """Rules are what people, clocks and machines do; invariants are what must hold whatever they did."""

    places_of: ClassVar[tuple[type[Place], ...]]

    def __init__(self) -> None:
        """Begin at noon with fresh banks and a fresh model."""
        super().__init__()
        self.clock = SteppingClock(NOW)
        self.places = [place(self.clock) for place in self.places_of]
        self.banks = [place.open() for place in self.places]
        self.model = Model(now=NOW, last=NOW, policies=[(JOINED_ON.replace(year=1970), RULES[0])])
        for ref in ("m1", "m2", "m3"):
            self.model.join(ref)
        self.model.accounts[FUND, "min"] = [0, 0, 0]
        self.roots: list[dict[int, bytes]] = [{} for _ in self.banks]
        self.keyed: dict[str, Act] = {}
        self.seen: list[tuple[datetime, str, tuple[Any, ...]]] = []
        self.keys = itertools.count(1)

    def teardown(self) -> None:
        """Prove the books one last time."""
        try:
            for bank in self.banks:
                self.prove_one(bank)
        finally:
            for bank, place in zip(self.banks, self.places, strict=True):
                bank.close()
                place.remove()

    # --- doing ---

    def do(self, act: Act) -> None:
        """Do something to all, and expect the same answer."""
        key = f"key {next(self.keys)}" if act.is_keyed else None
        expected = self.expect(act)
        assert [expected] * len(self.banks) == self.answers(act, key)
        if key is not None and expected is None:
            self.keyed[key] = act
        if expected is None:
            self.forget_what_is_no_longer_the_past()

    def expect(self, act: Act) -> str | None:
        """Do it to the model; returns the code of its refusal."""
        try:
            self.model.does(act.on_model)
        except Refused as refused:
            return refused.code
        return None

    def answers(self, act: Act, key: str | None) -> list[str | None]:
        """Do it to every bank; returns the codes of their refusals."""
        return [self.answer(bank, act, key) for bank in self.banks]

    def answer(self, bank: Bank, act: Act, key: str | None) -> str | None:
        """Do it to a bank; returns the code of its refusal."""
        try:
            act.on_bank(bank, key)
        except TimebankError as refused:
            return refused.code
        return None

    def forget_what_is_no_longer_the_past(self) -> None:
        """What was recorded now was not known before; it may have been recorded at the same instant."""
        self.seen = [each for each in self.seen if each[0] < self.model.last]

    # --- people ---

    @rule()
    @precondition(lambda self: len(self.model.members) < 4)
    def join(self) -> None:
        """A fourth member joins."""

        def on_bank(bank: Bank, key: str | None) -> object:
            return bank.members.add("lille", name="Sample m4", ref="m4", joined_on=JOINED_ON, key=key)

        self.do(Act("join", ("m4",), on_bank, lambda model: model.join("m4")))

    @rule(
        who=actors,
        provider=refs,
        recipient=refs.map(lambda ref: f"member:{ref}") | st.just(FUND),
        ago=ages,
        minutes=lengths,
        unit=st.sampled_from(["min", "min", "min", "svc"]),
    )
    def log(  # noqa: PLR0917 - what a record is made of
        self, who: str, provider: str, recipient: str, ago: timedelta, minutes: int, unit: str
    ) -> None:
        """Somebody states help that began some time ago."""
        start = self.model.now - ago

        def on_bank(bank: Bank, key: str | None) -> object:
            return bank.hours.log(
                "lille",
                provider=provider,
                recipient=recipient,
                minutes=minutes,
                kind="shopping",
                start_at=start,
                mode=Mode.PHONE,
                unit=unit,
                by=who,
                key=key,
            )

        def on_model(model: Model) -> None:
            model.log(who, provider, recipient, start, minutes, unit)

        self.do(Act("log", (who, provider, recipient, start, minutes, unit), on_bank, on_model))

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """Some help was stated and some of it confirmed before anything else happens."""
        for _ in range(data.draw(st.integers(2, 6), label="records")):
            self.log_as_usual(data)
            if data.draw(st.booleans(), label="confirmed") and self.waiting():
                self.confirm_as_usual(data)

    @rule(data=st.data())
    def log_as_usual(self, data: st.DataObject) -> None:
        """A party or the desk states plausible help; without this rule there would hardly be any."""
        provider, helped = data.draw(st.permutations(self.model.members), label="parties")[:2]
        recipient = data.draw(st.sampled_from([f"member:{helped}", f"member:{helped}", FUND]))
        parties = [f"member:{provider}", DESK if recipient == FUND else recipient, DESK]
        self.log(
            data.draw(st.sampled_from(parties), label="who"),
            provider,
            recipient,
            timedelta(hours=data.draw(st.integers(3, 12), label="hours ago")),
            data.draw(st.sampled_from([8, 23, 60, 60, 90, 120]), label="minutes"),
            data.draw(st.sampled_from(["min", "min", "min", "svc"]), label="unit"),
        )

    def waiting(self) -> list[dict[str, Any]]:
        """Return the records that wait for a word."""
        return [each for each in self.model.records.values() if each["state"] in {"logged", "corrected"}]

    @rule(who=actors, data=st.data())
    @precondition(lambda self: self.model.records)
    def confirm(self, who: str, data: st.DataObject) -> None:
        """Somebody confirms a record."""
        no = self.a_record(data)
        self.do(
            Act(
                "confirm",
                (who, no),
                lambda bank, key: bank.hours.confirm("lille", no, by=who, key=key),
                lambda model: model.confirm(who, no),
            )
        )

    @rule(data=st.data())
    @precondition(lambda self: self.waiting())
    def confirm_as_usual(self, data: st.DataObject) -> None:
        """The side that has the word confirms."""
        record = data.draw(st.sampled_from(self.waiting()))
        recipient = DESK if record["recipient"] == FUND else record["recipient"]
        who = f"member:{record['provider']}" if record["stated"] == "recipient" else recipient
        no = record["no"]
        self.do(
            Act(
                "confirm",
                (who, no),
                lambda bank, key: bank.hours.confirm("lille", no, by=who, key=key),
                lambda model: model.confirm(who, no),
            )
        )

    @rule(who=actors, minutes=st.none() | lengths, ago=st.none() | ages, reason=reasons, data=st.data())
    @precondition(lambda self: self.model.records)
    def correct(
        self, who: str, minutes: int | None, ago: timedelta | None, reason: str, data: st.DataObject
    ) -> None:
        """Somebody restates a record."""
        no = self.a_record(data)
        start = None if ago is None else self.model.now - ago

        def on_bank(bank: Bank, key: str | None) -> object:
            return bank.hours.correct(
                "lille", no, minutes=minutes, start_at=start, reason=reason, by=who, key=key
            )

        def on_model(model: Model) -> None:
            model.correct(who, no, start, minutes, reason)

        self.do(Act("correct", (who, no, start, minutes), on_bank, on_model))

    @rule(who=actors, reason=reasons, is_rejection=st.booleans(), data=st.data())
    @precondition(lambda self: self.model.records)
    def refuse(self, who: str, reason: str, data: st.DataObject, *, is_rejection: bool) -> None:
        """Somebody disputes or rejects a record."""
        no = self.a_record(data)

        def on_bank(bank: Bank, key: str | None) -> object:
            act = bank.hours.reject if is_rejection else bank.hours.dispute
            return act("lille", no, reason=reason, by=who, key=key)

        def on_model(model: Model) -> None:
            model.dispute(who, no, reason, is_rejection=is_rejection)

        self.do(Act(f"refuse {is_rejection}", (who, no), on_bank, on_model))

    @rule(who=actors, data=st.data())
    @precondition(lambda self: self.model.records)
    def withdraw(self, who: str, data: st.DataObject) -> None:
        """Somebody takes a record back."""
        no = self.a_record(data)
        self.do(
            Act(
                "withdraw",
                (who, no),
                lambda bank, key: bank.hours.withdraw("lille", no, by=who, key=key),
                lambda model: model.withdraw(who, no),
            )
        )

    @rule(minutes=st.none() | st.sampled_from([15, 45, 60]), is_confirmed=st.booleans(), data=st.data())
    @precondition(lambda self: self.model.records)
    def decide_as_usual(self, minutes: int | None, data: st.DataObject, *, is_confirmed: bool) -> None:
        """The desk decides, with a reason."""
        self.decide(DESK, minutes, "why", data, is_confirmed=is_confirmed)

    @rule(minutes=st.sampled_from([15, 45, 60, 240]), data=st.data())
    @precondition(lambda self: self.model.records)
    def correct_as_usual(self, minutes: int, data: st.DataObject) -> None:
        """The desk corrects, confirmed or not, with a reason."""
        self.correct(DESK, minutes, None, "why", data)

    @rule(who=actors, minutes=st.none() | lengths, reason=reasons, is_confirmed=st.booleans(), data=st.data())
    @precondition(lambda self: self.model.records)
    def decide(
        self, who: str, minutes: int | None, reason: str, data: st.DataObject, *, is_confirmed: bool
    ) -> None:
        """A coordinator decides a record, or somebody tries to."""
        no = self.a_record(data)

        def on_bank(bank: Bank, key: str | None) -> object:
            return bank.hours.decide(
                "lille", no, is_confirmed=is_confirmed, reason=reason, minutes=minutes, by=who, key=key
            )

        def on_model(model: Model) -> None:
            model.decide(who, no, minutes, reason, is_confirmed=is_confirmed)

        self.do(Act("decide", (who, no, minutes, is_confirmed), on_bank, on_model))

    @rule(payer=paths, payee=paths, minutes=st.sampled_from([0, 1, 30, 60, 300, 700]))
    def transfer(self, payer: str, payee: str, minutes: int) -> None:
        """The desk moves minutes."""

        def on_bank(bank: Bank, key: str | None) -> object:
            return bank.transfers.transfer(
                "lille", debit_path=payer, credit_path=payee, minutes=minutes, reason="why", key=key
            )

        self.do(
            Act(
                "transfer",
                (payer, payee, minutes),
                on_bank,
                lambda model: model.transfer(payer, payee, minutes),
            )
        )

    @rule(data=st.data())
    def reverse(self, data: st.DataObject) -> None:
        """The desk reverses an entry, whatever it is."""
        transfers = [seq for seq, each in enumerate(self.model.entries, 1) if each["kind"] == "transfer"]
        any_entry = st.integers(1, len(self.model.entries) + 1)
        seq = data.draw(st.sampled_from(transfers) | any_entry if transfers else any_entry, label="entry")
        self.do(
            Act(
                "reverse",
                (seq,),
                lambda bank, key: bank.entries.reverse("lille", seq, reason="why", key=key),
                lambda model: model.reverse(seq),
            )
        )

    @rule(path=paths, floor=levels, ceiling=levels, follows=st.booleans())
    def limit(self, path: str, floor: int | None, ceiling: int | None, *, follows: bool) -> None:
        """The desk gives an account limits of its own, or takes them away."""

        def on_bank(bank: Bank, key: str | None) -> object:
            limits = None if follows else Limits(floor=floor, ceiling=ceiling)
            return bank.accounts.limit("lille", path, limits=limits, why="why", key=key)

        own = None if follows else (floor, ceiling)
        self.do(Act("limit", (path, own), on_bank, lambda model: model.limit(path, own)))

    @rule(path=paths, floor=st.sampled_from([-2000, -700, -30]), hours=st.integers(-1, 72))
    def override(self, path: str, floor: int, hours: int) -> None:
        """The desk lets an account fall lower for a while."""
        until = self.model.now + timedelta(hours=hours)

        def on_bank(bank: Bank, key: str | None) -> object:
            return bank.accounts.override("lille", path, floor=floor, until_at=until, why="why", key=key)

        self.do(
            Act("override", (path, floor, until), on_bank, lambda model: model.override(path, floor, until))
        )

    @rule(which=st.sampled_from(range(len(RULES))), days=st.integers(-1, 3))
    @precondition(lambda self: len(self.model.policies) < 6)
    def change_policy(self, which: int, days: int) -> None:
        """The desk sets other rules, from some day on."""
        first = self.model.today + days * DAY
        document = document_of(RULES[which], len(self.model.policies))

        def on_bank(bank: Bank, key: str | None) -> object:
            return bank.policies.set("lille", document, effective_on=first, key=key)

        self.do(
            Act("policy", (document, first), on_bank, lambda model: model.set_policy(RULES[which], first))
        )

    # --- the same again ---

    @rule(data=st.data(), reopened=st.booleans())
    @precondition(lambda self: self.keyed)
    def retry(self, data: st.DataObject, *, reopened: bool) -> None:
        """The same request under the same key, at any later time: nothing more happens (I-9)."""
        key = data.draw(st.sampled_from(sorted(self.keyed)), label="key")
        if reopened:
            self.reopen()

        assert [None] * len(self.banks) == self.answers(self.keyed[key], key)

    @rule(data=st.data())
    @precondition(lambda self: len({act.arguments for act in self.keyed.values()}) > 1)
    def reuse_a_key(self, data: st.DataObject) -> None:
        """Another request under a key that was used is refused, whatever it is (I-9)."""
        key = data.draw(st.sampled_from(sorted(self.keyed)), label="key")
        used = self.keyed[key]
        others = [
            act for act in self.keyed.values() if (act.name, act.arguments) != (used.name, used.arguments)
        ]
        other = data.draw(st.sampled_from(others), label="other")

        assert [KeyReused.code] * len(self.banks) == self.answers(other, key)

    @rule(data=st.data(), minutes=st.sampled_from([30, 60, 5000]))
    def try_out(self, data: st.DataObject, minutes: int) -> None:
        """A dry run answers as the real thing would, and changes nothing."""
        payer, payee = data.draw(paths), data.draw(paths)
        transfer = Act(
            "transfer",
            (),
            lambda bank, key: bank.transfers.transfer(
                "lille", debit_path=payer, credit_path=payee, minutes=minutes, reason="why", key=key
            ),
            lambda model: model.transfer(payer, payee, minutes),
        )
        before, last = self.model._copy(), self.model.last

        expected = self.expect(transfer)
        self.model.accounts, self.model.entries = before
        self.model.last = last

        for place in self.places:
            dry = place.open(is_dry_run=True)
            assert expected == self.answer(dry, transfer, "dry")
            dry.close()

    # --- clocks and machines ---

    @rule(by=st.sampled_from([timedelta(seconds=1), timedelta(hours=1), DAY / 2, 2 * DAY, 40 * DAY]))
    def wait(self, by: timedelta) -> None:
        """Time passes."""
        self.set_clock(self.model.now + by)

    @rule(by=st.sampled_from([timedelta(microseconds=1), timedelta(hours=1), 3 * DAY]))
    def turn_back(self, by: timedelta) -> None:
        """The machine's clock is put back (I-13)."""
        self.set_clock(self.model.now - by)

    @rule(night=st.sampled_from(NIGHTS))
    def jump(self, night: datetime) -> None:
        """To a night on which the calendar does something unusual."""
        self.set_clock(night)

    def set_clock(self, to: datetime) -> None:
        """Put both clocks."""
        self.clock.advance(to - self.clock.instant)
        self.model.now = to

    @rule()
    def reopen(self) -> None:
        """The program ends and starts again."""
        for number, place in enumerate(self.places):
            self.banks[number].close()
            self.banks[number] = place.open()

    @rule(payer=paths, payee=paths, is_before_commit=st.booleans())
    def crash(self, payer: str, payee: str, *, is_before_commit: bool) -> None:
        """The machine stops in the middle of a transfer, or right after it; the client asks again."""
        key = f"key {next(self.keys)}"
        act = Act(
            "transfer",
            (payer, payee, 10),
            lambda bank, key: bank.transfers.transfer(
                "lille", debit_path=payer, credit_path=payee, minutes=10, reason="why", key=key
            ),
            lambda model: model.transfer(payer, payee, 10),
        )
        for bank, place in zip(self.banks, self.places, strict=True):
            if is_before_commit:
                with before_commit(bank, place.stop), suppress(Crash):
                    self.answer(bank, act, key)
            else:
                self.answer(bank, act, key)
                place.stop(None)
            place.recover()
        self.reopen()

        expected = self.expect(act)

        assert [expected] * len(self.banks) == self.answers(act, key)
        if expected is None:
            self.keyed[key] = act
            self.forget_what_is_no_longer_the_past()

    # --- looking ---

    @rule(path=paths)
    def remember(self, path: str) -> None:
        """Look at a statement, to ask for it again later, as known now."""
        self.seen.append((self.model.now, path, self.statement(path, known_at=self.model.now)))

    @rule(data=st.data())
    @precondition(lambda self: self.seen)
    def look_back(self, data: st.DataObject) -> None:
        """A statement as known then says what was said then, line by line."""
        at, path, then = data.draw(st.sampled_from(self.seen), label="seen")

        assert then == self.statement(path, known_at=at)

    @rule(data=st.data())
    @precondition(lambda self: self.model.entries)
    def close_a_period(self, data: st.DataObject) -> None:
        """Wherever the books are cut, the closing is the next opening, and every line is on one side."""
        path, unit = data.draw(st.sampled_from(sorted(self.model.accounts)), label="account")
        day = data.draw(st.sampled_from(sorted({entry["on"] for entry in self.model.entries})), label="day")
        lines = list(self.model.lines(path, unit))

        before = sum(change for _, on, change in lines if on <= day)
        for bank in self.banks:
            first = bank.statements.statement("lille", path, unit=unit, last_on=day)
            second = bank.statements.statement("lille", path, unit=unit, first_on=day + DAY)
            trial = bank.statements.trial_balance("lille", on=day)
            assert [(seq, on, change) for seq, on, change in lines if on <= day] == [
                (line.entry, line.effective_on, line.change) for line in first.lines
            ]
            assert [(seq, on, change) for seq, on, change in lines if on > day] == [
                (line.entry, line.effective_on, line.change) for line in second.lines
            ]
            assert (before, before) == (first.closing, second.opening)
            rows = {(row.path, each.unit): row.credit - row.debit for each in trial for row in each.rows}
            assert before == rows.get((path, unit), 0)

    def statement(self, path: str, known_at: datetime | None = None) -> tuple[Any, ...]:
        """Return what a statement says, everywhere the same."""
        first, *others = (bank.statements.statement("lille", path, known_at=known_at) for bank in self.banks)
        assert [first] * len(others) == others
        return first.opening, first.lines, first.closing

    @rule(data=st.data())
    def prove(self, data: st.DataObject) -> None:
        """One of the banks is proven; at the end, all are."""
        self.prove_one(data.draw(st.sampled_from(self.banks), label="bank"))

    def prove_one(self, bank: Bank) -> None:
        """The audit is clean, the journal gapless and the model's, statements close as they should."""
        assert () == bank.audits.run().faults
        entries = bank.entries.list("lille", limit=None)[::-1]
        assert list(range(1, len(self.model.entries) + 1)) == [entry.seq for entry in entries]
        assert [self.told(entry) for entry in self.model.entries] == [
            (
                entry.draft.kind.value,
                f"{entry.draft.cause.kind} {entry.draft.cause.ref}",
                tuple(
                    (line.posting.path, line.posting.side.value, line.posting.amount) for line in entry.lines
                ),
                entry.draft.effective_on,
                entry.recorded_at,
                entry.draft.policy_version if entry.draft.kind != "reversal" else None,
                entry.draft.reverses,
            )
            for entry in entries
        ]
        for path, unit in self.model.accounts:
            found = bank.statements.statement("lille", path, unit=unit)
            expected = list(self.model.lines(path, unit))
            assert expected == [(line.entry, line.effective_on, line.change) for line in found.lines]
            assert self.model.accounts[path, unit][0] == found.closing
        for trial in bank.statements.trial_balance("lille"):
            assert trial.is_balanced

    @staticmethod
    def told(entry: dict[str, Any]) -> tuple[Any, ...]:
        """Return an entry of the model as it is compared; a reversal's policy is that of its own day."""
        lines = ((entry["payer"], "debit", entry["minutes"]), (entry["payee"], "credit", entry["minutes"]))
        if entry["kind"] == "reversal":
            lines = lines[::-1]
        return (
            entry["kind"],
            entry["cause"],
            lines,
            entry["on"],
            entry["recorded"],
            entry["version"] if entry["kind"] != "reversal" else None,
            entry["reverses"],
        )

    # --- what always holds ---

    @invariant()
    def accounts_are_the_model_s(self) -> None:
        """I-4: every balance and count of help, summing to zero in each unit (I-1); levels in force (I-5)."""
        levels = {key: self.model.levels(*key) for key in self.model.accounts}
        for bank in self.banks:
            views = bank.accounts.list("lille")
            assert self.model.accounts == {
                (view.path, view.unit): [view.balance, view.given, view.received] for view in views
            }
            for unit in ("min", "svc"):
                assert 0 == sum(view.balance for view in views if view.unit == unit)
            assert levels == {
                (view.path, view.unit): (view.limits.floor, view.limits.ceiling) for view in views
            }

    @invariant()
    def the_log_goes_on(self) -> None:
        """I-11: its root is that of the leaves, and every root that it had is that of its beginning."""
        for bank, seen in zip(self.banks, self.roots, strict=True):
            with bank.store.read() as tx:
                log = tx.books("lille").log
                size, nodes = log.size(), log.nodes()
                root = root_at(size, nodes)
                assert len(self.model.entries) == size
                assert naive.root(log.leaves(1, size)) == root
                for old, its in seen.items():
                    check_consistency(old, its, size, root, consistency_proof(old, size, nodes))
            seen[size] = root

    @invariant()
    def records_are_the_model_s(self) -> None:
        """I-8: where every service record stands, and for how much."""
        expected = [
            (
                no,
                each["state"],
                each["start"],
                each["minutes"],
                each["credited"],
                each["revision"],
                each["flagged"],
            )
            for no, each in sorted(self.model.records.items())
        ]
        for bank in self.banks:
            assert expected == [
                (
                    record.no,
                    record.state.value,
                    record.start_at,
                    record.minutes,
                    record.credited_minutes,
                    record.revision,
                    record.is_flagged_overlap,
                )
                for record in bank.hours.list("lille")[::-1]
            ]

    def a_record(self, data: st.DataObject) -> int:
        """Draw the number of a record."""
        return int(data.draw(st.sampled_from(sorted(self.model.records)), label="record"))


@pytest.fixture(scope="module")
def served(postgres_server: str) -> Iterator[type[PostgresqlDatabase]]:
    """Return the place of banks on the test server."""
    with a_database(postgres_server) as address:
        begin_in(address)

        class Served(PostgresqlDatabase):
            server = postgres_server
            template = address

        yield Served


def test_whatever_happens_the_banks_are_their_plain_model(served: type[PostgresqlDatabase]) -> None:
    """Answers, balances, limits, records, journal and statements, after every step (I-1 to I-9, I-13)."""

    class Machine(BankMachine):
        places_of = (SqliteFile, served)

    tries = settings()
    run_state_machine_as_test(
        Machine,
        settings=settings(
            tries,
            max_examples=max(10, tries.max_examples // 4),
            stateful_step_count=50,
            suppress_health_check=list(HealthCheck),
        ),
    )
