"""`timebank wish`: what requests say beyond their kind and time."""

from typing import Annotated

import typer

from timebank.care.profile import URGENCY_MOST, Spot, Wish, WishFact
from timebank.cli import wire_matching
from timebank.cli.listing import Why
from timebank.cli.options import Branch, By, DryRun, Json, Key, No
from timebank.cli.output import emit, facts_of
from timebank.cli.profile import Languages, WishedGender
from timebank.cli.session import session_of

app = typer.Typer(
    name="wish", help="Wishes: what requests say beyond their kind and time.", no_args_is_help=True
)


@app.command("show", epilog="Example:  timebank wish show 1 --branch lille")
def show(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Show what a request says."""
    _print(session_of(ctx).open().wishes.show(branch, no), as_json=json_)


@app.command(
    "set",
    epilog="Example:  timebank wish set 1 --branch lille --place 50.63,3.06 --language fr --by member:m2",
)
def set_(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    place: Annotated[
        str | None,
        typer.Option(
            "--place",
            help="Where to help: degrees north and east, kept to half a kilometre; else the member's home.",
            metavar="PLACE",
            show_default=False,
        ),
    ] = None,
    languages: Languages = None,
    wished_gender: WishedGender = None,
    experience: Annotated[
        str | None,
        typer.Option(
            "--experience", help="Lived experience that would help.", metavar="CODE", show_default=False
        ),
    ] = None,
    needed: Annotated[
        bool | None,
        typer.Option("--needed/--not-needed", help="Whether nobody without it will do.", show_default=False),
    ] = None,
    clearances: Annotated[
        list[str] | None,
        typer.Option(
            "--clearance", help="A check whoever helps has passed; repeat it for more.", metavar="KIND"
        ),
    ] = None,
    team: Annotated[
        str | None,
        typer.Option("--team", help="Only helpers of this team.", metavar="CODE", show_default=False),
    ] = None,
    urgency: Annotated[
        int | None,
        typer.Option(
            "--urgency",
            help="0 is served first; a coordinator's to say.",
            min=0,
            max=URGENCY_MOST,
            show_default=False,
        ),
    ] = None,
    forget: Annotated[
        list[WishFact] | None,
        typer.Option(
            "--forget",
            help="What it is not to say any more: place, languages, wished_gender, experience, clearances"
            " or team; repeat it for more.",
            metavar="FACT",
        ),
    ] = None,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say where an open request is to be met, and by whom; what is left out stays as it is.

    By the member, by somebody in the member's name, or by a coordinator with a reason.
    """
    spot = Spot.parse(place) if place is not None else None
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    wish = bank.wishes.set(
        branch,
        no,
        place=spot,
        languages=languages or None,
        wished_gender=wished_gender,
        experience=experience,
        is_experience_needed=needed,
        clearances=clearances or None,
        team=team,
        urgency=urgency,
        forget=forget or (),
        reason=reason,
        key=key,
    )
    _print(wish, as_json=json_)


def _print(wish: Wish, *, as_json: bool) -> None:
    needed = "needed" if wish.is_experience_needed else "would help"
    said: list[tuple[str, object]] = [
        ("place", wish.place),
        ("languages", ", ".join(wish.languages)),
        ("wished gender", wish.wished_gender),
        ("lived experience", f"{wish.experience}, {needed}" if wish.experience is not None else None),
        ("clearances", ", ".join(wish.clearances)),
        ("team", wish.team),
        ("urgency", wish.urgency),
    ]
    facts = [(name, value) for name, value in said if value not in {None, ""}]
    table = facts_of(f"Request {wish.request} of {wish.branch}, by {wish.member}", facts)
    emit(wire_matching.wish(wish), as_json=as_json, table=table)
