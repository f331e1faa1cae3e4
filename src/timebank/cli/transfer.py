"""`timebank transfer`: move minutes between two accounts of a branch."""

from typing import Annotated

import typer

from timebank.cli import wire
from timebank.cli.inputs import amount_in, instant_in
from timebank.cli.options import At, Branch, By, DryRun, Json, Key, Minutes, Reason, Unit
from timebank.cli.output import emit, written_amount
from timebank.cli.session import session_of


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command(
        "transfer",
        epilog="Example:  timebank transfer -b lille --from member:m1:available --to fund:solidarity -m 1h"
        ' --reason "gift to the solidarity fund"',
    )
    def transfer(
        ctx: typer.Context,
        branch: Branch,
        debit_path: Annotated[
            str, typer.Option("--from", help="Path of the account to debit.", metavar="PATH")
        ],
        credit_path: Annotated[
            str, typer.Option("--to", help="Path of the account to credit.", metavar="PATH")
        ],
        minutes: Minutes,
        reason: Reason,
        at: At = None,
        unit: Unit = "min",
        by: By = None,
        key: Key = None,
        dry_run: DryRun = False,
        json_: Json = False,
    ) -> None:
        """Move minutes between two accounts.

        A coordinator's decision, such as a gift to a fund or an opening balance; it does not count as help.
        For an account in money, -m takes an amount such as 12.50.
        """
        amount = amount_in(minutes, unit)
        bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
        entry = bank.transfers.transfer(
            branch,
            debit_path=debit_path,
            credit_path=credit_path,
            minutes=amount,
            reason=reason,
            unit=unit,
            effective_at=instant_in(bank, branch, at),
            key=key,
        )
        moved = written_amount(amount, unit)
        line = f"Entry {entry.seq} of {branch}: {moved} from {debit_path} to {credit_path}."
        emit(wire.entry(entry), as_json=json_, table=line)
