"""`timebank migrate`: create a database, or bring it to the newest schema."""

from typing import TYPE_CHECKING

import typer

from timebank.cli import wire
from timebank.cli.options import DryRun, Json
from timebank.cli.output import emit
from timebank.cli.session import session_of

if TYPE_CHECKING:
    from timebank.services.migrations import Migration


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("migrate", epilog="Example:  timebank --db sqlite:///lille.db migrate --dry-run")
    def migrate(ctx: typer.Context, dry_run: DryRun = False, json_: Json = False) -> None:
        """Create or upgrade the database.

        Prints the version of its schema before and after. Other commands do it by themselves when they open
        an older database; this one is for doing it at a time of your choice. A copy of an SQLite file is put
        beside it before it is changed. Doing it again changes nothing.
        """
        from timebank.services.migrations import migrate as run

        done = run(session_of(ctx).required_address(), is_dry_run=dry_run)
        emit(wire.migration(done), as_json=json_, table=_sentence(done))


def _sentence(done: "Migration") -> str:
    if not done.is_needed:
        return f"The schema is {done.after}, the newest: nothing to do."
    if done.before is None:
        verb = "would be made" if done.is_dry_run else "is made"
        return f"The database {verb}, with schema {done.after}."
    verb = "would go" if done.is_dry_run else "went"
    return f"The schema {verb} from {done.before} to {done.after}."
