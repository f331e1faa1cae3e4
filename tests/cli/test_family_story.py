"""A family's story at the terminal: a son in Lille with hours, his mother in Locminé, her helper.

From two empty branches to a settled redemption, and every other end that it can have. After every command
the trial balances of both branches, the clearing and the audit are asked for, and must hold.
"""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.cli.terminal import Terminal, a_terminal, file_of

from timebank.clock import SteppingClock

SON = ("--by", "member:m1@lille")
MOTHER = ("--by", "member:m1@locmine")
HELPER = ("--by", "member:m2@locmine")
HOST_DESK = ("--by", "coordinator:desk@locmine")
EARNED = 240
AVAILABLE, HELD = "member:m1:available", "member:m1:held"


def monday_noon() -> SteppingClock:
    """Return a clock that stands at 12:00 in Lille and in Locminé."""
    return SteppingClock(datetime(2026, 6, 15, 10, 0, tzinfo=UTC))


def ask_for_help(terminal: Terminal, *, minutes: int = 60, at: str = "2026-06-18T14:00") -> str:
    """Let the son ask for help for his mother; returns the reference."""
    request = ("redeem", "request", "-b", "lille", "--beneficiary", "1", "-k", "shopping", "--at", at)
    asked = terminal.ask(*request, "-m", str(minutes), "--by", "member:m1")
    return str(asked["redemption"])


def find_somebody(terminal: Terminal, **plan: object) -> str:
    """Let the son ask, and the helper offer."""
    ref = ask_for_help(terminal, **plan)  # type: ignore[arg-type]
    terminal.type("redeem", "assign", ref, "--provider", "m2", "--by", "member:m2")
    return ref


def be_helped(terminal: Terminal, *, given: int | None = None, **plan: object) -> str:
    """Let the helper say that it is done, on the evening of the planned day."""
    ref = find_somebody(terminal, **plan)
    terminal.wait(days=3, hours=9)
    length = ("-m", str(given)) if given is not None else ()
    terminal.type("redeem", "log", ref, *length, "--by", "member:m2")
    return ref


def ends_as(terminal: Terminal, ref: str, state: str, *, charged: int, held: int = 0) -> None:
    """Check how it ended, in both books."""
    story = terminal.ask("redeem", "show", ref)
    assert (state, charged) == (story["state"], story["charged_minutes"])
    assert story["reconciled"] == {
        "is_reconciled": True,
        "paid_minutes": charged,
        "earned_minutes": charged,
        "held_minutes": 0,
        "clearing_minutes": 0,
    }
    assert EARNED - charged - held == terminal.balance("lille", AVAILABLE)
    assert held == terminal.balance("lille", HELD)
    assert charged == terminal.balance("locmine", "member:m2:available")
    assert (charged, -charged) == (
        terminal.balance("lille", "clearing:locmine"),
        terminal.balance("locmine", "clearing:lille"),
    )


def found_the_family(terminal: Terminal) -> None:
    """From nothing to a beneficiary for whom hours can be spent."""
    for branch in ("lille", "locmine"):
        terminal.type("branch", "create", branch, "--name", f"Sample {branch}")
    terminal.type("member", "add", "-b", "lille", "--name", "Sample Son")
    terminal.type("member", "add", "-b", "lille", "--name", "Sample Neighbour")
    terminal.type("member", "add", "-b", "locmine", "--name", "Sample Mother")
    terminal.type("member", "add", "-b", "locmine", "--name", "Sample Helper")
    terminal.type(
        *("hours", "log", "-b", "lille", "--provider", "m1", "--recipient", "m2", "-m", "4h", "-k", "moving"),
        *("--at", "2026-06-15T06:00", "--by", "member:m1"),
    )
    terminal.type("hours", "confirm", "1", "-b", "lille", "--by", "member:m2")
    terminal.type(
        *("beneficiary", "add", "-b", "lille", "--sponsor", "m1", "--relation", "parent"),
        *("--member", "m1@locmine", "--by", "member:m1"),
    )
    terminal.type("beneficiary", "consent", "1", "-b", "lille", *MOTHER)
    terminal.type("beneficiary", "check", "1", "-b", "lille")


@pytest.fixture(scope="session")
def family_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bank in which the family is ready, founded at the terminal."""
    folder = tmp_path_factory.mktemp("family-home")
    with pytest.MonkeyPatch.context() as patch:
        found_the_family(a_terminal(folder / "family.db", monday_noon(), patch, is_proving=True))
    return folder


@pytest.fixture
def terminal(family_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal on a copy of the family's bank."""
    shutil.copytree(family_home, tmp_path, dirs_exist_ok=True)
    return a_terminal(tmp_path / "family.db", monday_noon(), monkeypatch, is_proving=True)


