"""`timebank version` and `timebank --version`."""

import platform

import typer

import timebank
from timebank.cli.options import Json
from timebank.cli.output import emit


def print_version(asked: bool) -> None:
    """Print the version and stop, if asked to."""
    if asked:
        emit(None, as_json=False, table=f"timebank {timebank.__version__}")
        raise typer.Exit


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""

    @app.command("version", epilog="Example:  timebank version --json")
    def version(json_: Json = False) -> None:
        """Print the version of timebank."""
        value = {"timebank": timebank.__version__, "python": platform.python_version()}
        emit(value, as_json=json_, table=f"timebank {timebank.__version__}")
