"""`timebank report solvency`: what is owed, what is given, and what may come of it."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from timebank.cli.files import read_text
from timebank.cli.inputs import day_in, metres_in
from timebank.cli.options import Branch, Json
from timebank.cli.output import Shown, amount, emit, facts_of, table_of, written_amount
from timebank.cli.session import session_of
from timebank.reports.csv_out import csv_text
from timebank.reports.solvency.projection import Assumptions, assumptions_told
from timebank.reports.solvency.tables import USUAL, read_birth_years, read_life_table
from timebank.services import promise_values

if TYPE_CHECKING:
    from timebank.reports.solvency.projection import Projection
    from timebank.services.promises import Around, SolvencyReport

USUALLY = Assumptions()
Csv = Annotated[bool, typer.Option("--csv", help="Print CSV: the name of each figure, and the figure.")]


def _percent(name: str, text: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(name, help=text, metavar="PERCENT", min=0, max=100)
    return option


def solvency(
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
    stopping: Annotated[
        int, _percent("--stopping", "Helpers who stop in a year.")
    ] = USUALLY.stopping_percent,
    replaced: Annotated[
        int, _percent("--replaced", "Of those, how many are replaced.")
    ] = USUALLY.replaced_percent,
    asking: Annotated[
        int, _percent("--asking", "Of what is owed, what is asked for in a year before the age of care.")
    ] = USUALLY.asking_percent,
    care_age: Annotated[
        int, typer.Option("--care-age", help="From when on everything is asked for.", min=18, max=119)
    ] = USUALLY.care_age,
    csv: Csv = False,
    json_: Json = False,
) -> None:
    """Say whether a branch can keep its promise.

    Hours owed, help given in twelve months, years of cover, ages, money beside it, whether help is found, and
    the years to come: drawn many times from stated assumptions, and put to the test. Nobody is named.
    """
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
        assumed=replace(
            USUALLY,
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
    value = promise_values.solvency(found)
    if csv and not json_:
        lines = csv_text(("figure", "value"), promise_values.figures(value))
        emit(value, as_json=False, table="".join(lines))
    else:
        emit(value, as_json=json_, table=list(_shown(found, near, within)))


def _around(near: str | None, within: str) -> "Around | None":
    from timebank.care.profile import Spot
    from timebank.services.promises import Around

    return Around(spot=Spot.parse(near), within_metres=metres_in(within)) if near is not None else None


def _shown(found: "SolvencyReport", near: str | None, within: str) -> Iterator[Shown]:
    cover, way = found.cover, found.redeemability
    facts: list[tuple[str, object]] = [
        ("owed to members", amount(cover.owed_minutes)),
        ("beside it, in funds", amount(cover.funds_minutes)),
        ("help given since " + found.since_on.isoformat(), amount(cover.given_minutes)),
        ("of help, paid with hours", amount(cover.redeemed_minutes)),
        ("years of cover", _decimal(cover.years, 1, "nothing was given")),
    ]
    for each in found.reserves:
        facts.append((f"money in funds, {each.unit}", written_amount(each.held, each.unit)))
        facts.append(("  for each hour owed", _money(each.per_hour_owed, each.unit)))
        facts.append(("  if everybody had saved all", _money(each.per_hour_at_most, each.unit)))
    if not found.reserves:
        facts.append(("money in funds", "none held"))
    where = f"within {within} of {near}" if near is not None else "in the branch"
    helpers = "1 to 4" if way.helpers is None else str(way.helpers)
    facts.append((f"offer help {where}", f"{helpers} members"))
    facts.append(("requests that ended", _requests(found)))
    yield facts_of(f"Can {found.branch} keep its promise? {found.on}, {found.members} members", facts)
    if found.is_age_known:
        yield table_of(
            "By age",
            ("age", "people", "owed", "given"),
            [
                (each.ages, each.people, amount(each.owed_minutes), amount(each.given_minutes))
                for each in found.cohorts
            ],
            right=("people", "owed", "given"),
        )
    if found.projections:
        yield from _ahead(found)


def _ahead(found: "SolvencyReport") -> Iterator[Shown]:
    usual = found.projections[0]
    yield table_of(
        f"The years to come, in hours: middle of {usual.assumptions.runs} draws (seed {found.seed})",
        ("year", "asked for", "can be given", "unmet", "unmet, worst 5 %", "all met"),
        [
            (
                each.year,
                _hours(each.asked.middle),
                _hours(each.capacity.middle),
                _hours(each.unmet.middle),
                _hours(each.unmet.high),
                f"{each.met_percent} %",
            )
            for each in usual.years
        ],
        right=("year", "asked for", "can be given", "unmet", "unmet, worst 5 %", "all met"),
    )
    yield table_of(
        f"Put to the test, over {usual.assumptions.years} years, in hours",
        ("if", "unmet in the worst year", "still owed", "lapsed", "promise kept"),
        [_test(each) for each in found.projections],
        right=("unmet in the worst year", "still owed", "lapsed", "promise kept"),
    )
    lines = list(assumptions_told(usual.assumptions))
    if not found.is_age_known:
        lines.append("No years of birth were handed in (--births), so nobody's age is known.")
    yield facts_of("What is assumed", [(str(number), line) for number, line in enumerate(lines, 1)])


def _test(each: "Projection") -> tuple[object, ...]:
    low, high = _hours(each.unmet.middle), _hours(each.unmet.high)
    return (
        each.name,
        low if low == high else f"{low} to {high}",
        _hours(each.owed_after.middle),
        _hours(each.lapsed.middle),
        f"{each.kept_percent} %",
    )


def _requests(found: "SolvencyReport") -> str:
    past = found.redeemability.past
    if past.requests is None:
        return "fewer than 5 within twelve months"
    wait = written_amount(past.wait_minutes) if past.wait_minutes is not None else "not told"
    return f"{past.requests}; {past.found_percent} % found somebody; median wait {wait}"


def _hours(minutes: int) -> str:
    """Write whole hours, half up: a projection has no minutes."""
    return str((2 * minutes + 60) // 120)


def _decimal(value: Fraction | None, places: int, none: str) -> str:
    return f"{float(value):.{places}f}" if value is not None else none


def _money(cents: Fraction | None, unit: str) -> str:
    return f"{float(cents) / 100:.2f} {unit}" if cents is not None else "not known"
