"""`timebank clearing`: what branches owe one another (I-7)."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from timebank.cli import wire, wire_life
from timebank.cli.exits import Exit
from timebank.cli.options import Branch, By, DryRun, Json, Key, Minutes, Reason
from timebank.cli.output import Shown, amount, emit, table_of, written_amount
from timebank.cli.session import session_of
from timebank.ledger.statement import ClearingPosition
from timebank.minutes import parse_minutes

app = typer.Typer(name="clearing", help="What branches owe one another.", no_args_is_help=True)


@app.command("show", epilog="Example:  timebank clearing show")
def show(ctx: typer.Context, json_: Json = False) -> None:
    """Show who owes whom, in both books.

    One line for each pair of branches: what the two books say, and whether they agree. Exit status 4 if any
    two do not.
    """
    positions = session_of(ctx).open().statements.clearing()
    is_reconciled = all(position.is_reconciled for position in positions)
    value = {
        "is_reconciled": is_reconciled,
        "positions": [wire.clearing_position(position) for position in positions],
    }
    emit(value, as_json=json_, table=_shown(positions))
    if not is_reconciled:
        raise typer.Exit(Exit.BROKEN)


@app.command("ages", epilog="Example:  timebank clearing ages --json")
def ages(ctx: typer.Context, json_: Json = False) -> None:
    """Show what branches owe one another, and since when.

    The oldest hours are taken to be settled first.
    """
    found = session_of(ctx).open().clearings.ages()
    rows = [
        (each.debtor, each.creditor, amount(each.minutes, "min"), each.parts[0][0], each.parts[-1][0])
        for each in found
    ]
    columns = ["debtor", "creditor", "owed", "newest, days", "oldest, days"]
    table = table_of("Owed between branches", columns, rows, right=columns[2:])
    emit([wire_life.debt(each) for each in found], as_json=json_, table=table)


@app.command("net", epilog="Example:  timebank clearing net --branch lille")
def net(
    ctx: typer.Context,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Cancel out debts in circles, in every book at once.

    Nobody loses an hour: what a branch no longer owes, it is no longer owed.
    """
    done = session_of(ctx).open(by=by, is_dry_run=dry_run).clearings.net(branch, key=key)
    lines = [f"{amount(minutes, 'min')} round {' -> '.join(codes)}" for codes, minutes in done.circles]
    lines += [f"entry {seq} of {code}" for code, seq in done.entries]
    emit(wire_life.run(done), as_json=json_, table="\n".join(lines) or "No debts in a circle.")


@app.command(
    "settle",
    epilog='Example:  timebank clearing settle -b locmine --debtor lille -m 1h --reason "agreed"',
)
def settle(
    ctx: typer.Context,
    branch: Branch,
    debtor: Annotated[str, typer.Option("--debtor", help="The branch that owes.", metavar="CODE")],
    minutes: Minutes,
    reason: Reason,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Settle what another branch owes: the creditor's fund bears it, the debtor's fund has it.

    Decided by a coordinator of the branch that is owed; which fund, each policy says.
    """
    length = parse_minutes(minutes)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.clearings.settle(branch, debtor=debtor, minutes=length, reason=reason, key=key)
    entries = ", ".join(f"entry {seq} of {code}" for code, seq in done.entries)
    line = f"{debtor} owes {branch} {written_amount(length, 'min')} less: {entries}."
    emit(wire_life.run(done), as_json=json_, table=line)


def _shown(positions: Sequence[ClearingPosition]) -> list[Shown]:
    if not positions:
        return ["No branch owes another anything."]
    apart = [position for position in positions if not position.is_reconciled]
    verdict = f"\n{len(apart)} of {len(positions)} pairs do not agree." if apart else "\nAll books agree."
    return [_table(positions), verdict]


def _table(positions: Sequence[ClearingPosition]) -> Table:
    rows = [
        (
            f"{position.branch} and {position.other}",
            amount(position.owed, position.unit),
            amount(position.owed_back, position.unit),
            _who_owes(position),
        )
        for position in positions
    ]
    columns = ["branches", "first book", "second book", "so"]
    return table_of("Clearing", columns, rows, right=["first book", "second book"])


def _who_owes(position: ClearingPosition) -> str:
    if not position.is_reconciled:
        return f"THEY DIFFER by {written_amount(abs(position.owed + position.owed_back), position.unit)}"
    if position.owed == 0:
        return "even"
    debtor, creditor = (
        (position.branch, position.other) if position.owed > 0 else (position.other, position.branch)
    )
    return f"{debtor} owes {creditor}"