def test_the_way_that_everybody_hopes_for(terminal: Terminal) -> None:
    """The son's hour is taken when he asks, and given to the helper when his mother says that it was good."""
    ref = ask_for_help(terminal, minutes=60)
    assert "lille-1" == ref
    assert (EARNED - 60, 60) == (terminal.balance("lille", AVAILABLE), terminal.balance("lille", HELD))
    assert ["requested"] == [each["state"] for each in terminal.ask("redeem", "list", "-b", "locmine")]

    terminal.type("redeem", "assign", ref, "--provider", "m2")
    terminal.wait(days=3, hours=4)
    terminal.type("redeem", "log", ref, "--by", "member:m2")
    done = terminal.ask("redeem", "confirm", ref, "--by", "member:m1")

    assert [{"branch": "lille", "entry": 3}, {"branch": "locmine", "entry": 1}] == done["entries"]
    ends_as(terminal, ref, "settled", charged=60)
    story = terminal.type("redeem", "show", ref).out
    assert "Reconciled (lille and locmine)" in story
    for word in ("hold", "member:m1:held", "clearing:lille", "member:m2:available", "coordinator:desk"):
        assert word in story


def test_the_son_confirms_under_a_mandate(terminal: Terminal) -> None:
    """His mother cannot type; she has said on paper that he may speak for her."""
    terminal.type(
        *("mandate", "grant", "-b", "locmine", "--principal", "m1", "--holder", "m1@lille"),
        *("--scope", "confirm", "--basis", "family-authorisation", "--until", "2026-12-31"),
    )
    ref = be_helped(terminal)
    terminal.refused("not_a_party", 1, "redeem", "confirm", ref, *SON)

    terminal.type("redeem", "confirm", ref, "--by", "member:m1@lille+m1#1")

    ends_as(terminal, ref, "settled", charged=60)
    assert [["confirm"]] == [each["scopes"] for each in terminal.ask("mandate", "list", "-b", "locmine")]


def test_what_was_not_needed_goes_back(terminal: Terminal) -> None:
    """Ninety minutes were kept, an hour was enough."""
    ref = be_helped(terminal, minutes=90, given=60)

    done = terminal.ask("redeem", "confirm", ref, "--by", "member:m1")

    assert ["lille", "locmine", "lille"] == [each["branch"] for each in done["entries"]]
    ends_as(terminal, ref, "settled", charged=60)


def test_cancelled_in_time(terminal: Terminal) -> None:
    """Free until the end of the day before."""
    ref = find_somebody(terminal, minutes=90)
    terminal.wait(days=2, hours=11)

    terminal.type("redeem", "cancel", ref, "--by", "member:m1")

    ends_as(terminal, ref, "cancelled", charged=0)


def test_cancelled_too_late(terminal: Terminal) -> None:
    """An hour's fee on the day itself; the helper has kept the afternoon free."""
    ref = find_somebody(terminal, minutes=90)
    terminal.wait(days=2, hours=13)

    terminal.type("redeem", "cancel", ref, *MOTHER)

    ends_as(terminal, ref, "cancelled", charged=60)


def test_nobody_opened(terminal: Terminal) -> None:
    """The planned time is charged: a coordinator in Locminé has heard both."""
    ref = find_somebody(terminal, minutes=90)
    terminal.wait(days=3, hours=4)

    terminal.type("redeem", "no-show", ref, "--missing", "beneficiary", "--reason", "nobody opened")

    ends_as(terminal, ref, "missed", charged=90)


def test_nobody_came(terminal: Terminal) -> None:
    """A helper who did not come earns nothing, and the son's hours are whole again."""
    ref = find_somebody(terminal, minutes=90)
    terminal.wait(days=3, hours=4)

    terminal.type("redeem", "no-show", ref, "--missing", "provider", *MOTHER)

    ends_as(terminal, ref, "missed", charged=0)


def test_nobody_was_found(terminal: Terminal) -> None:
    """After ninety days the hours come back, by command or with the next request."""
    first, second = ask_for_help(terminal, minutes=90), ask_for_help(terminal, minutes=30)
    terminal.wait(days=90)

    terminal.type("redeem", "expire", first)
    again = terminal.type(
        *("redeem", "request", "-b", "lille", "--beneficiary", "1", "--at", "2026-10-01T10:00"),
        *("-m", "4h", "-k", "shopping", "--by", "member:m1"),
    )

    assert f"Redemption {second} was past its deadline" in again.err
    ends_as(terminal, first, "expired", charged=0, held=240)
    ends_as(terminal, second, "expired", charged=0, held=240)


def test_all_that_is_due_is_ended_at_once(terminal: Terminal) -> None:
    """A coordinator's one command; saying it again finds nothing."""
    refs = [ask_for_help(terminal, minutes=30) for _ in range(3)]
    terminal.wait(days=90)

    ended = terminal.ask("hold", "expire", "-b", "lille")

    assert refs == [each["redemption"] for each in ended]
    assert "Nothing of lille is past its deadline.\n" == terminal.type("hold", "expire", "-b", "lille").out
    assert {"expired"} == {each["state"] for each in terminal.ask("hold", "list", "-b", "lille")}


