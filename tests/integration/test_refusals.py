import shlex
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.builders import NOW, a_bank, a_branch, address_in, help_given
from tests.integration.worlds import a_world

from timebank.cli.main import main
from timebank.clock import SteppingClock
from timebank.errors import KeyReused, NaiveInstant, TimebankError
from timebank.ledger.chart import available, held
from timebank.ledger.limits import Limits
from timebank.policy.model import Policy
from timebank.policy.writing import write_policy
from timebank.services.bank import Bank

REFUSED, USAGE, NOT_FOUND = 1, 2, 3
HUGE = (2**63 - 1, 2**63, 2**64)

TRANSFER = "transfer -b lille --from member:m1:available --to fund:solidarity --reason why -m {}"
LOG = "hours log -b lille --provider m1 --recipient m2 -k shopping --by member:m1 -m {} --at 2026-06-14T{}"
LIMIT = "account limit member:m4:available -b lille --reason why {}"

REFUSALS: list[tuple[str, str, int]] = [
    # Who and what is not there.
    ("account list -b nowhere", "unknown_branch", NOT_FOUND),
    ("account list -b Lille!", "unknown_branch", NOT_FOUND),
    ("member show m99 -b lille", "unknown_member", NOT_FOUND),
    ("member erase m99 -b lille --yes", "unknown_member", NOT_FOUND),
    ("hours show 99 -b lille", "unknown_record", NOT_FOUND),
    ("hours confirm 99 -b lille --by member:m1", "unknown_record", NOT_FOUND),
    ("entry show 999 -b lille", "unknown_entry", NOT_FOUND),
    ("entry show 0 -b lille", "unknown_entry", NOT_FOUND),
    ("entry reverse 999 -b lille --reason why", "unknown_entry", NOT_FOUND),
    ("account show member:m99:available -b lille", "unknown_account", NOT_FOUND),
    ("account show member:m1:grant -b lille", "unknown_account", NOT_FOUND),
    ("account show fund:solidarity -b lille --unit EUR", "unknown_account", NOT_FOUND),
    ("account show wallet:m1 -b lille", "bad_path", USAGE),
    ("statement fund:nowhere -b lille", "unknown_account", NOT_FOUND),
    ("policy show -b lille --version 99", "unknown_policy_version", NOT_FOUND),
    (TRANSFER.format(5).replace("fund:solidarity", "fund:nowhere"), "unknown_account", NOT_FOUND),
    (TRANSFER.format(5).replace("fund:solidarity", "clearing:locmine"), "account_managed", REFUSED),
    (LOG.format(30, "10:00").replace("recipient m2", "recipient m99"), "unknown_member", NOT_FOUND),
    (LOG.format(30, "10:00").replace("recipient m2", "recipient fund:nowhere"), "unknown_account", NOT_FOUND),
    # Closed, managed, or both sides the same.
    (TRANSFER.format(5).replace("fund:solidarity", "fund:club-tea"), "account_closed", REFUSED),
    (TRANSFER.format(5).replace("fund:solidarity", "member:m1:available"), "same_account", REFUSED),
    ("account close fund:solidarity -b lille", "account_not_empty", REFUSED),
    ("account open member:m1:grant -b lille", "account_managed", REFUSED),
    ("account open fund:A -b lille", "bad_path", USAGE),
    # Held hours cannot be spent, moved or given limits.
    (TRANSFER.format(5).replace("member:m1:available", held("m3")), "account_managed", REFUSED),
    (TRANSFER.format(5).replace("fund:solidarity", held("m3")), "account_managed", REFUSED),
    ("account limit member:m3:held -b lille --floor -60 --reason why", "account_managed", REFUSED),
    ("member erase m3 -b lille --yes", "member_has_open_matters", REFUSED),
    # Amounts.
    *(
        (TRANSFER.format(text), code, USAGE)
        for text, code in (
            ("0", "minutes_out_of_range"),
            ("100000001", "minutes_out_of_range"),
            *((str(number), "minutes_out_of_range") for number in HUGE),
            ("9" * 39, "minutes_out_of_range"),
            ("9" * 60, "not_minutes"),
            ("-5", "not_minutes"),
            ("+5", "not_minutes"),
            ("1.5", "not_minutes"),
            ("1e3", "not_minutes"),
            ("nan", "not_minutes"),
            ("inf", "not_minutes"),
            ("0x10", "not_minutes"),
            ("1_000", "not_minutes"),
            ("٣٠", "not_minutes"),
            ("３０", "not_minutes"),
            ("³", "not_minutes"),
            ("''", "not_minutes"),
            ("1:75", "not_minutes"),
        )
    ),
    (LOG.format(0, "10:00"), "minutes_out_of_range", USAGE),
    (LOG.format(1441, "10:00"), "minutes_out_of_range", USAGE),
    # Limits.
    (TRANSFER.format("20000"), "insufficient_hours", REFUSED),
    (LIMIT.format("--floor 100 --ceiling 50"), "limits_crossed", USAGE),
    (LIMIT.format("--floor 1.5"), "not_minutes", USAGE),
    (LIMIT.format("--floor -99999999999"), "minutes_out_of_range", USAGE),
    # Time.
    (LOG.format(30, "10:00").replace("2026-06-14", "2027-06-14"), "hours_in_future", REFUSED),
    (LOG.format(30, "10:00").replace("2026-06-14", "2020-06-14"), "member_left", REFUSED),
    (LOG.format(30, "10:00").replace("2026-06-14T10:00", "2026-03-29T02:30"), "missing_instant", USAGE),
    (LOG.format(30, "10:00").replace("2026-06-14T10:00", "2025-10-26T02:30"), "ambiguous_instant", USAGE),
    (LOG.format(30, "10:00").replace("2026-06-14", "2026-02-29"), "not_an_instant", USAGE),
    (LOG.format(30, "10:00").replace("2026-06-14", "14.06.2026"), "not_an_instant", USAGE),
    (LOG.format(30, "10:00").replace("2026-06-14", "1969-06-14"), "day_beyond_range", USAGE),
    (LOG.format(30, "25:00"), "not_an_instant", USAGE),
    (
        "statement fund:solidarity -b lille --first-on 2026-03-02 --last-on 2026-03-01",
        "period_reversed",
        USAGE,
    ),
    ("statement fund:solidarity -b lille --first-on 2026-02-30", "not_a_day", USAGE),
    ("branch create nice --name Nice --zone Europe/Nice", "unknown_zone", USAGE),
    # The workflow of hours.
    ("hours confirm 1 -b lille --by member:m2", "already_confirmed", REFUSED),
    ("hours confirm 4 -b lille --by member:m2", "own_statement", REFUSED),
    ("hours confirm 8 -b lille --by member:m5", "own_statement", REFUSED),
    ("hours confirm 8 -b lille --by member:m1", "not_a_party", REFUSED),
    ("hours confirm 8 -b lille", "not_a_party", REFUSED),
    ("hours confirm 8 -b lille --by coordinator:m2", "self_dealing", REFUSED),
    ("hours confirm 8 -b lille --by member:m1+m2#1", "mandate_not_in_force", REFUSED),
    ("hours confirm 8 -b lille --by somebody", "bad_actor", USAGE),
    ("hours confirm 6 -b lille --by member:m2", "record_not_open", REFUSED),
    ("hours confirm 7 -b lille --by member:m2", "record_not_open", REFUSED),
    ("hours withdraw 8 -b lille --by member:m2", "not_allowed", REFUSED),
    ("hours decide 8 confirm -b lille --reason why --by member:m2", "not_allowed", REFUSED),
    ("hours decide 8 confirm -b lille --reason ' '", "reason_missing", USAGE),
    (LOG.format(30, "10:00").replace("recipient m2", "recipient m1"), "same_party", REFUSED),
    (LOG.format(30, "10:00").replace("by member:m1", "by member:m3"), "not_a_party", REFUSED),
    (LOG.format(30, "10:00").replace("-k shopping", "-k Shopping!"), "bad_reference", USAGE),
    (LOG.format(30, "10:00") + " --unit EUR", "bad_unit", USAGE),
    # Entries.
    ("entry reverse 1 -b lille --reason why", "entry_settled", REFUSED),
    ("branch create lille --name Again", "branch_exists", REFUSED),
    ("branch create 'Lille 2' --name Again", "bad_reference", USAGE),
    ("member add -b lille --ref m1 --name Again", "member_exists", REFUSED),
    ("member add -b lille --ref M1 --name Again", "bad_reference", USAGE),
    ("member rename m9 -b lille --name Again", "member_erased", REFUSED),
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the world where it ends, with the machine's clock there as well."""
    clock = a_world(tmp_path)
    monkeypatch.setattr("timebank.services.bank.SystemClock", lambda: clock)
    return tmp_path


def dump(folder: Path) -> list[str]:
    """Return the whole content of a folder's bank."""
    with closing(sqlite3.connect(folder / "bank.db")) as raw:
        return list(raw.iterdump())


@pytest.mark.parametrize(("line", "code", "status"), REFUSALS, ids=[line for line, _, _ in REFUSALS])
def test_a_refusal_says_why_and_changes_nothing(
    line: str, code: str, status: int, world: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence with a stable code, an exit status that says what can be done, and the same books."""
    before = dump(world)

    found = main(["--db", address_in(world), *shlex.split(line)])

    said = capsys.readouterr()
    assert f"[{code}]" in said.err
    assert (status, 1, "") == (found, len(said.err.splitlines()), said.out)
    assert before == dump(world)


def test_a_policy_is_refused_with_every_fault(world: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Unknown keys are slips of the finger; all of them are told at once, and nothing is set."""
    file = world / "policy.toml"
    file.write_text("format = 1\n[limits.member]\nflor_minutes = -600\n[overlap]\nrule = 'sometimes'\n")
    before = dump(world)

    status = main(["--db", address_in(world), "policy", "set", "-b", "lille", str(file)])

    said = capsys.readouterr().err
    assert USAGE == status
    assert "limits.member.flor_minutes" in said
    assert "overlap.rule" in said
    assert before == dump(world)


Attempt = Callable[[Bank], object]
START = NOW - timedelta(hours=4)


def log(bank: Bank, **changes: Any) -> object:  # noqa: ANN401 - any argument of `log`
    """Log help of m1 for m2, with some arguments changed."""
    facts: dict[str, Any] = {
        "provider": "m1",
        "recipient": "member:m2",
        "minutes": 60,
        "kind": "shopping",
        "start_at": START,
        "by": "member:m1",
    }
    return bank.hours.log("lille", **{**facts, **changes})


def transfer(bank: Bank, **changes: Any) -> object:  # noqa: ANN401 - any argument of `transfer`
    """Transfer from m1 to m2, with some arguments changed."""
    facts: dict[str, Any] = {
        "debit_path": available("m1"),
        "credit_path": available("m2"),
        "minutes": 5,
        "reason": "why",
    }
    return bank.transfers.transfer("lille", **{**facts, **changes})


ATTEMPTS: dict[str, tuple[Attempt, str]] = {
    "naive start": (lambda bank: log(bank, start_at=START.replace(tzinfo=None)), "naive_instant"),
    "naive effect": (lambda bank: transfer(bank, effective_at=NOW.replace(tzinfo=None)), "naive_instant"),
    "naive known at": (
        lambda bank: bank.statements.statement("lille", available("m1"), known_at=NOW.replace(tzinfo=None)),
        "naive_instant",
    ),
    "naive until": (
        lambda bank: bank.accounts.override(
            "lille", available("m1"), floor=-5, until_at=NOW.replace(tzinfo=None), why="why"
        ),
        "naive_instant",
    ),
    "no minutes": (lambda bank: transfer(bank, minutes=0), "amount_out_of_range"),
    "negative": (lambda bank: transfer(bank, minutes=-5), "amount_out_of_range"),
    **{
        f"huge {number}": (lambda bank, number=number: transfer(bank, minutes=number), "amount_out_of_range")  # type: ignore[misc]
        for number in HUGE
    },
    "a fraction": (lambda bank: transfer(bank, minutes=1.5), "amount_not_whole"),
    "a whole float": (lambda bank: transfer(bank, minutes=5.0), "amount_not_whole"),
    "not a number": (lambda bank: transfer(bank, minutes=float("nan")), "amount_not_whole"),
    "a truth": (lambda bank: transfer(bank, minutes=True), "amount_not_whole"),
    "text": (lambda bank: transfer(bank, minutes="5"), "amount_not_whole"),
    "ends later": (lambda bank: log(bank, start_at=NOW - timedelta(minutes=59)), "hours_in_future"),
    "began long ago": (lambda bank: log(bank, start_at=NOW - timedelta(days=367)), "hours_too_old"),
    "huge help": (lambda bank: log(bank, minutes=2**63), "minutes_out_of_range"),
    "no help": (lambda bank: log(bank, minutes=0), "minutes_out_of_range"),
    "overlap": (
        lambda bank: (log(bank), log(bank, start_at=START + timedelta(minutes=59))),
        "overlapping_hours",
    ),
    "below the floor": (lambda bank: transfer(bank, minutes=601), "insufficient_hours"),
    "above the ceiling": (
        lambda bank: transfer(bank, minutes=599, credit_path=available("m3")),
        "ceiling_reached",
    ),
    "wrong unit": (lambda bank: transfer(bank, unit="hours"), "bad_unit"),
    "no such unit here": (lambda bank: transfer(bank, unit="EUR"), "unknown_account"),
    "no reason": (lambda bank: transfer(bank, reason=""), "reason_missing"),
    "endless reason": (lambda bank: transfer(bank, reason="x" * 501), "bad_text"),
    "not a coordinator": (lambda bank: transfer(bank, by="member:m1"), "not_allowed"),
    "another branch's": (lambda bank: transfer(bank, by="coordinator:desk@locmine"), "not_allowed"),
    "key empty": (lambda bank: transfer(bank, key=""), "bad_key"),
    "key endless": (lambda bank: transfer(bank, key="x" * 256), "bad_key"),
    "policy of yesterday": (
        lambda bank: bank.policies.set("lille", write_policy(Policy()), effective_on=date(2026, 6, 14)),
        "policy_dated_in_past",
    ),
    "reversed twice": (
        lambda bank: [bank.entries.reverse("lille", 2, reason="why") for _ in range(2)],
        "already_reversed",
    ),
    "reversal reversed": (
        lambda bank: (
            bank.entries.reverse("lille", 2, reason="why"),
            bank.entries.reverse("lille", 3, reason="why"),
        ),
        "reversal_not_reversible",
    ),
}
BEFORE_THEY_FAIL = {"overlap", "reversed twice", "reversal reversed"}
"""These do something first, so that the second time is refused."""


@pytest.mark.parametrize(("attempt", "code"), ATTEMPTS.values(), ids=ATTEMPTS)
def test_the_library_refuses_it_and_changes_nothing(
    attempt: Attempt, code: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """What no command line can say, a program can: the same codes, the same silence in the books."""
    bank = a_branch(tmp_path, clock=SteppingClock(NOW))
    help_given(bank, minutes=15, provider="m2", recipient="m3")
    transfer(bank, minutes=1, debit_path=available("m3"))
    bank.accounts.limit("lille", available("m3"), limits=Limits(floor=-600, ceiling=400), why="why")
    before = dump(tmp_path)

    with pytest.raises(TimebankError) as refused:
        attempt(bank)

    assert code == refused.value.code
    assert (before == dump(tmp_path)) == (request.node.callspec.id not in BEFORE_THEY_FAIL)
    assert bank.audits.run().ok
    bank.close()


# --- Idempotency (I-9) ----------------------------------------------------------------------------------

KEYED: dict[str, tuple[Callable[[Bank], object], Callable[[Bank], object]]] = {
    "hours log": (lambda bank: log(bank, key="k"), lambda bank: log(bank, key="k", minutes=61)),
    "hours confirm": (
        lambda bank: bank.hours.confirm("lille", 2, by="member:m2", key="k"),
        lambda bank: bank.hours.confirm("lille", 1, by="member:m2", key="k"),
    ),
    "transfer": (lambda bank: transfer(bank, key="k"), lambda bank: transfer(bank, key="k", minutes=6)),
    "entry reverse": (
        lambda bank: bank.entries.reverse("lille", 2, reason="why", key="k"),
        lambda bank: bank.entries.reverse("lille", 1, reason="why", key="k"),
    ),
    "member add": (
        lambda bank: bank.members.add("lille", name="Sample Twin", key="k"),
        lambda bank: bank.members.add("lille", name="Another Twin", key="k"),
    ),
    "account limit": (
        lambda bank: bank.accounts.limit("lille", available("m1"), limits=Limits(floor=-5), why="y", key="k"),
        lambda bank: bank.accounts.limit("lille", available("m1"), limits=Limits(floor=-6), why="y", key="k"),
    ),
    "account override": (
        lambda bank: bank.accounts.override(
            "lille", available("m1"), floor=-700, until_at=NOW, why="y", key="k"
        ),
        lambda bank: bank.accounts.override(
            "lille", available("m1"), floor=-701, until_at=NOW, why="y", key="k"
        ),
    ),
    "policy set": (
        lambda bank: bank.policies.set("lille", write_policy(Policy()), key="k"),
        lambda bank: bank.policies.set("lille", write_policy(Policy()) + "\n", key="k"),
    ),
}


@pytest.mark.parametrize(("act", "other"), KEYED.values(), ids=KEYED)
def test_one_key_has_one_effect(
    act: Callable[[Bank], object], other: Callable[[Bank], object], tmp_path: Path
) -> None:
    """I-9: again and again, later, after reopening: nothing more happens; another payload is refused."""
    clock = SteppingClock(NOW)
    bank = a_branch(tmp_path, clock=clock)
    help_given(bank, minutes=15, ago=timedelta(days=2))
    log(bank, start_at=NOW - timedelta(days=1))
    transfer(bank)
    act(bank)
    after = dump(tmp_path)

    act(bank)
    bank.close()
    clock.advance(timedelta(days=400))
    bank = a_bank(tmp_path, clock=clock)
    act(bank)
    with pytest.raises(KeyReused):
        other(bank)

    assert after == dump(tmp_path)
    assert bank.audits.run().ok
    bank.close()


def test_a_key_is_not_used_up_by_a_refusal(tmp_path: Path) -> None:
    """Nothing is remembered of what did not happen: after the cause is gone the same request succeeds."""
    bank = a_branch(tmp_path)
    with pytest.raises(TimebankError):
        transfer(bank, minutes=700, key="k")
    bank.accounts.limit("lille", available("m1"), limits=Limits(floor=-700), why="why")

    assert transfer(bank, minutes=700, key="k") == transfer(bank, minutes=700, key="k")
    bank.close()


def test_a_key_belongs_to_its_branch(tmp_path: Path) -> None:
    """Branches know nothing of one another's requests."""
    bank = a_branch(tmp_path)
    bank.branches.create("locmine", name="Locminé")

    first = bank.members.add("lille", name="Sample Twin", key="k")
    second = bank.members.add("locmine", name="Sample Twin", key="k")

    assert ("lille", "locmine") == (first.member.branch, second.member.branch)
    bank.close()


def test_a_dry_run_uses_no_key_up(tmp_path: Path) -> None:
    """Trying out and doing is the usual way."""
    a_branch(tmp_path).close()
    dry = a_bank(tmp_path, is_dry_run=True)
    transfer(dry, key="k")
    dry.close()
    bank = a_bank(tmp_path)

    assert 1 == len(bank.entries.list("lille")) + (transfer(bank, key="k") is None) + 1
    bank.close()


# --- Any text on the command line -------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    branch=st.sampled_from(["lille", "nowhere"]) | st.text(max_size=12),
    number=st.integers().map(str) | st.text(max_size=12),
    minutes=st.text(max_size=12) | st.integers().map(str),
)
def test_no_argument_ends_in_a_traceback(
    branch: str,
    number: str,
    minutes: str,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever is typed: a result or a sentence, never a bug."""
    folder = tmp_path_factory.getbasetemp() / "typed"
    if not folder.exists():
        folder.mkdir()
        a_branch(folder).close()

    status = main(
        [
            "--db",
            address_in(folder),
            "hours",
            "correct",
            "-b",
            branch,
            "--by",
            "member:m1",
            "-m",
            minutes,
            "--",
            number,
        ]
    )

    capsys.readouterr()
    assert status in {REFUSED, USAGE, NOT_FOUND}


@given(at=st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)))  # noqa: DTZ001 - naive on purpose
def test_a_naive_instant_is_never_guessed(at: datetime, tmp_path_factory: pytest.TempPathFactory) -> None:
    """In no year: the caller says which zone was meant."""
    folder = tmp_path_factory.getbasetemp() / "naive"
    if not folder.exists():
        folder.mkdir()
        a_branch(folder).close()
    bank = a_bank(folder)

    with pytest.raises(NaiveInstant):
        log(bank, start_at=at)

    bank.close()
