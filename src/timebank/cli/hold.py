"""`timebank hold`: hours that are reserved."""

from typing import Annotated

import typer

from timebank.cli import wire, wire_care
from timebank.cli.options import Branch, By, DryRun, Json, Key, No, Reason
from timebank.cli.output import amount, emit, local_time, table_of
from timebank.cli.redemptions import show_remarks
from timebank.cli.session import session_of
from timebank.ledger.holds import HoldState
from timebank.minutes import format_minutes

app = typer.Typer(name="hold", help="Holds: hours that are reserved for redemptions.", no_args_is_help=True)


@app.command("list", epilog="Example:  timebank hold list --branch lille --state pending")
def list_(
    ctx: typer.Context,
    branch: Branch,
    state: Annotated[
        HoldState | None, typer.Option("--state", help="Only these.", show_default=False)
    ] = None,
    member: Annotated[
        str | None, typer.Option("--member", help="Only of this member.", metavar="REF", show_default=False)
    ] = None,
    json_: Json = False,
) -> None:
    """List the holds of a branch, by number."""
    bank = session_of(ctx).open()
    holds = bank.holds.list(branch, state=state, member=member)
    zone = bank.branches.show(branch).zone
    rows = [
        (
            each.no,
            each.member,
            amount(each.minutes),
            each.state.value,
            amount(each.captured_minutes),
            local_time(each.expires_at, zone),
            f"{each.cause_kind} {each.cause_ref}",
        )
        for each in holds
    ]
    columns = ["no", "member", "minutes", "state", "captured", "deadline", "for"]
    table = table_of(f"Holds of {branch}", columns, rows, right=["no", "minutes", "captured"])
    emit([wire.hold(each) for each in holds], as_json=json_, table=table)


@app.command("release", epilog='Example:  timebank hold release 1 --branch lille --reason "asked by mistake"')
def release(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: Reason,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Give reserved hours back, free of charge.

    A coordinator of the sponsor's branch cancels the redemption behind them, whatever the policy charges.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.holds.release(branch, no, reason=reason, key=key)
    redemption = done.redemption
    minutes = format_minutes(redemption.held_minutes)
    ended = f"Redemption {redemption.ref} is {redemption.state.value}"
    line = f"{ended}: {minutes} went back to {redemption.sponsor}."
    emit(wire_care.redemption_done(done), as_json=json_, table=line)
    show_remarks(done)


@app.command("expire", epilog="Example:  timebank hold expire --branch lille")
def expire(
    ctx: typer.Context,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Give back what is past its deadline.

    The next act on any redemption of the branch does so first anyway; this does it now.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    ended = bank.holds.expire_due(branch, key=key)
    lines = [
        f"Redemption {each.ref} is {each.state.value}: {format_minutes(each.held_minutes)} went back to"
        f" {each.sponsor}."
        for each in ended
    ]
    emit(
        [wire_care.redemption(each) for each in ended],
        as_json=json_,
        table=lines or [f"Nothing of {branch} is past its deadline."],
    )
