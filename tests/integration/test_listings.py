"""Requests and offers in the bank: a plain model, SQLite and PostgreSQL side by side; words and copies."""

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from tests.builders import JOINED_ON, NOW, a_branch
from tests.integration.copies import copy_of, drop
from tests.postgres import a_database

from timebank.care.listing import OPEN_MOST, ListingState
from timebank.care.week import Week, Window
from timebank.clock import SteppingClock
from timebank.errors import KeyReused, TimebankError
from timebank.services.bank import Bank, open_bank
from timebank.storage.columns import table_of
from timebank.storage.tables_listings import HelpRequestRow

DAY = timedelta(days=1)
WEEK = Week.of([Window.parse("mon 09:00-12:00"), Window.parse("sun 20:00-24:00")])
MEMBERS = ("m1", "m2", "m3")
NOUNS = ("requests", "offers")


@dataclass
class Wish:
    """A request or an offer, as the model has it."""

    member: str
    until: datetime
    state: str = "open"

    def state_at(self, now: datetime) -> str:
        """Return where it stands."""
        return "expired" if self.state == "open" and self.until <= now else self.state


def end_of(day: date) -> datetime:
    """Return the end of a day in Paris; the model knows its two offsets by heart."""
    winter = day < date(2026, 3, 29) or day >= date(2026, 10, 25)
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + DAY - timedelta(hours=1 if winter else 2)


def post(bank: Bank, noun: str, member: str, until: date, *, key: str | None = None) -> int:
    """Post a weekly wish or offer as the member; returns its number."""
    facts: dict[str, Any] = {"member": member, "kind": "company", "week": WEEK, "until_on": until, "key": key}
    if noun == "requests":
        return bank.help_requests.post("lille", minutes=60, by=f"member:{member}", **facts).listing.no
    return bank.help_offers.post("lille", minutes_per_week=60, by=f"member:{member}", **facts).listing.no


