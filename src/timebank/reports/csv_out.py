"""CSV for spreadsheets and scripts: accounts, entries, one statement, members (RFC 4180). Pure.

A spreadsheet takes a cell that begins like a formula for one, whoever wrote it: a member could name
herself `=HYPERLINK(…)` and have it run at the coordinator's desk. Every cell that holds somebody's text is
therefore given a leading apostrophe if it begins that way, phone numbers with a plus included. Numbers,
days and codes are written by us from whole numbers, dates and enums, so `-90` stays a number.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from timebank.care.member import Identity, Member
from timebank.instants import write_instant
from timebank.ledger.book import AccountState
from timebank.ledger.model import JournalEntry
from timebank.ledger.statement import Statement

Cell = str | int | bool | date | datetime | None
BOM: Final = "\ufeff"
"""By which spreadsheet programs recognise UTF-8."""
FORMULA_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""What a formula can begin with; the wide ones where Excel is Japanese."""

ACCOUNT_TITLES: Final = (
    *("path", "unit", "balance", "given", "received"),
    *("floor", "warn_floor", "warn_ceiling", "ceiling", "is_closed"),
)
ENTRY_TITLES: Final = (
    *("entry", "line", "effective_on", "effective_at", "recorded_at", "kind", "cause", "step"),
    *("by", "policy_version", "reverses", "path", "unit", "side", "amount", "change", "balance_after"),
)
STATEMENT_TITLES: Final = (
    *("what", "path", "unit", "entry", "effective_on", "recorded_at", "kind", "cause", "other_paths"),
    *("change", "balance", "reverses", "reversed_by"),
)
MEMBER_TITLES: Final = ("ref", "kind", "joined_on", "left_on")
NAME_TITLES: Final = ("name", "email", "phone")


class _Echo:
    """Hands back what `csv` writes to it."""

    def write(self, text: str) -> str:
        return text


def csv_text(
    titles: Sequence[str], rows: Iterable[Sequence[Cell]], *, separator: str = ",", has_bom: bool = False
) -> Iterator[str]:
    """Yield a table as CSV, one line at a time, the titles first; lines end in CR LF.

    Args:
        titles: of the columns.
        rows: as many cells in each; `str` is taken for somebody's text.
        separator: one sign.
        has_bom: begin with a byte order mark, for spreadsheet programs.
    """
    write = csv.writer(_Echo(), delimiter=separator, lineterminator="\r\n").writerow
    yield (BOM if has_bom else "") + str(write(titles))
    for row in rows:
        assert len(row) == len(titles), f"{len(titles)} columns, a row of {len(row)} cells"
        yield str(write([cell_of(cell) for cell in row]))


def cell_of(value: Cell) -> str:
    """Write one cell: numbers plain, days ISO 8601, instants RFC 3339, nothing for None, text made safe."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return write_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    return f"'{value}" if value.startswith(FORMULA_SIGNS) else str(value)


def account_rows(states: Iterable[AccountState]) -> Iterator[Sequence[Cell]]:
    """Yield a row for each account; amounts in the unit's smallest quantity, credits minus debits."""
    for state in states:
        limits = state.limits
        yield (
            *(state.path, state.unit, state.balance, state.given, state.received),
            *(limits.floor, limits.warn_floor, limits.warn_ceiling, limits.ceiling, state.is_closed),
        )


def entry_rows(entries: Iterable[JournalEntry]) -> Iterator[Sequence[Cell]]:
    """Yield a row for each posting; `change` is the amount with the sign it has in the balance."""
    for entry in entries:
        draft = entry.draft
        head: Sequence[Cell] = (
            *(draft.effective_on, draft.effective_at, entry.recorded_at, draft.kind.value),
            *(f"{draft.cause.kind} {draft.cause.ref}", draft.cause.step),
            *(str(draft.actor), draft.policy_version, draft.reverses),
        )
        for number, line in enumerate(entry.lines, 1):
            posting = line.posting
            yield (
                *(entry.seq, number, *head),
                *(posting.path, posting.unit, posting.side.value, posting.amount, posting.change),
                line.balance_after,
            )


def statement_rows(statement: Statement) -> Iterator[Sequence[Cell]]:
    """Yield the opening, a row for each line, and the closing of a statement."""
    account = (statement.path, statement.unit)
    nothing = (None, None)
    first_on, last_on = statement.period.first_on, statement.period.last_on
    yield ("opening", *account, None, first_on, None, *nothing, None, None, statement.opening, *nothing)
    for line in statement.lines:
        yield (
            *("entry", *account, line.entry, line.effective_on, line.recorded_at, line.kind, line.cause),
            *(" ".join(line.other_paths), line.change, line.balance, line.reverses, line.reversed_by),
        )
    yield ("closing", *account, None, last_on, None, *nothing, None, None, statement.closing, *nothing)


def member_rows(
    members: Iterable[tuple[Member, Identity | None]], *, with_names: bool
) -> Iterator[Sequence[Cell]]:
    """Yield a row for each member, with name and contacts if asked for; those of the erased are empty."""
    for member, who in members:
        known: Sequence[Cell] = (member.ref, member.kind.value, member.joined_on, member.left_on)
        names = (who.name, who.email, who.phone) if who is not None else (None, None, None)
        yield (*known, *names) if with_names else known
