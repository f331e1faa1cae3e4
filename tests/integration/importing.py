"""Files of other systems, made for a test, and the whole content of a bank before and after."""

import csv
import io
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from tests.builders import a_bank

from timebank.errors import ImportRefused
from timebank.reports.importers.model import FaultCode
from timebank.services.bank import Bank
from timebank.services.import_writers import Progress
from timebank.services.imports import FileFormat, ImportReport

BRANCH = "lille"
DATA = Path(__file__).parents[1] / "data" / "imports"
ENGLISH = ("Date", "From", "To", "Post", "Quantity")
FRENCH = ("Date", "Depuis", "Vers", "Annonce", "Quantité")
SPANISH = ("Fecha", "Origen", "Destino", "Anuncio", "Cantidad")

GENERIC = ("date", "provider", "recipient", "minutes")
KOMUNITIN = ("id", "created", "state", "amount", "description", "payer.code", "payee.code")

Row = Sequence[object]


def an_empty_branch(folder: Path, *, zone: str = "Europe/Paris") -> Bank:
    """Open a bank with one branch and nobody in it."""
    bank = a_bank(folder)
    bank.branches.create(BRANCH, name="Sample Bank", zone=zone)
    return bank


def csv_of(*rows: Row, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """Write rows, the header first, as a spreadsheet would."""
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows(rows)
    return text.getvalue().encode(encoding)


def a_report(*rows: Row, titles: Row = ENGLISH, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """Write a TimeOverflow report of exchanges: from (was helped), to (helped), quantity and, maybe, a post.

    They happen on one day after the other from 4 May 2023, at 10:00 UTC.
    """
    cells = [
        (f"2023-05-{day:02} 10:00:00 UTC", helped, helper, *(post or ("",)), quantity)
        for day, (helped, helper, quantity, *post) in enumerate(rows, 4)
    ]
    return csv_of(titles, *cells, separator=separator, encoding=encoding)


def exchanges(
    bank: Bank,
    content: bytes,
    *,
    how: FileFormat | None = None,
    source: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file of exchanges."""
    file = io.BytesIO(content)
    return bank.imports.exchanges(BRANCH, file, file_format=how, source=source, progress=progress)


def refused(bank: Bank, content: bytes) -> list[tuple[int, str | None, FaultCode]]:
    """Import what must be refused; returns line, column and code of each fault."""
    with pytest.raises(ImportRefused) as error:
        exchanges(bank, content)
    return [(fault.line, fault.column, fault.code) for fault in error.value.faults]


def members(
    bank: Bank,
    content: bytes,
    *,
    how: FileFormat | None = None,
    source: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file of members."""
    file = io.BytesIO(content)
    return bank.imports.members(BRANCH, file, file_format=how, source=source, progress=progress)


def openings(
    bank: Bank,
    content: bytes,
    *,
    how: FileFormat | None = None,
    source: str | None = None,
    progress: Progress | None = None,
) -> ImportReport:
    """Import a file of opening balances."""
    file = io.BytesIO(content)
    return bank.imports.openings(BRANCH, file, file_format=how, source=source, progress=progress)


def balances(bank: Bank) -> dict[str, int]:
    """Return the balance of every account of the branch."""
    return {account.path: account.balance for account in bank.accounts.list(BRANCH)}


def of_members(bank: Bank) -> dict[str, int]:
    """Return the balance of every member's account, by reference."""
    return {path.split(":")[1]: minutes for path, minutes in balances(bank).items() if ":available" in path}


def names(bank: Bank) -> dict[str, str | None]:
    """Return the name of every member, None for those erased."""
    return {
        view.member.ref: view.identity.name if view.identity is not None else None
        for view in bank.members.list(BRANCH)
    }


def words(bank: Bank, seq: int) -> tuple[str, ...]:
    """Return what was written about an entry."""
    return bank.entries.show(BRANCH, seq).notes


def dump(folder: Path) -> Mapping[str, list[tuple[object, ...]]]:
    """Return every row of every table of a folder's bank."""
    with closing(sqlite3.connect(folder / "bank.db")) as raw:
        tables = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {table: sorted(raw.execute(f"SELECT * FROM {table}"), key=repr) for table in tables}


def journal_text(folder: Path) -> str:
    """Return the content of all tables but those that are erased, as text."""
    kept = {name: rows for name, rows in dump(folder).items() if not name.startswith("identity_")}
    return repr(kept)


def folded(rows: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """Fold (helped, helper, minutes) into balances: whoever was helped pays whoever helped."""
    totals: dict[str, int] = {}
    for helped, helper, minutes in rows:
        totals[helped] = totals.get(helped, 0) - minutes
        totals[helper] = totals.get(helper, 0) + minutes
    return totals
