"""The command `timebank`: nouns and verbs, and what an error means for the exit status."""

import os
import sys
from typing import Annotated

import typer
from rich.text import Text

import timebank
from timebank.cli import account, audit, branch, hours, import_, member
from timebank.cli.output import stderr
from timebank.cli.session import Session
from timebank.errors import ImportRefused, Kind, PolicyInvalid, TimebankError

EXIT_CODES = {
    Kind.REFUSED: 1,
    Kind.USAGE: 2,
    Kind.NOT_FOUND: 3,
    Kind.BROKEN: 4,
    Kind.TRANSIENT: 5,
}
INTERRUPTED = 130

app = typer.Typer(
    name="timebank",
    help="The ledger of hours that care time banks can trust.",
    epilog="Start with:  timebank demo --db sqlite:///demo.db",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for noun in (branch, member, account, hours, import_):
    app.add_typer(noun.app)
for verb in (audit,):
    verb.register(app)


@app.callback()
def start(
    ctx: typer.Context,
    db: Annotated[
        str | None,
        typer.Option(
            "--db", envvar="TIMEBANK_DB", help="Where the books are: sqlite:///FILE.", metavar="ADDRESS"
        ),
    ] = None,
    actor: Annotated[
        str, typer.Option("--as", envvar="TIMEBANK_ACTOR", help="Who acts.", metavar="ACTOR")
    ] = "coordinator:desk",
) -> None:
    """The ledger of hours that care time banks can trust."""
    ctx.obj = Session(root=ctx, address=db, actor=actor)


@app.command("version", hidden=True)
def version() -> None:
    """Print the version of timebank."""
    sys.stdout.write(f"timebank {timebank.__version__}\n")


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit status: 0 done, 1 refused, 2 usage, 3 not found,
    4 the books do not hold, 5 try again.
    """
    try:
        app(args=arguments, prog_name="timebank")
    except SystemExit as end:
        return int(end.code or 0)
    except TimebankError as error:
        report(error)
        return EXIT_CODES[error.kind]
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        stderr().print(Text("timebank: interrupted, nothing was changed"))
        return INTERRUPTED
    return 0


def report(error: TimebankError) -> None:
    """Say on stderr what is wrong: one sentence and the code; every fault of a document, one a line."""
    console = stderr()
    console.print(Text(f"timebank: {error} [{error.code}]", style="red"))
    if isinstance(error, PolicyInvalid):
        for fault in error.faults:
            console.print(Text(f"  {fault.path}: {fault.message} [{fault.code}]"))
    if isinstance(error, ImportRefused):
        for row in error.faults:
            column = f", {row.column}" if row.column is not None else ""
            console.print(Text(f"  line {row.line}{column}: {row.reason} [{row.code}]"))


def run() -> None:
    """Run the program `timebank`."""
    sys.exit(main(sys.argv[1:]))
