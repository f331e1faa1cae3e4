"""`timebank request`: help that members wish for."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from timebank.care.listing import HelpRequest
from timebank.care.record import Mode
from timebank.cli import wire_listings
from timebank.cli.inputs import day_in, instant_in
from timebank.cli.listing import (
    SLOT_HELP,
    Member,
    Note,
    OnlyMember,
    State,
    Until,
    Why,
    week_in,
    week_shown,
    words_of,
)
from timebank.cli.options import (
    Before,
    Branch,
    By,
    DryRun,
    HelpMode,
    Json,
    Key,
    Limit,
    Minutes,
    No,
    ServiceKind,
)
from timebank.cli.output import amount, emit, local_time, table_of
from timebank.cli.session import session_of
from timebank.minutes import parse_minutes

app = typer.Typer(name="request", help="Requests: help that members wish for.", no_args_is_help=True)


@app.command(
    "post",
    epilog='Example:  timebank request post -b lille --member m2 -k company -m 1h --slot "thu 14:00-17:00"'
    " --by member:m2",
)
def post(
    ctx: typer.Context,
    branch: Branch,
    member: Member,
    kind: ServiceKind,
    minutes: Minutes,
    mode: HelpMode = Mode.IN_PERSON,
    earliest: Annotated[
        str | None,
        typer.Option(
            "--earliest", help="It begins not before; local time.", metavar="INSTANT", show_default=False
        ),
    ] = None,
    latest: Annotated[
        str | None,
        typer.Option(
            "--latest", help="It has ended by then; local time.", metavar="INSTANT", show_default=False
        ),
    ] = None,
    slots: Annotated[list[str] | None, typer.Option("--slot", help=SLOT_HELP, metavar="TEXT")] = None,
    until: Until = None,
    note: Note = None,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Ask for help: once between two instants, or week by week.

    By the member, by somebody in the member's name, or by a coordinator with a reason. No hours move.
    """
    length, week, last = parse_minutes(minutes), week_in(slots) if slots else None, day_in(until)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.help_requests.post(
        branch,
        member=member,
        kind=kind,
        minutes=length,
        mode=mode,
        earliest_at=instant_in(bank, branch, earliest),
        latest_at=instant_in(bank, branch, latest),
        week=week,
        until_on=last,
        note=note,
        reason=reason,
        key=key,
    )
    posted = view.listing
    line = f"Request {posted.no} of {branch}: {amount(posted.minutes)} of {posted.kind} for {posted.member}."
    emit(wire_listings.request_view(view), as_json=json_, table=line)


@app.command("list", epilog="Example:  timebank request list --branch lille --state open")
def list_(
    ctx: typer.Context,
    branch: Branch,
    state: State = None,
    member: OnlyMember = None,
    before: Before = None,
    limit: Limit = 50,
    json_: Json = False,
) -> None:
    """List requests, newest first."""
    bank = session_of(ctx).open()
    found = bank.help_requests.list(branch, state=state, member=member, before=before, limit=limit)
    table = _table(f"Requests of {branch}", found, bank.branches.show(branch).zone)
    emit([wire_listings.request(each) for each in found], as_json=json_, table=table)


@app.command("show", epilog="Example:  timebank request show 1 --branch lille")
def show(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Show one request, with the words about it."""
    bank = session_of(ctx).open()
    view = bank.help_requests.show(branch, no)
    table = _table(f"Request {no} of {branch}", [view.listing], bank.branches.show(branch).zone)
    emit(wire_listings.request_view(view), as_json=json_, table=[table, *words_of(view.note, view.reasons)])


@app.command("withdraw", epilog="Example:  timebank request withdraw 1 --branch lille --by member:m2")
def withdraw(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Take a request back.

    By the member, by somebody in the member's name, or by a coordinator with a reason.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.help_requests.withdraw(branch, no, reason=reason, key=key)
    emit(wire_listings.request_view(view), as_json=json_, table=f"Request {no} of {branch} is withdrawn.")


@app.command("expire", epilog="Example:  timebank request expire --branch lille")
def expire(
    ctx: typer.Context,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Write down which requests have expired.

    One whose deadline has passed is not open, whether this was done or not.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    expired = bank.help_requests.expire_due(branch, key=key)
    lines = [f"Request {each.no} has expired." for each in expired]
    emit(
        [wire_listings.request(each) for each in expired],
        as_json=json_,
        table=lines or [f"No request of {branch} is past its deadline."],
    )


def _table(title: str, requests: Sequence[HelpRequest], zone: str) -> Table:
    rows = [
        (
            each.no,
            each.state.value,
            each.member,
            each.kind,
            each.mode.value,
            amount(each.minutes),
            _when(each, zone),
            local_time(each.expires_at, zone),
        )
        for each in requests
    ]
    columns = ["no", "state", "member", "kind", "mode", "length", "when", "deadline"]
    return table_of(title, columns, rows, right=["no", "length"])


def _when(request: HelpRequest, zone: str) -> str:
    if request.week is not None:
        return week_shown(request.week)
    assert request.earliest_at is not None, "it is dated, or has a week"
    assert request.latest_at is not None, "it has an end where it has a beginning"
    return f"{local_time(request.earliest_at, zone)} to {local_time(request.latest_at, zone)}"
