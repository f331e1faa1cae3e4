"""`timebank report`: whole branches at a glance."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from timebank.cli import wire, wire_life
from timebank.cli.exits import Exit
from timebank.cli.inputs import day_in, known_at_in
from timebank.cli.options import Branch, Json, KnownAt
from timebank.cli.output import amount, emit, table_of
from timebank.cli.report_indicators import indicators_
from timebank.cli.report_solvency import solvency_
from timebank.cli.session import session_of
from timebank.instants import write_instant
from timebank.ledger.statement import TrialBalance
from timebank.reports.supply import TimeSupply

app = typer.Typer(name="report", help="Whole branches at a glance.", no_args_is_help=True)
app.command(
    "indicators", epilog="Example:  timebank report indicators -b lille --from 2026-01-01 --to 2026-12-31"
)(indicators_)
app.command("solvency", epilog="Example:  timebank report solvency --branch lille --births births.csv")(
    solvency_
)


@app.command(
    "trial-balance",
    epilog="Example:  timebank report trial-balance -b lille --on 2030-03-31 --known-at 2030-03-31",
)
def trial_balance(
    ctx: typer.Context,
    branch: Branch,
    on: Annotated[
        str | None,
        typer.Option(
            "--on", help="At the end of this day; now by default.", metavar="DAY", show_default=False
        ),
    ] = None,
    known_at: KnownAt = None,
    json_: Json = False,
) -> None:
    """Print every balance of a branch; debits equal credits.

    One table for each unit. Exit status 4 if the two sides differ.
    """
    day = day_in(on)
    bank = session_of(ctx).open()
    known = known_at_in(bank, branch, known_at)
    balances = bank.statements.trial_balance(branch, on=day, known_at=known)
    when = (f" at the end of {day}" if day is not None else "") + (
        f", as known on {known_at}" if known_at is not None else ""
    )
    tables = [_table(f"Trial balance of {branch} in {each.unit}{when}", each) for each in balances]
    emit(
        [wire.trial_balance(each) for each in balances],
        as_json=json_,
        table=tables or f"{branch} has no accounts yet.",
    )
    if not all(each.is_balanced for each in balances):
        raise typer.Exit(Exit.BROKEN)


@app.command("time-supply", epilog="Example:  timebank report time-supply --branch lille")
def time_supply(
    ctx: typer.Context,
    branch: Annotated[
        str | None,
        typer.Option("--branch", "-b", help="Only this branch.", metavar="CODE", show_default=False),
    ] = None,
    json_: Json = False,
) -> None:
    """Print where all hours come from and where they are; both sides are the same, exactly.

    Issued = positive balances + funds + waiting + owed to other branches - negative balances. Exit status 4
    if they differ.
    """
    found = session_of(ctx).open().statements.time_supply(branch)
    total = sum((each for _, each in found), TimeSupply())
    value = {
        "branches": [wire_life.supply(code, each) for code, each in found],
        "total": {name: part for name, part in wire_life.supply("", total).items() if name != "branch"},
    }
    emit(value, as_json=json_, table=_supply(found, total))
    if not all(each.is_exact for _, each in found):
        raise typer.Exit(Exit.BROKEN)


@app.command("access", epilog="Example:  timebank report access --branch lille --member m1")
def access(
    ctx: typer.Context,
    branch: Branch,
    member: Annotated[
        str | None,
        typer.Option("--member", help="Only what concerned this member.", metavar="REF", show_default=False),
    ] = None,
    limit: Annotated[int, typer.Option("--limit", help="At most so many.", min=1, max=100_000)] = 50,
    json_: Json = False,
) -> None:
    """Print who saw or did what for whom over the service, newest first.

    References only. What happened in the last second may not be written yet.
    """
    lines = session_of(ctx).open().access_log.list(branch, member=member, limit=limit)
    rows = [
        (
            write_instant(each.at),
            f"{each.role}:{each.ref}",
            each.operation,
            each.object or "",
            each.member or "",
            str(each.status),
        )
        for each in lines
    ]
    emit(
        [wire.sighting(each) for each in lines],
        as_json=json_,
        table=table_of(f"Access log of {branch}", ("at", "who", "what", "of", "concerned", "status"), rows)
        if rows
        else "Nobody has seen or done anything over the service yet.",
    )


def _supply(found: Sequence[tuple[str, TimeSupply]], total: TimeSupply) -> Table:
    columns = ["branch", "issued", "= positive", "+ funds", "+ waiting", "+ clearing", "- negative", ""]
    rows = [
        (
            code,
            *(
                amount(part, "min")
                for part in (
                    each.issued,
                    each.positive,
                    each.funds,
                    each.waiting,
                    each.clearing,
                    each.negative,
                )
            ),
            "exact" if each.is_exact else "NOT EXACT",
        )
        for code, each in (*found, ("all", total))
    ]
    return table_of("Time supply", columns, rows[:-1], right=columns[1:-1], total=rows[-1])


def _table(title: str, balance: TrialBalance) -> Table:
    rows = [
        (
            row.path,
            amount(row.debit, row.unit) if row.debit else "",
            amount(row.credit, row.unit) if row.credit else "",
        )
        for row in balance.rows
    ]
    verdict = "balanced" if balance.is_balanced else "NOT BALANCED"
    total = (verdict, amount(balance.debit_total, balance.unit), amount(balance.credit_total, balance.unit))
    return table_of(title, ["account", "debit", "credit"], rows, right=["debit", "credit"], total=total)
