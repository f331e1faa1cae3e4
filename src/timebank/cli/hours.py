"""`timebank hours`: log help, confirm, correct, dispute, reject, withdraw, decide."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.care.record import Mode, RecordState, ServiceRecord
from timebank.cli import wire
from timebank.cli.options import (
    Branch,
    By,
    DryRun,
    HelpMode,
    Json,
    Key,
    Limit,
    Minutes,
    No,
    Reason,
    ServiceKind,
    Unit,
)
from timebank.cli.output import amount, emit, local_time, table_of, warn
from timebank.cli.session import session_of
from timebank.instants import parse_instant, zone_of
from timebank.minutes import format_minutes, parse_minutes

if TYPE_CHECKING:
    from datetime import datetime

    from timebank.services.bank import Bank
    from timebank.services.hours import HoursDone

app = typer.Typer(
    name="hours", help="Log help, and say what the other side thinks of it.", no_args_is_help=True
)
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        help="When it began, local time of the branch: 2026-03-01T14:00; just now by default.",
        metavar="INSTANT",
    ),
]


class Decision(StrEnum):
    """How a coordinator decides a record."""

    CONFIRM = "confirm"
    REJECT = "reject"


@app.command(
    "log",
    epilog="Example:  timebank hours log -b lille --provider m1 --recipient m2 -m 1h30 -k shopping"
    " --by member:m1",
)
def log(
    ctx: typer.Context,
    branch: Branch,
    provider: Annotated[str, typer.Option("--provider", help="Who helped: member reference.", metavar="REF")],
    recipient: Annotated[
        str,
        typer.Option("--recipient", help="Who was helped: member reference, or fund:NAME.", metavar="REF"),
    ],
    minutes: Minutes,
    kind: ServiceKind,
    at: At = None,
    mode: HelpMode = Mode.IN_PERSON,
    unit: Unit = "min",
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """State help that was given.

    The other side then has the word: it confirms, corrects, disputes or rejects.
    """
    length = parse_minutes(minutes)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    start_at = start_of(bank, branch, at, length)
    done = bank.hours.log(
        branch,
        provider=provider,
        recipient=recipient if recipient.startswith("fund:") else f"member:{recipient}",
        minutes=length,
        kind=kind,
        start_at=start_at,
        mode=mode,
        unit=unit,
        key=key,
    )
    show_done(done, as_json=json_)


@app.command("confirm", epilog="Example:  timebank hours confirm 1 --branch lille --by member:m2")
def confirm(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Agree with what the other side stated.

    This posts the hours, once.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.hours.confirm(branch, no, key=key), as_json=json_)


@app.command("correct", epilog="Example:  timebank hours correct 1 --branch lille -m 1:15 --by member:m2")
def correct(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    minutes: Annotated[str | None, typer.Option("--minutes", "-m", help="How long.", metavar="TIME")] = None,
    at: At = None,
    kind: Annotated[str | None, typer.Option("--kind", "-k", help="Kind of help.", metavar="CODE")] = None,
    mode: Annotated[Mode | None, typer.Option("--mode", help="How it reached the recipient.")] = None,
    reason: Annotated[
        str | None, typer.Option("--reason", help="Why; needed once it is confirmed.", metavar="TEXT")
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Restate a record. Once confirmed, a coordinator corrects it by reversal and a new entry."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.hours.correct(
        branch,
        no,
        minutes=parse_minutes(minutes) if minutes is not None else None,
        start_at=parse_instant(at, zone_of(bank.branches.show(branch).zone)) if at is not None else None,
        kind=kind,
        mode=mode,
        reason=reason,
        key=key,
    )
    show_done(done, as_json=json_)


@app.command(
    "dispute", epilog='Example:  timebank hours dispute 1 -b lille --reason "it was an hour" --by member:m2'
)
def dispute(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: Reason,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Refuse to confirm for now.

    A correction or a coordinator settles it.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.hours.dispute(branch, no, reason=reason, key=key), as_json=json_)


@app.command(
    "reject", epilog='Example:  timebank hours reject 1 -b lille --reason "wrong person" --by member:m2'
)
def reject(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: Reason,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say that this help was not given."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.hours.reject(branch, no, reason=reason, key=key), as_json=json_)


@app.command("withdraw", epilog="Example:  timebank hours withdraw 1 --branch lille --by member:m1")
def withdraw(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Take back a record that one's own side logged."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.hours.withdraw(branch, no, key=key), as_json=json_)


@app.command(
    "decide", epilog='Example:  timebank hours decide 1 confirm -b lille -m 60 --reason "both agree by phone"'
)
def decide(
    ctx: typer.Context,
    no: No,
    decision: Annotated[Decision, typer.Argument(help="confirm or reject.", metavar="DECISION")],
    branch: Branch,
    reason: Reason,
    minutes: Annotated[
        str | None, typer.Option("--minutes", "-m", help="Other minutes than stated.", metavar="TIME")
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Decide a record as a coordinator.

    Rejecting a confirmed one reverses its entry.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.hours.decide(
        branch,
        no,
        is_confirmed=decision is Decision.CONFIRM,
        minutes=parse_minutes(minutes) if minutes is not None else None,
        reason=reason,
        key=key,
    )
    show_done(done, as_json=json_)


@app.command("list", epilog="Example:  timebank hours list --branch lille --state logged")
def list_(
    ctx: typer.Context,
    branch: Branch,
    state: Annotated[RecordState | None, typer.Option("--state", help="Only these.")] = None,
    member: Annotated[
        str | None, typer.Option("--member", help="Only of this member, on either side.", metavar="REF")
    ] = None,
    limit: Limit = 50,
    json_: Json = False,
) -> None:
    """List service records, newest first."""
    records = session_of(ctx).open().hours.list(branch, state=state, member=member, limit=limit)
    emit(
        [wire.record(each) for each in records],
        as_json=json_,
        table=record_table(f"Hours in {branch}", records),
    )


@app.command("show", epilog="Example:  timebank hours show 1 --branch lille")
def show(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Show one record with everything that was done to it."""
    bank = session_of(ctx).open()
    history = bank.hours.show(branch, no)
    zone = bank.branches.show(branch).zone
    rows = [
        (local_time(event.at, zone), event.act, event.actor, amount(event.minutes), reason or "")
        for event, reason in history.events
    ]
    happened = table_of("What happened", ["at", "act", "by", "stated", "reason"], rows, right=["stated"])
    found = record_table(f"Service record {no} of {branch}", [history.record])
    emit(wire.record_history(history), as_json=json_, table=[found, happened])


