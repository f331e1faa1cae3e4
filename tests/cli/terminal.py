"""A terminal for a story: `timebank` on one database, at a clock that stands until it is moved."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.cli.running import Done, run

from timebank.clock import SteppingClock

BOOKS = ("lille", "locmine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """Somebody at a terminal, who proves the books of both branches after every command."""

    address: str
    clock: SteppingClock

    def type(self, *words: str, status: int = 0) -> Done:
        """Run a command that must end with `status`, then prove the books."""
        done = run("--db", self.address, *words)
        assert status == done.status, f"{' '.join(words)}: {done.err or done.out}"
        if status != 0:
            assert "" == done.out
        self.prove()
        return done

    def ask(self, *words: str) -> Any:  # noqa: ANN401 - whatever the command prints
        """Run a command and read its JSON."""
        return self.type(*words, "--json").json

    def refused(self, code: str, status: int, *words: str) -> None:
        """Run a command that must be refused with a code and an exit status."""
        assert f"[{code}]" in self.type(*words, status=status).err

    def prove(self) -> None:
        """Prove the books with the program's own commands: trial balances, clearing, audit."""
        branches = {each["code"] for each in run("--db", self.address, "branch", "list", "--json").json}
        for branch in branches & set(BOOKS):
            balances = run("--db", self.address, "report", "trial-balance", "--branch", branch, "--json")
            assert 0 == balances.status, balances.err
            assert all(each["is_balanced"] for each in _each(balances.json)), balances.out
        clearing = run("--db", self.address, "clearing", "show", "--json")
        assert (0, True) == (clearing.status, clearing.json["is_reconciled"])
        audit = run("--db", self.address, "audit", "--json")
        assert (0, True, []) == (audit.status, audit.json["ok"], audit.json["faults"])

    def wait(self, **time: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(**time))

    def balance(self, branch: str, path: str) -> int:
        """Return a balance in minutes; 0 for an account that was never needed."""
        accounts = run("--db", self.address, "account", "list", "-b", branch, "--json").json
        return next((each["balance_minutes"] for each in accounts if each["path"] == path), 0)


def _each(value: Any) -> Iterator[Any]:  # noqa: ANN401 - one balance or a list of them
    yield from value if isinstance(value, list) else [value]


def file_of(address: str) -> Path:
    """Return the file of an SQLite address."""
    return Path(address.removeprefix("sqlite:///"))
