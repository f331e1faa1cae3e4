"""The importers' front door: one function per job, for every layout.

Each opens a file, finds or checks its layout, and yields what it finds row by row, in the order of the
file. Nothing is written here and nothing held back: that one fault refuses all is for the caller to do.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from typing import BinaryIO, Final, Generic, TypeVar
from zoneinfo import ZoneInfo

from timebank.errors import LayoutWithoutMembers, MappingNotForLayout
from timebank.reports.importers import generic, komunitin, timeoverflow
from timebank.reports.importers.cells import DateOrder, Moments
from timebank.reports.importers.headers import (
    KOMUNITIN_ACCOUNTS,
    KOMUNITIN_TRANSFERS,
    has_columns,
    is_timeoverflow_transfers,
)
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    Layout,
    MemberRow,
    Notice,
    NoticeCode,
    RowFault,
)
from timebank.reports.importers.reader import Table, read_table

GUESSED: Final = "read as Windows-1252, because it is not UTF-8: look at some names, or say the encoding"

RowType = TypeVar("RowType", ExchangeRow, MemberRow, AccountRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading(Generic[RowType]):
    """A file being read: how it is understood, and its rows, faults and notices, to be walked once.

    Walking it raises `TableTooLarge` and `WrongEncoding`; every other error came before.
    """

    layout: Layout
    encoding: str
    separator: str
    found: Iterator[RowType | RowFault | Notice]

    def __iter__(self) -> Iterator[RowType | RowFault | Notice]:
        """Walk what was found, in the order of the file."""
        return self.found


def read_exchanges(
    file: BinaryIO | bytes,
    *,
    zone: ZoneInfo,
    layout: Layout | None = None,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    dates: DateOrder = DateOrder.DAY_FIRST,
    left_sentences: Iterable[str] = (),
) -> Reading[ExchangeRow]:
    """Read exchanges from another system.

    Args:
        file: seekable, opened for reading bytes; nobody else may move it until the rows are read.
        zone: where times without an offset were written: the branch's zone.
        layout: whose export it is; None finds out from the header.
        mapping: field to title of its column, see `generic.parse_mapping`; for a generic file only.
        encoding: see `reader.read_table`.
        separator: see `reader.read_table`.
        dates: how to read 04/05/2023.
        left_sentences: what else the other system writes for people who left.

    Raises:
        NotATable, NoHeader, TableEmpty, TableTooLarge, UnknownEncoding, WrongEncoding, BadSeparator: see
            `reader.read_table`.
        WrongLayout: the columns are not those of the layout.
        UnknownField, UnknownColumn, RepeatedTitle, ColumnMissing, AmbiguousLength: see `generic.columns_of`.
        MappingNotForLayout: a mapping, and a layout that has its own columns.
    """
    table = read_table(file, encoding=encoding, separator=separator)
    chosen = layout or (Layout.GENERIC if mapping else exchanges_layout_of(table.header))
    refuse_mapping(chosen, mapping)
    if chosen is Layout.TIMEOVERFLOW:
        moments = Moments(zone=zone, order=dates, needs_time=True)
        found = timeoverflow.exchanges_of(table, moments, left_sentences=left_sentences)
    elif chosen is Layout.KOMUNITIN:
        found = komunitin.exchanges_of(table, zone)
    else:
        found = generic.exchanges_of(table, zone, mapping=mapping or {}, order=dates)
    return reading(table, chosen, found)


def read_members(
    file: BinaryIO | bytes,
    *,
    zone: ZoneInfo,
    layout: Layout | None = None,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
    dates: DateOrder = DateOrder.DAY_FIRST,
) -> Reading[MemberRow]:
    """Read members: TimeOverflow's members report, which must be named, or any CSV file.

    Arguments and errors are those of `read_exchanges`.

    Raises:
        LayoutWithoutMembers: for Komunitin, whose exports hold no names.
    """
    table = read_table(file, encoding=encoding, separator=separator)
    chosen = layout or Layout.GENERIC
    refuse_mapping(chosen, mapping)
    if chosen is Layout.KOMUNITIN:
        raise LayoutWithoutMembers(layout=chosen.value)
    if chosen is Layout.TIMEOVERFLOW:
        found = timeoverflow.members_of(table, zone)
    else:
        found = generic.members_of(table, zone, mapping=mapping or {}, order=dates)
    return reading(table, chosen, found)


def read_accounts(
    file: BinaryIO | bytes,
    *,
    zone: ZoneInfo,
    layout: Layout | None = None,
    mapping: Mapping[str, str] | None = None,
    encoding: str | None = None,
    separator: str | None = None,
) -> Reading[AccountRow]:
    """Read balances, to open with or to reconcile with.

    From TimeOverflow's members report, which must be named, Komunitin's accounts export, or any CSV
    file. Arguments and errors are those of `read_exchanges`.
    """
    table = read_table(file, encoding=encoding, separator=separator)
    is_komunitin = not mapping and has_columns(table.header, KOMUNITIN_ACCOUNTS)
    chosen = layout or (Layout.KOMUNITIN if is_komunitin else Layout.GENERIC)
    refuse_mapping(chosen, mapping)
    if chosen is Layout.TIMEOVERFLOW:
        found = timeoverflow.accounts_of(table, zone)
    elif chosen is Layout.KOMUNITIN:
        found = komunitin.accounts_of(table)
    else:
        found = generic.accounts_of(table, mapping=mapping or {})
    return reading(table, chosen, found)


def exchanges_layout_of(header: tuple[str, ...]) -> Layout:
    """Tell whose export of exchanges has that header."""
    if is_timeoverflow_transfers(header):
        return Layout.TIMEOVERFLOW
    if has_columns(header, KOMUNITIN_TRANSFERS):
        return Layout.KOMUNITIN
    return Layout.GENERIC


def refuse_mapping(layout: Layout, mapping: Mapping[str, str] | None) -> None:
    """Refuse a mapping where the layout says which column is which.

    Raises:
        MappingNotForLayout: there is one.
    """
    if mapping and layout is not Layout.GENERIC:
        raise MappingNotForLayout(layout=layout.value)


def reading(table: Table, layout: Layout, found: Iterator[RowType | RowFault | Notice]) -> Reading[RowType]:
    """Start reading, so that what is wrong with the header is raised now."""
    first = list(islice(found, 1))
    notices: list[RowType | RowFault | Notice] = []
    if table.is_guessed:
        notices.append(Notice(line=table.line, code=NoticeCode.GUESSED_ENCODING, reason=GUESSED))
    return Reading(
        layout=layout,
        encoding=table.encoding,
        separator=table.separator,
        found=chain(notices, first, found),
    )
