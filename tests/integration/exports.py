"""What the tests of exports share: an export as bytes, and one that somebody changed who knows how."""

import hashlib
import io
import json
from collections.abc import Callable, Iterable
from typing import Any

from timebank.services.bank import Bank

Change = Callable[[list[dict[str, Any]]], Iterable[dict[str, Any]] | None]
"""Given the lines of an export but its last one, changes them in place or returns others."""


def export_of(bank: Bank, branch: str = "lille", **options: Any) -> bytes:  # noqa: ANN401 - as the use case
    """Return the export of a branch."""
    file = io.BytesIO()
    bank.exports.branch(branch, file, **options)
    return file.getvalue()


def resealed(content: bytes, change: Change) -> bytes:
    """Return an export with lines changed, counts set right, and a last line that vouches for it all."""
    lines = lines_of(content)
    changed = change(lines)
    lines = list(changed) if changed is not None else lines
    counts = dict.fromkeys(lines[0]["counts"], 0)
    for line in lines[1:]:
        if line.get("table") in counts:
            counts[line["table"]] += 1
            counts["posting"] += len(line.get("posting", ()))
    lines[0]["counts"] = counts
    return sealed(lines)


def lines_of(content: bytes) -> list[dict[str, Any]]:
    """Return the lines of an export but its last one."""
    return [json.loads(line) for line in content.splitlines()][:-1]


def sealed(lines: list[dict[str, Any]]) -> bytes:
    """Return lines as an export, with a last line that vouches for them."""
    above = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    last = {"end": "timebank-branch/1", "rows": len(lines) - 1, "sha256": hashlib.sha256(above).hexdigest()}
    return above + json.dumps(last).encode() + b"\n"


def rows(lines: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    """Return the rows of a table."""
    return [line for line in lines if line.get("table") == table]
