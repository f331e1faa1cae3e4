"""`timebank profile`: what members say of themselves, so that they can be brought together with others."""

from typing import TYPE_CHECKING, Annotated

import typer

from timebank.care.profile import Gender, ParkReason, ProfileFact, Spot, Travel
from timebank.cli import wire_matching
from timebank.cli.inputs import day_in, metres_in
from timebank.cli.listing import Why
from timebank.cli.options import Branch, By, DryRun, Json, Key
from timebank.cli.output import emit, facts_of, written_amount
from timebank.cli.session import session_of
from timebank.minutes import parse_minutes

if TYPE_CHECKING:
    from rich.table import Table

    from timebank.services.profiles import ProfileView

app = typer.Typer(
    name="profile",
    help="Profiles: what members say of themselves, so that they can be brought together.",
    no_args_is_help=True,
)
Ref = Annotated[str, typer.Argument(help="Member reference.", metavar="REF", show_default=False)]
Other = Annotated[str, typer.Argument(help="The other member's reference.", metavar="OTHER")]
Code = Annotated[
    str,
    typer.Argument(help="Code of the experience, such as bereavement.", metavar="CODE", show_default=False),
]
Check = Annotated[
    str, typer.Argument(help="Code of the check, such as honourability.", metavar="KIND", show_default=False)
]
Languages = Annotated[
    list[str] | None,
    typer.Option("--language", help="Code such as fr; repeat it for more.", metavar="CODE"),
]
WishedGender = Annotated[
    Gender | None, typer.Option("--wished-gender", help="Wishes to be helped by.", show_default=False)
]


@app.command("show", epilog="Example:  timebank profile show m3 --branch lille")
def show(ctx: typer.Context, ref: Ref, branch: Branch, json_: Json = False) -> None:
    """Show what matching knows of a member."""
    _print(session_of(ctx).open().profiles.show(branch, ref), as_json=json_)


