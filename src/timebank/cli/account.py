"""`timebank account`: balances, limits and overrides."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.cli import wire
from timebank.cli.options import NUMBER_MOST, Branch, By, DryRun, Json, Key, Path, Reason, Unit
from timebank.cli.output import amount, emit, facts_of, table_of
from timebank.cli.session import session_of
from timebank.cli.statement import COLUMNS, line_cells, what_of
from timebank.instants import parse_instant, zone_of
from timebank.ledger.limits import Limits
from timebank.minutes import parse_signed_minutes

if TYPE_CHECKING:
    from timebank.services.accounts import AccountChange, AccountView

app = typer.Typer(name="account", help="Balances, limits and overrides.", no_args_is_help=True)
NONE = "none"
LINES_MOST = 1_000


def _level(what: str) -> typer.models.OptionInfo:
    return typer.Option(f"--{what}", help="A balance such as -10h or 300, or none.", metavar="TIME")  # type: ignore[no-any-return]


@app.command("list", epilog="Example:  timebank account list --branch lille --json")
def list_(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """List all accounts of a branch with their balances."""
    views = session_of(ctx).open().accounts.list(branch)
    emit([wire.account(view) for view in views], as_json=json_, table=_table(f"Accounts of {branch}", views))


@app.command("show", epilog="Example:  timebank account show member:m1:available --branch lille")
def show(ctx: typer.Context, path: Path, branch: Branch, unit: Unit = "min", json_: Json = False) -> None:
    """Show one account.

    Balance, limits in force, and every change of limits.
    """
    accounts = session_of(ctx).open().accounts
    view = accounts.show(branch, path, unit)
    changes = accounts.history(branch, path, unit)
    value = {**wire.account(view), "changes": [wire.account_change(change) for change in changes]}
    tables = [_table(f"Account of {branch}", [view]), _limits_table(view)]
    tables += [_changes_table(changes)] if changes else []
    emit(value, as_json=json_, table=tables)


@app.command("lines", epilog="Example:  timebank account lines member:m1:available -b lille --limit 20")
def lines(
    ctx: typer.Context,
    path: Path,
    branch: Branch,
    limit: Annotated[
        int, typer.Option("--limit", help="How many, newest first.", metavar="N", min=1, max=LINES_MOST)
    ] = 50,
    before: Annotated[
        int | None,
        typer.Option(
            "--before",
            help="Go on where the page before ended; it says where.",
            metavar="NO",
            min=1,
            max=NUMBER_MOST,
            show_default=False,
        ),
    ] = None,
    unit: Unit = "min",
    json_: Json = False,
) -> None:
    """Show an account's newest lines, with the balance after each.

    In the order in which they were recorded: as quick for an account of thirty years as for a new one.
    """
    page = session_of(ctx).open().statements.page(branch, path, unit=unit, before=before, limit=limit)
    rows = [line_cells(line, unit, "\n".join(what_of(line))) for line in page.lines]
    more = f"\nolder lines: --before {page.older}" if page.older is not None else ""
    table = table_of(
        f"Lines of {path}, newest first{more}", COLUMNS, rows, right=["entry", "change", "balance"]
    )
    emit(wire.account_page(page), as_json=json_, table=table)


@app.command(
    "limit",
    epilog='Example:  timebank account limit member:m1:available -b lille --floor -20h --reason "board"',
)
def limit(
    ctx: typer.Context,
    path: Path,
    branch: Branch,
    reason: Reason,
    floor: Annotated[str | None, _level("floor")] = None,
    ceiling: Annotated[str | None, _level("ceiling")] = None,
    warn_floor: Annotated[str | None, _level("warn-floor")] = None,
    warn_ceiling: Annotated[str | None, _level("warn-ceiling")] = None,
    follow_policy: Annotated[
        bool, typer.Option("--follow-policy", help="Drop the account's own limits.")
    ] = False,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Give an account limits of its own.

    A level that is not named stays as it is.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    known = bank.accounts.show(branch, path).limits
    limits = Limits(
        floor=_read_level(floor, known.floor),
        ceiling=_read_level(ceiling, known.ceiling),
        warn_floor=_read_level(warn_floor, known.warn_floor),
        warn_ceiling=_read_level(warn_ceiling, known.warn_ceiling),
    )
    view = bank.accounts.limit(branch, path, limits=None if follow_policy else limits, why=reason, key=key)
    emit(wire.account(view), as_json=json_, table=_limits_table(view))


@app.command(
    "override",
    epilog="Example:  timebank account override member:m1:available -b lille --floor -30h"
    ' --until 2030-01-31T12:00 --reason "hospital"',
)
def override(
    ctx: typer.Context,
    path: Path,
    branch: Branch,
    reason: Reason,
    until: Annotated[str, typer.Option("--until", help="Last instant, local time.", metavar="INSTANT")],
    floor: Annotated[str | None, _level("floor")] = None,
    ceiling: Annotated[str | None, _level("ceiling")] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let an account pass its limits for a while.

    Who, why and until when is recorded.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    until_at = parse_instant(until, zone_of(bank.branches.show(branch).zone))
    view = bank.accounts.override(
        branch,
        path,
        floor=_read_level(floor, None),
        ceiling=_read_level(ceiling, None),
        until_at=until_at,
        why=reason,
        key=key,
    )
    emit(wire.account(view), as_json=json_, table=_limits_table(view))


@app.command("open", epilog="Example:  timebank account open fund:solidarity --branch lille")
def open_(
    ctx: typer.Context,
    path: Path,
    branch: Branch,
    unit: Unit = "min",
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Open a fund, an issuance or a suspense account."""
    view = session_of(ctx).open(by=by, is_dry_run=dry_run).accounts.open(branch, path, unit, key=key)
    emit(wire.account(view), as_json=json_, table=f"{path} is open.")


