"""`timebank match`, for all requests of a branch at once: the best plan, and what members could exchange."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.text import Text

from timebank.cli import wire_matching
from timebank.cli.match import app
from timebank.cli.matchmap import distance
from timebank.cli.options import Branch, By, DryRun, Json, Key
from timebank.cli.output import Shown, amount, emit, stderr, table_of
from timebank.cli.session import session_of

if TYPE_CHECKING:
    from timebank.services.planning import Unserved
    from timebank.services.plans import PlanRun
    from timebank.services.pooling import Tell
    from timebank.services.swapping import Swap

NEEDED_MOST: Final = 5
"""Helpers who are needed elsewhere that a line names."""


@app.command("run", epilog="Example:  timebank match run --branch lille --dry-run")
def run(
    ctx: typer.Context,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Make the best plan for all requests that wait, and ask everybody in it, as a coordinator.

    As many requests as can be are served, the most urgent first; then helpers suit as well as can be. Nobody
    is asked two things at once. With --dry-run nobody is asked.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    with _progress() as tell:
        done = bank.matches.run(branch, tell=tell, key=key)
    if json_:
        emit(wire_matching.plan_run(done), as_json=True)
        return
    emit(None, as_json=False, table=_planned(done, bank.branches.show(branch).zone, is_dry_run=dry_run))


@app.command("exchange", epilog="Example:  timebank match exchange --branch lille")
def exchange(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """Show what members could exchange within a week: in cycles, balanced, without credit; a report only.

    Of all exchanges that are acceptable to everybody it is one that moves the most; who joined earlier comes
    first.
    """
    bank = session_of(ctx).open()
    with _progress() as tell:
        found = bank.matches.exchange(branch, tell=tell)
    emit(wire_matching.swap(found), as_json=json_, table=_swapped(found))


@contextmanager
def _progress() -> "Iterator[Tell]":
    """Show on stderr how far it is, where somebody looks."""
    console = stderr()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("", total=None)
        yield lambda what, done, count: shown.update(task, description=what, completed=done, total=count)


def _planned(run: "PlanRun", zone: str, *, is_dry_run: bool) -> list[Shown]:
    plan = run.plan
    rows = [
        (
            each.request.no,
            each.request.member,
            each.request.kind,
            each.suggestion.helper,
            each.suggestion.score.total,
            each.suggestion.rank,
            distance(each.suggestion.fit.distance_m),
            wire_matching.starts_shown(each.request, each.suggestion.fit.starts_at, zone),
        )
        for each in plan.planned
    ]
    columns = ["request", "by", "kind", "helper", "score", "rank", "away", "first time"]
    count = len(plan.planned) + len(plan.unserved)
    title = f"Plan for {plan.branch}: {len(plan.planned)} of {count} requests"
    right = ["request", "score", "rank", "away"]
    parts: list[Shown] = [table_of(title, columns, rows, right=right)]
    if plan.unserved:
        left = [
            (each.request.no, each.request.member, each.request.kind, _why(each)) for each in plan.unserved
        ]
        parts.append(table_of("Nobody left for", ["request", "by", "kind", "why"], left, right=["request"]))
    proof = "no plan is better, as its prices prove" if plan.is_optimal else "better plans may exist"
    said = [f"Score {plan.score}; {proof}."]
    if plan.waiting:
        said.append(f"{len(plan.waiting)} requests wait for an answer.")
    if plan.busy:
        said.append(f"Not asked now: {', '.join(plan.busy)}.")
    asked = "Nobody was asked: this is a dry run." if is_dry_run else f"Asked: {len(run.matches)}."
    return [*parts, Text("\n" + " ".join([*said, asked]))]


def _why(unserved: "Unserved") -> str:
    if unserved.needed_elsewhere:
        needed = [f"{helper} (request {no})" for helper, no in unserved.needed_elsewhere[:NEEDED_MOST]]
        return "needed elsewhere: " + ", ".join(needed)
    counts = ", ".join(f"{code.value} {count}" for code, count in unserved.counts.items())
    if not unserved.near:
        return f"kept away by {counts}" if counts else "nobody offers help"
    closest = unserved.near[0]
    reasons = "; ".join(reason.coordinator for reason in closest.reasons)
    return f"kept away by {counts}; closest is {closest.helper}: {reasons}"


def _swapped(found: "Swap") -> list[Shown]:
    made = found.exchange
    rows = [(each.provider, each.member, amount(each.minutes)) for each in made.legs]
    legs = table_of(f"Time exchange in {found.branch}", ["helps", "whom", "time"], rows, right=["time"])
    shares = [(each.id, amount(each.offered_minutes), amount(each.exchanged_minutes)) for each in made.shares]
    columns = ["member", "could exchange", "exchanges"]
    table = table_of("Everybody gets what they give", columns, shares, right=columns[1:])
    line = f"\n{amount(made.exchanged_minutes)} in all, the most that is acceptable to everybody."
    return [legs, table, Text(line)]
