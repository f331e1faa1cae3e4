"""`timebank token`: who may come to the service as whom."""

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from timebank.care.access import ALL, AccessRole, AccessScope, AccessToken
from timebank.cli.options import Branch, By, DryRun, Json, Key, No
from timebank.cli.output import JsonObject, emit, local_time, table_of
from timebank.cli.session import session_of
from timebank.cli.wire import instant
from timebank.instants import write_instant

app = typer.Typer(
    name="token", help="Access tokens: who may come to the service as whom.", no_args_is_help=True
)


@app.command("issue", epilog="Example:  timebank token issue --branch lille --role member --ref m1")
def issue(
    ctx: typer.Context,
    branch: Branch,
    role: Annotated[AccessRole, typer.Option("--role", help="In which role they come.")],
    ref: Annotated[
        str, typer.Option("--ref", help="A member, or how somebody in another role is called.", metavar="REF")
    ],
    days: Annotated[int, typer.Option("--days", help="For how many days.", min=1, max=366)] = 90,
    scope: Annotated[
        list[AccessScope] | None,
        typer.Option(
            "--scope",
            help="What it is for, again for each; all that the role can do by default.",
            show_default=False,
        ),
    ] = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let somebody come to the service.

    The token is printed once and nowhere kept: whoever has it comes in as who it names.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    scopes = frozenset(scope) if scope else ALL
    issued = bank.tokens.issue(branch, role=role, ref=ref, days=days, scopes=scopes, key=key)
    zone = bank.branches.show(branch).zone
    token = issued.token
    text = issued.text if issued.text is not None else "It was issued before; its text is said only then."
    said = f"Token {token.no} lets {token.role} {token.ref} in until {local_time(token.expires_at, zone)}."
    emit({**_wire(token), "token": issued.text}, as_json=json_, table=[said, text])


@app.command("list", epilog="Example:  timebank token list --branch lille")
def list_(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """List the tokens of a branch, by number; never their texts."""
    bank = session_of(ctx).open()
    tokens = bank.tokens.list(branch)
    zone = bank.branches.show(branch).zone
    emit([_wire(each) for each in tokens], as_json=json_, table=_table(branch, tokens, zone))


@app.command("revoke", epilog="Example:  timebank token revoke 3 --branch lille")
def revoke(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Let a token open nothing any more, from the next request on."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    token = bank.tokens.revoke(branch, no, key=key)
    emit(_wire(token), as_json=json_, table=f"Token {token.no} opens nothing any more.")


def _table(branch: str, tokens: Sequence[AccessToken], zone: str) -> Table:
    rows = [
        (
            each.no,
            each.role.value,
            each.ref,
            each.kind.value,
            ", ".join(sorted(each.scopes)),
            local_time(each.created_at, zone),
            local_time(each.expires_at, zone),
            local_time(each.revoked_at, zone) if each.revoked_at is not None else "",
        )
        for each in tokens
    ]
    columns = ["no", "role", "who", "kind", "scopes", "issued", "until", "revoked"]
    return table_of(f"Access tokens of {branch}", columns, rows, right=["no"])


def _wire(token: AccessToken) -> JsonObject:
    return {
        "branch": token.branch,
        "no": token.no,
        "role": token.role.value,
        "ref": token.ref,
        "kind": token.kind.value,
        "scopes": sorted(token.scopes),
        "created_at": write_instant(token.created_at),
        "expires_at": write_instant(token.expires_at),
        "revoked_at": instant(token.revoked_at),
    }
