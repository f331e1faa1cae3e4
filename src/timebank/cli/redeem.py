"""`timebank redeem`: a sponsor's hours, spent on help for a beneficiary near them."""

from enum import StrEnum
from typing import Annotated

import typer

from timebank.care.record import Mode
from timebank.care.redemption import RedemptionState
from timebank.cli import wire_care, wire_matching
from timebank.cli.inputs import instant_in
from timebank.cli.listing import SLOT_HELP, week_in
from timebank.cli.options import (
    NUMBER_MOST,
    Branch,
    DryRun,
    HelpMode,
    Json,
    Key,
    Limit,
    Minutes,
    Reason,
    ServiceKind,
)
from timebank.cli.outlook import outlook_shown
from timebank.cli.output import emit
from timebank.cli.redemptions import redemption_table, show_done, shown
from timebank.cli.session import session_of
from timebank.minutes import parse_minutes

app = typer.Typer(
    name="redeem",
    help="""Redemptions: a sponsor's hours, spent on help for somebody elsewhere.

    An actor who names no branch is of the sponsor's branch for request, cancel and expire, and of the
    beneficiary's for the help itself: assign, unassign, log, confirm, dispute and no-show.
    """,
    no_args_is_help=True,
)
Ref = Annotated[
    str,
    typer.Argument(
        help="The sponsor's branch and the redemption's number, such as lille-3.", metavar="HOME-NO"
    ),
]


def _by(whose: str) -> typer.models.OptionInfo:
    return typer.Option(  # type: ignore[no-any-return]
        "--by",
        help=f"Who acts: member:REF, coordinator:REF; of the {whose} branch unless @BRANCH says otherwise, "
        "with +PRINCIPAL#MANDATE if for somebody else.  [default: TIMEBANK_ACTOR or coordinator:desk]",
        metavar="ACTOR",
        show_default=False,
    )


ByHome = Annotated[str | None, _by("sponsor's")]
ByHost = Annotated[str | None, _by("beneficiary's")]
WhyNot = Annotated[
    str | None,
    typer.Option(
        "--reason",
        help="Why; a coordinator has to say it. Kept with the names.",
        metavar="TEXT",
        show_default=False,
    ),
]


BeneficiaryNo = Annotated[
    int,
    typer.Option("--beneficiary", help="Number of the beneficiary.", metavar="NO", min=0, max=NUMBER_MOST),
]


class Missing(StrEnum):
    """Who was not there."""

    BENEFICIARY = "beneficiary"
    PROVIDER = "provider"


@app.command(
    "helpers",
    epilog="Example:  timebank redeem helpers -b lille --beneficiary 1 -k company -m 1h30 --by member:m1",
)
def helpers(
    ctx: typer.Context,
    branch: Branch,
    beneficiary: BeneficiaryNo,
    kind: ServiceKind,
    minutes: Minutes,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="When, local time of the beneficiary's branch; any time, if it is left out.",
            metavar="INSTANT",
            show_default=False,
        ),
    ] = None,
    slots: Annotated[list[str] | None, typer.Option("--slot", help=SLOT_HELP, metavar="TEXT")] = None,
    mode: HelpMode = Mode.IN_PERSON,
    by: ByHome = None,
    json_: Json = False,
) -> None:
    """See how likely help is near a beneficiary, before any hours are spent.

    In counts alone: nobody is named, and one or two people are never told apart.
    """
    length, week = parse_minutes(minutes), week_in(slots) if slots else None
    bank = session_of(ctx).open(by=by)
    start_at = None
    if at is not None:
        host_branch = bank.beneficiaries.show(branch, beneficiary).beneficiary.host_branch
        start_at = instant_in(bank, host_branch, at)
    found = bank.redemptions.helpers_near(
        branch, beneficiary, kind=kind, minutes=length, start_at=start_at, week=week, mode=mode
    )
    emit(
        wire_matching.outlook(found),
        as_json=json_,
        table=outlook_shown(found, is_near=mode is Mode.IN_PERSON),
    )


