"""`timebank report solvency`: what is owed, what is given, and what may come of it."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timebank.cli.files import read_text
from timebank.cli.inputs import day_in, metres_in
from timebank.cli.options import Branch, Json
from timebank.cli.output import emit
from timebank.cli.session import session_of

if TYPE_CHECKING:
    from timebank.services.promises import Around

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV: the name of each figure, and the figure.")]


def _percent(name: str, text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(name, help=text, metavar="PERCENT", min=0, max=100)
    return option


def solvency_(
    ctx: typer.Context,
    branch: Branch,
    at: Annotated[
        str | None,
        typer.Option(
            "--at", "--on", help="At the end of this day; now by default.", metavar="DAY", show_default=False
        ),
    ] = None,
    births: Annotated[
        Path | None,
        typer.Option(
            "--births",
            help="CSV of references and years of birth; used for this report and not kept.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    life_table: Annotated[
        Path | None,
        typer.Option(
            "--life-table",
            help="CSV of ages and the probability of dying within a year; a table of the USA by default.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    near: Annotated[
        str | None,
        typer.Option(
            "--near",
            help="Count helpers and requests around this place only: 47.89,-2.83.",
            metavar="PLACE",
            show_default=False,
        ),
    ] = None,
    within: Annotated[str, typer.Option("--within", help="How far around it.", metavar="DISTANCE")] = "10km",
    years: Annotated[int, typer.Option("--years", help="Years to look ahead.", min=1, max=40)] = 10,
    runs: Annotated[int, typer.Option("--runs", help="How often they are drawn.", min=1, max=5_000)] = 400,
    seed: Annotated[
        int, typer.Option("--seed", help="Of chance: the same gives the same figures.", min=0, max=2**53)
    ] = 1,
    stopping: Annotated[int, _percent("--stopping", "Helpers who stop in a year.")] = 10,
    replaced: Annotated[int, _percent("--replaced", "Of those, how many are replaced.")] = 100,
    asking: Annotated[
        int, _percent("--asking", "Of what is owed, what is asked for in a year before the age of care.")
    ] = 10,
    care_age: Annotated[
        int, typer.Option("--care-age", help="From when on everything is asked for.", min=18, max=119)
    ] = 80,
    csv: Csv = False,
    json_: Json = False,
) -> None:
    """Say whether a branch can keep its promise.

    Hours owed, help given in twelve months, years of cover, ages, money beside it, whether help is found, and
    the years to come: drawn many times from stated assumptions, and put to the test. Nobody is named.
    """
    from timebank.cli.solvency_shown import shown
    from timebank.reports.csv_out import csv_text
    from timebank.reports.solvency.projection import Assumptions
    from timebank.reports.solvency.tables import USUAL, read_birth_years, read_life_table
    from timebank.services.promise_values import figures, solvency

    day = day_in(at)
    bank = session_of(ctx).open()
    table = USUAL
    if life_table is not None:
        table = read_life_table(read_text(life_table).splitlines(), source=f"file {life_table.name}")
    this_year = bank.now().year
    born = read_birth_years(read_text(births).splitlines(), this_year=this_year) if births else None
    found = bank.promises.solvency(
        branch,
        on=day,
        births=born,
        assumed=Assumptions(
            years=years,
            runs=runs,
            stopping_percent=stopping,
            replaced_percent=replaced,
            asking_percent=asking,
            care_age=care_age,
            life_table=table,
        ),
        seed=seed,
        around=_around(near, within),
    )
    value = solvency(found)
    if csv and not json_:
        lines = csv_text(("figure", "value"), figures(value))
        emit(value, as_json=False, table="".join(lines))
    else:
        emit(value, as_json=json_, table=list(shown(found, near, within)))


def _around(near: str | None, within: str) -> "Around | None":
    from timebank.care.profile import Spot
    from timebank.services.promises import Around

    return Around(spot=Spot.parse(near), within_metres=metres_in(within)) if near is not None else None
