"""`timebank match`, for all requests of a branch at once: the best plan, and what members could exchange."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
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
    from timebank.services.planning import Plan, Planned, Unserved
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
    is asked for two visits at one time, or for more than they may be asked. It says how far from the best the
    plan can be, at most. With --dry-run nobody is asked.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    with _progress() as tell:
        done = bank.matches.run(branch, tell=tell, key=key)
    if dry_run:
        done = replace(done, matches=())
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
    count = len(plan.planned) + len(plan.unserved)
    rows = [
        (
            each.request.no,
            each.request.member,
            each.suggestion.helper,
            wire_matching.starts_shown(each.request, each.suggestion.fit.starts_at, zone),
            distance(each.suggestion.fit.distance_m),
            each.suggestion.score.total,
            each.suggestion.rank,
            _terms(each),
        )
        for each in plan.planned
    ]
    columns = ["request", "by", "helper", "first time", "away", "score", "rank", "because of"]
    title = f"Plan for {plan.branch}: {len(plan.planned)} of {count} requests"
    parts: list[Shown] = [table_of(title, columns, rows, right=["request", "away", "score", "rank"])]
    not_first = [
        (each.request.no, each.suggestion.helper, each.passed.coordinator)
        for each in plan.planned
        if each.passed is not None
    ]
    if not_first:
        parts.append(
            table_of("Not the first choice", ["request", "helper", "why"], not_first, right=["request"])
        )
    if plan.unserved:
        left = [
            (each.request.no, each.request.member, each.request.kind, _why(each)) for each in plan.unserved
        ]
        parts.append(table_of("Nobody left for", ["request", "by", "kind", "why"], left, right=["request"]))
    said = [f"Score {plan.score}; {_proof(plan)}."]
    if plan.waiting:
        said.append(f"{len(plan.waiting)} requests wait for an answer.")
    if plan.busy:
        said.append(f"Not asked now: {', '.join(plan.busy)}.")
    asked = "Nobody was asked: this is a dry run." if is_dry_run else f"Asked: {len(run.matches)}."
    return [*parts, Text("\n" + " ".join([*said, asked]))]


def _proof(plan: "Plan") -> str:
    """Say how far a plan may be from the best one, at most."""
    if plan.gap_requests:
        return f"a better plan may serve {plan.gap_requests} more of urgency {plan.gap_urgency}, at most"
    if plan.gap_points:
        return f"proved to be at most {plan.gap_points} points from the best"
    return "proved the best"


def _terms(planned: "Planned") -> str:
    terms = (each for each in planned.suggestion.score.terms if each.value)
    return ", ".join(f"{each.code.value} {each.value}" for each in terms)


def _why(unserved: "Unserved") -> str:
    said = []
    if unserved.passed is not None:
        said.append(unserved.passed.coordinator)
    if unserved.needed_elsewhere:
        needed = [f"{helper} (request {no})" for helper, no in unserved.needed_elsewhere[:NEEDED_MOST]]
        said.append("needed elsewhere: " + ", ".join(needed))
    if unserved.not_asked_now:
        said.append("not asked now: " + ", ".join(unserved.not_asked_now[:NEEDED_MOST]))
    if unserved.counts:
        counts = ", ".join(f"{code.value} {count}" for code, count in unserved.counts.items())
        said.append(f"of {unserved.near_misses} near, kept away by {counts}")
    if unserved.relaxation is not None:
        said.append(f"smallest change: {unserved.relaxation.coordinator}")
    return "; ".join(said) or "nobody offers help"


def _swapped(found: "Swap") -> list[Shown]:
    made = found.exchange
    rows = [(each.provider, each.member, amount(each.minutes)) for each in made.legs]
    legs = table_of(f"Time exchange in {found.branch}", ["helps", "whom", "time"], rows, right=["time"])
    shares = [(each.id, amount(each.offered_minutes), amount(each.exchanged_minutes)) for each in made.shares]
    columns = ["member", "could exchange", "exchanges"]
    table = table_of("Everybody gets what they give", columns, shares, right=columns[1:])
    line = f"\n{amount(made.exchanged_minutes)} in all, the most that is acceptable to everybody."
    return [legs, table, Text(line)]
