"""`timebank export`: the books for other programs, for spreadsheets, or a whole branch; and back again."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from timebank.cli import wire
from timebank.cli.audit import progress_on_stderr
from timebank.cli.files import reading, writing, writing_result
from timebank.cli.inputs import day_in, known_at_in
from timebank.cli.options import Branch, DryRun, Json, KnownAt, Unit
from timebank.cli.options import Path as AccountPath
from timebank.cli.output import JsonObject, emit, note, warn, written_amount
from timebank.cli.session import session_of
from timebank.errors import OutputMissing, RestoreRefused, RestoreUnreconciled
from timebank.reports.journals import JournalFormat

if TYPE_CHECKING:
    from timebank.services.exports import CsvStyle, Exported
    from timebank.services.restores import Restored

FAULTS_SHOWN = 20
app = typer.Typer(
    name="export", help="Write the books out: for other programs, or to keep.", no_args_is_help=True
)
csv = typer.Typer(name="csv", help="Write tables for spreadsheets and scripts.", no_args_is_help=True)
app.add_typer(csv)

Output = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="A new file; stdout by default.", metavar="FILE", show_default=False),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")]
FormatOption = Annotated[JournalFormat, typer.Option("--format", "-f", help="The program it is for.")]
Bom = Annotated[
    bool, typer.Option("--bom", help="Begin with a byte order mark: spreadsheet programs then read accents.")
]
Separator = Annotated[str, typer.Option("--separator", help="comma, semicolon, tab or pipe.", metavar="NAME")]
WithoutIdentities = Annotated[
    bool,
    typer.Option("--without-identities", help="Leave out names, contacts and words: to share, not to keep."),
]
Write = Callable[[BinaryIO, Callable[[str, int, int], None]], "Exported"]


@app.command(
    "journal", epilog="Example:  timebank export journal -b lille --format hledger --output lille.journal"
)
def journal(
    ctx: typer.Context,
    branch: Branch,
    form: FormatOption = JournalFormat.HLEDGER,
    output: Output = None,
    force: Force = False,
    json_: Json = False,
) -> None:
    """Write the journal for hledger, ledger or beancount, which recompute and check every balance.

    References, minutes and codes only; no names. At its end every balance is asserted.
    """
    exports = session_of(ctx).open().exports
    _export(
        lambda to, tell: exports.journal(branch, to, form=form, progress=tell),
        *(output, force, json_),
        what="entries",
    )


@app.command("branch", epilog="Example:  timebank export branch --branch lille --output lille.jsonl")
def branch_(
    ctx: typer.Context,
    branch: Branch,
    without_identities: WithoutIdentities = False,
    output: Output = None,
    force: Force = False,
    json_: Json = False,
) -> None:
    """Write a whole branch as JSON Lines, names and words included: `timebank import branch` restores it.

    The same books always give the same file. A file with names can be read by its owner only.
    """
    exports = session_of(ctx).open().exports
    _export(
        lambda to, tell: exports.branch(branch, to, with_identities=not without_identities, progress=tell),
        *(output, force, json_),
        what="entries",
        is_private=not without_identities,
    )


@csv.command("accounts", epilog="Example:  timebank export csv accounts --branch lille")
def accounts(
    ctx: typer.Context,
    branch: Branch,
    bom: Bom = False,
    separator: Separator = "comma",
    output: Output = None,
    force: Force = False,
    json_: Json = False,
) -> None:
    """Write the accounts with balances and limits."""
    exports, style = session_of(ctx).open().exports, _style(separator, bom)
    _export(lambda to, _: exports.accounts(branch, to, style=style), *(output, force, json_), what="accounts")


@csv.command("entries", epilog="Example:  timebank export csv entries --branch lille --output entries.csv")
def entries(
    ctx: typer.Context,
    branch: Branch,
    bom: Bom = False,
    separator: Separator = "comma",
    output: Output = None,
    force: Force = False,
    json_: Json = False,
) -> None:
    """Write the journal, a row for each posting."""
    exports, style = session_of(ctx).open().exports, _style(separator, bom)
    _export(
        lambda to, tell: exports.entries(branch, to, style=style, progress=tell),
        *(output, force, json_),
        what="entries",
    )


@csv.command("statement", epilog="Example:  timebank export csv statement member:m1:available -b lille")
def statement(
    ctx: typer.Context,
    path: AccountPath,
    branch: Branch,
    first_on: Annotated[
        str | None,
        typer.Option(
            "--first-on", help="First day; from the beginning by default.", metavar="DAY", show_default=False
        ),
    ] = None,
    last_on: Annotated[
        str | None,
        typer.Option("--last-on", help="Last day; to the end by default.", metavar="DAY", show_default=False),
    ] = None,
    known_at: KnownAt = None,
    unit: Unit = "min",
    bom: Bom = False,
    separator: Separator = "comma",
    output: Output = None,
    force: Force = False,
    json_: Json = False,
) -> None:
    """Write the statement of an account: opening, lines, closing."""
    first, last = day_in(first_on), day_in(last_on)
    bank = session_of(ctx).open()
    known, style = known_at_in(bank, branch, known_at), _style(separator, bom)
    _export(
        lambda to, _: bank.exports.statement(
            branch, path, to, unit=unit, first_on=first, last_on=last, known_at=known, style=style
        ),
        *(output, force, json_),
        what="lines",
    )


@csv.command(
    "members", epilog="Example:  timebank export csv members --branch lille --with-names --output members.csv"
)
def members(
    ctx: typer.Context,
    branch: Branch,
    with_names: Annotated[
        bool, typer.Option("--with-names", help="Names and contacts too: personal data.")
    ] = False,
    bom: Bom = False,
    separator: Separator = "comma",
    output: Output = None,
    force: Force = False,
    json_: Json = False,
) -> None:
    """Write the members: references only, unless --with-names is given."""
    exports, style = session_of(ctx).open().exports, _style(separator, bom)
    _export(
        lambda to, _: exports.members(branch, to, with_names=with_names, style=style),
        *(output, force, json_),
        what="members",
        is_private=with_names,
    )


def register(importing: typer.Typer) -> None:
    """Add the verb `branch` to the noun `import`."""
    importing.command("branch", epilog="Example:  timebank --db sqlite:///copy.db import branch lille.jsonl")(
        restore
    )


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `timebank export branch` wrote.", metavar="FILE")],
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Restore a branch from its export, all of it or nothing; makes the database if there is none.

    The file must be whole and unchanged, and the restored books must pass the audit.
    """
    from timebank.services.restores import check_file

    with reading(file) as source:
        check_file(source)  # before a database is made for it
        bank = session_of(ctx).open(is_dry_run=dry_run, create=True)
        with told("Restoring") as tell:
            try:
                done = bank.restores.branch(source, progress=tell)
            except (RestoreRefused, RestoreUnreconciled) as error:
                for fault in error.faults[:FAULTS_SHOWN]:
                    note(f"  {fault.place}: {fault.detail} [{fault.code}]")
                raise
    emit(_restored(done), as_json=json_, table=_sentence(done, dry_run=dry_run))
    for position in done.unmatched:
        owed = written_amount(abs(position.owed or position.owed_back), position.unit)
        warn(f"{position.branch} and {position.other} owe each other {owed}, and one of them is not here yet")


