"""The nouns of redemptions at the terminal: what they print, what they refuse, and with which exit status."""

import shutil
from pathlib import Path

import pytest
from tests.cli.running import run
from tests.cli.terminal import Terminal, a_terminal, file_of
from tests.cli.test_family_story import ask_for_help, be_helped, find_somebody, found_the_family, monday_noon
from tests.integration.family import dump_of


@pytest.fixture(scope="module")
def family_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a bank in which the family is ready."""
    folder = tmp_path_factory.mktemp("redeem-home")
    with pytest.MonkeyPatch.context() as patch:
        found_the_family(a_terminal(folder / "family.db", monday_noon(), patch))
    return folder


@pytest.fixture
def terminal(family_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal on a copy of the family's bank."""
    shutil.copytree(family_home, tmp_path, dirs_exist_ok=True)
    return a_terminal(tmp_path / "family.db", monday_noon(), monkeypatch)


def test_every_state_reads_as_a_sentence(terminal: Terminal) -> None:
    """A coordinator on the phone reads out what the terminal says."""
    asked = terminal.type(
        *("redeem", "request", "-b", "lille", "--beneficiary", "1", "--at", "2026-06-18T14:00"),
        *("-m", "90", "-k", "shopping", "--by", "member:m1"),
    )
    assert "Redemption lille-1 is requested: 1 h 30 held; entry lille 2.\n" == asked.out
    assigned = terminal.type("redeem", "assign", "lille-1", "--provider", "m2")
    assert "Redemption lille-1 is assigned: 1 h 30 held.\n" == assigned.out
    terminal.wait(days=4)
    logged = terminal.type("redeem", "log", "lille-1", "-m", "1h", "--by", "member:m2")
    assert "Redemption lille-1 is logged: 1 h 30 held.\n" == logged.out
    settled = terminal.type("redeem", "confirm", "lille-1", "--by", "member:m1")
    assert (
        "Redemption lille-1 is settled: 1 h 00 charged; entries lille 3, locmine 1, lille 4.\n" == settled.out
    )


def test_times_are_those_of_the_branch_of_the_visit(terminal: Terminal) -> None:
    """14:00 is 14:00 where the mother lives."""
    terminal.type("branch", "create", "reunion", "--name", "Sample island", "--zone", "Indian/Reunion")
    terminal.type("member", "add", "-b", "reunion", "--name", "Sample Aunt")
    terminal.type(
        *("beneficiary", "add", "-b", "lille", "--sponsor", "m1", "--relation", "named"),
        *("--member", "m1@reunion", "--by", "member:m1"),
    )
    terminal.type("beneficiary", "consent", "2", "-b", "lille", "--by", "member:m1@reunion")
    terminal.type("beneficiary", "check", "2", "-b", "lille")

    asked = terminal.ask(
        *("redeem", "request", "-b", "lille", "--beneficiary", "2", "--at", "2026-06-18T14:00"),
        *("-m", "60", "-k", "shopping", "--by", "member:m1"),
    )

    assert "2026-06-18T10:00:00Z" == asked["planned_at"]
    assert "2026-06-18 14:00 (Indian/Reunion)" in terminal.type("redeem", "show", "lille-1").out


def test_log_reads_its_time_in_the_branch_of_the_visit(terminal: Terminal) -> None:
    """What the helper types is the time on the kitchen clock."""
    ref = find_somebody(terminal)
    terminal.wait(days=4)

    terminal.type("redeem", "log", ref, "--at", "2026-06-18T15:30", "-m", "45", "--by", "member:m2")

    record = terminal.ask("redeem", "show", ref)["record"]
    assert ("2026-06-18T13:30:00Z", 45) == (record["start_at"], record["minutes"])


def test_every_table_fits_eighty_columns(terminal: Terminal) -> None:
    """Nobody has to widen a window."""
    ref = be_helped(terminal)
    terminal.type("redeem", "confirm", ref, "--by", "member:m1")
    terminal.type(
        *("mandate", "grant", "-b", "locmine", "--principal", "m1", "--holder", "m1@lille"),
        *("--scope", "confirm", "--scope", "view", "--basis", "paper"),
    )
    for words in (
        ("redeem", "list", "-b", "lille"),
        ("redeem", "show", ref),
        ("hold", "list", "-b", "lille"),
        ("beneficiary", "list", "-b", "locmine"),
        ("beneficiary", "show", "1", "-b", "lille"),
        ("mandate", "list", "-b", "locmine"),
    ):
        done = run("--db", terminal.address, *words, width=80)
        assert 0 == done.status
        assert [] == [line for line in done.out.splitlines() if len(line) > 80 and "Reconciled" not in line]