@app.command(
    "request",
    epilog="Example:  timebank redeem request -b lille --beneficiary 1 --at 2030-03-01T14:00 -m 1h"
    " -k shopping --by member:m1",
)
def request(
    ctx: typer.Context,
    branch: Branch,
    beneficiary: BeneficiaryNo,
    at: Annotated[
        str,
        typer.Option(
            "--at", help="When, local time of the beneficiary's branch: 2030-03-01T14:00.", metavar="INSTANT"
        ),
    ],
    minutes: Minutes,
    kind: ServiceKind,
    mode: HelpMode = Mode.IN_PERSON,
    reason: WhyNot = None,
    by: ByHome = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Ask for help, and reserve the sponsor's hours for it."""
    length = parse_minutes(minutes)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    host_branch = bank.beneficiaries.show(branch, beneficiary).beneficiary.host_branch
    start_at = instant_in(bank, host_branch, at)
    assert start_at is not None, "there is a text to read"
    done = bank.redemptions.request(
        branch, beneficiary, start_at=start_at, minutes=length, kind=kind, mode=mode, reason=reason, key=key
    )
    show_done(done, as_json=json_)


@app.command("assign", epilog="Example:  timebank redeem assign lille-1 --provider m2")
def assign(
    ctx: typer.Context,
    ref: Ref,
    provider: Annotated[
        str,
        typer.Option(
            "--provider", help="Who will help: a member of the beneficiary's branch.", metavar="REF"
        ),
    ],
    by: ByHost = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say who will help.

    A member of the beneficiary's branch offers, or a coordinator of it assigns.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.redemptions.assign(ref, provider=provider, key=key), as_json=json_)


@app.command("unassign", epilog="Example:  timebank redeem unassign lille-1 --by member:m2")
def unassign(
    ctx: typer.Context,
    ref: Ref,
    by: ByHost = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Step back, so that somebody else can help."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.redemptions.unassign(ref, key=key), as_json=json_)


@app.command("log", epilog="Example:  timebank redeem log lille-1 -m 1h --by member:m2")
def log(
    ctx: typer.Context,
    ref: Ref,
    minutes: Annotated[
        str | None,
        typer.Option(
            "--minutes", "-m", help="How long; as planned by default.", metavar="TIME", show_default=False
        ),
    ] = None,
    at: Annotated[
        str | None,
        typer.Option(
            "--at",
            help="When it began, local time there; as planned by default, or just now.",
            metavar="INSTANT",
            show_default=False,
        ),
    ] = None,
    by: ByHost = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """State the help that was given.

    The other side then confirms it. It becomes a service record of the beneficiary's branch.
    """
    length = parse_minutes(minutes) if minutes is not None else None
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    start_at = None
    if at is not None:
        start_at = instant_in(bank, bank.redemptions.show(ref).redemption.host_branch, at)
    show_done(bank.redemptions.log(ref, minutes=length, start_at=start_at, key=key), as_json=json_)


@app.command("confirm", epilog="Example:  timebank redeem confirm lille-1 --by member:m1")
def confirm(
    ctx: typer.Context,
    ref: Ref,
    reason: WhyNot = None,
    by: ByHost = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Agree with what was logged.

    This charges the sponsor and credits the provider, in both branches' books at once. What was reserved
    beyond that goes back to the sponsor. A coordinator of the beneficiary's branch confirms with a reason.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.redemptions.confirm(ref, reason=reason, key=key), as_json=json_)


@app.command(
    "dispute",
    epilog='Example:  timebank redeem dispute lille-1 --reason "it was half an hour" --by member:m1',
)
def dispute(
    ctx: typer.Context,
    ref: Ref,
    reason: Reason,
    by: ByHost = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Refuse to confirm for now.

    A correction or a coordinator settles it; the hours stay reserved until then.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.redemptions.dispute(ref, reason=reason, key=key), as_json=json_)


@app.command("cancel", epilog="Example:  timebank redeem cancel lille-1 --by member:m1")
def cancel(
    ctx: typer.Context,
    ref: Ref,
    reason: WhyNot = None,
    by: ByHome = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Call it off before any help is logged.

    Sponsor, beneficiary or a coordinator can. It is free as long as nobody was assigned; after that the
    policy of the beneficiary's branch says until when, and what a late one costs.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.redemptions.cancel(ref, reason=reason, key=key), as_json=json_)


@app.command(
    "no-show",
    epilog='Example:  timebank redeem no-show lille-1 --missing beneficiary --reason "nobody opened"',
)
def no_show(
    ctx: typer.Context,
    ref: Ref,
    missing: Annotated[Missing, typer.Option("--missing", help="Who was not there.")],
    reason: WhyNot = None,
    by: ByHost = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """State that the visit failed.

    A missing beneficiary costs what the policy of their branch says, and credits the provider for the
    time lost; a missing provider costs nothing.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    is_by_provider = missing is Missing.PROVIDER
    show_done(
        bank.redemptions.miss(ref, is_by_provider=is_by_provider, reason=reason, key=key), as_json=json_
    )


@app.command("expire", epilog="Example:  timebank redeem expire lille-1")
def expire(
    ctx: typer.Context,
    ref: Ref,
    by: ByHome = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """End a redemption past its deadline.

    Its hours go back; `timebank hold expire` does it for all of a branch.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    show_done(bank.redemptions.expire(ref, key=key), as_json=json_)


@app.command("list", epilog="Example:  timebank redeem list --branch locmine --state requested")
def list_(
    ctx: typer.Context,
    branch: Branch,
    state: Annotated[
        RedemptionState | None, typer.Option("--state", help="Only these.", show_default=False)
    ] = None,
    member: Annotated[
        str | None,
        typer.Option(
            "--member",
            help="Only of this sponsor, beneficiary or provider.",
            metavar="REF",
            show_default=False,
        ),
    ] = None,
    limit: Limit = 50,
    json_: Json = False,
) -> None:
    """List what a branch pays or serves, newest first."""
    bank = session_of(ctx).open()
    found = bank.redemptions.list(branch, state=state, member=member, limit=limit)
    zone = bank.branches.show(branch).zone
    emit(
        [wire_care.redemption(each) for each in found],
        as_json=json_,
        table=redemption_table(f"Redemptions of {branch}", found, zone=zone),
    )


@app.command("show", epilog="Example:  timebank redeem show lille-1")
def show(ctx: typer.Context, ref: Ref, json_: Json = False) -> None:
    """Show the whole story, reconciled in both books."""
    story = session_of(ctx).open().redemptions.show(ref)
    emit(wire_care.redemption_story(story), as_json=json_, table=shown(story))
