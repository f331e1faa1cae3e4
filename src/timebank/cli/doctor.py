"""`timebank doctor`: what is wrong with the set-up, and what to do."""

import os
from importlib import import_module
from typing import TYPE_CHECKING

import typer
from rich.table import Table
from rich.text import Text

from timebank.cli import wire
from timebank.cli.exits import Exit
from timebank.cli.options import Json
from timebank.cli.output import emit, table_of
from timebank.cli.session import session_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from timebank.services.checks import Check

STYLES = {"ok": "green", "warn": "yellow", "fail": "bold red"}


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("doctor", epilog="Example:  timebank --db sqlite:///lille.db doctor")
    def doctor(ctx: typer.Context, json_: Json = False) -> None:
        """Check the set-up, and say what to do.

        Looks at what surrounds the books: address, file or server, permissions, disk, schema, settings,
        locks, time zones and clocks. It changes nothing. `timebank audit` proves the books themselves. Exit
        status 1 if a check fails.
        """
        from timebank.clock import SystemClock
        from timebank.services.checks import Verdict
        from timebank.services.doctor import diagnose

        clock = SystemClock()
        checks = diagnose(
            session_of(ctx).address,
            environment=os.environ,
            now=clock.now(),
            clock=clock,
            known=_of_the_service(),
        )
        is_well = all(check.verdict is not Verdict.FAIL for check in checks)
        value = {"ok": is_well, "checks": [wire.check(check) for check in checks]}
        emit(value, as_json=json_, table=_table(checks))
        if not is_well:
            raise typer.Exit(Exit.REFUSED)


def _of_the_service() -> "Sequence[str]":
    """Return the variables that the service reads, if it is installed."""
    try:
        settings = import_module("timebank_api.settings")
    except ModuleNotFoundError:
        return ()
    return [*(each.variable for each in settings.catalogue()), "TIMEBANK_CONFIG"]


def _table(checks: "Sequence[Check]") -> Table:
    rows = [
        (
            check.name,
            Text(check.verdict.value, style=STYLES[check.verdict.value]),
            check.found if check.advice is None else f"{check.found}\n→ {check.advice}",
        )
        for check in checks
    ]
    return table_of("Doctor", ["check", "verdict", "what was found"], rows)