def test_json_is_what_was_promised(terminal: Terminal) -> None:
    """A stable contract: these keys, minutes as whole numbers, instants in UTC."""
    ask_for_help(terminal)

    redemption = terminal.ask("redeem", "list", "-b", "lille")[0]

    assert {
        "redemption": "lille-1",
        "branch": "lille",
        "no": 1,
        "state": "requested",
        "sponsor": "m1",
        "beneficiary_no": 1,
        "host_branch": "locmine",
        "beneficiary": "m1",
        "provider": None,
        "kind": "shopping",
        "mode": "in-person",
        "planned_at": "2026-06-18T12:00:00Z",
        "planned_minutes": 60,
        "held_minutes": 60,
        "charged_minutes": None,
        "expires_at": "2026-09-13T10:00:00Z",
        "hold_no": 1,
        "record_no": None,
    } == redemption
    beneficiary = terminal.ask("beneficiary", "list", "-b", "locmine")[0]
    assert {
        "branch": "lille",
        "no": 1,
        "sponsor": "m1",
        "relation": "parent",
        "host_branch": "locmine",
        "member": "m1",
        "consented_at": "2026-06-15T10:00:00Z",
        "checked_at": "2026-06-15T10:00:00Z",
        "revoked_at": None,
    } == beneficiary
    events = terminal.ask("beneficiary", "show", "1", "-b", "lille")["events"]
    assert [("add", "lille"), ("consent", "locmine"), ("check", "lille")] == [
        (each["act"], each["acted_in"]) for each in events
    ]


def test_a_mandate_is_revoked_by_who_gave_it(terminal: Terminal) -> None:
    """The sentence after granting says how to act under it; revoking again keeps the first revocation."""
    granted = terminal.type(
        *("mandate", "grant", "-b", "locmine", "--principal", "m1", "--holder", "m1@lille"),
        *("--scope", "sponsor", "--basis", "paper", "--from", "2026-07-01", "--by", "member:m1"),
    )
    assert "as member:m1@lille+m1#1." in granted.out

    terminal.type("mandate", "revoke", "1", "-b", "locmine", "--by", "member:m1")
    terminal.wait(days=1)
    terminal.type("mandate", "revoke", "1", "-b", "locmine", "--by", "member:m1@lille")

    mandate = terminal.ask("mandate", "list", "-b", "locmine", "--principal", "m1")[0]
    assert ("2026-07-01", None, "2026-06-15T10:00:00Z") == (
        mandate["from_on"],
        mandate["until_on"],
        mandate["revoked_at"],
    )
    assert [] == terminal.ask("mandate", "list", "-b", "locmine", "--principal", "m2")


def test_a_revoked_beneficiary_says_so(terminal: Terminal) -> None:
    """What was agreed is over; the sentence does not pretend otherwise."""
    revoked = terminal.type("beneficiary", "revoke", "1", "-b", "lille", "--by", "member:m1@locmine")

    assert "Beneficiary 1 of lille: m1 of locmine for m1 (parent), revoked.\n" == revoked.out


def test_the_same_key_answers_twice_and_acts_once(terminal: Terminal) -> None:
    """A script that is not sure whether it got through asks again (I-9)."""
    ref = be_helped(terminal)
    confirm = ("redeem", "confirm", ref, "--key", "k1", "--by", "member:m1")
    first = terminal.ask(*confirm)

    again = terminal.ask(*confirm)

    assert (first["state"], first["charged_minutes"]) == (again["state"], again["charged_minutes"])
    assert [] == again["entries"]


def test_a_dry_run_answers_and_changes_nothing(terminal: Terminal) -> None:
    """A coordinator looks first."""
    ref = be_helped(terminal)
    before = dump_of(file_of(terminal.address))

    tried = terminal.ask("redeem", "confirm", ref, "--by", "member:m1", "--dry-run")

    assert "settled" == tried["state"]
    assert before == dump_of(file_of(terminal.address))


ASK = ("redeem", "request", "-b", "lille", "--at", "2026-06-18T14:00", "-k", "shopping", "--beneficiary")
CONSENT = ("beneficiary", "consent", "1", "-b", "lille")
REFUSED = [
    ("insufficient_hours", 1, (*ASK, "1", "-m", "15h"), "member:m1"),
    ("minutes_out_of_range", 2, (*ASK, "1", "-m", "25h"), "member:m1"),
    ("not_minutes", 2, (*ASK, "1", "-m", "soon"), "member:m1"),
    ("unknown_beneficiary", 3, (*ASK, "7", "-m", "1h"), "member:m1"),
    ("reason_missing", 2, (*ASK, "1", "-m", "1h"), "coordinator:desk"),
    ("not_allowed", 1, (*ASK, "1", "-m", "1h"), "member:m2"),
    ("bad_actor", 2, (*ASK, "1", "-m", "1h"), "the son"),
    ("unknown_redemption", 3, ("redeem", "cancel", "lille-9"), "member:m1"),
    ("unknown_branch", 3, ("redeem", "cancel", "nowhere-1"), "member:m1"),
    ("not_a_redemption", 2, ("redeem", "confirm", "lille"), "member:m1"),
    ("unknown_hold", 3, ("hold", "release", "5", "-b", "lille", "--reason", "none"), "coordinator:desk"),
    ("unknown_mandate", 3, ("mandate", "revoke", "5", "-b", "lille"), "coordinator:desk"),
    ("unknown_beneficiary", 3, ("beneficiary", "check", "5", "-b", "lille"), "coordinator:desk"),
    ("not_allowed", 1, (*CONSENT, "--reason", "paper"), "coordinator:desk"),
    ("self_dealing", 1, CONSENT, "member:m1"),
]