class Listings(RuleBasedStateMachine):
    """Members post and withdraw, days pass, a coordinator sweeps, people are erased."""

    addresses: ClassVar[list[str]] = []
    copies: ClassVar[list[Any]] = []

    def __init__(self) -> None:
        """Begin with three members and nothing posted."""
        super().__init__()
        self.clock = SteppingClock(NOW)
        self.closing = [copy(self.clock) for copy in self.copies]
        self.banks: list[Bank] = [each.__enter__() for each in self.closing]
        self.wishes: dict[str, list[Wish]] = {noun: [] for noun in NOUNS}
        self.erased: set[str] = set()

    def teardown(self) -> None:
        """Close the banks; nothing of this moved hours, and no number is missing."""
        for bank in self.banks:
            assert () == bank.audits.run(keep=False).faults
        for each in self.closing:
            each.__exit__(None, None, None)

    def both(self, act: Any) -> Any:  # noqa: ANN401 - what a use case returns
        """Do something in every bank; they agree on what came of it."""
        found = []
        for bank in self.banks:
            try:
                found.append(act(bank))
            except TimebankError as error:
                found.append(error.code)
        assert all(each == found[0] for each in found)
        return found[0]

    @rule(noun=st.sampled_from(NOUNS), member=st.sampled_from(MEMBERS), days=st.integers(-1, 370))
    def post(self, noun: str, member: str, days: int) -> None:
        """Post something that is open until the end of a day."""
        until = self.clock.instant.astimezone(UTC).date() + days * DAY
        done = self.both(lambda bank: post(bank, noun, member, until))
        if done == "deadline_out_of_range":
            assert not self.clock.instant < end_of(until) <= self.clock.instant + 366 * DAY
            return
        self.wishes[noun].append(Wish(member, end_of(until)))
        assert len(self.wishes[noun]) == done

    @rule(noun=st.sampled_from(NOUNS), no=st.integers(1, 6), who=st.sampled_from([*MEMBERS, "desk"]))
    def withdraw(self, noun: str, no: int, who: str) -> None:
        """Take something back, as whoever."""
        by, why = (f"coordinator:{who}", "asked to") if who == "desk" else (f"member:{who}", None)

        def act(bank: Bank) -> str:
            use_cases = bank.help_requests if noun == "requests" else bank.help_offers
            return use_cases.withdraw("lille", no, reason=why, by=by).listing.state.value

        done, now = self.both(act), self.clock.instant
        if no > len(self.wishes[noun]):
            assert f"unknown_help_{noun.removesuffix('s')}" == done
        elif who not in {"desk", self.wishes[noun][no - 1].member}:
            assert "not_allowed" == done
        elif self.wishes[noun][no - 1].state_at(now) != "open":
            assert "listing_not_open" == done
        else:
            assert "withdrawn" == done
            self.wishes[noun][no - 1].state = "withdrawn"

    @rule(days=st.integers(0, 120), minutes=st.integers(0, 1440))
    def wait(self, days: int, minutes: int) -> None:
        """Time passes."""
        self.clock.advance(days * DAY + timedelta(minutes=minutes))

    @rule(noun=st.sampled_from(NOUNS))
    def sweep(self, noun: str) -> None:
        """Write down what has expired: all of it, and only once."""

        def act(bank: Bank) -> list[int]:
            use_cases = bank.help_requests if noun == "requests" else bank.help_offers
            return [each.no for each in use_cases.expire_due("lille")]

        due = [
            no
            for no, wish in enumerate(self.wishes[noun], 1)
            if wish.state == "open" and wish.state_at(self.clock.instant) == "expired"
        ]
        assert due == self.both(act)
        for no in due:
            self.wishes[noun][no - 1].state = "expired"

    @rule()
    def erase(self) -> None:
        """Erase m3: what is open of theirs is withdrawn, and nobody asks for them again."""
        self.both(lambda bank: bank.members.erase("lille", "m3").identity)
        for wishes in self.wishes.values():
            for wish in wishes:
                if wish.member == "m3" and wish.state_at(self.clock.instant) == "open":
                    wish.state = "withdrawn"

    @invariant()
    def lists_are_what_the_model_says(self) -> None:
        """By state and member, newest first, whether somebody has swept or not."""
        now = self.clock.instant
        for noun, wishes in self.wishes.items():
            for state in (None, *ListingState):
                for member in (None, "m1"):

                    def act(
                        bank: Bank,
                        noun: str = noun,
                        state: ListingState | None = state,
                        member: str | None = member,
                    ) -> list[tuple[int, str]]:
                        use_cases = bank.help_requests if noun == "requests" else bank.help_offers
                        found = use_cases.list("lille", state=state, member=member, limit=None)
                        return [(each.no, each.state.value) for each in found]

                    expected = [
                        (no, wish.state_at(now))
                        for no, wish in enumerate(wishes, 1)
                        if member in {None, wish.member} and state in {None, wish.state_at(now)}
                    ]
                    assert expected[::-1] == self.both(act)


@contextmanager
def on_sqlite(clock: SteppingClock) -> Iterator[Bank]:
    """Open a fresh bank in a file."""
    with tempfile.TemporaryDirectory(prefix="timebank-test-") as folder:
        bank = a_branch(Path(folder), clock=clock)
        try:
            yield bank
        finally:
            bank.close()


def test_requests_and_offers_are_their_plain_model(postgres_server: str) -> None:
    """On SQLite and on PostgreSQL alike, whoever does what and when."""
    with a_database(postgres_server) as template:
        bank = open_bank(template, clock=SteppingClock(NOW))
        bank.branches.create("lille", name="Sample branch")
        for number in (1, 2, 3):
            bank.members.add("lille", name=f"Sample Member {number}", joined_on=JOINED_ON)
        bank.close()

        @contextmanager
        def on_postgresql(clock: SteppingClock) -> Iterator[Bank]:
            address = copy_of(postgres_server, template)
            served = open_bank(address, clock=clock)
            try:
                yield served
            finally:
                served.close()
                drop(postgres_server, address)

        class Both(Listings):
            copies: ClassVar[list[Any]] = [on_sqlite, on_postgresql]

        run_state_machine_as_test(
            Both,
            settings=settings(
                max_examples=8,
                stateful_step_count=15,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow],
            ),
        )


def test_the_same_key_posts_once_and_another_wish_under_it_is_refused(tmp_path: Path) -> None:
    """For ever (I-9)."""
    bank = a_branch(tmp_path)
    until = date(2026, 7, 1)
    for noun in NOUNS:
        assert [1, 1] == [post(bank, noun, "m1", until, key=noun) for _ in range(2)]
        with pytest.raises(KeyReused):
            post(bank, noun, "m1", until + DAY, key=noun)
    assert [1, 1] == [bank.help_requests.withdraw("lille", 1, reason="x", key="k").listing.no for _ in "ab"]
    assert [[], []] == [list(bank.help_offers.expire_due("lille", key="e")) for _ in "ab"]
    bank.close()


