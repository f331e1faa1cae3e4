"""A terminal for a story: `timebank` on one database, at a clock that stands until it is moved."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.cli.running import Done, run

from timebank.cli.main import app
from timebank.clock import SteppingClock
from timebank.services.bank import open_bank


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Somebody at a terminal, who may prove the books of every branch after every command that writes."""

    address: str
    clock: SteppingClock
    is_proving: bool

    def type(self, *words: str, status: int = 0) -> Done:
        """Run a command that must end with `status`; one that is refused prints nothing on stdout."""
        done = run("--db", self.address, *words)
        assert status == done.status, f"{' '.join(words)}: {done.err or done.out}"
        assert status == 0 or "" == done.out
        if self.is_proving and not {"list", "show"} & set(words):
            self.prove()
        return done

    def ask(self, *words: str) -> Any:  # noqa: ANN401 - whatever the command prints
        """Run a command and read its JSON."""
        return self.type(*words, "--json").json

    def refused(self, code: str, status: int, *words: str) -> None:
        """Run a command that must be refused with a code and an exit status."""
        assert f"[{code}]" in self.type(*words, status=status).err

    def prove(self) -> None:
        """Prove the books: trial balances of all branches, clearing, and the audit by its command."""
        bank = open_bank(self.address, clock=self.clock)
        balances = [
            each for branch in bank.branches.list() for each in bank.statements.trial_balance(branch.code)
        ]
        clearing = bank.statements.clearing()
        bank.close()
        assert all(balance.is_balanced for balance in balances), balances
        assert all(position.is_reconciled for position in clearing), clearing
        audit = run("--db", self.address, "audit", "--json")
        assert (0, True, []) == (audit.status, audit.json["ok"], audit.json["faults"])

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))

    def balance(self, branch: str, path: str) -> int:
        """Return a balance in minutes; 0 for an account that was never needed."""
        accounts = run("--db", self.address, "account", "list", "-b", branch, "--json").json
        return next((each["balance_minutes"] for each in accounts if each["path"] == path), 0)


def a_terminal(
    file: Path, clock: SteppingClock, patch: pytest.MonkeyPatch, *, is_proving: bool = False
) -> Terminal:
    """Return a terminal whose commands read a clock that stands."""
    patch.setattr("timebank.services.bank.SystemClock", lambda: clock)
    patch.setattr("timebank.cli.main.app", _command())
    return Terminal(address=f"sqlite:///{file}", clock=clock, is_proving=is_proving)


@cache
def _command() -> Any:  # noqa: ANN401 - Typer's own types are private
    """Return the program as Typer builds it: once, for building it takes longer than most commands."""
    return typer.main.get_command(app)


def file_of(address: str) -> Path:
    """Return the file of an SQLite address."""
    return Path(address.removeprefix("sqlite:///"))
