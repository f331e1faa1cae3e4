"""How help looks: each example on lines of its own that can be copied into a shell."""

import re
import shlex
from collections.abc import Iterator
from copy import copy
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from timebank.cli.options import NUMBER_MOST

EXAMPLE = "Example:"
WIDTH = 78
ENDLESS = re.compile(rf"\d+<=x<={NUMBER_MOST}(?:; )?|; \d+<=x<={NUMBER_MOST}")
"""How Typer shows the bounds of a number that has none for people."""
SENTENCE_MOST = 300
NUMBER_TYPE = re.compile(r" <int(?: range)?>")


class Command(TyperCommand):
    """A command that shows its arguments plainly, and its example as it can be copied."""

    def get_params(self, ctx: Any) -> Any:  # noqa: ANN401 - Typer's own types are private
        """Return the parameters, and among them the program's `--db`, which may stand here, too."""
        params = super().get_params(ctx)
        for option in ctx.find_root().command.params:
            if option.name == "db" and all("--db" not in each.opts for each in params):
                params = [*params, _here(option)]
        return params

    def collect_usage_pieces(self, ctx: Any) -> list[str]:  # noqa: ANN401 - Typer's own types are private
        """Return the parts of the usage line."""
        return [piece.strip("{}") for piece in super().collect_usage_pieces(ctx)]

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write arguments and options."""
        for title, is_option in (("Arguments", False), ("Options", True)):
            found = records_of(self, ctx)
            records = [(names, meaning) for option, names, meaning in found if option == is_option]
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as Typer has it
        """Write the example below the options."""
        formatter.write(epilog_of(self.epilog or ""))


class Group(TyperGroup):
    """A noun, or the program itself: its list of commands says all of each first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the list of commands."""
        found = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, command.get_short_help_str(SENTENCE_MOST))
                    for name, command in found
                    if command is not None and not command.hidden
                ]
            )

    def format_epilog(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - as Typer has it
        """Write the example below the commands."""
        formatter.write(epilog_of(self.epilog or ""))


def _here(option: Any) -> Any:  # noqa: ANN401 - as above
    """Return an option of the program as it may stand behind a verb: what it says there counts."""
    again = copy(option)
    again.hidden, again.expose_value, again.envvar, again.default = True, False, None, None
    again.callback = _choose
    return again


def _choose(ctx: Any, _: Any, value: str | None) -> None:  # noqa: ANN401 - as above
    session = ctx.find_root().obj
    if value is not None and session is not None:
        session.address = value
        session.is_flag = True


def explain_all(app: typer.Typer) -> None:
    """Give every command of a program, down to the last, the look of this module."""
    app.info.cls = Group
    for command in app.registered_commands:
        command.cls = Command
    for group in app.registered_groups:
        assert group.typer_instance is not None, "a noun has its commands"
        explain_all(group.typer_instance)


def records_of(command: Any, ctx: Any) -> Iterator[tuple[bool, str, str]]:  # noqa: ANN401 - as above
    """Yield whether it is an option, how it is written, and what it means, for each parameter."""
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None:
            is_option = parameter.param_type_name == "option"
            names = NUMBER_TYPE.sub(" N", record[0]) if is_option else record[0].partition(" ")[0]
            meaning = ENDLESS.sub("", record[1]).removesuffix("  []")
            yield is_option, names, meaning


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