@app.command("close", epilog="Example:  timebank account close fund:club-tea --branch lille")
def close(
    ctx: typer.Context,
    path: Path,
    branch: Branch,
    unit: Unit = "min",
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Close an empty account.

    It takes no more postings.
    """
    view = session_of(ctx).open(by=by, is_dry_run=dry_run).accounts.close(branch, path, unit, key=key)
    emit(wire.account(view), as_json=json_, table=f"{path} is closed.")


def _read_level(text: str | None, known: int | None) -> int | None:
    if text is None:
        return known
    return None if text == NONE else parse_signed_minutes(text)


def _table(title: str, views: "Sequence[AccountView]") -> Table:
    rows = [
        (
            view.path + (" (closed)" if view.is_closed else ""),
            amount(view.balance, view.unit),
            amount(view.held, view.unit),
            amount(view.given, view.unit),
            amount(view.received, view.unit),
        )
        for view in views
    ]
    columns = ["account", "balance", "held", "given", "received"]
    return table_of(title, columns, rows, right=columns[1:])


def _limits_table(view: "AccountView") -> Table:
    levels = view.limits
    facts = [
        (name, amount(level) if level is not None else "none")
        for name, level in (
            ("floor", levels.floor),
            ("warning below", levels.warn_floor),
            ("warning above", levels.warn_ceiling),
            ("ceiling", levels.ceiling),
        )
    ]
    return facts_of(f"Limits of {view.path}", facts)


def _changes_table(changes: "Sequence[AccountChange]") -> Table:
    rows = [
        (
            change.recorded_at.date(),
            change.what,
            amount(change.floor) if change.floor is not None else "-",
            amount(change.ceiling) if change.ceiling is not None else "-",
            change.until_at.date() if change.until_at is not None else "-",
            change.actor,
            change.why if change.why is not None else "(erased)",
        )
        for change in changes
    ]
    columns = ["on", "what", "floor", "ceiling", "until", "by", "why"]
    return table_of("Changes of limits", columns, rows, right=["floor", "ceiling"])
