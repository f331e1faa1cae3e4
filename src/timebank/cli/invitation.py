"""`timebank invitation`: who may choose how to sign in to the service."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from timebank.care.access import AccessRole
from timebank.care.sign_in import Invitation
from timebank.cli.options import Branch, By, DryRun, Json, Key, No
from timebank.cli.output import JsonObject, emit, local_time, table_of
from timebank.cli.session import session_of
from timebank.cli.wire import instant
from timebank.instants import write_instant

app = typer.Typer(
    name="invitation", help="Invitations: who may choose how to sign in to the service.", no_args_is_help=True
)


@app.command("issue", epilog="Example:  timebank invitation issue --branch lille --ref m1")
def issue(
    ctx: typer.Context,
    branch: Branch,
    ref: Annotated[
        str, typer.Option("--ref", help="A member, or how somebody in another role is called.", metavar="REF")
    ],
    role: Annotated[AccessRole, typer.Option("--role", help="In which role they come.")] = AccessRole.MEMBER,
    days: Annotated[int, typer.Option("--days", help="For how many days.", min=1, max=60)] = 14,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Invite somebody to choose a password, or to sign in by mail.

    The code is printed once and nowhere kept; it is used once. Earlier ones of theirs open nothing any more.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    issued = bank.invitations.issue(branch, role=role, ref=ref, days=days, key=key)
    zone = bank.branches.show(branch).zone
    made = issued.invitation
    code = issued.code if issued.code is not None else "It was issued before; its code is said only then."
    said = f"Invitation {made.no} is for {made.role} {made.ref} until {local_time(made.expires_at, zone)}."
    emit({**_wire(made), "code": issued.code}, as_json=json_, table=[said, code])


@app.command("list", epilog="Example:  timebank invitation list --branch lille")
def list_(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """List the invitations of a branch, by number; never their codes."""
    bank = session_of(ctx).open()
    invitations = bank.invitations.list(branch)
    zone = bank.branches.show(branch).zone
    emit([_wire(each) for each in invitations], as_json=json_, table=_table(branch, invitations, zone))


@app.command("revoke", epilog="Example:  timebank invitation revoke 3 --branch lille")
def revoke(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let an invitation open nothing any more; one that was used stays as it is."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    invitation = bank.invitations.revoke(branch, no, key=key)
    emit(_wire(invitation), as_json=json_, table=f"Invitation {invitation.no} opens nothing any more.")


def _table(branch: str, invitations: Sequence[Invitation], zone: str) -> Table:
    rows = [
        (
            each.no,
            each.role.value,
            each.ref,
            local_time(each.expires_at, zone),
            local_time(each.used_at, zone) if each.used_at is not None else "",
            local_time(each.revoked_at, zone) if each.revoked_at is not None else "",
        )
        for each in invitations
    ]
    columns = ["no", "role", "who", "until", "used", "revoked"]
    return table_of(f"Invitations of {branch}", columns, rows, right=["no"])


def _wire(invitation: Invitation) -> JsonObject:
    return {
        "branch": invitation.branch,
        "no": invitation.no,
        "role": invitation.role.value,
        "ref": invitation.ref,
        "created_at": write_instant(invitation.created_at),
        "expires_at": write_instant(invitation.expires_at),
        "used_at": instant(invitation.used_at),
        "revoked_at": instant(invitation.revoked_at),
    }
