"""What people see when something is wrong: one sentence, a code, an exit status, and never a traceback."""

import io
import os
import subprocess
import sys
from itertools import count
from pathlib import Path
from unittest import mock

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from tests.cli.running import commands, run

from timebank.cli.exits import OF_KIND, Exit
from timebank.cli.main import main, printable
from timebank.errors import Kind, TryAgain
from timebank.services.branches import Branches

PYTHON = [sys.executable, "-m", "timebank"]
REFUSALS = [
    (1, "not_allowed", ["entry", "reverse", "1", "-b", "lille", "--reason", "x", "--by", "member:m1"]),
    (1, "entry_settled", ["entry", "reverse", "1", "-b", "lille", "--reason", "x"]),
    (2, "reason_missing", ["account", "limit", "member:m1:available", "-b", "lille", "--reason", " "]),
    (2, "not_a_day", ["statement", "member:m1:available", "-b", "lille", "--first-on", "tomorrow"]),
    (2, "bad_path", ["statement", "cellar", "-b", "lille"]),
    (2, "bad_text", ["member", "add", "-b", "lille", "--name", "a\tb"]),
    (2, "usage", ["entry", "list", "-b", "lille", "--cause", "service"]),
    (3, "unknown_branch", ["member", "list", "-b", "nowhere"]),
    (3, "unknown_entry", ["entry", "show", "77", "-b", "lille"]),
    (3, "unknown_record", ["hours", "show", str(2**53), "-b", "lille"]),
]
PREFIXES = [(), *sorted(words for words, _ in commands() if words != ("demo",))]
"""The beginnings of command lines; `demo` has a database of its own and would build it."""
MISUSES = [
    ("no such command 'memebr', did you mean 'member'?", "timebank", ["memebr", "list"]),
    ("no such command 'lsit', did you mean 'list'?", "timebank member", ["member", "lsit"]),
    ("no such option: --nope", "timebank member list", ["member", "list", "--nope"]),
    ("missing option '--branch' / '-b'", "timebank member list", ["member", "list"]),
    ("missing argument 'REF'", "timebank member show", ["member", "show", "-b", "lille"]),
    ("invalid value for '--limit'", "timebank hours list", ["hours", "list", "-b", "lille", "--limit", "0"]),
    ("invalid value for '--limit'", "timebank hours list", ["hours", "list", "-b", "lille", "--limit", "x"]),
    (
        "invalid value for '--limit'",
        "timebank hours list",
        ["hours", "list", "-b", "lille", "--limit", "9" * 20],
    ),
    ("invalid value for 'NO'", "timebank hours show", ["hours", "show", str(2**53 + 1), "-b", "lille"]),
    ("invalid value for 'NO'", "timebank entry show", ["entry", "show", "9" * 20, "-b", "lille"]),
    ("invalid value for 'NO'", "timebank entry show", ["entry", "show", "9" * 9_000, "-b", "lille"]),
    (
        "invalid value for '--before'",
        "timebank entry list",
        ["entry", "list", "-b", "l", "--before", "9" * 20],
    ),
    (
        "invalid value for 'DECISION': 'maybe' is not one of",
        "timebank hours decide",
        ["hours", "decide", "1", "maybe", "-b", "l", "--reason", "x"],
    ),
    ("got unexpected words (more)", "timebank branch list", ["branch", "list", "more"]),
]


@pytest.mark.parametrize(("status", "code", "arguments"), REFUSALS, ids=count())
def test_a_refusal_is_one_sentence_with_its_code(
    status: int, code: str, arguments: list[str], address: str
) -> None:
    """A script reads the status, a person the sentence; stdout stays empty, with and without --json."""
    for extra in ([], ["--json"]):
        done = run("--db", address, *arguments, *extra)

        assert status == done.status
        assert "" == done.out
        assert done.err.startswith("timebank: ")
        assert done.err.endswith(f" [{code}]\n")
        assert 1 == done.err.count("\n")


@pytest.mark.parametrize(("problem", "command", "arguments"), MISUSES, ids=count())
def test_a_misuse_is_one_sentence_too(problem: str, command: str, arguments: list[str], address: str) -> None:
    """Typer's own refusals look like ours, and say where the help is."""
    done = run("--db", address, *arguments)

    assert 2 == done.status
    assert "" == done.out
    assert done.err.startswith(f"timebank: {problem}")
    assert done.err.endswith(f" (see {command} --help) [usage]\n")
    assert 1 == done.err.count("\n")


def test_every_kind_of_error_has_an_exit_status_of_its_own() -> None:
    """A script that cannot tell "try again" from "never" does the wrong thing."""
    assert set(Kind) == set(OF_KIND)
    assert len(OF_KIND) == len(set(OF_KIND.values()))


