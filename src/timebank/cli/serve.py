"""`timebank serve`: the books over HTTP."""

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from timebank.cli.options import Json
from timebank.cli.output import emit, table_of
from timebank.cli.session import session_of
from timebank.errors import ServiceMissing

if TYPE_CHECKING:
    from timebank.services.bank import Bank

PORT_MOST = 65_535
DAYS = 1
"""How long the sign-in of the demo lasts."""


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("serve", epilog="Example:  timebank serve --db sqlite:///demo.db")
    def serve(
        ctx: typer.Context,
        host: Annotated[
            str | None,
            typer.Option("--host", help="Where to listen; this machine only by default.", metavar="HOST"),
        ] = None,
        port: Annotated[
            int | None,
            typer.Option("--port", help="On which port; 8000 by default.", min=0, max=PORT_MOST),
        ] = None,
        config: Annotated[
            Path | None,
            typer.Option("--config", help="Settings in TOML; TIMEBANK_CONFIG by default.", metavar="FILE"),
        ] = None,
        check: Annotated[
            bool,
            typer.Option("--check", help="Print what is in force, without secrets, and do not serve."),
        ] = False,
        json_: Json = False,
    ) -> None:
        """Serve the books over HTTP, until told to end.

        Volunteers log hours, families redeem them; `timebank token issue` lets them in. It makes no books:
        `timebank branch create` does. Over the books of `timebank demo` it prints a sign-in for a day.
        """
        session = session_of(ctx)
        service = _service()
        flags = {"address": session.address if session.is_flag else None, "host": host, "port": port}
        found = service.load(file=config, environment=os.environ, flags=flags)
        session.address = found.settings.address
        bank = session.open()  # whatever is wrong with the books is said here, before anybody listens
        if check:
            rows = found.rows()
            value = [{"name": name, "value": shown, "from": place} for name, shown, place in rows]
            emit(
                value, as_json=json_, table=table_of("Settings in force", ["setting", "value", "from"], rows)
            )
            return
        sign_in = list(_sign_in(bank))
        branches = len(bank.branches.list())
        bank.close()

        def announce(url: str) -> None:
            value = {"url": url, "branches": branches, "sign_in": sign_in}
            emit(value, as_json=json_, table=_greeting(url, branches, sign_in))
            sys.stdout.flush()

        service.serve(found.settings, announce=announce)


def _service() -> Any:  # noqa: ANN401 - a module that may not be installed
    try:
        return import_module("timebank_api.server")
    except ModuleNotFoundError as missing:
        raise ServiceMissing(extra="service") from missing


def _sign_in(bank: "Bank") -> Iterator[dict[str, str]]:
    """Let a volunteer, a family and a coordinator of the sample world in; nobody into any other books."""
    from timebank.care.access import AccessRole
    from timebank.services.sample_world import cast_of

    cast = cast_of(bank)
    if cast is None:
        return
    for who, branch, role, ref in (
        ("volunteer", "locmine", AccessRole.MEMBER, cast.helper),
        ("family", "lille", AccessRole.MEMBER, cast.son),
        ("coordinator", "lille", AccessRole.COORDINATOR, "desk"),
    ):
        issued = bank.tokens.issue(branch, role=role, ref=ref, days=DAYS)
        assert issued.text is not None, "without a key, every token is new"
        yield {"who": who, "branch": branch, "role": role.value, "ref": ref, "token": issued.text}


def _greeting(url: str, branches: int, sign_in: list[dict[str, str]]) -> Text:
    """Say where the service is, and who may come in."""
    said = Text("timebank serves ", style="bold").append(url, style="bold cyan underline")
    said.append("; Ctrl-C ends it", style="not bold")
    said.append(f"\n  described at  {url}/schema/openapi.json", style="not bold")
    if branches == 0:
        said.append("\n  no branch yet: `timebank branch create` makes one", style="not bold yellow")
    if not sign_in:
        return said
    said.append("\n\nThe demo's sign-in, for a day; its tokens are said only now:", style="bold")
    for each in sign_in:
        said.append(f"\n\n  {each['who']}", style="bold")
        said.append(f", {each['ref']} of {each['branch']}\n", style="not bold dim")
        said.append(f"  {each['token']}", style="not bold green")
    said.append("\n\nTry it in another terminal:\n", style="bold")
    said.append(f"\n  TOKEN={sign_in[0]['token']}", style="not bold")
    said.append(f'\n  curl -H "Authorization: Bearer $TOKEN" {url}/v1/me/balance', style="not bold")
    return said
