"""`timebank import`: what people and scripts see of it, and that no file whatever does harm."""

import gzip
import io
import json
import os
import pty
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.cli.running import run
from tests.integration.importing import DATA, GENERIC, a_report, csv_of, dump

REPORT = DATA / "timeoverflow-transfers.fr.csv"
ROW = ("2023-05-04", "A", "B", 60)
IMPORTS = ("exchanges", "members", "openings", "reconcile")


def a_file(folder: Path, content: bytes) -> str:
    """Write a file to import; returns its name."""
    file = folder / "file.csv"
    file.write_bytes(content)
    return str(file)


def ask(address: str, *words: str) -> Any:  # noqa: ANN401 - whatever the command prints
    """Run a command that succeeds and read its JSON."""
    done = run("--db", address, *words, "--json")
    assert 0 == done.status, done.err
    return done.json


def balances(address: str) -> dict[str, int]:
    """Return the balance of every account."""
    accounts = ask(address, "account", "list", "-b", "lille")
    return {each["path"]: each["balance_minutes"] for each in accounts}


# --- What people see ----------------------------------------------------------------------------------


def test_an_import_says_what_it_did(address: str) -> None:
    """One sentence on stdout; what the coordinator should know on stderr."""
    done = run("--db", address, "import", "exchanges", str(REPORT), "-b", "lille")

    assert 0 == done.status
    assert "6 exchanges imported; 6 accounts opened; entries 2 to 7.\n" == done.out
    assert "line 8: both sides left and cannot be told apart" in done.err
    assert "share suspense:left-inactive" in done.err


def test_a_second_import_says_that_all_was_known(address: str) -> None:
    """So that nobody wonders why nothing happened."""
    words = ("--db", address, "import", "exchanges", str(REPORT), "-b", "lille")
    run(*words)

    assert "0 exchanges imported, 6 were known already.\n" == run(*words).out


def test_a_dry_run_says_what_would_be(address: str, tmp_path: Path) -> None:
    """And changes nothing."""
    before = dump(tmp_path)

    done = run("--db", address, "import", "exchanges", str(REPORT), "-b", "lille", "--dry-run")

    assert "6 exchanges would be imported; 6 accounts would be opened; entries 2 to 7.\n" == done.out
    assert before == dump(tmp_path)


def test_scripts_get_everything_as_json(address: str) -> None:
    """Stdout is JSON and nothing else; minutes are integers."""
    found = ask(address, "import", "exchanges", str(REPORT), "-b", "lille")

    assert ("timeoverflow", "utf-8", ",", 6, 0) == tuple(
        found[key] for key in ("format", "encoding", "separator", "rows_new", "rows_known")
    )
    assert (2, 7) == (found["first_entry"], found["last_entry"])
    assert {"both_left", "zero_quantity", "left_together"} == {each["code"] for each in found["notices"]}
    assert {"line", "code", "reason"} == found["notices"][0].keys()
    assert set(found["new_paths"]) <= balances(address).keys()


def test_accounts_outside_the_limits_are_listed(address: str, tmp_path: Path) -> None:
    """The first on stderr, with a hint; all in the JSON."""
    rows = [("2023-05-04", f"A{number}", f"B{number}", 99_000) for number in range(30)]
    words = ("import", "exchanges", a_file(tmp_path, csv_of(GENERIC, *rows)), "-b", "lille")

    shown = run("--db", address, *words, "--dry-run")
    found = ask(address, *words)

    assert len(found["outside_limits"]) > 20
    assert {"branch", "path", "balance_minutes"} == found["outside_limits"][0].keys()
    assert f"warning: outside today's limits: {len(found['outside_limits'])} accounts" in shown.err
    assert f"and {len(found['outside_limits']) - 20} more" in shown.err


def test_one_is_not_many(address: str, tmp_path: Path) -> None:
    """What the program says is a sentence."""
    file = a_file(tmp_path, a_report(("A (1)", "Sample branch", "0:30")))

    done = run("--db", address, "import", "exchanges", file, "-b", "lille")

    assert "1 exchange imported; 2 accounts opened; entry 2.\n" == done.out


def test_members_and_openings_and_the_comparison(address: str, tmp_path: Path) -> None:
    """A move without history: people, balances from a day on, and the proof."""
    listed = str(DATA / "opening-balances.en.csv")
    people = run("--db", address, "import", "members", str(DATA / "members.fr.csv"), "-b", "lille")
    opened = run("--db", address, "import", "openings", listed, "-b", "lille", "--on", "2026-01-01T00:00")
    agreed = run("--db", address, "import", "reconcile", listed, "-b", "lille")
    entry = ask(address, "entry", "show", "2", "-b", "lille")

    assert "3 members imported; 3 accounts opened.\n" == people.out
    assert "3 opening balances imported; entries 2 to 3.\n" == opened.out
    assert "2025-12-31T23:00:00Z" == entry["effective_at"]
    # The branch's own m1 and m2 have an exchange that is not in the list.
    assert 1 == agreed.status
    assert {("-", "member:m1:available"), ("-", "member:m2:available")} == {
        tuple(line.split()[:2]) for line in agreed.out.splitlines() if "member:" in line
    }


