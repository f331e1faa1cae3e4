"""Webhooks at the terminal: from setting one up to what it did not take."""

import json
import sys
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.builders import NOW, a_branch
from tests.cli.running import run
from tests.cli.terminal import Terminal, a_terminal
from tests.integration.receiving import a_receiver

from timebank.care.webhook import ATTEMPTS_MOST
from timebank.clock import SteppingClock

HERE = ("-b", "lille")
MEMBER = ("member", "add", *HERE, "--name", "Sample Member")


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal on a branch with three members."""
    a_branch(tmp_path).close()
    return a_terminal(tmp_path / "bank.db", SteppingClock(NOW), monkeypatch)


def test_a_webhook_is_set_up_tried_and_delivered_to(terminal: Terminal) -> None:
    """As `docs/events.md` says; the secret is said once."""
    with a_receiver() as receiver:
        add = ("webhook", "add", receiver.url, *HERE, "--reach", "private", "--key", "k")
        said, secret = terminal.type(*add).out.splitlines()
        assert "Webhook 1 is told what happens from now on." == said
        assert secret.startswith("whsec_")
        assert None is terminal.ask(*add)["secret"]
        tried = terminal.ask("webhook", "test", "1", *HERE, "--reach", "private")
        assert {"is_taken": True, "said": "200"} == tried
        terminal.type(*MEMBER)
        assert {"taken": 1} == terminal.ask("webhook", "deliver", "--reach", "private")
        assert "0 messages were taken." in terminal.type("webhook", "deliver").out

    assert ["webhook.test", "member.joined"] == [json.loads(body)["type"] for _, body in receiver.messages]
    shown = terminal.type("webhook", "show", "1", *HERE).out
    assert "last       200" in shown
    assert secret not in shown + terminal.type("webhook", "list", *HERE).out


def test_what_is_not_taken_can_be_looked_at_and_sent_again(terminal: Terminal) -> None:
    """Ten times in three days; then it is asked for by hand."""
    with a_receiver() as receiver:
        receiver.answers = lambda count: 500 if count <= ATTEMPTS_MOST else 200
        terminal.type("webhook", "add", receiver.url, *HERE, "--reach", "private", "--kind", "member.joined")
        terminal.type(*MEMBER)
        for _ in range(ATTEMPTS_MOST):
            terminal.type("webhook", "deliver", "--reach", "private")
            terminal.wait(hours=31)
        [letter] = terminal.ask("webhook", "deliveries", "1", *HERE)
        assert (ATTEMPTS_MOST, "500", None) == (letter["attempts"], letter["said"], letter["delivered_at"])
        assert "500" in terminal.type("webhook", "deliveries", "1", *HERE).out
        again = ("webhook", "redeliver", "1", *HERE, "--event", str(letter["event"]))
        assert "1 dead letters of webhook 1 are sent again." in terminal.type(*again).out
        assert "is sent again" in terminal.type("webhook", "deliveries", "1", *HERE).out
        assert {"taken": 1} == terminal.ask("webhook", "deliver", "--reach", "private")

    assert 1 == len(set(receiver.ids))
    [letter] = terminal.ask("webhook", "deliveries", "1", *HERE)
    assert letter["delivered_at"] is not None


def test_a_webhook_is_paused_and_removed(terminal: Terminal) -> None:
    """Both ends of it; tried out only, nothing changes."""
    terminal.type("webhook", "add", "https://receiver.example/", *HERE)
    assert "disabled" == terminal.ask("webhook", "disable", "1", *HERE)["state"]
    terminal.type(*MEMBER)
    assert "1 events wait for it." in terminal.type("webhook", "enable", "1", *HERE, "--dry-run").out
    assert "disabled" == terminal.ask("webhook", "show", "1", *HERE)["state"]
    assert "active" == terminal.ask("webhook", "enable", "1", *HERE)["state"]
    terminal.type("webhook", "remove", "1", *HERE)
    assert [] == terminal.ask("webhook", "list", *HERE)


def test_what_is_no_webhook_is_refused(terminal: Terminal) -> None:
    """One sentence, with its code."""
    terminal.refused("bad_webhook_url", 2, "webhook", "add", "http://receiver.example/", *HERE)
    terminal.refused(
        "not_allowed", 1, "webhook", "add", "https://receiver.example/", *HERE, "--by", "member:m1"
    )
    terminal.refused("unknown_webhook", 3, "webhook", "show", "9", *HERE)
    terminal.type("webhook", "add", "https://receiver.example/", *HERE)
    terminal.refused("unknown_dead_letter", 3, "webhook", "redeliver", "1", *HERE, "--event", "9")
    with patch.dict(sys.modules, {"timebank.services.sending": None}):
        terminal.refused("service_missing", 2, "webhook", "deliver")


def test_a_message_that_is_not_taken_ends_with_1(terminal: Terminal) -> None:
    """A script sees it."""
    with a_receiver() as receiver:
        receiver.answers = lambda _: 500
        terminal.type("webhook", "add", receiver.url, *HERE, "--reach", "private")

        done = run("--db", terminal.address, "webhook", "test", "1", *HERE, "--reach", "private")

    assert 1 == done.status
    assert "did not take it: 500." in done.out