def test_a_busy_database_says_try_again(address: str) -> None:
    """5 is the one status after which a script should repeat what it did."""
    with mock.patch.object(Branches, "list", side_effect=TryAgain):
        done = run("--db", address, "branch", "list")

    assert (5, "") == (done.status, done.out)
    assert "[try_again]" in done.err


def test_a_noun_alone_shows_its_help_and_is_a_misuse() -> None:
    """Who types half a command wants to know the other half."""
    done = run("member")

    assert (2, "") == (done.status, done.out)
    assert done.err.startswith("Usage: timebank member")
    assert "[usage]" not in done.err


def test_a_bug_is_named_as_such_without_what_it_was_about(address: str) -> None:
    """A traceback tells people nothing, and its message may name somebody (I-10)."""
    with mock.patch.object(Branches, "list", side_effect=RuntimeError("Sample Member 1")):
        done = run("--db", address, "branch", "list")

    assert (Exit.BUG, "") == (done.status, done.out)
    assert done.err.startswith("timebank: this is a bug in timebank (RuntimeError, branch.py line ")
    assert done.err.endswith(" [bug]\n")
    assert "Sample" not in done.err


def test_a_bug_shows_its_traceback_to_who_asks(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has to mend it."""
    monkeypatch.setenv("TIMEBANK_DEBUG", "1")
    with mock.patch.object(Branches, "list", side_effect=RuntimeError("here")):
        done = run("--db", address, "branch", "list")

    assert "Traceback" in done.err
    assert "RuntimeError: here" in done.err


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, typer.Abort])
def test_an_interruption_says_so(interruption: type[BaseException], address: str) -> None:
    """Ctrl-C, also at a question, leaves 130 as shells expect it."""
    with mock.patch.object(Branches, "list", side_effect=interruption):
        done = run("--db", address, "branch", "list")

    assert (130, "") == (done.status, done.out)
    assert "timebank: interrupted; what was not finished is undone\n" == done.err.lstrip("\n")


@pytest.mark.parametrize("word", ["caf\udce9", "a\0b", "\ud800", os.fsdecode(b"\xff")])
def test_what_is_no_text_is_refused_before_anything_looks_at_it(word: str, address: str) -> None:
    """Bytes in another encoding would break in the database, or in the message about them."""
    done = run("--db", address, "member", "add", "-b", "lille", "--name", word)

    assert (2, "") == (done.status, done.out)
    assert "timebank: word 8 of the command line is not text in UTF-8 [bad_argument]\n" == done.err


@given(st.lists(st.text(max_size=12), max_size=5), st.sampled_from(PREFIXES))
def test_no_words_make_a_traceback(words: list[str], prefix: tuple[str, ...]) -> None:
    """Whatever is typed, there is an answer: never a bug, never an exception."""
    done = run(*prefix, *words)

    assert done.status in set(OF_KIND.values()) | {0}, done.err


@given(st.text())
def test_a_message_cannot_steer_the_terminal(text: str) -> None:
    """A mistyped word may hold an escape sequence."""
    assert printable(text).isprintable()


def test_a_closed_pipe_is_no_error(address: str) -> None:
    """`timebank … | head` has done what was asked, whatever the reader wants of it."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [*PYTHON, "--db", address, "policy", "default"],
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)

    assert (0, b"") == (done.returncode, done.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout_is_told(address: str) -> None:
    """A result that got lost must not look like success."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*PYTHON, "--db", address, "branch", "list", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )

    assert 1 == done.returncode
    assert done.stderr.endswith(b"[result_not_written]\n")
    assert 1 == done.stderr.count(b"\n")


def test_without_stdout_and_stderr_the_program_still_ends_well(address: str) -> None:
    """A job of cron may close both."""
    command = f'exec "{sys.executable}" -m timebank --db {address} branch list >&- 2>&-'
    assert 0 == subprocess.run(["bash", "-c", command], check=False).returncode


def test_a_terminal_without_unicode_shows_what_it_can(address: str) -> None:
    """An old console must not turn a name into an error."""
    run("--db", address, "member", "rename", "m1", "-b", "lille", "--name", "Élodie 花子")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}

    for extra in ([], ["--json"]):
        command = [*PYTHON, "--db", address, "member", "list", "-b", "lille", *extra]
        done = subprocess.run(command, env=environment, capture_output=True, check=False)

        assert (0, b"") == (done.returncode, done.stderr)
        assert b"lodie" in done.stdout


def test_main_writes_to_whatever_stdout_is_now(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One process may run the command line more than once."""
    for _ in range(2):
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stdout", stream)

        assert 0 == main(["--db", address, "branch", "list"])
        assert "lille" in stream.getvalue()
