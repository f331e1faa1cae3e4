"""A chunk of a journal by column, as SQLite hands it over to the audit's quickest lane."""

from typing import Any

from timebank.ledger.audit import StoredEntry, StoredLine
from timebank.ledger.quick import Rows
from timebank.ledger.runs import Columns, Likeness


def columns_of(likeness: Likeness, entries: Rows, lines: Rows, *, first: int) -> Columns | None:
    """Return what the two queries of `storage.folding` find in a chunk; None if either finds nothing.

    Args:
        likeness: what headers must have to be found.
        entries: as a driver hands them over, by number.
        lines: theirs, by entry and line.
        first: number of the first entry that is to be in the chunk.
    """
    headers = [StoredEntry(*entry) for entry in entries]
    alike = [
        each
        for each in headers
        if each.reverses is None
        and all(getattr(each, name) == value for name, value in likeness.same.items())
    ]
    postings = [StoredLine(*line) for line in lines]
    if not alike or not postings:
        return None
    return Columns(
        joined(each.seq for each in alike),
        joined(each.step for each in alike),
        joined(each.effective_us for each in alike),
        joined(each.effective_on for each in alike),
        b"".join(each.leaf for each in alike),
        min(len(each.leaf) for each in alike),
        joined(each.account_no for each in postings),
        joined(each.amount for each in postings),
        joined(each.account_seq for each in postings),
        joined(each.balance_after for each in postings),
        joined(place_of(each, first) for each in postings),
    )


def joined(values: Any) -> str:  # noqa: ANN401 - whatever a column holds
    """Join values as `group_concat` does: what is missing is left out."""
    return ",".join(str(value) for value in values if value is not None)


def place_of(line: StoredLine, first: int) -> int | None:
    """Return the place of a posting as `ledger.runs` counts it."""
    is_standard = line.side == {1: "debit", 2: "credit"}.get(line.line)
    return (line.entry_seq - first) * 2 + line.line - 1 if is_standard else None
