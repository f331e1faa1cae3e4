"""`timebank import`: bring in exchanges, members and balances of another system."""

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from timebank.cli.options import Branch, By, DryRun, Json
from timebank.cli.output import JsonObject, amount, emit, note, stderr, table_of, warn
from timebank.cli.session import session_of
from timebank.errors import ImportRefused, UnreadableFile
from timebank.instants import parse_instant, zone_of
from timebank.reports.importers.cells import DateOrder
from timebank.reports.importers.generic import parse_mapping
from timebank.reports.importers.model import Layout

if TYPE_CHECKING:
    from timebank.services.imports import Difference, FileFormat, ImportReport

app = typer.Typer(
    name="import", help="Bring in another system's data, or a branch of timebank.", no_args_is_help=True
)
NOTICES_SHOWN = 20
DIFFER = 1

File = Annotated[Path, typer.Argument(help="A CSV file.", metavar="FILE", dir_okay=False)]
FormatOption = Annotated[
    Layout | None,
    typer.Option("--format", "-f", help="Whose export it is; found out by default.", show_default=False),
]
MapOption = Annotated[
    list[str] | None,
    typer.Option("--map", help="e.g. provider=Helper; repeat for each.", metavar="FIELD=COLUMN"),
]
EncodingOption = Annotated[
    str | None, typer.Option("--encoding", help="e.g. utf-8, cp1252; found out by default.", metavar="NAME")
]
SeparatorOption = Annotated[
    str | None, typer.Option("--separator", help="comma, semicolon, tab or pipe.", metavar="NAME")
]
DatesOption = Annotated[DateOrder, typer.Option("--dates", help="How to read 04/05/2023.")]
SourceOption = Annotated[
    str | None,
    typer.Option("--source", help="A name for the other bank, if several use one system.", metavar="TEXT"),
]
LeftOption = Annotated[
    list[str] | None,
    typer.Option("--left", help="What else the file writes for people who left.", metavar="TEXT"),
]


