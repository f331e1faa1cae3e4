"""`timebank branch`: found branches, list them, look at one."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from timebank.cli import wire
from timebank.cli.files import read_text
from timebank.cli.options import By, DryRun, Json, Key
from timebank.cli.output import emit, table_of
from timebank.cli.session import session_of
from timebank.ledger.model import Branch

app = typer.Typer(name="branch", help="Found branches, list them, look at one.", no_args_is_help=True)
Code = Annotated[str, typer.Argument(help="Code of the branch: a-z, 0-9 and '-'.", metavar="CODE")]


@app.command("create", epilog="Example:  timebank branch create lille --name Lille")
def create(
    ctx: typer.Context,
    code: Code,
    name: Annotated[str, typer.Option("--name", help="What people call it.", metavar="TEXT")],
    zone: Annotated[
        str, typer.Option("--zone", help="IANA time zone of its calendar.", metavar="ZONE")
    ] = "Europe/Paris",
    policy: Annotated[
        Path | None, typer.Option("--policy", help="Its rules, a TOML file.", dir_okay=False, metavar="FILE")
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Found a branch.

    Makes the database if there is none.
    """
    document = read_text(policy) if policy is not None else None
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run, create=True)
    made = bank.branches.create(code, name=name, zone=zone, policy=document, key=key)
    emit(wire.branch(made), as_json=json_, table=f"Branch {made.code} is open: {made.name}, {made.zone}.")


@app.command("list", epilog="Example:  timebank branch list --json")
def list_(ctx: typer.Context, json_: Json = False) -> None:
    """List all branches."""
    branches = session_of(ctx).open().branches.list()
    emit([wire.branch(each) for each in branches], as_json=json_, table=_table(branches))


@app.command("show", epilog="Example:  timebank branch show lille")
def show(ctx: typer.Context, code: Code, json_: Json = False) -> None:
    """Show one branch."""
    found = session_of(ctx).open().branches.show(code)
    emit(wire.branch(found), as_json=json_, table=_table([found]))


def _table(branches: Sequence[Branch]) -> Table:
    rows = [(each.code, each.name, each.zone, each.created_at.date()) for each in branches]
    return table_of("Branches", ["code", "name", "zone", "since"], rows)
