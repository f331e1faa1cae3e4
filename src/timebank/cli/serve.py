"""`timebank serve`: the books over HTTP."""

from importlib import import_module
from typing import Annotated

import typer

from timebank.cli.options import Json
from timebank.cli.output import emit
from timebank.cli.session import session_of
from timebank.errors import ServiceMissing

PORT_MOST = 65_535


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("serve", epilog="Example:  timebank --db sqlite:///demo.db serve")
    def serve(
        ctx: typer.Context,
        host: Annotated[
            str, typer.Option("--host", help="Where to listen; this machine only by default.", metavar="HOST")
        ] = "127.0.0.1",
        port: Annotated[int, typer.Option("--port", help="On which port.", min=1, max=PORT_MOST)] = 8000,
        json_: Json = False,
    ) -> None:
        """Serve the books over HTTP, until interrupted.

        Volunteers log hours, families redeem them; `timebank token issue` lets them in.
        """
        session = session_of(ctx)
        address = session.required_address()
        session.open()  # whatever is wrong with the books is said here, before anybody listens
        try:
            service = import_module("timebank_api.server")
        except ModuleNotFoundError as missing:
            raise ServiceMissing from missing
        url = f"http://{host}:{port}"
        said = f"timebank serves {url}, described at {url}/schema/openapi.json; Ctrl-C ends it"
        emit({"url": url}, as_json=json_, table=said)
        service.serve(address, host=host, port=port)
