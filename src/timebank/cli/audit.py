"""`timebank audit`: prove the books."""

from collections.abc import Sequence
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


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("audit", epilog="Example:  timebank --db sqlite:///demo.db audit --since-last")
    def audit(
        ctx: typer.Context,
        since_last: SinceLast = False,
        deep: Deep = False,
        against: Against = None,
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
        """
        session = session_of(ctx)
        kept = _read(against or [])
        crew = None
        if not since_last:  # what takes longest begins while the database library is still being loaded
            from timebank.services.early import begin_early

            crew = begin_early(session.required_address(), is_deep=deep)
        if crew is not None:
            ctx.call_on_close(crew.dismiss)
        bank = session.open(by=by)
        with progress_on_stderr() as progress:
            tasks = {}

            def tell(branch: str, done: int, total: int) -> None:
                if branch not in tasks:
                    tasks[branch] = progress.add_task(f"Auditing {branch}", total=total)
                progress.update(tasks[branch], completed=done, total=total)

            report = bank.audits.run(
                progress=tell,
                since_last=since_last,
                is_deep=True if deep else None,
                keep=not dry_run,
                crew=crew,
                against=kept,
            )
        emit(wire.audit(report), as_json=json_, table=None if report.faults else _clean(report))
        if report.checked < report.entries:
            stderr().print(
                f"note: {report.entries - report.checked} entries behind the last audit were not read again; "
                "a change there is seen by a full audit only"
            )
        if report.faults and not json_:
            rows = [(fault.place, fault.code, fault.detail) for fault in report.faults]
            emit(None, as_json=False, table=table_of("Faults", ["where", "code", "what"], rows))
        if report.outside_limits:
            accounts = len(report.outside_limits)
            stderr().print(f"note: {accounts} accounts are outside today's limits; --json lists them")
        if not report.ok:
            raise typer.Exit(Exit.BROKEN)


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
