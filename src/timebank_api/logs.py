"""The log: JSON lines, or text on a terminal, on stderr; never a name, a note, a path, a query or a token.

What we write ourselves are known facts. What libraries write may hold anything, such as the values of an SQL
statement in the text of an exception: of theirs only the server's own sentences are kept, and of an exception
its kind and where in our code it came from.
"""

import logging
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Final

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger

LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
OURS: Final = ("timebank", "timebank_api", "uvicorn")
"""Loggers whose sentences are made of nothing but known words and numbers."""
LINE_MOST: Final = 200
FIRST: Final = ("timestamp", "level", "event")
Log = FilteringBoundLogger


def log_to(file: BinaryIO, *, form: str, level: str, is_terminal: bool = False) -> Log:
    """Return a log that writes to a file.

    Args:
        file: receives whole lines.
        form: `json`, `text`, or `auto` for text on a terminal.
        level: what is worth a line: `debug`, `info`, `warning`, `error`.
        is_terminal: whether people read along.
    """
    is_text = form == "text" or (form == "auto" and is_terminal)
    return structlog.wrap_logger(  # type: ignore[no-any-return]
        structlog.BytesLogger(file),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%H:%M:%S" if is_text else "iso", utc=not is_text),
            _Text(colors=is_terminal) if is_text else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        cache_logger_on_first_use=True,
    )


def _as_json(_: object, __: str, facts: EventDict) -> bytes:
    first = {name: facts.pop(name) for name in FIRST}
    return msgspec.json.encode({**first, **facts})


class _Text:
    """Renders for people."""

    def __init__(self, *, colors: bool) -> None:
        self._render = structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False, pad_event_to=0)

    def __call__(self, logger: object, name: str, facts: EventDict) -> bytes:
        return self._render(logger, name, facts).encode(errors="backslashreplace")


def start(log: Log, *, level: str) -> None:
    """Let everything that any library logs go through the log; for the process, once."""
    handler = Doorkeeper(log)
    root = logging.getLogger()
    root.handlers = [handler]
    # Not lower: at INFO the database library would log statements with their values.
    root.setLevel(logging.WARNING)
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(LEVELS[level])
    logging.captureWarnings(capture=True)


class Doorkeeper(logging.Handler):
    """Lets records of the standard library's logging into the log, without what they may quote."""

    def __init__(self, log: Log) -> None:
        """Pass on to a log."""
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Write what is known of a record."""
        facts: dict[str, Any] = {"logger": record.name}
        is_ours = record.name.partition(".")[0] in OURS
        event = (
            record.getMessage().partition("\n")[0][:LINE_MOST]
            if is_ours
            else "a library has something to say"
        )
        if not is_ours:
            facts["place"] = f"{Path(record.pathname).name} line {record.lineno}"
        if record.exc_info and record.exc_info[1] is not None:
            facts |= facts_of(record.exc_info[1])
        self._log.log(record.levelno, event, **facts)


def facts_of(error: BaseException) -> Mapping[str, str]:
    """Return the kind of an exception and the last place in our code; its words stay unsaid (I-10)."""
    facts = {"error": type(error).__name__}
    trace: TracebackType | None = error.__traceback__
    ours = [
        frame
        for frame in traceback.extract_tb(trace)
        if {"timebank", "timebank_api"} & set(Path(frame.filename).parts)
    ]
    if ours:
        facts["at"] = f"{Path(ours[-1].filename).name} line {ours[-1].lineno}"
    return facts


def log_to_stderr(*, form: str, level: str) -> Log:
    """Return the log of a process."""
    return log_to(sys.stderr.buffer, form=form, level=level, is_terminal=sys.stderr.isatty())
