"""`timebank match`: who could help with a request and why, who is asked, and what they say."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from timebank.care.match import Match, MatchState, Outcome
from timebank.care.profile import ParkReason
from timebank.cli import wire_matching
from timebank.cli.listing import Why
from timebank.cli.matchmap import distance, map_of
from timebank.cli.options import NUMBER_MOST, Before, Branch, By, DryRun, Json, Key, Limit, No, Reason
from timebank.cli.output import Shown, amount, emit, facts_of, local_time, table_of
from timebank.cli.session import session_of

if TYPE_CHECKING:
    from timebank.services.matches import Explanation
    from timebank.services.suggesting import Suggestion, Suggestions

app = typer.Typer(
    name="match", help="Matches: who could help with a request, and who is asked.", no_args_is_help=True
)
NEAR_MISSES: Final = 8
"""Helpers who are nearly suggested that a table shows; `--json` lists all."""
Request = Annotated[
    int,
    typer.Argument(
        help="Number of the request.", metavar="REQUEST", min=0, max=NUMBER_MOST, show_default=False
    ),
]
Helper = Annotated[str, typer.Argument(help="The helper's reference.", metavar="HELPER", show_default=False)]
Top = Annotated[int, typer.Option("--top", help="How many helpers to show.", min=1, max=1_000)]


@app.command("suggest", epilog="Example:  timebank match suggest 1 --branch lille")
def suggest(ctx: typer.Context, request: Request, branch: Branch, top: Top = 10, json_: Json = False) -> None:
    """Show who could help with a request, the best first, with every reason; and what keeps others away."""
    bank = session_of(ctx).open()
    found = bank.matches.suggest(branch, request)
    if json_:
        emit(wire_matching.suggestions(found, top=top), as_json=True)
        return
    zone = bank.branches.show(branch).zone
    parts: list[Shown] = [_suggested(found, top, zone)]
    picture = map_of(found.place, [(each.rank, each.place) for each in found.suggested[:top]])
    if picture is not None:
        parts.append(picture)
    parts.extend(_kept_away(found))
    emit(None, as_json=False, table=parts)


@app.command("explain", epilog="Example:  timebank match explain 1 m3 --branch lille")
def explain(
    ctx: typer.Context, request: Request, helper: Helper, branch: Branch, json_: Json = False
) -> None:
    """Say why a helper is suggested for a request at their rank, or all that keeps the two apart."""
    bank = session_of(ctx).open()
    found = bank.matches.explain(branch, request, helper)
    table = _explained(found, bank.branches.show(branch).zone)
    emit(wire_matching.explanation(found), as_json=json_, table=table)


@app.command("offer", epilog="Example:  timebank match offer 1 m3 --branch lille")
def offer(
    ctx: typer.Context,
    request: Request,
    helper: Helper,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Ask a helper who is suggested whether they would help, as a coordinator."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    made = bank.matches.offer(branch, request, helper, key=key)
    until = local_time(made.expires_at, bank.branches.show(branch).zone)
    line = f"Match {made.no} of {branch}: {helper} is asked to help with request {request}, until {until}."
    emit(wire_matching.match(made), as_json=json_, table=line)


@app.command("accept", epilog="Example:  timebank match accept 1 --branch lille --by member:m3")
def accept(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say yes: by the helper in person, or by a coordinator, who says how they know."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.matches.accept(branch, no, reason=reason, key=key)
    _tell(done, f"{done.helper} will help {done.member} with request {done.request}.", as_json=json_)


@app.command("decline", epilog="Example:  timebank match decline 1 no_time --branch lille --by member:m3")
def decline(
    ctx: typer.Context,
    no: No,
    why: Annotated[ParkReason, typer.Argument(help="Why, as a code.", show_default=False)],
    branch: Branch,
    reason: Why = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Say no: by the helper in person, or by a coordinator, who says how they know.

    The two are then not brought together for a while; nobody else is told why.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.matches.decline(branch, no, why, reason=reason, key=key)
    _tell(done, f"{done.helper} will not help with request {done.request}.", as_json=json_)


@app.command(
    "withdraw",
    epilog='Example:  timebank match withdraw 1 --branch lille --reason "The visit was called off"',
)
def withdraw(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: Reason,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Take a match back, offered or accepted, as a coordinator."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.matches.withdraw(branch, no, reason=reason, key=key)
    _tell(done, f"Match {no} of {branch} is withdrawn.", as_json=json_)


@app.command("conclude", epilog="Example:  timebank match conclude 1 helped --branch lille")
def conclude(
    ctx: typer.Context,
    no: No,
    outcome: Annotated[Outcome, typer.Argument(help="What became of it.", show_default=False)],
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Write down what became of an accepted match, as a coordinator; suggestions are judged by it."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.matches.conclude(branch, no, outcome, key=key)
    _tell(done, f"Match {no} of {branch}: {outcome.value.replace('_', ' ')}.", as_json=json_)


@app.command("list", epilog="Example:  timebank match list --branch lille --state offered")
def list_(
    ctx: typer.Context,
    branch: Branch,
    state: Annotated[
        MatchState | None, typer.Option("--state", help="Only these.", show_default=False)
    ] = None,
    helper: Annotated[
        str | None,
        typer.Option("--helper", help="Only those of this helper.", metavar="REF", show_default=False),
    ] = None,
    member: Annotated[
        str | None,
        typer.Option("--member", help="Only for requests of this member.", metavar="REF", show_default=False),
    ] = None,
    request: Annotated[
        int | None,
        typer.Option(
            "--request",
            help="Only for this request.",
            metavar="NO",
            min=0,
            max=NUMBER_MOST,
            show_default=False,
        ),
    ] = None,
    before: Before = None,
    limit: Limit = 50,
    json_: Json = False,
) -> None:
    """List matches, newest first."""
    bank = session_of(ctx).open()
    found = bank.matches.list(
        branch, state=state, helper=helper, member=member, request=request, before=before, limit=limit
    )
    table = _table(f"Matches of {branch}", found, bank.branches.show(branch).zone)
    emit([wire_matching.match(each) for each in found], as_json=json_, table=table)


@app.command("show", epilog="Example:  timebank match show 1 --branch lille")
def show(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Show one match."""
    bank = session_of(ctx).open()
    found = bank.matches.show(branch, no)
    table = _table(f"Match {no} of {branch}", [found], bank.branches.show(branch).zone)
    emit(wire_matching.match(found), as_json=json_, table=table)