@pytest.mark.parametrize(
    ("code", "status", "words", "by"), REFUSED, ids=[f"{no}-{row[0]}" for no, row in enumerate(REFUSED, 1)]
)
def test_a_refusal_has_code_and_status_and_changes_nothing(
    terminal: Terminal, code: str, status: int, words: tuple[str, ...], by: str
) -> None:
    """One sentence on stderr with a stable code, nothing on stdout, every row as it was."""
    before = dump_of(file_of(terminal.address))

    terminal.refused(code, status, *words, "--by", by)

    assert before == dump_of(file_of(terminal.address))


def test_confirming_has_its_rules(terminal: Terminal) -> None:
    """Not the helper, not the son without a mandate, not twice, not what was never logged (I-8, I-14)."""
    ref = find_somebody(terminal)
    terminal.refused("redemption_out_of_order", 1, "redeem", "confirm", ref, "--by", "member:m1")
    terminal.refused("capture_exceeds_hold", 1, "redeem", "log", ref, "-m", "2h", "--by", "member:m2")
    terminal.wait(days=4)
    terminal.type("redeem", "log", ref, "--by", "member:m2")
    before = dump_of(file_of(terminal.address))
    terminal.refused("own_statement", 1, "redeem", "confirm", ref, "--by", "member:m2")
    terminal.refused("not_a_party", 1, "redeem", "confirm", ref, "--by", "member:m1@lille")
    terminal.refused("mandate_not_in_force", 1, "redeem", "confirm", ref, "--by", "member:m1@lille+m1#1")
    terminal.refused("reason_missing", 2, "redeem", "confirm", ref)
    assert before == dump_of(file_of(terminal.address))
    terminal.type("redeem", "confirm", ref, "--by", "member:m1")

    terminal.refused("already_confirmed", 1, "redeem", "confirm", ref, "--by", "member:m1")
    terminal.refused("redemption_not_open", 1, "redeem", "cancel", ref, "--by", "member:m1")
    terminal.refused("entry_settled", 1, "entry", "reverse", "3", "-b", "lille", "--reason", "by hand")
    terminal.refused("redemption_not_open", 1, "hold", "release", "1", "-b", "lille", "--reason", "too late")


def test_held_hours_cannot_be_spent_otherwise(terminal: Terminal) -> None:
    """What the son has promised his mother's helper he cannot give away meanwhile (I-6)."""
    ask_for_help(terminal, minutes=240)
    ask_for_help(terminal, minutes=600)
    gift = ("transfer", "-b", "lille", "--to", "member:m2:available", "-m", "15", "--reason", "gift")

    terminal.refused("insufficient_hours", 1, *gift, "--from", "member:m1:available")
    terminal.refused("account_managed", 1, *gift, "--from", "member:m1:held")


def test_what_is_missing_is_said(terminal: Terminal) -> None:
    """First consent, then check; each refusal names the next step."""
    terminal.type("member", "add", "-b", "locmine", "--name", "Sample Brother")
    terminal.type(
        *("beneficiary", "add", "-b", "lille", "--sponsor", "m1", "--relation", "sibling"),
        *("--member", "m3@locmine", "--by", "member:m1"),
    )
    request = (
        *("redeem", "request", "-b", "lille", "--beneficiary", "2", "--at", "2026-06-18T14:00"),
        *("-m", "1h", "-k", "shopping", "--by", "member:m1"),
    )

    terminal.refused("consent_missing", 1, *request)
    terminal.type("beneficiary", "consent", "2", "-b", "lille", "--by", "member:m3@locmine")
    terminal.refused("check_missing", 1, *request)
    terminal.type("beneficiary", "check", "2", "-b", "lille", "--by", "coordinator:desk@locmine")
    terminal.type(*request)


def test_a_policy_closes_sponsoring_for_a_relation(terminal: Terminal, tmp_path: Path) -> None:
    """A branch that follows NALC knows spouses, parents and children only."""
    rules = tmp_path / "rules.toml"
    rules.write_text('format = 1\n\n[redemption]\nrelations = ["spouse", "child"]\n', encoding="utf-8")
    terminal.type("policy", "set", str(rules), "-b", "lille")

    terminal.refused(
        "relation_not_eligible",
        1,
        *("redeem", "request", "-b", "lille", "--beneficiary", "1", "--at", "2026-06-18T14:00"),
        *("-m", "1h", "-k", "shopping", "--by", "member:m1"),
    )
