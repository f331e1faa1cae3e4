"""`timebank branch`: found branches, list them, look at one, copy them to another database."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from timebank.cli import wire, wire_life
from timebank.cli.files import read_text
from timebank.cli.options import By, DryRun, Json, Key, Reason
from timebank.cli.output import amount, emit, table_of
from timebank.cli.session import session_of
from timebank.errors import RestoreUnreconciled, UsageFault
from timebank.ledger.model import Branch

app = typer.Typer(name="branch", help="Found, list, show, copy and close branches.", no_args_is_help=True)
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


@app.command("freeze", epilog='Example:  timebank branch freeze lille --reason "merges with roubaix"')
def freeze(
    ctx: typer.Context,
    code: Code,
    reason: Reason,
    lift: Annotated[bool, typer.Option("--lift", help="Take entries again.")] = False,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let a branch take no new entries, before it is closed.

    Open holds, records and redemptions are named, and refuse it.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.closings.freeze(code, lift=lift, reason=reason, key=key)
    word = "is frozen: it takes no new entries" if done.is_frozen else "takes entries again"
    emit(wire_life.frozen(done), as_json=json_, table=f"Branch {code} {word}.")


@app.command("close", epilog='Example:  timebank branch close lille --to roubaix --reason "merged"')
def close(
    ctx: typer.Context,
    code: Code,
    to: Annotated[str, typer.Option("--to", help="The branch that takes everything over.", metavar="CODE")],
    reason: Reason,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Close a frozen branch for ever: everything goes to a successor, through clearing, at once.

    What belongs to nobody whom the successor can take in waits there in suspense:unplaced, and is named.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    done = bank.closings.close(code, to=to, reason=reason, key=key)
    rows = [(each.path, amount(each.balance, each.unit), f"{each.to}@{each.branch}") for each in done.moved]
    told = f"\nBranch {code} is closed; {len(done.unplaced)} balances could not be placed."
    table = table_of(f"From {code} to {to}", ["account", "balance", "now"], rows, right=["balance"])
    emit(wire_life.closed(done), as_json=json_, table=[table, told])


@app.command("copy", epilog="Example:  timebank branch copy lille --to postgresql+psycopg://bank@db/bank")
def copy(
    ctx: typer.Context,
    to: Annotated[
        str, typer.Option("--to", help="The other database; made if there is none.", metavar="ADDRESS")
    ],
    codes: Annotated[
        list[str] | None,
        typer.Argument(help="Codes of the branches.", metavar="CODE...", show_default=False),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every branch of this database.")] = False,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Copy branches into another database that lacks them, on either engine: all of them or none.

    Every entry keeps its number, leaf hash and balances; names, words and keys come along; an export of the
    copy is the same file. The copy must pass the audit. Branches that owe each other hours belong together.
    """
    from timebank.cli.backup import note_faults, restored, sentence_of, warn_of_unmatched
    from timebank.cli.export import told

    if bool(codes) == all_:
        raise UsageFault(problem="name the branches to copy, or say --all", command="timebank branch copy")
    session = session_of(ctx)
    bank = session.open()
    target = session.open_other(to, is_dry_run=dry_run)
    with told("Copying") as tell:
        try:
            done = bank.backups.copy(codes or [], target.store, progress=tell)
        except RestoreUnreconciled as error:
            note_faults(error.faults)
            raise
    verb = "can be copied" if dry_run else "is copied"
    lines = [sentence_of(each, verb) for each in done]
    emit([restored(each) for each in done], as_json=json_, table=lines or "There is no branch to copy.")
    warn_of_unmatched(done)


def _table(branches: Sequence[Branch]) -> Table:
    rows = [(each.code, each.name, each.zone, each.created_at.date()) for each in branches]
    return table_of("Branches", ["code", "name", "zone", "since"], rows)