def _sentence(done: "Restored", *, dry_run: bool) -> str:
    would = "can be" if dry_run else "is"
    names = "" if done.has_identities else ", no names"
    return (
        f"Branch {done.branch} {would} restored: {done.members:,} members{names}, {done.accounts:,} accounts,"
        f" {done.entries:,} entries; the audit found no fault."
    )


def _restored(done: "Restored") -> JsonObject:
    return {
        "branch": done.branch,
        "has_identities": done.has_identities,
        "members": done.members,
        "accounts": done.accounts,
        "entries": done.entries,
        "unmatched": [wire.clearing_position(position) for position in done.unmatched],
    }


def _style(separator: str, bom: bool) -> "CsvStyle":
    from timebank.services.exports import CsvStyle

    return CsvStyle(separator=separator, has_bom=bom)


def _export(
    write: Write, output: Path | None, force: bool, as_json: bool, *, what: str, is_private: bool = False
) -> None:
    """Write an export to stdout; or to a file, and then say on stdout what was written."""
    if output is None:
        if as_json:
            raise OutputMissing
        with writing_result() as to, told("Exporting") as tell:
            write(to, tell)
        return
    with writing(output, force=force, is_private=is_private) as to, told("Exporting") as tell:
        done = write(to, tell)
    value = {
        "file": str(output),
        "branch": done.branch,
        what: done.count,
        "bytes": done.bytes_written,
        "sha256": done.sha256,
    }
    line = f"Wrote {output}: {done.count:,} {what}, {done.bytes_written:,} bytes, SHA-256 {done.sha256}."
    emit(value, as_json=as_json, table=line)


@contextmanager
def told(doing: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show on stderr how much is done."""
    with progress_on_stderr() as progress:
        task = progress.add_task(doing, total=None)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=f"{doing} {what}", completed=done, total=total)

        yield tell