@app.command(
    "exchanges", epilog="Example:  timebank import exchanges report.csv -b lille --format timeoverflow"
)
def exchanges(
    ctx: typer.Context,
    file: File,
    branch: Branch,
    layout: FormatOption = None,
    mapping: MapOption = None,
    encoding: EncodingOption = None,
    separator: SeparatorOption = None,
    dates: DatesOption = DateOrder.DAY_FIRST,
    source: SourceOption = None,
    left: LeftOption = None,
    by: By = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Import exchanges as help given and received: all of the file or nothing; twice changes nothing."""
    how = _format(layout, mapping, encoding, separator, dates, left)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    with _faults(as_json=json_), _opened(file) as (stream, tell):
        report = bank.imports.exchanges(branch, stream, file_format=how, source=source, progress=tell)
    _show(report, what="exchange", as_json=json_, dry_run=dry_run)


@app.command("members", epilog="Example:  timebank import members members.csv --branch lille --map name=Nom")
def members(
    ctx: typer.Context,
    file: File,
    branch: Branch,
    layout: FormatOption = None,
    mapping: MapOption = None,
    encoding: EncodingOption = None,
    separator: SeparatorOption = None,
    dates: DatesOption = DateOrder.DAY_FIRST,
    source: SourceOption = None,
    by: By = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Import members with names and contacts; known ones keep what they have."""
    how = _format(layout, mapping, encoding, separator, dates, None)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    with _faults(as_json=json_), _opened(file) as (stream, tell):
        report = bank.imports.members(branch, stream, file_format=how, source=source, progress=tell)
    _show(report, what="member", as_json=json_, dry_run=dry_run)


@app.command("openings", epilog="Example:  timebank import openings list.csv -b lille --on 2026-01-01T00:00")
def openings(
    ctx: typer.Context,
    file: File,
    branch: Branch,
    on: Annotated[
        str | None, typer.Option("--on", help="From when they count; now by default.", metavar="INSTANT")
    ] = None,
    layout: FormatOption = None,
    mapping: MapOption = None,
    encoding: EncodingOption = None,
    separator: SeparatorOption = None,
    source: SourceOption = None,
    by: By = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Import opening balances, booked against issuance:opening."""
    how = _format(layout, mapping, encoding, separator, DateOrder.DAY_FIRST, None)
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    effective_at = parse_instant(on, zone_of(bank.branches.show(branch).zone)) if on is not None else None
    with _faults(as_json=json_), _opened(file) as (stream, tell):
        report = bank.imports.openings(
            branch, stream, file_format=how, source=source, effective_at=effective_at, progress=tell
        )
    _show(report, what="opening balance", as_json=json_, dry_run=dry_run)


@app.command("reconcile", epilog="Example:  timebank import reconcile list.csv -b lille --format komunitin")
def reconcile(
    ctx: typer.Context,
    file: File,
    branch: Branch,
    layout: FormatOption = None,
    mapping: MapOption = None,
    encoding: EncodingOption = None,
    separator: SeparatorOption = None,
    source: SourceOption = None,
    json_: Json = False,
) -> None:
    """Compare the books with the other system's own list of balances; exit 1 if they differ."""
    how = _format(layout, mapping, encoding, separator, DateOrder.DAY_FIRST, None)
    bank = session_of(ctx).open()
    with _faults(as_json=json_), _opened(file) as (stream, _):
        differences = bank.imports.reconcile(branch, stream, file_format=how, source=source)
    value = {"ok": not differences, "differences": [_difference(each) for each in differences]}
    if not differences:
        emit(value, as_json=json_, table="The books agree with the list.")
        return
    rows = [
        (
            each.line if each.line is not None else "-",
            each.path or "(no account)",
            amount(each.theirs_minutes) if each.theirs_minutes is not None else "-",
            amount(each.ours_minutes) if each.ours_minutes is not None else "-",
        )
        for each in differences
    ]
    columns = ["line", "account", "theirs", "ours"]
    emit(value, as_json=json_, table=table_of("Differences", columns, rows, right=["line", "theirs", "ours"]))
    raise typer.Exit(DIFFER)


def _format(
    layout: Layout | None,
    mapping: list[str] | None,
    encoding: str | None,
    separator: str | None,
    dates: DateOrder,
    left: list[str] | None,
) -> "FileFormat":
    from timebank.services.imports import FileFormat

    return FileFormat(
        layout=layout,
        mapping=parse_mapping(mapping) if mapping else None,
        encoding=encoding,
        separator=separator,
        dates=dates,
        left_sentences=tuple(left or ()),
    )


@contextmanager
def _faults(*, as_json: bool) -> Iterator[None]:
    """Print all faults of a refused file on stdout if JSON is asked for; stderr has the first ones anyway."""
    try:
        yield
    except ImportRefused as refused:
        if as_json:
            faults = [
                {"line": each.line, "column": each.column, "code": each.code.value, "reason": each.reason}
                for each in refused.faults
            ]
            emit({"ok": False, "faults": faults}, as_json=True)
        raise


@contextmanager
def _opened(file: Path) -> Iterator[tuple[BinaryIO, Callable[[int], None]]]:
    """Open a file to import, and show on stderr how far it was read."""
    console = stderr()
    rows_read = TextColumn("{task.fields[rows]:,} rows")
    columns = (TextColumn("Importing"), BarColumn(), rows_read, TimeElapsedColumn())
    is_hidden = not console.is_terminal
    try:
        with (
            _seekable(file) as stream,
            Progress(*columns, console=console, transient=True, disable=is_hidden) as progress,
        ):
            size = stream.seek(0, os.SEEK_END)
            task = progress.add_task("import", total=size, rows=0)

            def tell(rows: int) -> None:
                progress.update(task, completed=min(stream.tell(), size), rows=rows)

            yield stream, tell
    except OSError:
        raise UnreadableFile(file=file.name) from None


@contextmanager
def _seekable(file: Path) -> Iterator[BinaryIO]:
    """Open a file, or a pipe as a copy without a name: what is in it is found out before it is read."""
    mode = file.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):  # a device has no end
        raise OSError
    with file.open("rb") as stream:
        if stream.seekable():
            yield stream
            return
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(stream, copy)
            yield copy


def _show(report: "ImportReport", *, what: str, as_json: bool, dry_run: bool) -> None:
    would = "would be " if dry_run else ""
    line = f"{_counted(report.rows_new, what)} {would}imported"
    if report.rows_known:
        line += f", {report.rows_known:,} {'was' if report.rows_known == 1 else 'were'} known already"
    if report.new_paths:
        line += f"; {_counted(len(report.new_paths), 'account')} {would}opened"
    if report.first_entry is not None:
        is_one = report.first_entry == report.last_entry
        entries = (
            f"entry {report.first_entry}"
            if is_one
            else f"entries {report.first_entry} to {report.last_entry}"
        )
        line += f"; {entries}"
    emit(_report(report), as_json=as_json, table=f"{line}.")
    for notice in report.notices[:NOTICES_SHOWN]:
        note(f"line {notice.line}: {notice.reason}")
    if len(report.notices) > NOTICES_SHOWN:
        note(f"and {len(report.notices) - NOTICES_SHOWN:,} more such notes; --json lists them all")
    _show_outside(report)


def _show_outside(report: "ImportReport") -> None:
    outside = report.outside_limits
    if outside:
        warn(f"outside today's limits: {_counted(len(outside), 'account')}")
    for _, path, balance in outside[:NOTICES_SHOWN]:
        note(f"  {path}  {amount(balance)}")
    if len(outside) > NOTICES_SHOWN:
        note(f"  and {len(outside) - NOTICES_SHOWN:,} more; --json lists them all")


def _counted(number: int, noun: str) -> str:
    """Write a number with its noun: 1 account, 2 accounts."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _report(report: "ImportReport") -> JsonObject:
    return {
        "format": report.layout.value,
        "encoding": report.encoding,
        "separator": report.separator,
        "rows_new": report.rows_new,
        "rows_known": report.rows_known,
        "new_paths": list(report.new_paths),
        "first_entry": report.first_entry,
        "last_entry": report.last_entry,
        "notices": [
            {"line": each.line, "code": each.code.value, "reason": each.reason} for each in report.notices
        ],
        "outside_limits": [
            {"branch": code, "path": path, "balance_minutes": balance}
            for code, path, balance in report.outside_limits
        ],
    }


def _difference(each: "Difference") -> JsonObject:
    return {
        "line": each.line,
        "path": each.path,
        "theirs_minutes": each.theirs_minutes,
        "ours_minutes": each.ours_minutes,
    }
