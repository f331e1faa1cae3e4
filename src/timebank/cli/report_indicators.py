"""`timebank report indicators`: who takes part, who helps whom, and what became of requests."""

from pathlib import Path
from typing import Annotated

import typer

from timebank.cli.exits import Exit
from timebank.cli.inputs import day_in
from timebank.cli.options import Branch, Json
from timebank.cli.output import emit
from timebank.cli.session import session_of

Csv = Annotated[bool, typer.Option("--csv", help="Print CSV: the name of each figure, and the figure.")]


def indicators_(
    ctx: typer.Context,
    branch: Branch,
    first: Annotated[
        str | None,
        typer.Option(
            "--from",
            help="First day; 365 days to the last one by default.",
            metavar="DAY",
            show_default=False,
        ),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", help="Last day; today by default.", metavar="DAY", show_default=False),
    ] = None,
    svg: Annotated[
        Path | None,
        typer.Option(
            "--svg", help="Also draw charts into this folder.", metavar="FOLDER", show_default=False
        ),
    ] = None,
    csv: Csv = False,
    json_: Json = False,
) -> None:
    """Say how a branch is doing, in figures that reconcile with the journal.

    Who takes part, by quarter and by kind of help; the network of who helps whom; whether members ask as they
    give; Nowak's rules for cooperation; eight indicators of impact. Fewer than five people are not told of.
    Exit status 4 if the figures are not those of the journal.
    """
    from timebank.cli.indicators_shown import draw, shown
    from timebank.reports.csv_out import csv_text
    from timebank.services.indicator_values import indicators
    from timebank.services.promise_values import figures

    first_on, last_on = day_in(first), day_in(last)
    found = session_of(ctx).open().indicators.of(branch, first_on=first_on, last_on=last_on)
    value = indicators(found)
    if svg is not None:
        draw(svg, found)
    if csv and not json_:
        lines = csv_text(("figure", "value"), figures(value))
        emit(value, as_json=False, table="".join(lines))
    else:
        emit(value, as_json=json_, table=list(shown(found)))
    if not found.reconciliation.is_reconciled:
        raise typer.Exit(Exit.BROKEN)
