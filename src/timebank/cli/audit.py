"""`timebank audit`: prove the books."""

from typing import TYPE_CHECKING

import typer
from rich.progress import Progress

from timebank.cli import wire
from timebank.cli.exits import Exit
from timebank.cli.options import Json
from timebank.cli.output import emit, stderr, table_of
from timebank.cli.session import session_of

if TYPE_CHECKING:
    from timebank.services.audits import AuditReport


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("audit", epilog="Example:  timebank --db sqlite:///demo.db audit")
    def audit(ctx: typer.Context, json_: Json = False) -> None:
        """Prove the books of every branch.

        Recomputes everything from the journal and lists all faults, each with its place. Exit status 4 if
        there are any.
        """
        bank = session_of(ctx).open()
        with progress_on_stderr() as progress:
            tasks = {}

            def tell(branch: str, done: int, total: int) -> None:
                if branch not in tasks:
                    tasks[branch] = progress.add_task(f"Auditing {branch}", total=total)
                progress.update(tasks[branch], completed=done, total=total)

            report = bank.audits.run(progress=tell)
        emit(wire.audit(report), as_json=json_, table=None if report.faults else _clean(report))
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


def _clean(report: "AuditReport") -> str:
    return (
        f"The books hold: {report.branches} branches, {report.accounts} accounts, {report.entries} entries,"
        " no faults."
    )
