"""The list of who was erased, as a file to keep beside backups: references and instants, no names. Pure.

A backup that is older than an erasure still knows the person; whoever restores it hands in this list, and
they are erased again before anybody can look. JSON, `timebank-erasures/1`:

    {"format":"timebank-erasures/1",
     "erasures":[{"branch":"lille","ref":"m7","erased_at":"2026-06-15T12:00:00Z"}]}
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from timebank.errors import NotAnErasureList
from timebank.ids import REFERENCE
from timebank.instants import write_instant

FORMAT: Final = "timebank-erasures/1"


@dataclass(frozen=True, slots=True, order=True)
class Erasure:
    """That somebody was erased."""

    branch: str
    ref: str


def erasures_value(erasures: Iterable[tuple[Erasure, datetime]]) -> dict[str, Any]:
    """Return the list as JSON has it, by branch and reference."""
    return {
        "format": FORMAT,
        "erasures": [
            {"branch": each.branch, "ref": each.ref, "erased_at": write_instant(at)}
            for each, at in sorted(erasures)
        ],
    }


def read_erasures(text: str) -> tuple[Erasure, ...]:
    """Read a list.

    Raises:
        NotAnErasureList: it is another file.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAnErasureList(format=FORMAT) from None
    listed = value.get("erasures") if isinstance(value, dict) and value.get("format") == FORMAT else None
    if not isinstance(listed, list):
        raise NotAnErasureList(format=FORMAT)
    return tuple(_erasure(each) for each in listed)


def _erasure(value: Any) -> Erasure:  # noqa: ANN401 - whatever the file has there
    names = [value.get(name) for name in ("branch", "ref")] if isinstance(value, dict) else [None]
    if not all(isinstance(name, str) and REFERENCE.fullmatch(name) for name in names):
        raise NotAnErasureList(format=FORMAT)
    return Erasure(*names)