@app.command(
    "set",
    epilog="Example:  timebank profile set m3 --branch lille --home 50.63,3.06 --reach 5km --language fr"
    " --by member:m3",
)
def set_(
    ctx: typer.Context,
    ref: Ref,
    branch: Branch,
    home: Annotated[
        str | None,
        typer.Option(
            "--home",
            help="Area to start from: degrees north and east, 50.63,3.06; kept to half a kilometre.",
            metavar="PLACE",
            show_default=False,
        ),
    ] = None,
    reach: Annotated[
        str | None,
        typer.Option(
            "--reach", help="How far to go to help: 800m, 5km.", metavar="DISTANCE", show_default=False
        ),
    ] = None,
    travel: Annotated[Travel | None, typer.Option("--travel", help="How.", show_default=False)] = None,
    languages: Languages = None,
    gender: Annotated[
        Gender | None, typer.Option("--gender", help="Of the member.", show_default=False)
    ] = None,
    wished_gender: WishedGender = None,
    household: Annotated[
        str | None,
        typer.Option(
            "--household",
            help="A code that members who live together share.",
            metavar="CODE",
            show_default=False,
        ),
    ] = None,
    per_day: Annotated[
        str | None,
        typer.Option("--per-day", help="Most help on one day: 2h.", metavar="TIME", show_default=False),
    ] = None,
    rest: Annotated[
        str | None,
        typer.Option("--rest", help="Needed between two visits: 30min.", metavar="TIME", show_default=False),
    ] = None,
    teams: Annotated[
        list[str] | None,
        typer.Option("--team", help="Team the member helps in; repeat it for more.", metavar="CODE"),
    ] = None,
    forget: Annotated[
        list[ProfileFact] | None,
        typer.Option(
            "--forget",
            help="What is not to be known any more: home, reach_metres, travel, languages, gender,"
            " wished_gender, household, day_minutes, rest_minutes or teams; repeat it for more.",
            metavar="FACT",
        ),
    ] = None,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say something of a member; what is left out stays as it is.

    By the member, by somebody in the member's name, or by a coordinator with a reason.
    """
    spot = Spot.parse(home) if home is not None else None
    metres = metres_in(reach) if reach is not None else None
    day_minutes = parse_minutes(per_day) if per_day is not None else None
    rest_minutes = parse_minutes(rest) if rest is not None else None
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.profiles.set(
        branch,
        ref,
        home=spot,
        reach_metres=metres,
        travel=travel,
        languages=languages or None,
        gender=gender,
        wished_gender=wished_gender,
        household=household,
        day_minutes=day_minutes,
        rest_minutes=rest_minutes,
        teams=teams or None,
        forget=forget or (),
        reason=reason,
        key=key,
    )
    _print(view, as_json=json_)


@app.command("declare", epilog="Example:  timebank profile declare m3 bereavement -b lille --by member:m3")
def declare(
    ctx: typer.Context,
    ref: Ref,
    code: Code,
    branch: Branch,
    consented: Annotated[
        bool, typer.Option("--consented", help="Also consent to its use; not for coordinators.")
    ] = False,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say what a member has lived through; it is used only once consented to."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.profiles.declare(branch, ref, code, is_consented=consented, reason=reason, key=key)
    _print(view, as_json=json_)


@app.command("consent", epilog="Example:  timebank profile consent m3 bereavement -b lille --by member:m3")
def consent(
    ctx: typer.Context,
    ref: Ref,
    code: Code,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let lived experience be used: by the member, or by somebody in the member's name."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _print(bank.profiles.consent(branch, ref, code, key=key), as_json=json_)


@app.command("retract", epilog="Example:  timebank profile retract m3 bereavement -b lille --by member:m3")
def retract(
    ctx: typer.Context,
    ref: Ref,
    code: Code,
    branch: Branch,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Forget lived experience, and the consent to its use."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _print(bank.profiles.retract(branch, ref, code, reason=reason, key=key), as_json=json_)


@app.command("exclude", epilog="Example:  timebank profile exclude m3 m8 --branch lille --by member:m3")
def exclude(
    ctx: typer.Context,
    ref: Ref,
    other: Other,
    branch: Branch,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Never bring a member together with another one, whoever helps; the other is not told."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _print(bank.profiles.exclude(branch, ref, other, reason=reason, key=key), as_json=json_)


@app.command("include", epilog="Example:  timebank profile include m3 m8 --branch lille --by member:m3")
def include(
    ctx: typer.Context,
    ref: Ref,
    other: Other,
    branch: Branch,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Take an exclusion back; the other's own, if there is one, stays."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _print(bank.profiles.include(branch, ref, other, reason=reason, key=key), as_json=json_)


@app.command(
    "clear", epilog="Example:  timebank profile clear m3 honourability --branch lille --expires 2029-06-30"
)
def clear(
    ctx: typer.Context,
    ref: Ref,
    kind: Check,
    branch: Branch,
    verified: Annotated[
        str | None,
        typer.Option(
            "--verified", help="When it was seen; today by default.", metavar="DAY", show_default=False
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="Last day on which it counts.", metavar="DAY", show_default=False),
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say that a member passed a check, as a coordinator; the paper stays outside."""
    verified_on, expires_on = day_in(verified), day_in(expires)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.profiles.clear(branch, ref, kind, verified_on=verified_on, expires_on=expires_on, key=key)
    _print(view, as_json=json_)


@app.command("unclear", epilog="Example:  timebank profile unclear m3 honourability --branch lille")
def unclear(
    ctx: typer.Context,
    ref: Ref,
    kind: Check,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say that a check does not count any more, as a coordinator."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _print(bank.profiles.unclear(branch, ref, kind, key=key), as_json=json_)


@app.command("park", epilog="Example:  timebank profile park m3 m8 --branch lille --until 2026-12-31")
def park(
    ctx: typer.Context,
    ref: Ref,
    other: Other,
    branch: Branch,
    until: Annotated[str, typer.Option("--until", help="The last day of it.", metavar="DAY")],
    why: Annotated[ParkReason, typer.Option("--why", help="Why, as a code.")] = ParkReason.COORDINATOR,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Do not ask REF to help OTHER until a day is over, as a coordinator."""
    until_on = day_in(until)
    assert until_on is not None, "the option is required"
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _print(bank.profiles.park(branch, ref, other, until_on=until_on, why=why, key=key), as_json=json_)


@app.command("unpark", epilog="Example:  timebank profile unpark m3 m8 --branch lille")
def unpark(
    ctx: typer.Context,
    ref: Ref,
    other: Other,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let REF be asked to help OTHER again, as a coordinator."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _print(bank.profiles.unpark(branch, ref, other, key=key), as_json=json_)


def _print(view: "ProfileView", *, as_json: bool) -> None:
    emit(wire_matching.profile_view(view), as_json=as_json, table=_table(view))


def _table(view: "ProfileView") -> "Table":
    who = view.profile
    said: list[tuple[str, object]] = [
        ("home", who.home),
        ("reach", f"{who.reach_metres} m" if who.reach_metres is not None else None),
        ("travel", who.travel),
        ("languages", ", ".join(who.languages)),
        ("gender", who.gender),
        ("wished gender", who.wished_gender),
        ("household", who.household),
        ("most a day", written_amount(who.day_minutes) if who.day_minutes is not None else None),
        ("rest", written_amount(who.rest_minutes) if who.rest_minutes is not None else None),
        ("teams", ", ".join(who.teams)),
        *(
            (f"lived through {each.code}", _consent(each.consented_on is not None))
            for each in view.experiences
        ),
        *(
            (f"cleared: {each.kind}", f"{each.verified_on} to {each.expires_on or 'no end'}")
            for each in view.clearances
        ),
        *((f"never with {ref}", f"since {since_on}") for ref, since_on in view.excluded),
        *((f"not for {each.member}", f"until {each.until_on}: {each.reason}") for each in view.parked),
    ]
    facts = [(name, value) for name, value in said if value not in {None, ""}]
    return facts_of(f"What matching knows of {who.member} of {who.branch}", facts)


def _consent(is_given: bool) -> str:
    return "may be used" if is_given else "not to be used yet"