def start_of(bank: "Bank", branch: str, at: str | None, minutes: int) -> "datetime":
    """Read when help began; left out, it ended just now."""
    if at is None:
        return bank.now() - timedelta(minutes=minutes)
    return parse_instant(at, zone_of(bank.branches.show(branch).zone))


def record_table(title: str, records: Sequence[ServiceRecord]) -> Table:
    """Return a table of service records."""
    rows = [
        (
            each.no,
            each.start_at.date(),
            each.provider,
            each.recipient.removeprefix("member:"),
            each.kind,
            amount(each.minutes),
            amount(each.credited_minutes) if each.credited_minutes is not None else "-",
            each.state.value + (" (overlap)" if each.is_flagged_overlap else ""),
        )
        for each in records
    ]
    columns = ["no", "on", "provider", "recipient", "kind", "stated", "credited", "state"]
    return table_of(title, columns, rows, right=["no", "stated", "credited"])


def show_done(done: "HoursDone", *, as_json: bool) -> None:
    """Print what an act on a record led to, and warn about soft limits."""
    each = done.record
    posted = f", entry {', '.join(map(str, done.entries))}" if done.entries else ""
    stated = format_minutes(each.minutes)
    line = f"Service record {each.no} of {each.branch} is {each.state.value}: {stated}{posted}."
    emit(wire.hours_done(done), as_json=as_json, table=line)
    for warning in done.warnings:
        warn(
            f"{warning.path} is at {format_minutes(warning.balance)}, beyond {format_minutes(warning.level)}"
        )
    if each.is_flagged_overlap:
        warn("the provider has another record at the same time; a coordinator should look at it")
