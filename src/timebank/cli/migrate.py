"""`timebank migrate`: create a database, or bring it to the newest schema; say who may use it."""

from typing import TYPE_CHECKING, Annotated

import typer

from timebank.cli import wire
from timebank.cli.options import DryRun, Json
from timebank.cli.output import emit, warn
from timebank.cli.session import session_of

if TYPE_CHECKING:
    from timebank.services.migrations import Granted, Migration

Grant = Annotated[
    str | None,
    typer.Option("--grant", metavar="ROLE", help="Then give this PostgreSQL role the service's rights only."),
]


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("migrate", epilog="Example:  timebank --db sqlite:///lille.db migrate --dry-run")
    def migrate(
        ctx: typer.Context, grant: Grant = None, dry_run: DryRun = False, json_: Json = False
    ) -> None:
        """Create or upgrade the database.

        Prints the version of its schema before and after. Other commands do it by themselves when they open
        an older database; this one is for doing it at a time of your choice. A copy of an SQLite file is put
        beside it before it is changed. Doing it again changes nothing.

        On PostgreSQL, --grant lets a role that exists do what the service does, and nothing more: not change
        or delete a row of the journal, not touch its guards. Run it as the owner, the service as that role.
        """
        from timebank.services.migrations import migrate as run

        done = run(session_of(ctx).required_address(), grant_to=grant, is_dry_run=dry_run)
        sentences = [_sentence(done)]
        if done.granted is not None:
            sentences.append(_rights(done.granted, is_dry_run=dry_run))
            for excess in done.granted.excesses:
                warn(f"{done.granted.role} {excess}")
        emit(wire.migration(done), as_json=json_, table=sentences)


def _sentence(done: "Migration") -> str:
    if not done.is_needed:
        return f"The schema is {done.after}, the newest: nothing to do."
    if done.before is None:
        verb = "would be made" if done.is_dry_run else "is made"
        return f"The database {verb}, with schema {done.after}."
    verb = "would go" if done.is_dry_run else "went"
    return f"The schema {verb} from {done.before} to {done.after}."


def _rights(granted: "Granted", *, is_dry_run: bool) -> str:
    if not granted.is_needed:
        return f"{granted.role} has the rights of the service: nothing to do."
    verb = "would get" if is_dry_run else "has got"
    return f"{granted.role} {verb} the rights of the service, and no others."
