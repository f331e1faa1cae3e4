"""`timebank backup` and `timebank restore`: a whole database in one file, and back."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from timebank.cli import wire
from timebank.cli.export import FAULTS_SHOWN, Force, WithoutIdentities, told
from timebank.cli.files import read_text
from timebank.cli.options import DryRun, Json
from timebank.cli.output import JsonObject, emit, note, table_of, warn, written_amount
from timebank.cli.session import session_of
from timebank.errors import RestoreRefused, RestoreUnreconciled
from timebank.reports.backup import BackupFormat
from timebank.reports.relation import Relation, RelationKind

if TYPE_CHECKING:
    from timebank.services.backup_files import RestoredAll
    from timebank.services.restores import Restored

MEANINGS = {
    RelationKind.ABSENT: "not here",
    RelationKind.SAME: "same journal",
    RelationKind.OLDER: "backup is older",
    RelationKind.NEWER: "backup is newer",
    RelationKind.DIVERGED: "went different ways",
}


def register(app: typer.Typer) -> None:
    """Add the verbs to the program."""
    app.command("backup", epilog="Example:  timebank --db sqlite:///lille.db backup lille-2026-03-31.db")(
        backup
    )
    app.command("restore", epilog="Example:  timebank --db sqlite:///new.db restore lille-2026-03-31.db")(
        restore
    )


def backup(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="A new file.", metavar="FILE")],
    form: Annotated[
        BackupFormat | None,
        typer.Option(
            "--format",
            "-f",
            help="sqlite: the database file as it is; jsonl: JSON Lines, which both engines restore.  "
            "[default: sqlite; from a server jsonl]",
            show_default=False,
        ),
    ] = None,
    without_identities: WithoutIdentities = False,
    force: Force = False,
    json_: Json = False,
) -> None:
    """Back the whole database up into one file, as of one moment, while others go on working.

    The file is complete, checked and on the disk before it gets its name, and can be read by its owner only.
    It holds names and words. `timebank restore` brings it back.
    """
    from timebank.services.backup_files import back_up

    with told("Backing up") as tell:
        made, done = back_up(
            session_of(ctx).required_address(),
            file,
            form=form,
            with_identities=not without_identities,
            force=force,
            progress=tell,
        )
    entries = sum(head.entries for head in done.heads)
    names = "" if done.has_identities else ", no names"
    value = {
        "file": str(file),
        "format": made.value,
        "has_identities": done.has_identities,
        "branches": [wire.head(head) for head in done.heads],
        "bytes": done.bytes_written,
        "sha256": done.sha256,
    }
    line = (
        f"Wrote {file}: {len(done.heads)} branches, {entries:,} entries{names},"
        f" {done.bytes_written:,} bytes, SHA-256 {done.sha256}."
    )
    emit(value, as_json=json_, table=line)


def restore(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(help="What `backup` or `export branch` wrote.", metavar="FILE")],
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Only say how backup and books are related; exit 1 if a restore is refused."
        ),
    ] = False,
    erasures: Annotated[
        Path | None,
        typer.Option(
            "--erasures",
            help="Erase again who is in this list, as `member erasures --json` writes it.",
            metavar="FILE",
            show_default=False,
        ),
    ] = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Bring back what a backup has, all of it or nothing; makes the database if there is none.

    Branches that are here with the same journal stay as they are; a backup that is older than the books, or
    that went another way, is refused. Where an SQLite database is the beginning of the backup, the backup
    takes its place, and it is kept beside it. What comes back must pass the audit. Who was erased since, as
    the books here or a list say, is erased again.
    """
    from timebank.reports.erasures import read_erasures
    from timebank.services import backup_files

    address = session_of(ctx).required_address()
    if check:
        found = backup_files.compare(address, file)
        code = found.refusal.code if found.refusal is not None else None
        value = {"refused_as": code, "branches": [_relation(each) for each in found.relations]}
        emit(value, as_json=json_, table=_relations_table(found.relations))
        if found.refusal is not None:
            raise found.refusal
        return
    gone = read_erasures(read_text(erasures)) if erasures is not None else ()
    with told("Restoring") as tell:
        try:
            done = backup_files.restore(address, file, is_dry_run=dry_run, progress=tell, erasures=gone)
        except (RestoreRefused, RestoreUnreconciled) as error:
            note_faults(error.faults)
            raise
    value = {
        "format": done.form.value,
        "branches": [_relation(each) for each in done.relations],
        "restored": [restored(each) for each in done.restored],
        "kept": str(done.kept) if done.kept is not None else None,
    }
    emit(value, as_json=json_, table=[*_sentences(done, dry_run=dry_run)])
    warn_of_unmatched(done.restored)


def note_faults(faults: Sequence[Any]) -> None:
    """List the first faults of an audit on stderr."""
    for fault in faults[:FAULTS_SHOWN]:
        note(f"  {fault.place}: {fault.detail} [{fault.code}]")


def warn_of_unmatched(done: "Sequence[Restored]") -> None:
    """Point out what branches owe each other, where one of them is not in the database."""
    for each in done:
        for position in each.unmatched:
            owed = written_amount(abs(position.owed or position.owed_back), position.unit)
            warn(f"{position.branch} and {position.other} owe each other {owed}, and one of them is not here")


def sentence_of(done: "Restored", verb: str) -> str:
    """Say what came of one branch."""
    names = "" if done.has_identities else ", no names"
    return (
        f"Branch {done.branch} {verb}: {done.members:,} members{names}, {done.accounts:,} accounts,"
        f" {done.entries:,} entries; the audit found no fault."
    )


def restored(done: "Restored") -> JsonObject:
    """Return the JSON of a branch that was brought in."""
    return {
        "branch": done.branch,
        "has_identities": done.has_identities,
        "members": done.members,
        "accounts": done.accounts,
        "entries": done.entries,
        "unmatched": [wire.clearing_position(position) for position in done.unmatched],
    }


def _sentences(done: "RestoredAll", *, dry_run: bool) -> "Sequence[str]":
    verb = "can be restored" if dry_run else "is restored"
    lines = [sentence_of(each, verb) for each in done.restored]
    came = {each.branch for each in done.restored}
    lines += [
        f"Branch {each.branch} is here already, with the same {each.here:,} entries: nothing to do."
        for each in done.relations
        if each.kind is RelationKind.SAME and each.branch not in came
    ]
    if done.kept is not None:
        lines.append(f"The books that were here are kept in {done.kept}.")
    return lines


def _relations_table(relations: Sequence[Relation]) -> Table:
    columns = ["branch", "relation", "entries here", "in the backup", "the same", "first to differ"]
    rows = [
        (
            each.branch,
            MEANINGS[each.kind],
            f"{each.here:,}",
            f"{each.there:,}",
            f"{each.common:,}",
            each.differs_at if each.differs_at is not None else "",
        )
        for each in relations
    ]
    return table_of("Backup and books", columns, rows, right=columns[2:])


def _relation(each: Relation) -> JsonObject:
    return {
        "branch": each.branch,
        "relation": each.kind.value,
        "entries_here": each.here,
        "entries_in_backup": each.there,
        "entries_common": each.common,
        "differs_at": each.differs_at,
    }
