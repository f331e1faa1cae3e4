"""Run the command line inside the test, and look at what it printed."""

import contextlib
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import typer

from timebank.cli.main import app, main


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How a run ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever the command prints
        """What it printed, as JSON."""
        return json.loads(self.out)


def run(*arguments: str, width: int | None = None) -> Done:
    """Run `timebank` with these arguments, its output as in a pipe; `width` is what COLUMNS says."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    columns = {"COLUMNS": str(width)} if width is not None else {}
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        mock.patch.dict("os.environ", columns),
    ):
        status = main(list(arguments))
    return Done(status=status, out=_text(out), err=_text(err))


def _text(stream: io.TextIOWrapper) -> str:
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()


def commands() -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command that is not hidden: its words after `timebank`, and Typer's command."""
    yield from _below(typer.main.get_command(app), ())


def _below(group: Any, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:  # noqa: ANN401 - Typer's own types are private
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, (*words, name))
        elif not command.hidden:
            yield (*words, name), command
