"""`timebank beneficiary`: for whom a sponsor may spend hours."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.care.beneficiary import Beneficiary, Relation
from timebank.cli import wire_care
from timebank.cli.options import Branch, By, DryRun, Json, Key, No
from timebank.cli.output import emit, local_time, table_of
from timebank.cli.session import session_of

if TYPE_CHECKING:
    from timebank.services.beneficiaries import BeneficiaryHistory

app = typer.Typer(
    name="beneficiary",
    help="Beneficiaries: for whom a sponsor may spend hours.",
    no_args_is_help=True,
)
WhyNot = Annotated[
    str | None,
    typer.Option(
        "--reason",
        help="Why; a coordinator has to say it. Kept with the names.",
        metavar="TEXT",
        show_default=False,
    ),
]


@app.command(
    "add",
    epilog="Example:  timebank beneficiary add -b lille --sponsor m1 --relation parent --member m1@locmine"
    " --by member:m1",
)
def add(
    ctx: typer.Context,
    branch: Branch,
    sponsor: Annotated[str, typer.Option("--sponsor", help="Whose hours: member reference.", metavar="REF")],
    relation: Annotated[Relation, typer.Option("--relation", help="What the beneficiary is to the sponsor.")],
    member: Annotated[
        str,
        typer.Option(
            "--member", help="The beneficiary: REF@BRANCH, or REF in the same branch.", metavar="MEMBER"
        ),
    ],
    reason: WhyNot = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Add somebody for whom a member may spend hours."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    made = bank.beneficiaries.add(
        branch, sponsor=sponsor, relation=relation, member=member, reason=reason, key=key
    )
    _show_done(made, as_json=json_)


@app.command(
    "consent", epilog="Example:  timebank beneficiary consent 1 --branch lille --by member:m1@locmine"
)
def consent(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: WhyNot = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Record that the beneficiary agrees.

    Their own word, a proxy's with scope `request`, or a signed paper that a coordinator of their branch
    records with a reason; never the sponsor's.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _show_done(bank.beneficiaries.consent(branch, no, reason=reason, key=key), as_json=json_)


@app.command("check", epilog="Example:  timebank beneficiary check 1 --branch lille")
def check(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Record that a coordinator of either branch has checked it."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _show_done(bank.beneficiaries.check(branch, no, key=key), as_json=json_)


@app.command("revoke", epilog="Example:  timebank beneficiary revoke 1 --branch lille --by member:m1")
def revoke(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: WhyNot = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """End it; what was requested before stays as it is."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    _show_done(bank.beneficiaries.revoke(branch, no, reason=reason, key=key), as_json=json_)


@app.command("list", epilog="Example:  timebank beneficiary list --branch lille")
def list_(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """List those of a branch's sponsors, and its members who are some."""
    found = session_of(ctx).open().beneficiaries.list(branch)
    table = _table(f"Beneficiaries around {branch}", found)
    emit([wire_care.beneficiary(each) for each in found], as_json=json_, table=table)


@app.command("show", epilog="Example:  timebank beneficiary show 1 --branch lille")
def show(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Show one with everything that was done."""
    bank = session_of(ctx).open()
    history = bank.beneficiaries.show(branch, no)
    zone = bank.branches.show(branch).zone
    table = _table(f"Beneficiary {no} of {branch}", [history.beneficiary])
    emit(wire_care.beneficiary_history(history), as_json=json_, table=[table, _events_table(history, zone)])


def _show_done(beneficiary: Beneficiary, *, as_json: bool) -> None:
    who = f"{beneficiary.member} of {beneficiary.host_branch}"
    facts = (("agreed", beneficiary.consented_at), ("checked", beneficiary.checked_at))
    said = [what if at is not None else f"not yet {what}" for what, at in facts]
    state = "revoked" if beneficiary.revoked_at is not None else ", ".join(said)
    line = (
        f"Beneficiary {beneficiary.no} of {beneficiary.branch}: {who} for {beneficiary.sponsor}"
        f" ({beneficiary.relation.value}), {state}."
    )
    emit(wire_care.beneficiary(beneficiary), as_json=as_json, table=line)


def _table(title: str, beneficiaries: Sequence[Beneficiary]) -> Table:
    rows = [
        (
            each.branch,
            each.no,
            each.sponsor,
            each.relation.value,
            f"{each.member}@{each.host_branch}",
            *map(_day, (each.consented_at, each.checked_at, each.revoked_at)),
        )
        for each in beneficiaries
    ]
    columns = ["kept in", "no", "sponsor", "relation", "beneficiary", "agreed", "checked", "revoked"]
    return table_of(title, columns, rows, right=["no"])


def _day(at: datetime | None) -> str:
    return at.date().isoformat() if at is not None else "-"


def _events_table(history: "BeneficiaryHistory", zone: str) -> Table:
    rows = [
        (local_time(event.at, zone), event.acted_in, event.act, event.actor, reason or "")
        for event, reason in history.events
    ]
    return table_of("What happened", ["at", "in", "act", "by", "reason"], rows)
