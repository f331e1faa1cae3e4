"""`timebank offer`: help that members offer."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from timebank.care.listing import HelpOffer
from timebank.care.record import Mode
from timebank.cli import wire_listings
from timebank.cli.inputs import day_in
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
from timebank.cli.options import Before, Branch, By, DryRun, HelpMode, Json, Key, Limit, No, ServiceKind
from timebank.cli.output import amount, emit, local_time, table_of
from timebank.cli.session import session_of
from timebank.minutes import parse_minutes

app = typer.Typer(name="offer", help="Offers: help that members offer.", no_args_is_help=True)


@app.command(
    "post",
    epilog='Example:  timebank offer post -b lille --member m1 -k company --slot "thu 14:00-18:00" -w 2h'
    " --by member:m1",
)
def post(
    ctx: typer.Context,
    branch: Branch,
    member: Member,
    kind: ServiceKind,
    slots: Annotated[list[str], typer.Option("--slot", help=SLOT_HELP, metavar="TEXT")],
    per_week: Annotated[
        str, typer.Option("--per-week", "-w", help="How much of it, at most: 90, 1h30, 2h.", metavar="TIME")
    ],
    mode: HelpMode = Mode.IN_PERSON,
    until: Until = None,
    note: Note = None,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Offer help, week by week.

    By the member, or by a coordinator with a reason. No hours move.
    """
    week, minutes, last = week_in(slots), parse_minutes(per_week), day_in(until)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.help_offers.post(
        branch,
        member=member,
        kind=kind,
        week=week,
        minutes_per_week=minutes,
        mode=mode,
        until_on=last,
        note=note,
        reason=reason,
        key=key,
    )
    posted = view.listing
    line = f"Offer {posted.no} of {branch}: {amount(minutes)} of {posted.kind} a week, by {posted.member}."
    emit(wire_listings.offer_view(view), as_json=json_, table=line)


@app.command("list", epilog="Example:  timebank offer list --branch lille --state open")
def list_(
    ctx: typer.Context,
    branch: Branch,
    state: State = None,
    member: OnlyMember = None,
    before: Before = None,
    limit: Limit = 50,
    json_: Json = False,
) -> None:
    """List offers, newest first."""
    bank = session_of(ctx).open()
    found = bank.help_offers.list(branch, state=state, member=member, before=before, limit=limit)
    table = _table(f"Offers of {branch}", found, bank.branches.show(branch).zone)
    emit([wire_listings.offer(each) for each in found], as_json=json_, table=table)


@app.command("show", epilog="Example:  timebank offer show 1 --branch lille")
def show(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Show one offer, with the words about it."""
    bank = session_of(ctx).open()
    view = bank.help_offers.show(branch, no)
    table = _table(f"Offer {no} of {branch}", [view.listing], bank.branches.show(branch).zone)
    emit(wire_listings.offer_view(view), as_json=json_, table=[table, *words_of(view.note, view.reasons)])


@app.command("withdraw", epilog="Example:  timebank offer withdraw 1 --branch lille --by member:m1")
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
    """Take an offer back: by the member, or by a coordinator with a reason."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.help_offers.withdraw(branch, no, reason=reason, key=key)
    emit(wire_listings.offer_view(view), as_json=json_, table=f"Offer {no} of {branch} is withdrawn.")


@app.command("expire", epilog="Example:  timebank offer expire --branch lille")
def expire(
    ctx: typer.Context,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Write down which offers have expired.

    One whose deadline has passed is not open, whether this was done or not.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    expired = bank.help_offers.expire_due(branch, key=key)
    lines = [f"Offer {each.no} has expired." for each in expired]
    emit(
        [wire_listings.offer(each) for each in expired],
        as_json=json_,
        table=lines or [f"No offer of {branch} is past its deadline."],
    )


def _table(title: str, offers: Sequence[HelpOffer], zone: str) -> Table:
    rows = [
        (
            each.no,
            each.state.value,
            each.member,
            each.kind,
            each.mode.value,
            amount(each.minutes_per_week),
            week_shown(each.week),
            local_time(each.expires_at, zone),
        )
        for each in offers
    ]
    columns = ["no", "state", "member", "kind", "mode", "a week", "when", "deadline"]
    return table_of(title, columns, rows, right=["no", "a week"])