def test_a_comparison_that_agrees_says_so(address: str, tmp_path: Path) -> None:
    """Exit 0 and a plain sentence; with JSON the same as a verdict."""
    file = a_file(tmp_path, csv_of(("member", "minutes"), ("nobody", 0)))
    bank = address.replace("bank.db", "other.db")
    run("--db", bank, "branch", "create", "lille", "--name", "Other")

    assert (
        "The books agree with the list.\n"
        == run("--db", bank, "import", "reconcile", file, "-b", "lille").out
    )
    assert {"ok": True, "differences": []} == ask(bank, "import", "reconcile", file, "-b", "lille")


def test_a_difference_is_a_verdict_with_exit_status_1(address: str, tmp_path: Path) -> None:
    """Like `audit`, it reports; a script asks the exit status."""
    file = a_file(tmp_path, csv_of(("member", "minutes"), ("nobody", 7)))

    done = run("--db", address, "import", "reconcile", file, "-b", "lille", "--json")

    assert 1 == done.status
    assert not done.json["ok"]
    expected = {"line": 2, "path": None, "theirs_minutes": 7, "ours_minutes": None}
    assert expected == done.json["differences"][0]


def test_the_file_is_read_as_the_options_say(address: str, tmp_path: Path) -> None:
    """Whatever is found out otherwise can be said."""
    content = csv_of(
        ("Tag", "Von", "Für", "Std"), ("05/13/2023", "Änne", "X", "1"), separator="|", encoding="cp850"
    )
    options = ["--map", "date=Tag", "--map", "provider=Von", "--map", "recipient=Für", "--map", "hours=Std"]
    file = a_file(tmp_path, content)

    found = ask(
        address,
        *("import", "exchanges", file, "-b", "lille", *options, "--format", "csv", "--source", "own-list"),
        *("--encoding", "cp850", "--separator", "pipe", "--dates", "us"),
    )

    assert ("csv", "cp850", "|", 1) == tuple(
        found[key] for key in ("format", "encoding", "separator", "rows_new")
    )
    names = {each["name"] for each in ask(address, "member", "list", "-b", "lille")}
    assert {"Änne", "X"} <= names


def test_a_banks_own_sentence_for_those_who_left(address: str, tmp_path: Path) -> None:
    """Without the option they would be an organisation."""
    file = a_file(tmp_path, a_report(("Parti", "A (1)", "1:00")))

    run("--db", address, "import", "exchanges", file, "-b", "lille", "--left", "parti")

    assert -60 == balances(address)["suspense:left-parti"]


# --- Faults -------------------------------------------------------------------------------------------


def test_every_fault_is_said_with_line_column_reason_and_code(address: str, tmp_path: Path) -> None:
    """On stderr, one a line, in the order of the file; nothing on stdout, nothing in the books."""
    before = dump(tmp_path)

    done = run("--db", address, "import", "exchanges", str(DATA / "exchanges-with-faults.csv"), "-b", "lille")

    first, *lines = done.err.splitlines()
    assert (1, "") == (done.status, done.out)
    assert (
        "timebank: 6 of the file's rows cannot be imported, so nothing was written [import_refused]" == first
    )
    assert "  line 3, date: no such day or time in the calendar [bad_date]" == lines[0]
    assert [3, 4, 4, 6, 7, 8, 9] == [int(line.split()[1].strip(",:")) for line in lines]
    assert all(line.endswith("]") for line in lines)
    assert before == dump(tmp_path)


@pytest.mark.parametrize("dry_run", [[], ["--dry-run"]])
def test_scripts_get_every_fault_as_json(address: str, tmp_path: Path, dry_run: list[str]) -> None:
    """People see the first two hundred; somebody who has to mend ten thousand sorts them first."""
    rows = [("x", "A", "B", "60")] * 250
    file = a_file(tmp_path, csv_of(GENERIC, *rows))
    before = dump(tmp_path)

    done = run("--db", address, "import", "exchanges", file, "-b", "lille", "--json", *dry_run)

    assert 1 == done.status
    assert not done.json["ok"]
    assert 250 == len(done.json["faults"])
    expected = {"line": 2, "column": "date", "code": "bad_date"}
    assert expected == {key: done.json["faults"][0][key] for key in expected}
    assert 202 == len(done.err.splitlines())
    assert "  and 50 more; --json lists them all" == done.err.splitlines()[-1]
    assert before == dump(tmp_path)


def test_no_message_quotes_a_cell_or_steers_the_terminal(address: str, tmp_path: Path) -> None:
    """A shifted column puts a name anywhere; a title can hold what turns a line of text around."""
    titles = ("date", "provider", "recipient", "minutes\u202e")
    mapping = ["--map", "minutes=minutes\u202e"]
    file = a_file(tmp_path, csv_of(titles, ("Secret Name", "Secret Name", "Secret Name", "Secret Name")))

    done = run("--db", address, "import", "exchanges", file, "-b", "lille", *mapping)

    assert 1 == done.status
    assert "Secret" not in done.err
    assert "\u202e" not in done.err


