"""Write `docs/cli.md` and `docs/errors.md` from the program: `python -m timebank.cli.reference [FOLDER]`.

A test compares the files with what this module gives, so that the documentation cannot fall behind.
"""

import inspect
import re
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import typer

from timebank import errors
from timebank.cli.exits import MEANINGS, OF_KIND, Exit
from timebank.cli.help import example_lines, example_of, records_of
from timebank.cli.main import PROGRAM, app
from timebank.errors import Kind, TimebankError
from timebank.ledger.faults import FAULTS
from timebank.services.doctor import ENVIRONMENT

WIDTH: Final = 110
SHARED: Final = ("--by", "--key", "--dry-run", "--yes", "--json")
"""Options that mean the same everywhere; explained once."""
SENTENCE_END: Final = re.compile(r"(?<=[.])\s+(?=[A-Z`])")
KINDS: Final = {
    Kind.REFUSED: "A rule says no",
    Kind.USAGE: "The request is malformed",
    Kind.NOT_FOUND: "It does not exist",
    Kind.BROKEN: "The books do not hold",
    Kind.TRANSIENT: "Try again",
}
CLI_INTRODUCTION: Final = f"""\
# Commands

*Written from the program by `make docs`.*

    timebank [--db ADDRESS] [--as ACTOR] NOUN VERB …

`--db ADDRESS` may stand behind the verb as well: `timebank serve --db sqlite:///demo.db`.

Results go to stdout, everything else to stderr. Tables are for people and fit the terminal; `--json` is for
scripts and stable: minutes are whole numbers, instants RFC 3339 in UTC, days ISO 8601, and what is not there
is `null`. An error is one sentence on stderr that ends with its code in brackets, and leaves stdout empty;
[errors](errors.md) lists the codes. `{PROGRAM} --show-completion` prints a script that completes commands in
bash, zsh, fish and PowerShell; `{PROGRAM} --install-completion` installs it.

These options mean the same wherever they stand:

- `--json`: print JSON.
- `--dry-run`: check everything and print the result, but change nothing.
- `--key TEXT`: an idempotency key. The same key never takes effect twice; the second time it answers as the
  first time, and with another request it is refused.
- `--by ACTOR`: who acts: `member:m1`, `coordinator:desk`, with `@BRANCH` for somebody of another branch and
  `+PRINCIPAL#MANDATE` for somebody who is acted for.
- `--yes`: do not ask.
"""
ERRORS_INTRODUCTION: Final = """\
# Errors and exit statuses

*Written from the program by `make docs`.*

Every refusal has a code that never changes its meaning. On the command line it stands in brackets at the end
of the sentence; in Python it is `error.code`, and the facts in the sentence are attributes of the error. An
error changed nothing unless it says so.

    timebank: fund:solidarity still has a balance of 60 min [account_not_empty]

A document or a file with faults is refused as a whole, and each fault is listed below the sentence with a
code of its own: see [policy](policy.md) for those of rules, [imports](imports.md) for those of rows.
"""
FAULTS_INTRODUCTION: Final = """\
## What `timebank audit` finds

The books hold if there is no fault. A fault means that stored data were changed behind timebank's back, or
that timebank has a bug: stop writing, keep a copy of the database, and compare it with the last backup.
Nothing is mended automatically. Each fault comes with its code, its place and the numbers found.
"""
WARNINGS: Final = {
    "below_warning_floor": "a balance is below the level at which a coordinator wants to know",
    "above_warning_ceiling": "a balance is above the level at which a coordinator wants to know",
}


def cli_text() -> str:
    """Return the page about commands as Markdown."""
    return _page(_cli_lines())


def errors_text() -> str:
    """Return the page about errors as Markdown."""
    return _page(_error_lines())


def commands() -> Iterator[tuple[str, Any, Any]]:
    """Yield every command and noun that is not hidden: its words, its context, itself."""
    yield from _walk(typer.main.get_command(app), PROGRAM, None)


def error_classes() -> tuple[type[TimebankError], ...]:
    """Return every error that a caller can meet, by code."""
    classes = [each for _, each in inspect.getmembers(errors, inspect.isclass)]
    ours = [each for each in classes if issubclass(each, TimebankError) and each is not TimebankError]
    return tuple(sorted(ours, key=lambda each: each.code))


