"""Access tokens at the terminal, and the service that they are for."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.builders import a_branch
from tests.cli.terminal import Terminal, a_terminal
from tests.cli.test_family_story import monday_noon

ISSUE = ("token", "issue", "-b", "lille", "--role", "member", "--ref", "m1")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal on a branch with three members."""
    a_branch(tmp_path).close()
    return a_terminal(tmp_path / "bank.db", monday_noon(), monkeypatch)


def test_a_token_is_said_once_and_nowhere_kept(terminal: Terminal, tmp_path: Path) -> None:
    """Neither in a list nor in the database; asked again with the same key, it is not said again."""
    said, text = terminal.type(*ISSUE, "--key", "k").out.splitlines()
    assert said.startswith("Token 1 lets member m1 in until ")
    assert text.startswith("tb_lille_")

    again = terminal.ask(*ISSUE, "--key", "k")
    assert (1, None) == (again["no"], again["token"])
    assert text not in terminal.type("token", "list", "-b", "lille").out
    with sqlite3.connect(tmp_path / "bank.db") as database:
        assert text not in "\n".join(database.iterdump())
    database.close()


def test_a_token_is_listed_and_revoked(terminal: Terminal) -> None:
    """Revoked again, it stays revoked since the first time."""
    terminal.type(*ISSUE)
    terminal.type("token", "issue", "-b", "lille", "--role", "auditor", "--ref", "a1", "--days", "1")
    first = terminal.ask("token", "revoke", "1", "-b", "lille")
    terminal.wait(hours=1)
    second = terminal.ask("token", "revoke", "1", "-b", "lille")

    assert first["revoked_at"] is not None
    assert first == second
    assert [("member", "m1", False), ("auditor", "a1", True)] == [
        (each["role"], each["ref"], each["revoked_at"] is None)
        for each in terminal.ask("token", "list", "-b", "lille")
    ]


def test_what_cannot_be_let_in_is_refused(terminal: Terminal) -> None:
    """Only members, not for ever, only by a coordinator; a member ends what is their own."""
    terminal.type(*ISSUE)
    terminal.refused("unknown_member", 3, *ISSUE[:-1], "m9")
    terminal.refused("not_allowed", 1, *ISSUE, "--by", "member:m1")
    terminal.refused("usage", 2, *ISSUE, "--days", "367")
    terminal.refused("unknown_token", 3, "token", "revoke", "9", "-b", "lille")
    terminal.refused("not_allowed", 1, "token", "revoke", "1", "-b", "lille", "--by", "member:m2")
    terminal.refused("unknown_branch", 3, "token", "list", "-b", "brest")
    assert 1 == terminal.ask("token", "revoke", "1", "-b", "lille", "--by", "member:m1")["no"]


def test_serving_says_what_is_wrong_before_anybody_listens(terminal: Terminal, tmp_path: Path) -> None:
    """No books there, or the libraries of the service are not installed."""
    with patch("timebank.cli.serve.import_module", side_effect=ModuleNotFoundError):
        terminal.refused("service_missing", 2, "serve")
    nowhere = replace(terminal, address=f"sqlite:///{tmp_path / 'nowhere.db'}")
    nowhere.refused("no_database", 3, "serve")


def test_whoever_was_erased_comes_in_no_more(terminal: Terminal) -> None:
    """With none of their tokens; others keep theirs."""
    for ref in ("m1", "m1", "m2"):
        terminal.type(*ISSUE[:-1], ref)
    terminal.type("member", "erase", "m1", "-b", "lille", "--yes")

    revoked = {each["no"] for each in terminal.ask("token", "list", "-b", "lille") if each["revoked_at"]}
    assert {1, 2} == revoked