# --- Files that are none ------------------------------------------------------------------------------


def an_xlsx() -> bytes:
    """Make the beginnings of a workbook."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
    return file.getvalue()


NO_CSV = {
    "picture": ("not_a_table", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"),
    "gzip": ("not_a_table", gzip.compress(csv_of(GENERIC, ROW))),
    "workbook": ("not_a_table", an_xlsx()),
    "web page": ("not_a_table", b"<!DOCTYPE html><html>"),
    "nulls": ("not_a_table", bytes(1_000)),
    "empty": ("table_empty", b""),
    "blank": ("table_empty", b"\n \n,,\n"),
    "header": ("table_empty", csv_of(GENERIC)),
    "no header": ("column_missing", csv_of(ROW, ROW)),
    "a field of 10 MB": ("table_too_large", csv_of(GENERIC, ("x" * 10_000_000, "A", "B", 60))),
    "noise": ("wrong_encoding", bytes(range(256)) * 10),
    "half UTF-8": ("wrong_encoding", csv_of(GENERIC, ("é" * 9, "A", "B", 60)) + b"\xe9\xe9,A,B,60\n"),
}


@pytest.mark.parametrize("noun", IMPORTS)
@pytest.mark.parametrize("kind", NO_CSV)
def test_what_is_no_csv_file_is_one_sentence(address: str, tmp_path: Path, noun: str, kind: str) -> None:
    """Exit 2, a code that the documentation explains, and books that nothing happened to."""
    code, content = NO_CSV[kind]
    file = a_file(tmp_path, content)
    before = dump(tmp_path)

    done = run("--db", address, "import", noun, file, "-b", "lille", *(["--json"] if kind == "nulls" else []))

    assert (2, "") == (done.status, done.out)
    assert 1 == len(done.err.splitlines())
    assert {code, "column_missing"} & set(done.err.strip().rpartition(" ")[2].strip("[]").split())
    assert before == dump(tmp_path)


@pytest.mark.parametrize(
    ("name", "code"), [("missing.csv", "unreadable_file"), (".", "usage"), ("/dev/zero", "unreadable_file")]
)
def test_what_is_no_file_is_one_sentence(address: str, tmp_path: Path, name: str, code: str) -> None:
    """Missing, a folder, or a device that never ends."""
    before = dump(tmp_path)

    done = run("--db", address, "import", "exchanges", str(tmp_path / name), "-b", "lille")

    assert (2, "") == (done.status, done.out)
    assert f"[{code}]" in done.err
    assert before == dump(tmp_path)


@pytest.mark.parametrize("failure", [PermissionError, OSError])
def test_a_file_that_stops_being_readable_is_one_sentence(
    address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: type[OSError]
) -> None:
    """A stick that is pulled out in the middle: not our bug, and nothing half done."""
    file = a_file(tmp_path, csv_of(GENERIC, *[ROW] * 3_000))
    before = dump(tmp_path)

    def broken(*_: object) -> None:
        raise failure

    monkeypatch.setattr("timebank.services.import_writers.RowKeys.key_of", broken)
    done = run("--db", address, "import", "exchanges", file, "-b", "lille")

    assert (2, "") == (done.status, done.out)
    assert "[unreadable_file]" in done.err
    assert before == dump(tmp_path)


def test_a_file_may_come_through_a_pipe(address: str, tmp_path: Path) -> None:
    """`timebank import exchanges <(zcat report.csv.gz)`."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(REPORT.read_bytes(),))
    writer.start()

    found = ask(address, "import", "exchanges", str(pipe), "-b", "lille")
    writer.join()

    assert 6 == found["rows_new"]


# --- Progress -----------------------------------------------------------------------------------------


def test_progress_is_for_terminals_only(address: str, tmp_path: Path) -> None:
    """Stdout stays pure with and without one, and stderr stays quiet in a script."""
    words = [
        sys.executable,
        "-m",
        "timebank",
        "--db",
        address,
        "import",
        "exchanges",
        str(REPORT),
        "-b",
        "lille",
    ]
    quiet = subprocess.run([*words, "--json", "--dry-run"], capture_output=True, check=True)
    ours, theirs = pty.openpty()

    with subprocess.Popen([*words, "--json"], stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        seen = b"".join(iter(lambda: _chunk_of(ours), b""))
        assert process.stdout is not None
        result = json.loads(process.stdout.read())
    os.close(ours)

    assert 6 == result["rows_new"] == json.loads(quiet.stdout)["rows_new"]
    assert b"Importing" in seen
    assert b"Importing" not in quiet.stderr
    assert b"\x1b" not in quiet.stdout + quiet.stderr


def _chunk_of(terminal: int) -> bytes:
    """Read what was written to a terminal; nothing once the other side is closed."""
    try:
        return os.read(terminal, 1_024)
    except OSError:
        return b""
