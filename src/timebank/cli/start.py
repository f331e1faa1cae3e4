"""Where the program starts: `timebank verify` at once, everything else with all that it needs.

A family checks a receipt with a cold process, which should take hardly longer than loading the signature
library. So that command line is read here, by hand, when it is plainly written; whatever else it says goes to
Typer, which explains it. Nothing that is loaded here loads Typer, Rich or the errors.
"""

import os
import sys


def run() -> None:
    """Run the program `timebank`."""
    arguments = sys.argv[1:]
    asked = plain_verify(arguments) if arguments[:1] == ["verify"] else None
    if asked is not None and "_TIMEBANK_COMPLETE" not in os.environ:
        from timebank.cli.streams import prepare_streams
        from timebank.cli.verifying import verify

        file, keys, against, as_json = asked
        prepare_streams()
        status = verify(file, keys=keys, against=against, as_json=as_json)
        if status is not None:
            sys.exit(status)
    from timebank.cli.main import run as run_all

    run_all()


def plain_verify(arguments: list[str]) -> tuple[str, list[str], list[str], bool] | None:
    """Read `verify FILE --key KEY … [--against FILE …] [--json]`.

    Returns:
        File, keys, older files and whether JSON is asked for; None for whatever needs a closer look.
    """
    files: list[str] = []
    values: dict[str, list[str]] = {"--key": [], "--against": []}
    as_json = False
    words = iter(arguments[1:])
    for word in words:
        name, is_joined, value = word.partition("=")
        if name in values:
            taken = value if is_joined else next(words, "")
            if not taken or taken.startswith("-"):
                return None
            values[name].append(taken)
        elif word == "--json":
            as_json = True
        elif word.startswith("-"):
            return None
        else:
            files.append(word)
    if len(files) != 1 or not values["--key"] or not all(map(_is_text, arguments)):
        return None
    return files[0], values["--key"], values["--against"], as_json


def _is_text(word: str) -> bool:
    """Tell whether a word is text: its bytes were UTF-8."""
    return not any("\ud800" <= character <= "\udfff" for character in word)
