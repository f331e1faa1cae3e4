"""`timebank clearing`: what branches owe one another (I-7)."""

from collections.abc import Sequence

import typer
from rich.table import Table

from timebank.cli import wire
from timebank.cli.exits import Exit
from timebank.cli.options import Json
from timebank.cli.output import Shown, amount, emit, table_of, written_amount
from timebank.cli.session import session_of
from timebank.ledger.statement import ClearingPosition

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