def meaning_of(error: type[TimebankError]) -> tuple[str, str]:
    """Return what an error means, and what helps: the first sentence of its docstring, and the rest."""
    first_paragraph = inspect.cleandoc(error.__doc__ or "").partition("\n\n")[0]
    meaning, _, remedy = SENTENCE_END.sub("\n", " ".join(first_paragraph.split()), count=1).partition("\n")
    return meaning, remedy


def _page(lines: Iterator[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _walk(command: Any, words: str, parent: Any) -> Iterator[tuple[str, Any, Any]]:  # noqa: ANN401 - Typer's own types are private
    context = typer.Context(command, info_name=words.rpartition(" ")[2], parent=parent)
    yield words, context, command
    for name, inner in getattr(command, "commands", {}).items():
        if not inner.hidden:
            yield from _walk(inner, f"{words} {name}", context)


def _cli_lines() -> Iterator[str]:
    yield CLI_INTRODUCTION
    yield from ("## Exit statuses", "", "| status | meaning |", "| ---: | --- |")
    yield from (f"| {status.value} | {meaning} |" for status, meaning in MEANINGS.items())
    yield from ("", "## Environment", "", "| variable | meaning |", "| --- | --- |")
    yield from (f"| `{name}` | {meaning} |" for name, meaning in ENVIRONMENT.items())
    yield ""
    for words, context, command in commands():
        yield from _command_lines(words, context, command)


def _command_lines(words: str, context: Any, command: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    is_noun = hasattr(command, "commands")
    yield from (f"{'##' if is_noun else '###'} `{words}`", "")
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    if not is_noun:
        yield from (f"    {words} {' '.join(command.collect_usage_pieces(context))}", "")
    shared = []
    own = []
    for _, names, meaning in records_of(command, context):
        name = names.split()[0].rstrip(",")
        if name in SHARED:
            shared.append(f"`{name}`")
        elif "--help" not in names:
            own.append(_item(names, meaning))
    yield from own
    if shared:
        yield f"- {'and ' if own else ''}{', '.join(shared)}"
    if own or shared:
        yield ""
    if example := example_of(command.epilog or ""):
        yield from (
            *(f"    {line.strip() if at == 0 else line}" for at, line in enumerate(example_lines(example))),
            "",
        )


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        yield from (_filled(" ".join(paragraph.split())), "")


def _item(names: str, meaning: str) -> str:
    return _filled(f"`{' '.join(names.split())}`: {' '.join(meaning.split())}", first="- ", then="  ")


def _filled(text: str, *, first: str = "", then: str = "") -> str:
    return textwrap.fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=then,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _error_lines() -> Iterator[str]:
    yield ERRORS_INTRODUCTION
    for kind, title in KINDS.items():
        status = OF_KIND[kind]
        yield from (f"## {title}: exit status {status.value}", "")
        yield from ("| code | it means | what helps | it says |", "| --- | --- | --- | --- |")
        for error in error_classes():
            if error.kind is kind:
                meaning, remedy = meaning_of(error)
                yield f"| `{error.code}` | {meaning} | {remedy} | {_cell(error.template)} |"
        yield ""
    yield from (
        f"## A bug of ours: exit status {Exit.BUG.value}",
        "",
        _filled(
            "The code is `bug`. What was not finished is undone. The sentence names the place in the program"
            " and nothing else; `TIMEBANK_DEBUG=1` prints the traceback, which may hold names: look before"
            " you send it."
        ),
        "",
    )
    yield from ("## Warnings", "", "The entry stands; somebody should know:", "")
    yield from _table_of(WARNINGS)
    yield FAULTS_INTRODUCTION
    yield from _table_of(FAULTS)


def _table_of(codes: Mapping[str, str]) -> Iterator[str]:
    yield from ("| code | it means |", "| --- | --- |")
    yield from (f"| `{code}` | {meaning} |" for code, meaning in codes.items())
    yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(folder: Path) -> None:
    """Write both pages into a folder."""
    (folder / "cli.md").write_text(cli_text(), encoding="utf-8")
    (folder / "errors.md").write_text(errors_text(), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs"))
