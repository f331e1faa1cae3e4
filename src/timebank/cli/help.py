"""How help looks: each example on lines of its own that can be copied into a shell."""

import shlex
from collections.abc import Iterator
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

EXAMPLE = "Example:"
WIDTH = 78


class Command(TyperCommand):
    """A command whose example is not re-wrapped."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as Typer has it
        """Write the example below the options."""
        formatter.write(epilog_of(self.epilog or ""))


class Group(TyperGroup):
    """A noun, or the program itself."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as Typer has it
        """Write the example below the commands."""
        formatter.write(epilog_of(self.epilog or ""))


def explain_all(app: typer.Typer) -> None:
    """Give every command of a program, down to the last, the look of this module."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        assert group.typer_instance is not None, "a noun has its commands"
        explain_all(group.typer_instance)


def epilog_of(epilog: str) -> str:
    """Return the end of a help page: the example on lines of its own."""
    if not epilog:
        return ""
    example = example_of(epilog)
    return "\n" + "\n".join((EXAMPLE, *example_lines(example))) + "\n" if example else f"\n{epilog}\n"


def example_of(epilog: str) -> str:
    """Return the command in an epilog such as `Example:  timebank branch list`; empty if there is none."""
    return epilog.removeprefix(EXAMPLE).strip() if epilog.startswith(EXAMPLE) else ""


def example_lines(example: str) -> Iterator[str]:
    """Yield a command in lines of at most 78 characters, broken before options, as a shell reads it."""
    line = " "
    for part in _parts_of(example):
        if len(line) + len(part) + 1 > WIDTH - 2 and line.strip():
            yield f"{line} \\"
            line = "   "
        line += f" {part}"
    yield line


def _parts_of(example: str) -> Iterator[str]:
    """Yield the words of a command, an option together with its value, each as it is written."""
    lexer = shlex.shlex(example, posix=False, punctuation_chars=False)
    lexer.whitespace_split = True
    lexer.commenters = ""
    part = ""
    for word in lexer:
        if word.startswith("-") and part:
            yield part
            part = word
        else:
            part = f"{part} {word}" if part else word
    if part:
        yield part
