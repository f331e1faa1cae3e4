"""The outbox: one order of everything that happened in a branch, without a gap, told only if it happened."""

import io
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.builders import NOW, a_bank, a_branch, address_in, help_given
from tests.integration.worlds import MARKER, a_world

import timebank
from timebank.care.beneficiary import Relation
from timebank.care.events import OF_JOURNAL, Event, EventKind
from timebank.clock import SteppingClock
from timebank.errors import InsufficientHours, TimebankError
from timebank.ledger.batch import PostRequest
from timebank.ledger.chart import available
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank

BRANCHES = ("lille", "locmine")


def told(bank: Bank, branch: str = "lille", *, after: int = 0) -> tuple[Event, ...]:
    """Return everything that a branch tells."""
    return bank.events.page(branch, after=after, limit=100_000).events


def rows(bank: Bank) -> int:
    """Return how many rows all outboxes have."""
    with bank.store.read() as tx:
        return int(tx.connection.execute(text("SELECT COUNT(*) FROM outbox")).scalar_one())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    """Open the world, to be read only."""
    folder = tmp_path_factory.mktemp("world")
    return timebank.open(address_in(folder), clock=a_world(folder))


@pytest.mark.parametrize("branch", BRANCHES)
def test_events_are_numbered_without_a_gap(world: Bank, branch: str) -> None:
    """1 to the end, in the order in which they were recorded; every entry once, in its order (I-13)."""
    events = told(world, branch)
    entries = [event.data.split(",")[0] for event in events if event.kind in OF_JOURNAL]

    assert list(range(1, world.events.end(branch) + 1)) == [event.no for event in events]
    assert sorted(event.at for event in events) == [event.at for event in events]
    assert [f'{{"entry":{seq}' for seq in range(1, len(world.entries.list(branch)) + 1)] == entries


def test_the_world_tells_of_every_kind(world: Bank) -> None:
    """So the laws here are about all of them."""
    seen = {event.kind for branch in BRANCHES for event in told(world, branch)}

    assert set(EventKind) - seen <= {
        EventKind.BENEFICIARY_REVOKED,
        EventKind.MANDATE_REVOKED,
        EventKind.MEMBER_LEFT,
        EventKind.REDEMPTION_MISSED,
        EventKind.REDEMPTION_REOPENED,
        EventKind.REDEMPTION_UNASSIGNED,
        EventKind.REDEMPTION_EXPIRED,
        EventKind.HOURS_DECIDED,
        EventKind.MATCH_EXPIRED,
        EventKind.MATCH_WITHDRAWN,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    branch=st.sampled_from(BRANCHES),
    limit=st.integers(1, 40),
    kinds=st.sets(st.sampled_from(EventKind), max_size=4),
    member=st.none() | st.sampled_from(["m1", "m3", "h1", "m", "%", "_1"]),
)
def test_pages_of_any_size_give_the_same_events(
    world: Bank, branch: str, limit: int, kinds: set[EventKind], member: str | None
) -> None:
    """Whatever is asked for, page after page it is what it is at once, and nobody sees what is another's."""
    after, found = 0, list[Event]()
    while True:
        page = world.events.page(branch, after=after, limit=limit, kinds=kinds, member=member)
        assert after < page.through
        assert len(page.events) <= limit
        found += page.events
        after = page.through
        if after >= page.end:
            break

    assert found == [
        event
        for event in told(world, branch)
        if (not kinds or event.kind in kinds) and (member is None or member in event.members)
    ]


def test_no_event_says_a_word_that_somebody_wrote(world: Bank) -> None:
    """Names, contacts and reasons are in nobody's outbox (I-10), nor what kind of help it was."""
    texts = [event.text for branch in BRANCHES for event in told(world, branch)]

    assert not [each for each in texts if MARKER in each or "company" in each or "parent" in each]


def test_what_did_not_happen_is_not_told(tmp_path: Path) -> None:
    """Refused, tried out only, or asked for a second time."""
    bank = a_branch(tmp_path)
    no = help_given(bank, minutes=60)
    bank.policies.set("lille", bank.policies.show("lille").document + "\n# two\n", key="k")
    before = told(bank)

    with pytest.raises(TimebankError):
        bank.hours.confirm("lille", no)
    with pytest.raises(InsufficientHours):
        bank.transfers.transfer(
            "lille", debit_path=available("m3"), credit_path=available("m1"), minutes=99_999, reason="why"
        )
    bank.policies.set("lille", bank.policies.list("lille")[1].document, key="k")
    bank.close()
    tried = timebank.open(address_in(tmp_path), clock=SteppingClock(NOW), is_dry_run=True)
    tried.members.erase("lille", "m3")
    tried.close()

    bank = a_bank(tmp_path)
    assert before == told(bank)
    bank.close()


