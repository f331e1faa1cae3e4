"""`timebank member`: join, list, look up, rename, erase."""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.care.member import MemberKind
from timebank.cli import member_life, wire, wire_data
from timebank.cli.files import writing
from timebank.cli.options import Branch, By, DryRun, Json, Key
from timebank.cli.output import emit, table_of
from timebank.cli.session import session_of
from timebank.errors import Declined
from timebank.instants import parse_day, write_instant

if TYPE_CHECKING:
    from timebank.services.members import MemberView

app = typer.Typer(name="member", help="Members: join, look up, rename, leave, erase.", no_args_is_help=True)
Ref = Annotated[str, typer.Argument(help="Reference of the member, such as m1.", metavar="REF")]
Name = Annotated[str, typer.Option("--name", help="Kept apart from the books, erasable.", metavar="TEXT")]
Email = Annotated[
    str | None, typer.Option("--email", help="Erasable, as the name is.", metavar="TEXT", show_default=False)
]
Phone = Annotated[
    str | None, typer.Option("--phone", help="Erasable, as the name is.", metavar="TEXT", show_default=False)
]


@app.command("add", epilog='Example:  timebank member add --branch lille --name "Sample Member"')
def add(
    ctx: typer.Context,
    branch: Branch,
    name: Name,
    email: Email = None,
    phone: Phone = None,
    ref: Annotated[
        str | None, typer.Option("--ref", help="Opaque reference; m1, m2 … by default.", metavar="REF")
    ] = None,
    kind: Annotated[MemberKind, typer.Option("--kind", help="Who joins.")] = MemberKind.PERSON,
    joined_on: Annotated[
        str | None, typer.Option("--joined-on", help="First day; today by default.", metavar="DAY")
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let a member join, with an empty account."""
    joined = parse_day(joined_on) if joined_on is not None else None
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.members.add(
        branch, name=name, email=email, phone=phone, ref=ref, kind=kind, joined_on=joined, key=key
    )
    emit(wire.member(view), as_json=json_, table=f"Member {view.member.ref} joined {branch}.")


@app.command("list", epilog="Example:  timebank member list --branch lille")
def list_(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """List the members of a branch."""
    views = session_of(ctx).open().members.list(branch)
    emit([wire.member(view) for view in views], as_json=json_, table=_table(f"Members of {branch}", views))


@app.command("show", epilog="Example:  timebank member show m1 --branch lille")
def show(ctx: typer.Context, ref: Ref, branch: Branch, json_: Json = False) -> None:
    """Show one member."""
    view = session_of(ctx).open().members.show(branch, ref)
    emit(wire.member(view), as_json=json_, table=_table(f"Member {ref} of {branch}", [view]))


@app.command("export-data", epilog="Example:  timebank member export-data m1 --branch lille --json")
def export_data(
    ctx: typer.Context,
    ref: Ref,
    branch: Branch,
    csv: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            help="All of it into this new ZIP archive, as tables.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    json_: Json = False,
) -> None:
    """Write out everything that is held on a member, for them to have; --json and --csv are the whole of it.

    Name and contacts, accounts, help, redemptions, beneficiaries, mandates, tokens (never what opens the
    door), all words that name them, and the secrets behind the entries' commitments; of others their
    references only. The archive can be read by its owner only.
    """
    value = wire_data.member_data(session_of(ctx).open().members.export_data(branch, ref))
    if csv is not None:
        from timebank.reports.member_csv import write_archive

        with writing(csv, force=False, is_private=True) as to:
            write_archive(value, to)
    held = [(what, len(there)) for what, there in value.items() if isinstance(there, list)]
    emit(value, as_json=json_, table=table_of(f"Held on {ref} of {branch}", ["what", "how many"], held))


@app.command("rename", epilog='Example:  timebank member rename m1 --branch lille --name "Sample Name"')
def rename(
    ctx: typer.Context,
    ref: Ref,
    branch: Branch,
    name: Name,
    email: Email = None,
    phone: Phone = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Change the name or the contacts.

    A contact that is left out stays, one that is empty is removed. The books do not change.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.members.rename(branch, ref, name=name, email=email, phone=phone, key=key)
    emit(wire.member(view), as_json=json_, table=f"Member {ref} is renamed.")


@app.command("erase", epilog="Example:  timebank member erase m1 --branch lille --yes")
def erase(
    ctx: typer.Context,
    ref: Ref,
    branch: Branch,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Erase a person for ever.

    Name, contacts and every note that names them. The books stay as they are, and every proof holds.
    """
    if not (yes or dry_run or (sys.stdin.isatty() and typer.confirm(f"Erase {ref} for ever?", err=True))):
        raise Declined
    view = session_of(ctx).open(by=by, is_dry_run=dry_run).members.erase(branch, ref, key=key)
    emit(wire.member(view), as_json=json_, table=f"Member {ref} is erased; the books are unchanged.")


@app.command("erasures", epilog="Example:  timebank member erasures --json")
def erasures(ctx: typer.Context, json_: Json = False) -> None:
    """List who was erased, of all branches, without names: keep it beside older backups.

    `timebank restore FILE --erasures LIST` erases them again.
    """
    from timebank.reports.erasures import erasures_value

    found = session_of(ctx).open().erasures.list()
    rows = [(each.branch, each.ref, write_instant(at)) for each, at in found]
    emit(erasures_value(found), as_json=json_, table=table_of("Erased", ["branch", "ref", "at"], rows))


member_life.register(app)


def _table(title: str, views: "Sequence[MemberView]") -> Table:
    rows: list[tuple[str, str, str, date]] = [
        (
            view.member.ref,
            view.identity.name if view.identity is not None else "(erased)",
            view.member.kind.value,
            view.member.joined_on,
        )
        for view in views
    ]
    return table_of(title, ["ref", "name", "kind", "joined"], rows)