@app.command("expire", epilog="Example:  timebank match expire --branch lille")
def expire(
    ctx: typer.Context,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Write down which matches nobody answered in time.

    One whose deadline has passed is not open, whether this was done or not.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    expired = bank.matches.expire_due(branch, key=key)
    lines = [f"Match {each.no} has expired." for each in expired]
    emit(
        [wire_matching.match(each) for each in expired],
        as_json=json_,
        table=lines or [f"No match of {branch} is past its deadline."],
    )


def _tell(match: Match, line: str, *, as_json: bool) -> None:
    emit(wire_matching.match(match), as_json=as_json, table=line)


def _table(title: str, matches: Sequence[Match], zone: str) -> Table:
    rows = [
        (
            each.no,
            each.state.value,
            each.request,
            each.member,
            each.helper,
            each.rank,
            local_time(each.offered_at, zone),
            local_time(each.expires_at, zone),
            each.outcome.value if each.outcome is not None else "",
        )
        for each in matches
    ]
    columns = ["no", "state", "request", "by", "helper", "rank", "offered", "deadline", "outcome"]
    return table_of(title, columns, rows, right=["no", "request", "rank"])


def _suggested(found: "Suggestions", top: int, zone: str) -> Table:
    request = found.request
    shown = found.suggested[:top]
    count = len(found.suggested)
    title = (
        f"Request {request.no} of {request.branch}: {amount(request.minutes)} of {request.kind}"
        f" for {request.member}; {count} could help" + (f", the first {top}" if count > top else "")
    )
    rows = [
        (
            each.rank,
            each.helper,
            each.score.total,
            distance(each.fit.distance_m),
            wire_matching.starts_shown(request, each.fit.starts_at, zone),
            _terms(each),
        )
        for each in shown
    ]
    columns = ["rank", "helper", "score", "away", "first time", "why"]
    return table_of(title, columns, rows, right=["rank", "score", "away"])


def _terms(suggestion: "Suggestion") -> str:
    said = [f"{term.code.value} {term.value:+}" for term in suggestion.score.terms if term.value]
    if not suggestion.may_be_asked:
        said.append("asked too often of late")
    return ", ".join(said) or "nothing for or against"


def _kept_away(found: "Suggestions") -> list[Shown]:
    """Return who comes closest of those who are not suggested, and what keeps how many away."""
    if not found.blocked:
        return []
    near = [(each.helper, "; ".join(reason.coordinator for reason in each.reasons)) for each in found.near]
    counts = [f"{code.value} {count}" for code, count in found.counts.items()]
    line = Text(f"\nKept away: {len(found.blocked)}, by " + ", ".join(counts) + ".")
    if not near:
        return [line]
    return [table_of("Nearly suggested", ["helper", "but"], near[:NEAR_MISSES]), line]


def _explained(found: "Explanation", zone: str) -> list[Shown]:
    title = f"{found.helper} for request {found.request.no} of {found.request.branch}"
    if found.suggestion is None:
        whys = [(each.code.value, each.coordinator, each.public) for each in found.reasons]
        return [table_of(f"{title}: not suggested", ["rule", "why", "what others may know"], whys)]
    each = found.suggestion
    facts = facts_of(
        f"{title}: number {each.rank} of {found.others}",
        [
            ("offer", each.offer),
            ("away", distance(each.fit.distance_m)),
            ("first time", wire_matching.starts_shown(found.request, each.fit.starts_at, zone)),
            ("asked of late", each.asked),
            ("weights", found.weights[:16]),
        ],
    )
    rows = [(term.code.value, term.points, term.weight, term.value) for term in each.score.terms]
    columns = ["term", "points", "weight", "adds"]
    total = ("score", "", "", each.score.total)
    return [facts, table_of("Its score", columns, rows, right=columns[1:], total=total)]
