"""`timebank audit`: prove the books."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress

from timebank.cli import wire
from timebank.cli.exits import Exit
from timebank.cli.files import reading
from timebank.cli.options import By, DryRun, Json
from timebank.cli.output import emit, stderr, table_of
from timebank.cli.session import session_of
from timebank.errors import UsageFault

if TYPE_CHECKING:
    from timebank.services.audit_kept import KeptFile
    from timebank.services.audits import AuditReport

KEPT_MOST = (1 << 20) + 1
"""Bytes that are read of a file that was kept: the largest, and one that shows that it is too large."""

SinceLast = Annotated[
    bool,
    typer.Option("--since-last", help="Go on from the last audit: a change behind it is not seen."),
]
Deep = Annotated[
    bool,
    typer.Option(
        "--deep",
        help="Compare every row of every index, too, in a large SQLite file; in a small one it always is.",
    ),
]

Against = Annotated[
    list[Path] | None,
    typer.Option(
        "--against",
        help="A checkpoint or receipt that somebody kept outside: nothing it covers may have been rewritten."
        " Again for each.",
        metavar="FILE",
        show_default=False,
    ),
]

Tiles = Annotated[
    Path | None,
    typer.Option(
        "--tiles",
        help="Check the mirror in this folder instead, without any database.",
        metavar="DIR",
        show_default=False,
    ),
]
PublicKey = Annotated[
    list[str] | None,
    typer.Option(
        "--key",
        help="With --tiles: a public key of the log or of a witness, or a file of keys; not from where the"
        " mirror is from. Again for each.",
        metavar="KEY",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("audit", epilog="Example:  timebank --db sqlite:///demo.db audit --since-last")
    def audit(
        ctx: typer.Context,
        since_last: SinceLast = False,
        deep: Deep = False,
        against: Against = None,
        tiles: Tiles = None,
        key: PublicKey = None,
        dry_run: DryRun = False,
        by: By = None,
        json_: Json = False,
    ) -> None:
        """Prove the books of every branch.

        Recomputes everything from the journal and lists all faults, each with its place. Exit status 4 if
        there are any. An audit without faults leaves a point in the database: so far the books are proven.

        With --since-last, entries behind that point are not read again, nor service records and redemptions
        that nothing has touched since, nor the file itself: a change behind the point is not seen. Balances,
        accounts, limits, numbers and the schema are always checked in full.

        With --against, the logs must also go on from checkpoints that were kept where whoever runs the
        database cannot reach: only so is a journal seen that was rewritten with all that belongs to it.

        With --tiles, a mirror that timebank log export made is checked, and no database: signatures, every
        hash, every file that is missing or too many, and the books as far as the entries are in it.
        """
        if tiles is not None or key:
            if tiles is None or since_last or deep:
                problem = "--tiles goes with --key and --against only, and --key with --tiles"
                raise UsageFault(problem=problem, command="timebank audit")
            _audit_tiles(tiles, key or [], _read(against or []), json_=json_)
            return
        session = session_of(ctx)
        kept = _read(against or [])
        crew = None
        if not since_last:  # what takes longest begins while the database library is still being loaded
            from timebank.services.early import begin_early

            crew = begin_early(session.required_address(), is_deep=deep)
        if crew is not None:
            ctx.call_on_close(crew.dismiss)
        bank = session.open(by=by)
        with telling() as tell:
            report = bank.audits.run(
                progress=tell,
                since_last=since_last,
                is_deep=True if deep else None,
                keep=not dry_run,
                crew=crew,
                against=kept,
            )
        _show(report, json_=json_)
        if not report.ok:
            raise typer.Exit(Exit.BROKEN)


def _audit_tiles(folder: Path, keys: list[str], kept: "list[KeptFile]", *, json_: bool) -> None:
    from timebank.services.mirror_audit import audit_mirrors, keys_of

    trusted = keys_of(keys)
    with telling() as tell:
        report = audit_mirrors(folder, trusted, against=kept, progress=tell)
    _show(report, json_=json_, is_mirror=True)
    if not keys:
        stderr().print("note: no --key was given, so the keys in the mirror itself were believed")
    if not report.ok:
        raise typer.Exit(Exit.BROKEN)


def _show(report: "AuditReport", *, json_: bool, is_mirror: bool = False) -> None:
    emit(wire.audit(report), as_json=json_, table=None if report.faults else _clean(report))
    if report.checked < report.entries:
        unread = f"note: {report.entries - report.checked} entries "
        stderr().print(
            f"{unread}were not read: only their hashes are here, or something before them is wrong"
            if is_mirror
            else f"{unread}behind the last audit were not read again; "
            "a change there is seen by a full audit only"
        )
    if report.faults and not json_:
        rows = [(fault.place, fault.code, fault.detail) for fault in report.faults]
        emit(None, as_json=False, table=table_of("Faults", ["where", "code", "what"], rows))
    if report.outside_limits:
        accounts = len(report.outside_limits)
        stderr().print(f"note: {accounts} accounts are outside today's limits; --json lists them")


@contextmanager
def telling() -> Iterator[Callable[[str, int, int], None]]:
    """Give what shows progress on stderr: told a branch, how much is done, and how much there is."""
    with progress_on_stderr() as progress:
        tasks = {}

        def tell(branch: str, done: int, total: int) -> None:
            if branch not in tasks:
                tasks[branch] = progress.add_task(f"Auditing {branch}", total=total)
            progress.update(tasks[branch], completed=done, total=total)

        yield tell


def progress_on_stderr() -> Progress:
    """Return a progress display on stderr, shown only on a terminal."""
    console = stderr()
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _read(files: Sequence[Path]) -> "list[KeptFile]":
    if not files:
        return []
    from timebank.services.audit_kept import KeptFile

    found = []
    for file in files:
        with reading(file) as stream:
            found.append(KeptFile(name=file.name, data=stream.read(KEPT_MOST)))
    return found


def _clean(report: "AuditReport") -> str:
    entries = f"{report.entries} entries"
    if report.checked < report.entries:
        entries = f"{report.checked} of {entries} checked"
    lines = [f"The books hold: {report.branches} branches, {report.accounts} accounts, {entries}, no faults."]
    lines += [
        f"{each.file}: the first {each.size} entries of {each.branch} are those that were signed."
        for each in report.kept
    ]
    return "\n".join(lines)