def test_a_hold_is_released_free_of_charge(terminal: Terminal) -> None:
    """The coordinator of Lille lets the family off, late as it is."""
    ref = find_somebody(terminal, minutes=90)
    terminal.wait(days=3)

    terminal.type("hold", "release", "1", "-b", "lille", "--reason", "the mother is in hospital")

    ends_as(terminal, ref, "cancelled", charged=0)


def test_somebody_else_steps_in(terminal: Terminal) -> None:
    """A helper who falls ill steps back; the desk finds another one."""
    terminal.type("member", "add", "-b", "locmine", "--name", "Sample Friend")
    ref = find_somebody(terminal)
    terminal.type("redeem", "unassign", ref, "--by", "member:m2")
    terminal.type("redeem", "assign", ref, "--provider", "m3")
    terminal.wait(days=3, hours=4)
    terminal.type("redeem", "log", ref, "--by", "member:m3")

    terminal.type("redeem", "confirm", ref, "--by", "member:m1")

    assert 60 == terminal.balance("locmine", "member:m3:available")
    assert 0 == terminal.balance("locmine", "member:m2:available")


def test_in_one_branch(terminal: Terminal) -> None:
    """The same commands for a neighbour next door; no clearing account is needed."""
    terminal.type(
        *("beneficiary", "add", "-b", "lille", "--sponsor", "m1", "--relation", "named", "--member", "m2"),
        *("--by", "member:m1"),
    )
    terminal.type("beneficiary", "consent", "2", "-b", "lille", "--by", "member:m2")
    terminal.type("beneficiary", "check", "2", "-b", "lille")
    terminal.type("member", "add", "-b", "lille", "--name", "Sample Friend")
    terminal.type(
        *("redeem", "request", "-b", "lille", "--beneficiary", "2", "--at", "2026-06-16T10:00"),
        *("-m", "1h", "-k", "garden", "--by", "member:m1"),
    )
    terminal.type("redeem", "assign", "lille-1", "--provider", "m3", "--by", "member:m3")
    terminal.wait(days=2)
    terminal.type("redeem", "log", "lille-1", "--by", "member:m3")

    done = terminal.ask("redeem", "confirm", "lille-1", "--by", "member:m2")

    assert [{"branch": "lille", "entry": 3}] == done["entries"]
    assert (EARNED - 60, 60) == (
        terminal.balance("lille", AVAILABLE),
        terminal.balance("lille", "member:m3:available"),
    )
    assert [] == terminal.ask("clearing", "show")["positions"]


def test_corrected_after_settlement(terminal: Terminal) -> None:
    """The helper of Locminé remembers: it was half an hour, then three quarters, then two hours."""
    ref = be_helped(terminal, minutes=60)
    terminal.type("redeem", "confirm", ref, "--by", "member:m1")

    for minutes in (30, 45, 120, 60):
        terminal.type("hours", "correct", "1", "-b", "locmine", "-m", str(minutes), "--reason", "typed wrong")
        ends_as(terminal, ref, "settled", charged=minutes)


def test_annulled_after_settlement(terminal: Terminal) -> None:
    """It was another family's visit: everything goes back, and the story says why."""
    ref = be_helped(terminal, minutes=60)
    terminal.type("redeem", "confirm", ref, "--by", "member:m1")

    terminal.type("hours", "decide", "1", "reject", "-b", "locmine", "--reason", "another family's visit")

    ends_as(terminal, ref, "settled", charged=0)
    assert "another family's visit" == terminal.ask("redeem", "show", ref)["events"][-1]["reason"]


def test_disputed_and_decided(terminal: Terminal) -> None:
    """The mother remembers less; the coordinator of Locminé finds out, and both books follow."""
    ref = be_helped(terminal, minutes=90)
    terminal.type("redeem", "dispute", ref, "--reason", "it was an hour", "--by", "member:m1")

    terminal.type("hours", "decide", "1", "confirm", "-b", "locmine", "-m", "1h", "--reason", "both agree")

    ends_as(terminal, ref, "settled", charged=60)


def test_erasing_the_mother_leaves_the_proof(terminal: Terminal) -> None:
    """Her name and the words about her are gone; every number still reconciles (I-10)."""
    ref = find_somebody(terminal)
    terminal.type("redeem", "cancel", ref, "--reason", "she is in hospital", *HOST_DESK)

    terminal.type("member", "erase", "m1", "-b", "locmine", "--yes")

    ends_as(terminal, ref, "cancelled", charged=0)
    assert b"hospital" not in file_of(terminal.address).read_bytes()
