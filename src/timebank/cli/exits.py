"""Exit statuses: what a script learns from a run of `timebank`."""

from enum import IntEnum
from typing import Final

from timebank.errors import Kind


class Exit(IntEnum):
    """How a run ended."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    NOT_FOUND = 3
    BROKEN = 4
    TRY_AGAIN = 5
    BUG = 70
    """As `EX_SOFTWARE` of sysexits.h."""
    INTERRUPTED = 130
    """As shells say it: 128 + SIGINT."""


OF_KIND: Final = {
    Kind.REFUSED: Exit.REFUSED,
    Kind.USAGE: Exit.USAGE,
    Kind.NOT_FOUND: Exit.NOT_FOUND,
    Kind.BROKEN: Exit.BROKEN,
    Kind.TRANSIENT: Exit.TRY_AGAIN,
}
MEANINGS: Final = {
    Exit.DONE: "done",
    Exit.REFUSED: "refused by a rule: the same again cannot help; also what `doctor` says of a failed check",
    Exit.USAGE: "the request is malformed: a wrong option, a bad date, a document with faults",
    Exit.NOT_FOUND: "it names something that does not exist",
    Exit.BROKEN: "the books do not hold: `audit` found faults, or an invariant is violated",
    Exit.TRY_AGAIN: "nothing was changed, the same again may succeed",
    Exit.BUG: "a bug of timebank; what was not finished is undone",
    Exit.INTERRUPTED: "interrupted by Ctrl-C; what was not finished is undone",
}
