"""`timebank mandate`: who may act for whom."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from timebank.care.mandate import Mandate, Scope
from timebank.cli import wire_care
from timebank.cli.inputs import day_in
from timebank.cli.options import Branch, By, DryRun, Json, Key, No
from timebank.cli.output import emit, table_of
from timebank.cli.session import session_of

app = typer.Typer(
    name="mandate",
    help="Mandates: who may act for whom.",
    no_args_is_help=True,
)


@app.command(
    "grant",
    epilog="Example:  timebank mandate grant -b locmine --principal m1 --holder m1@lille --scope confirm"
    " --basis family-authorisation",
)
def grant(
    ctx: typer.Context,
    branch: Branch,
    principal: Annotated[
        str, typer.Option("--principal", help="Acted for: member reference.", metavar="REF")
    ],
    holder: Annotated[
        str,
        typer.Option(
            "--holder", help="Who may act: REF@BRANCH, or REF in the same branch.", metavar="MEMBER"
        ),
    ],
    scope: Annotated[list[Scope], typer.Option("--scope", help="What it covers; repeat it for more.")],
    basis: Annotated[
        str,
        typer.Option("--basis", help="What it rests on, as a code; the paper stays outside.", metavar="CODE"),
    ],
    from_on: Annotated[
        str | None,
        typer.Option("--from", help="First day; today by default.", metavar="DAY", show_default=False),
    ] = None,
    until_on: Annotated[
        str | None,
        typer.Option(
            "--until", help="Last day; until revoked by default.", metavar="DAY", show_default=False
        ),
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let a member act for another.

    The principal says so, or a coordinator records it from a paper.
    """
    first, last = day_in(from_on), day_in(until_on)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    granted = bank.mandates.grant(
        branch,
        principal=principal,
        holder=holder,
        basis=basis,
        scopes=frozenset(scope),
        from_on=first,
        until_on=last,
        key=key,
    )
    who = f"{granted.holder}@{granted.holder_branch}"
    covered = ", ".join(sorted(granted.scopes))
    line = (
        f"Mandate {granted.no} of {branch}: {who} may act for {principal} ({covered}),"
        f" as member:{who}+{principal}#{granted.no}."
    )
    emit(wire_care.mandate(granted), as_json=json_, table=line)


@app.command("revoke", epilog="Example:  timebank mandate revoke 1 --branch locmine --by member:m1")
def revoke(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """End a mandate now: by principal, holder or a coordinator."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    revoked = bank.mandates.revoke(branch, no, key=key)
    emit(wire_care.mandate(revoked), as_json=json_, table=f"Mandate {no} of {branch} is revoked.")


@app.command("list", epilog="Example:  timebank mandate list --branch locmine --principal m1")
def list_(
    ctx: typer.Context,
    branch: Branch,
    principal: Annotated[
        str | None,
        typer.Option("--principal", help="Only for this member.", metavar="REF", show_default=False),
    ] = None,
    json_: Json = False,
) -> None:
    """List the mandates of a branch's members."""
    found = session_of(ctx).open().mandates.list(branch, principal=principal)
    emit(
        [wire_care.mandate(each) for each in found],
        as_json=json_,
        table=_table(f"Mandates of {branch}", found),
    )


def _table(title: str, mandates: Sequence[Mandate]) -> Table:
    rows = [
        (
            each.no,
            each.principal,
            f"{each.holder}@{each.holder_branch}",
            ", ".join(sorted(each.scopes)),
            each.basis,
            each.from_on,
            each.until_on or "-",
            each.revoked_at.date() if each.revoked_at is not None else "-",
        )
        for each in mandates
    ]
    columns = ["no", "for", "holder", "scopes", "basis", "from", "until", "revoked"]
    return table_of(title, columns, rows, right=["no"])
