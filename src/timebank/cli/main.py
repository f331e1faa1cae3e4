"""The command `timebank`: nouns and verbs, and what an error means for the exit status.

Results go to stdout; an error is one sentence on stderr that ends with its stable code in brackets, and
nothing on stdout. `TIMEBANK_DEBUG` shows where a bug of ours happened; nothing else prints a traceback.
"""

import gc
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from timebank.cli import (
    account,
    audit,
    backup,
    beneficiary,
    branch,
    clearing,
    demo,
    doctor,
    entry,
    export,
    hold,
    hours,
    import_,
    invitation,
    log,
    mandate,
    match_all,
    member,
    migrate,
    offer,
    policy,
    profile,
    receipt,
    redeem,
    report,
    request,
    serve,
    statement,
    token,
    transfer,
    verify,
    version,
    webhook,
    wish,
)
from timebank.cli.exits import OF_KIND, Exit
from timebank.cli.help import explain_all
from timebank.cli.output import stderr
from timebank.cli.session import Session
from timebank.cli.streams import prepare_streams
from timebank.errors import BadArgument, ImportRefused, PolicyInvalid, TimebankError, UsageFault

PROGRAM = "timebank"
GARBAGE = 50_000
"""Objects between two looks for garbage: loading a library makes many, and none of them is."""
FAULTS_SHOWN = 200
"""Faults of an imported file that are printed; nobody reads more."""
PLAINER = {
    ". Did you": ", did you",
    ". Choose from": ", choose from",
    ": Input should be a valid integer, unable to parse string as an integer": ": it is no whole number",
    ": Unable to parse input string as an integer, exceeded maximum size": ": it is too long a number",
    ": Input should be": ": it should be",
    ": Value error, ": ": ",
    "extra argument(s)": "words",
}
"""Typer's words about usage, as part of one sentence."""

app = typer.Typer(
    name=PROGRAM,
    help="The ledger of hours that care time banks can trust.",
    epilog="Example:  timebank --db sqlite:///demo.db demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for noun in (
    branch,
    member,
    account,
    hours,
    redeem,
    beneficiary,
    mandate,
    hold,
    request,
    wish,
    offer,
    profile,
    match_all,
    entry,
    policy,
    clearing,
    report,
    token,
    invitation,
    webhook,
    import_,
    export,
    log,
):
    app.add_typer(noun.app)
export.register(import_.app)
for verb in (transfer, statement, receipt, verify, audit, demo, serve, doctor, backup, migrate, version):
    verb.register(app)


@app.callback()
def start(
    ctx: typer.Context,
    db: Annotated[
        str | None,
        typer.Option(
            "--db",
            envvar="TIMEBANK_DB",
            help="Where the books are: sqlite:///FILE, sqlite:////FOLDER/FILE or postgresql+psycopg://…",
            metavar="ADDRESS",
        ),
    ] = None,
    actor: Annotated[
        str,
        typer.Option(
            "--as", envvar="TIMEBANK_ACTOR", help="Who acts, unless --by says otherwise.", metavar="ACTOR"
        ),
    ] = "coordinator:desk",
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version.", is_eager=True, callback=version.print_version),
    ] = False,
) -> None:
    """The ledger of hours that care time banks can trust."""
    is_flag = db is not None and db != os.environ.get("TIMEBANK_DB")
    ctx.obj = Session(root=ctx, address=db, actor=actor, is_flag=is_flag)


explain_all(app)


def main(arguments: list[str]) -> int:
    """Run the command line and return its exit status.

    0 done, 1 refused, 2 usage, 3 not found, 4 the books do not hold, 5 try again, 70 a bug of ours, 130
    interrupted.
    """
    try:
        refuse_unreadable(arguments)
        status = app(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except TimebankError as error:
        explain(error)
        return OF_KIND[error.kind]
    except typer.TyperException as error:
        return explain_usage(error)
    except typer.Abort:
        say("interrupted; what was not finished is undone")
        return Exit.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last line of defence: people never see a traceback
        explain_bug(error)
        return Exit.BUG
    if status == Exit.INTERRUPTED:
        say("interrupted; what was not finished is undone")
    return status if isinstance(status, int) else 0


def refuse_unreadable(arguments: list[str]) -> None:
    """Refuse arguments that no text can be made of, before anything looks at them.

    Raises:
        BadArgument: one has bytes that are not UTF-8, or a null character.
    """
    for position, argument in enumerate(arguments, start=1):
        if "\0" in argument or any("\ud800" <= character <= "\udfff" for character in argument):
            raise BadArgument(position=position)


def explain(error: TimebankError) -> None:
    """Say what is wrong: one sentence and the code; every fault of a document, one a line."""
    say(f"{error} [{error.code}]")
    console = stderr()
    if isinstance(error, PolicyInvalid) and len(error.faults) > 1:
        for fault in error.faults:
            console.print(Text(f"  {fault} [{fault.code}]"))
    if isinstance(error, ImportRefused):
        for row in error.faults[:FAULTS_SHOWN]:
            column = f", {printable(row.column)}" if row.column is not None else ""
            console.print(Text(f"  line {row.line}{column}: {row.reason} [{row.code}]"))
        if len(error.faults) > FAULTS_SHOWN:
            console.print(Text(f"  and {len(error.faults) - FAULTS_SHOWN:,} more; --json lists them all"))


def explain_usage(error: typer.TyperException) -> int:
    """Say what is wrong with the command line in our one sentence, or show the help if there was nothing."""
    message = error.format_message()
    if message.startswith("Usage: "):  # a noun without a verb
        sys.stderr.write(message + "\n")
        return Exit.USAGE
    words = " ".join(message.rstrip(".").split())
    for theirs, ours in PLAINER.items():
        words = words.replace(theirs, ours)
    command = getattr(getattr(error, "ctx", None), "command_path", PROGRAM)
    explain(UsageFault(problem=printable(words[:1].lower() + words[1:]), command=command))
    return Exit.USAGE


def explain_bug(error: Exception) -> None:
    """Say that the program is wrong, and where; its words stay unsaid, for they may name somebody (I-10)."""
    if os.environ.get("TIMEBANK_DEBUG"):
        traceback.print_exception(error)
    ours = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if f"{os.sep}timebank{os.sep}" in frame.filename
    ]
    place = f", {Path(ours[-1].filename).name} line {ours[-1].lineno}" if ours else ""
    say(
        f"this is a bug in timebank ({type(error).__name__}{place}); what was not finished is undone;"
        " TIMEBANK_DEBUG=1 shows more [bug]"
    )


def say(sentence: str) -> None:
    """Print a sentence on stderr."""
    stderr().print(Text(f"{PROGRAM}: {sentence}", style="red"))


def printable(text: str) -> str:
    """Return the text without characters that could steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def run() -> None:
    """Run the program `timebank`."""
    gc.freeze()  # the modules are here to stay
    gc.set_threshold(GARBAGE)
    prepare_streams()
    sys.exit(main(sys.argv[1:]))
