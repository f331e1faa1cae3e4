"""`timebank statement`: one account over one period, on two time axes."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.cli import wire
from timebank.cli.inputs import day_in, known_at_in
from timebank.cli.options import Branch, Json, KnownAt, Path, Unit
from timebank.cli.output import amount, emit, table_of
from timebank.cli.session import session_of
from timebank.ledger.statement import Period, Statement, StatementLine

if TYPE_CHECKING:
    from timebank.services.statements import StatementPage

OTHERS_SHOWN = 3
COLUMNS = ["on", "entry", "what", "with", "change", "balance"]


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command(
        "statement",
        epilog="Example:  timebank statement member:m1:available -b lille --first-on 2030-03-01"
        " --last-on 2030-03-31",
    )
    def statement(
        ctx: typer.Context,
        path: Path,
        branch: Branch,
        first_on: Annotated[
            str | None,
            typer.Option(
                "--first-on",
                help="First day; from the beginning by default.",
                metavar="DAY",
                show_default=False,
            ),
        ] = None,
        last_on: Annotated[
            str | None,
            typer.Option(
                "--last-on", help="Last day; to the end by default.", metavar="DAY", show_default=False
            ),
        ] = None,
        known_at: KnownAt = None,
        unit: Unit = "min",
        json_: Json = False,
    ) -> None:
        """Print the statement of an account.

        Opening balance, every line by the day it took effect, closing balance. With --known-at it is the
        statement as it was then: what was recorded later is left out, even if it took effect in the period.
        """
        first, last = day_in(first_on), day_in(last_on)
        bank = session_of(ctx).open()
        page = bank.statements.named(
            branch,
            path,
            unit=unit,
            first_on=first,
            last_on=last,
            known_at=known_at_in(bank, branch, known_at),
        )
        found = page.statement
        emit(wire.statement(found), as_json=json_, table=_table(_title(page, known_at), found))


def _title(page: "StatementPage", known_at: str | None) -> str:
    found = page.statement
    holder = f" ({page.holder})" if page.holder is not None else ""
    known = f", as known on {known_at}" if known_at is not None else ""
    return f"Statement of {found.path}{holder}\n{page.branch_name}{_days(found.period)}{known}"


def _days(period: Period) -> str:
    if period.first_on is None:
        return f", to {period.last_on}" if period.last_on is not None else ""
    if period.last_on is None:
        return f", from {period.first_on}"
    return f", {period.first_on} to {period.last_on}"


def _table(title: str, found: Statement) -> Table:
    opening = ("", "", "opening balance", "", "", amount(found.opening, found.unit))
    rows = [
        line_cells(line, found.unit, "\n".join([*what_of(line), *_late(line, found.period)]))
        for line in found.lines
    ]
    closing = ("", "", "closing balance", "", "", amount(found.closing, found.unit))
    return table_of(title, COLUMNS, [opening, *rows], right=["entry", "change", "balance"], total=closing)


def line_cells(line: StatementLine, unit: str, what: str) -> tuple[object, ...]:
    """Return the cells of a line: day, entry, what, with whom, change, balance."""
    return (
        line.effective_on,
        line.entry,
        what,
        _with(line.other_paths),
        amount(line.change, unit, is_change=True),
        amount(line.balance, unit),
    )


def what_of(line: StatementLine) -> Iterator[str]:
    """Say what a line is about, and whether it was reversed."""
    if line.reverses is not None:
        yield f"reverses entry {line.reverses}"
    else:
        kind = line.cause.partition(" ")[0]
        yield line.cause if kind == line.kind else f"{line.kind}, {line.cause}"
    if line.reversed_by is not None:
        yield f"reversed by entry {line.reversed_by}"


def _late(line: StatementLine, period: Period) -> Iterator[str]:
    if period.last_on is not None and line.recorded_at.date() > period.last_on:
        yield f"recorded {line.recorded_at.date()}"


def _with(paths: Sequence[str]) -> str:
    names = [short_path(path) for path in paths[:OTHERS_SHOWN]]
    more = [f"and {len(paths) - OTHERS_SHOWN} more"] if len(paths) > OTHERS_SHOWN else []
    return "\n".join([*names, *more])


def short_path(path: str) -> str:
    """Return a path as people know it: a member's own account by the member's reference alone."""
    return path.removeprefix("member:").removesuffix(":available") if path.startswith("member:") else path