def test_words_are_erased_with_whoever_they_are_about(tmp_path: Path) -> None:
    """What was wished for stays as codes and times; nobody can read who said what (I-10)."""
    bank = a_branch(tmp_path)
    facts: dict[str, Any] = {"member": "m1", "kind": "company", "week": WEEK, "note": "Sample words"}
    bank.help_requests.post("lille", minutes=60, reason="Sample reason", **facts)
    bank.help_offers.post("lille", minutes_per_week=60, reason="Sample reason", **facts)
    before = bank.help_requests.show("lille", 1)
    bank.members.erase("lille", "m1")

    assert ("Sample words", ("Sample reason",)) == (before.note, before.reasons)
    for view in (bank.help_requests.show("lille", 1), bank.help_offers.show("lille", 1)):
        assert (None, ()) == (view.note, view.reasons)
        assert ListingState.WITHDRAWN is view.listing.state
    bank.close()


def test_a_copy_of_a_branch_has_its_requests_and_offers(tmp_path: Path) -> None:
    """Dated ones, weekly ones, and what became of them."""
    bank = a_branch(tmp_path)
    post(bank, "requests", "m1", date(2026, 7, 1))
    post(bank, "offers", "m2", date(2026, 7, 1))
    bank.help_requests.post(
        "lille",
        member="m1",
        kind="company",
        minutes=60,
        earliest_at=NOW + DAY,
        latest_at=NOW + 2 * DAY,
        by="member:m1",
    )
    bank.help_requests.withdraw("lille", 1, by="member:m1")
    file = io.BytesIO()
    bank.exports.branch("lille", file)
    file.seek(0)
    copy = open_bank(f"sqlite:///{tmp_path / 'copy.db'}", clock=SteppingClock(NOW))
    copy.restores.branch(file)

    assert bank.help_requests.list("lille") == copy.help_requests.list("lille")
    assert bank.help_offers.list("lille") == copy.help_offers.list("lille")
    assert 2 == len(copy.help_requests.list("lille"))
    bank.close()
    copy.close()


def test_there_are_only_so_many_open_ones_of_a_member(tmp_path: Path) -> None:
    """Others may still post, and one may be exchanged for another."""
    bank = a_branch(tmp_path)
    for _ in range(OPEN_MOST):
        post(bank, "offers", "m1", date(2026, 7, 1))
    with pytest.raises(TimebankError) as caught:
        post(bank, "offers", "m1", date(2026, 7, 1))
    assert "too_many_listings" == caught.value.code
    bank.help_offers.withdraw("lille", 1, by="member:m1")
    assert OPEN_MOST + 1 == post(bank, "offers", "m1", date(2026, 7, 1))
    assert OPEN_MOST + 2 == post(bank, "offers", "m2", date(2026, 7, 1))
    bank.close()


def test_a_day_that_has_no_midnight_still_ends(tmp_path: Path) -> None:
    """Where clocks go forward at midnight, the day before ends when the next one begins."""
    bank = a_branch(tmp_path)
    bank.branches.create("cairo", name="Sample branch", zone="Africa/Cairo")
    bank.members.add("cairo", name="Sample Member", joined_on=JOINED_ON)
    view = bank.help_offers.post(
        "cairo",
        member="m1",
        kind="company",
        week=WEEK,
        minutes_per_week=30,
        until_on=date(2027, 4, 29),
        by="member:m1",
    )

    assert datetime(2027, 4, 29, 22, tzinfo=UTC) == view.listing.expires_at
    bank.close()


@pytest.mark.parametrize(
    "values",
    [{"state": "done"}, {"minutes": 0}, {"week": "0"}, {"week": None}, {"latest_us": 1}, {"earliest_us": 1}],
)
def test_the_database_refuses_what_no_request_says(tmp_path: Path, values: dict[str, Any]) -> None:
    """Whoever writes to it."""
    bank = a_branch(tmp_path)
    post(bank, "requests", "m1", date(2026, 7, 1))
    with pytest.raises((IntegrityError, TimebankError)), bank.store.write("lille") as tx:
        tx.connection.execute(update(table_of(HelpRequestRow)).values(**values))
    bank.close()
