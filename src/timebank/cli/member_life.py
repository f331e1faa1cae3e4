"""Verbs of `timebank member` for the end of a membership: leave, died, estate, merge, and who is dormant."""

from typing import TYPE_CHECKING, Annotated

import typer

from timebank.cli import wire_life
from timebank.cli.options import Branch, By, DryRun, Json, Key, Reason
from timebank.cli.output import amount, emit, table_of
from timebank.cli.session import session_of
from timebank.instants import parse_day
from timebank.policy.life import Heir

if TYPE_CHECKING:
    from timebank.services.leavings import LifeDone

Ref = Annotated[str, typer.Argument(help="Reference of the member, such as m1.", metavar="REF")]
MaybeReason = Annotated[
    str | None,
    typer.Option("--reason", help="Why; a coordinator says one.", metavar="TEXT", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the verbs to the noun."""

    @app.command("leave", epilog="Example:  timebank member leave m1 --branch lille --by member:m1")
    def leave(
        ctx: typer.Context,
        ref: Ref,
        branch: Branch,
        keep: Annotated[
            bool, typer.Option("--keep", help="The hours rest on the account, where the policy lets them.")
        ] = False,
        reason: MaybeReason = None,
        by: By = None,
        key: Key = None,
        dry_run: DryRun = False,
        json_: Json = False,
    ) -> None:
        """Let a member leave today.

        The hours go to the fund that the policy names, or rest; a coordinator writes a debt off.
        """
        bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
        done = bank.lives.leave(branch, ref, keep=keep, reason=reason, key=key)
        emit(wire_life.life(done), as_json=json_, table=f"{ref} has left {branch}{_moved(done)}.")

    @app.command(
        "died",
        epilog='Example:  timebank member died m1 -b lille --on 2030-03-01 --reason "told by family"',
    )
    def died(
        ctx: typer.Context,
        ref: Ref,
        branch: Branch,
        on: Annotated[str, typer.Option("--on", help="The day of the death.", metavar="DAY")],
        reason: Reason,
        by: By = None,
        key: Key = None,
        dry_run: DryRun = False,
        json_: Json = False,
    ) -> None:
        """Record a death.

        The hours wait for an heir as long as the policy says; a debt is written off; mandates end.
        """
        day = parse_day(on)
        bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
        done = bank.lives.died(branch, ref, on=day, reason=reason, key=key)
        emit(wire_life.life(done), as_json=json_, table=f"The death of {ref} is recorded{_moved(done)}.")

    @app.command(
        "estate",
        epilog="Example:  timebank member estate m1 -b lille --heir m2 --relation partner"
        ' --reason "approved by the board"',
    )
    def estate(
        ctx: typer.Context,
        ref: Ref,
        branch: Branch,
        reason: Reason,
        heir: Annotated[
            str | None,
            typer.Option("--heir", help="A member; else the fund.", metavar="REF", show_default=False),
        ] = None,
        relation: Annotated[
            Heir | None, typer.Option("--relation", help="What the heir was to them.", show_default=False)
        ] = None,
        by: By = None,
        key: Key = None,
        dry_run: DryRun = False,
        json_: Json = False,
    ) -> None:
        """Give what a member left behind to an heir, or to the fund once nobody can come any more."""
        bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
        done = bank.lives.settle_estate(branch, ref, heir=heir, relation=relation, reason=reason, key=key)
        emit(wire_life.life(done), as_json=json_, table=f"The estate of {ref} is settled{_moved(done)}.")

    @app.command(
        "merge", epilog='Example:  timebank member merge m7 -b lille --into m2 --reason "joined twice"'
    )
    def merge(
        ctx: typer.Context,
        ref: Ref,
        branch: Branch,
        into: Annotated[str, typer.Option("--into", help="The member who stays.", metavar="REF")],
        reason: Reason,
        by: By = None,
        key: Key = None,
        dry_run: DryRun = False,
        json_: Json = False,
    ) -> None:
        """Merge two members who are one person: the balance goes to the one who stays."""
        bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
        done = bank.lives.merge(branch, ref, into=into, reason=reason, key=key)
        emit(wire_life.life(done), as_json=json_, table=f"{ref} is merged into {into}{_moved(done)}.")

    _register_reads(app)


def _register_reads(app: typer.Typer) -> None:
    @app.command("estates", epilog="Example:  timebank member estates --branch lille")
    def estates(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
        """List whose hours wait for an heir, and until when."""
        found = session_of(ctx).open().lives.estates(branch)
        rows = [(each.ref, each.died_on, each.until, amount(each.minutes, "min")) for each in found]
        table = table_of(f"Estates of {branch}", ["ref", "died", "until", "hours"], rows, right=["hours"])
        emit([wire_life.estate(each) for each in found], as_json=json_, table=table)

    @app.command("dormant", epilog="Example:  timebank member dormant --branch lille --months 12")
    def dormant(
        ctx: typer.Context,
        branch: Branch,
        months: Annotated[
            int | None,
            typer.Option(
                "--months",
                help="Without an entry for so long; the policy's by default.",
                min=1,
                max=1200,
                show_default=False,
            ),
        ] = None,
        json_: Json = False,
    ) -> None:
        """List members who were not seen for long.

        For the coordinator to call; nothing happens to them, and nothing is ever deleted.
        """
        found = session_of(ctx).open().lives.dormant(branch, months=months)
        rows = [
            (each.ref, each.joined_on, each.last_on or "-", amount(each.balance, "min")) for each in found
        ]
        columns = ["ref", "joined", "last entry", "balance"]
        table = table_of(f"Dormant in {branch}", columns, rows, right=["balance"])
        emit([wire_life.dormant(each) for each in found], as_json=json_, table=table)


def _moved(done: "LifeDone") -> str:
    return f"; entry {done.entry.seq} moved the hours" if done.entry is not None else "; no hours moved"