def test_posts_write_nothing_beside_the_journal(tmp_path: Path) -> None:
    """One by one, in batches and ahead: the journal itself tells them, in between what else happens."""
    bank = a_branch(tmp_path)
    before, known = rows(bank), bank.events.end("lille")

    def post(number: int) -> PostRequest:
        return PostRequest(postings=(debit(available("m2"), 1), credit(available("m1"), 1)), key=f"k{number}")

    for number in range(1, 6):
        bank.entries.post_many("lille", [post(number)])
    bank.policies.set("lille", bank.policies.show("lille").document + "\n# two\n")
    bank.entries.post_many("lille", [post(number) for number in range(6, 400)])
    help_given(bank)

    kinds = [event.kind.value for event in told(bank, after=known)]
    assert before + 3 == rows(bank)
    assert ["entry.posted"] * 5 == kinds[:5]
    assert "policy.set" == kinds[5]
    assert ["entry.posted"] * 394 == kinds[6:400]
    assert ["hours.logged", "hours.confirmed", "entry.posted"] == kinds[400:]
    bank.close()


def test_a_restored_branch_tells_the_same_and_goes_on(world: Bank, tmp_path: Path) -> None:
    """Who follows it elsewhere misses nothing and hears nothing twice."""
    file = io.BytesIO()
    world.exports.branch("locmine", file)
    file.seek(0)
    bank = a_bank(tmp_path, clock=SteppingClock(world.now()))
    bank.restores.branch(file)
    before = told(bank, "locmine")
    bank.members.add("locmine", name="Sample Member", joined_on=date(2026, 1, 1))

    assert told(world, "locmine") == before
    assert [(len(before) + 1, EventKind.MEMBER_JOINED)] == [
        (event.no, event.kind) for event in told(bank, "locmine", after=len(before))
    ]
    bank.close()


def a_family(bank: Bank) -> None:
    """Let m1 of Lille ask for help for m1 of Locminé, and then let the deadline pass."""
    help_given(bank, minutes=400, ago=timedelta(hours=12))
    bank.branches.create("locmine", name="Sample branch elsewhere")
    bank.members.add("locmine", name="Sample Member", joined_on=date(2025, 1, 1))
    bank.beneficiaries.add(
        "lille", sponsor="m1", relation=Relation.PARENT, member="m1@locmine", by="member:m1"
    )
    bank.beneficiaries.consent("lille", 1, by="member:m1@locmine")
    bank.beneficiaries.check("lille", 1)
    bank.redemptions.request(
        "lille", 1, start_at=bank.now() + timedelta(days=1), minutes=60, kind="company", by="member:m1"
    )


def by_hand(bank: Bank) -> None:
    """End what is due."""
    bank.holds.expire_due("lille")


def by_the_next_request(bank: Bank) -> None:
    """Ask for something else."""
    bank.redemptions.request(
        "lille", 1, start_at=bank.now() + timedelta(days=1), minutes=30, kind="company", by="member:m1"
    )


@pytest.mark.parametrize("how", [by_hand, by_the_next_request])
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_two_branches_know_both_tell(
    tmp_path: Path, how: object, engine: str, request: pytest.FixtureRequest
) -> None:
    """Also when a deadline passes and nobody of the other branch did anything."""
    assert callable(how)
    clock = SteppingClock(NOW)
    address = address_in(tmp_path) if engine == "sqlite" else str(request.getfixturevalue("postgres"))
    bank = timebank.open(address, clock=clock)
    bank.branches.create("lille", name="Sample branch")
    for number in (1, 2):
        bank.members.add("lille", name=f"Sample Member {number}", joined_on=date(2025, 1, 1))
    a_family(bank)
    clock.advance(timedelta(days=400))
    how(bank)

    both = [
        [
            (event.kind.value, event.data)
            for event in told(bank, branch)
            if event.kind.startswith(("beneficiary", "redemption"))
        ]
        for branch in BRANCHES
    ]
    members = [
        {ref for event in told(bank, branch) if event.kind.startswith("redemption") for ref in event.members}
        for branch in BRANCHES
    ]
    assert bank.audits.run().ok
    bank.close()
    assert both[0] == both[1]
    assert "redemption.expired" in {kind for kind, _ in both[0]}
    assert [{"m1"}, {"m1"}] == members


def test_plain_sql_cannot_put_an_event_out_of_its_place(tmp_path: Path) -> None:
    """I-13, for whoever has the file open."""
    a_world(tmp_path)
    with closing(sqlite3.connect(tmp_path / "bank.db", isolation_level=None)) as raw:
        no, seq = raw.execute("SELECT MAX(no), MAX(seq) FROM outbox WHERE branch_id = 1").fetchone()
        for bad in ((no, seq + 1), (no + 1, seq), (no + 1, seq + 2), (1, seq + 1), (no - 1, seq + 1)):
            with pytest.raises(sqlite3.IntegrityError):
                raw.execute("INSERT INTO outbox VALUES (1, ?, ?, 'member.joined', '', '{}', 0)", bad)
        raw.execute("INSERT INTO outbox VALUES (1, ?, ?, 'member.joined', '', '{}', 0)", (no + 1, seq + 1))
