"""Any CSV file: columns named by a mapping, or recognised by their titles in English, French or Spanish."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from timebank.errors import (
    AmbiguousLength,
    BadMapping,
    ColumnMissing,
    RepeatedTitle,
    UnknownColumn,
    UnknownField,
)
from timebank.reports.importers.cells import (
    LONG_AGO,
    NOBODY,
    DateOrder,
    FirstLines,
    Lengths,
    Moments,
    RowReader,
    email_of,
    key_of,
    name_of,
    optional_line,
    phone_of,
    text_of,
)
from timebank.reports.importers.headers import ACCOUNT_TITLES, EXCHANGE_TITLES, MEMBER_TITLES, is_data, plain
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    FaultCode,
    FoundAccount,
    FoundExchange,
    FoundMember,
    MemberRow,
    Notice,
    NoticeCode,
    Party,
    PartyKind,
    RowFault,
)
from timebank.reports.importers.reader import Table

LENGTHS: Final = {"minutes": False, "hours": True, "duration": None}
"""The three ways to give a length of time, and what a bare number means in each: see `Lengths`."""
TITLES_SHOWN: Final = 30

Titles = Mapping[str, tuple[str, ...]]
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Where the fields of a row stand."""

    index: Mapping[str, int]

    def read(self, cells: RowReader, field: str, parse: Callable[[str], Value], *, instead: Value) -> Value:
        """Read a field; `instead` when the file has no such column, or when `parse` refuses the cell."""
        column = self.index.get(field)
        return instead if column is None else cells.read(column, parse, instead=instead)

    @property
    def length(self) -> str:
        """The field that gives the length of time."""
        return next(field for field in LENGTHS if field in self.index)


def parse_mapping(texts: Iterable[str]) -> dict[str, str]:
    """Read mappings as the command line takes them: `provider=Aidant`; titles may hold `=` as well.

    Raises:
        BadMapping: no `=`, nothing on one side of it, or a field twice.
    """
    mapping: dict[str, str] = {}
    for text in texts:
        field, _, title = (part.strip() for part in text.partition("="))
        if not field or not title or field in mapping:
            raise BadMapping
        mapping[field] = title
    return mapping


def columns_of(
    header: tuple[str, ...], titles: Titles, mapping: Mapping[str, str], *, required: tuple[str, ...]
) -> Columns:
    """Find the column of each field: as mapped, else by the first of its titles that the header has.

    A mapped column serves no other field by its title, and a mapped length of time rules out the others.

    Raises:
        UnknownField: the mapping names a field that these rows do not have.
        UnknownColumn: the mapping names a title that the header does not have.
        RepeatedTitle: two columns have the title of a field.
        ColumnMissing: a required field, or the length of time where `titles` has one, has no column.
        AmbiguousLength: two columns could be the length of time.
    """
    index = mapped(header, titles, mapping)
    recognised(header, titles, index)
    for field in required:
        if field not in index:
            raise ColumnMissing(field=field, option=field, columns=shown(header))
    lengths = [field for field in LENGTHS if field in index]
    if "minutes" in titles and not lengths:
        option = "minutes, hours or duration"
        raise ColumnMissing(field="the length of time", option=option, columns=shown(header))
    if len(lengths) > 1:
        raise AmbiguousLength
    return Columns(index=index)


def mapped(header: tuple[str, ...], titles: Titles, mapping: Mapping[str, str]) -> dict[str, int]:
    """Return where the mapped columns stand.

    Raises:
        UnknownField, UnknownColumn, RepeatedTitle: as `columns_of`.
    """
    plain_header = list(map(plain, header))
    index: dict[str, int] = {}
    for field, title in mapping.items():
        if field not in titles:
            raise UnknownField(fields=", ".join(titles))
        if plain(title) not in plain_header:
            raise UnknownColumn(field=field, columns=shown(header))
        index[field] = the_only(plain_header, plain(title), field)
    return index


def recognised(header: tuple[str, ...], titles: Titles, index: dict[str, int]) -> None:
    """Add to `index` where the columns stand that are recognised by their titles.

    Raises:
        RepeatedTitle: as `columns_of`.
    """
    plain_header = list(map(plain, header))
    taken = set(index.values())
    has_length = not index.keys().isdisjoint(LENGTHS)
    for field, known in titles.items():
        if field in index or (has_length and field in LENGTHS):
            continue
        title = next((title for title in map(plain, known) if title in plain_header), None)
        if title is not None and plain_header.index(title) not in taken:
            index[field] = the_only(plain_header, title, field)


def the_only(plain_header: list[str], title: str, field: str) -> int:
    """Return where the one column with that title stands.

    Raises:
        RepeatedTitle: there are several.
    """
    if plain_header.count(title) > 1:
        raise RepeatedTitle(field=field)
    return plain_header.index(title)


def shown(header: tuple[str, ...]) -> str:
    """List the titles of a file for an error message; a first line of values is not a header, and private."""
    if is_data(header):
        return "its first line holds values, not titles"
    titles = [title for title in header if title][:TITLES_SHOWN]
    return "it has: " + ", ".join(
        title if len(title) <= TITLES_SHOWN else title[:TITLES_SHOWN] + "…" for title in titles
    )


def exchanges_of(
    table: Table, zone: ZoneInfo, *, mapping: Mapping[str, str], order: DateOrder
) -> Iterator[FoundExchange]:
    """Read exchanges: date, provider, recipient, a length of time, and what else the file has.

    A length of 0 is a notice. Rows may have an identifier of their own, which then must differ.

    Raises:
        UnknownField, UnknownColumn, RepeatedTitle, ColumnMissing, AmbiguousLength: as `columns_of`.
    """
    columns = columns_of(table.header, EXCHANGE_TITLES, mapping, required=("date", "provider", "recipient"))
    moments = Moments(zone=zone, order=order)
    lengths = Lengths(bare_hours=LENGTHS[columns.length])
    earlier = FirstLines()
    for row in table.rows:
        if isinstance(row, RowFault):
            yield row
        else:
            yield from exchange_in(RowReader(row, table.header), columns, moments, lengths, earlier)


def exchange_in(
    cells: RowReader, columns: Columns, moments: Moments, lengths: Lengths, earlier: FirstLines
) -> Iterator[FoundExchange]:
    """Read one row of exchanges."""
    line = cells.row.line
    occurred_at = columns.read(cells, "date", moments, instead=LONG_AGO)
    provider = party_in(cells, columns, "provider")
    recipient = party_in(cells, columns, "recipient")
    minutes = columns.read(cells, columns.length, lengths, instead=0)
    kind = columns.read(cells, "kind", optional_line, instead="")
    external_id = columns.read(cells, "id", lambda cell: earlier.once(key_of(cell), line), instead="")
    if provider == recipient and provider.key:
        cells.note(columns.index["recipient"], FaultCode.SAME_PARTY, "the same on both sides")
    if cells.faults:
        yield from cells.faults
    elif minutes == 0:
        yield Notice(line=line, code=NoticeCode.ZERO_QUANTITY, reason="a length of 0 moves nothing")
    else:
        yield ExchangeRow(
            line=line,
            occurred_at=occurred_at,
            minutes=minutes,
            provider=provider,
            recipient=recipient,
            description=columns.read(cells, "description", text_of, instead=""),
            kind=kind or None,
            external_id=external_id or None,
        )


def party_in(cells: RowReader, columns: Columns, field: str) -> Party:
    """Read the provider or the recipient, with the name if it has a column of its own."""
    key = columns.read(cells, field, key_of, instead=NOBODY.key)
    label = columns.read(cells, f"{field}_name", optional_line, instead="")
    return Party(kind=PartyKind.MEMBER, key=key, label=label)


def members_of(
    table: Table, zone: ZoneInfo, *, mapping: Mapping[str, str], order: DateOrder
) -> Iterator[FoundMember]:
    """Read members: a key and a name, and what else the file has of them. Each key comes once.

    Raises:
        UnknownField, UnknownColumn, RepeatedTitle, ColumnMissing: as `columns_of`.
    """
    columns = columns_of(table.header, MEMBER_TITLES, mapping, required=("key", "name"))
    moments = Moments(zone=zone, order=order)
    earlier = FirstLines()
    for row in table.rows:
        if isinstance(row, RowFault):
            yield row
        else:
            yield from member_in(RowReader(row, table.header), columns, moments, earlier)


def member_in(
    cells: RowReader, columns: Columns, moments: Moments, earlier: FirstLines
) -> Iterator[MemberRow | RowFault]:
    """Read one row of members."""
    line = cells.row.line
    member = MemberRow(
        line=line,
        key=columns.read(cells, "key", lambda cell: earlier.once(key_of(cell), line), instead=""),
        name=columns.read(cells, "name", name_of, instead=""),
        email=columns.read(cells, "email", email_of, instead=""),
        phone=columns.read(cells, "phone", phone_of, instead=""),
        alternative_phone=columns.read(cells, "second_phone", optional_line, instead=""),
        language=columns.read(cells, "language", optional_line, instead=""),
        joined_on=columns.read(cells, "joined", moments.optional_day, instead=None),
    )
    if cells.faults:
        yield from cells.faults
    else:
        yield member


def accounts_of(table: Table, *, mapping: Mapping[str, str]) -> Iterator[FoundAccount]:
    """Read balances, to open with or to reconcile with: a member and a signed length of time.

    Raises:
        UnknownField, UnknownColumn, RepeatedTitle, ColumnMissing, AmbiguousLength: as `columns_of`.
    """
    columns = columns_of(table.header, ACCOUNT_TITLES, mapping, required=("member",))
    lengths = Lengths(bare_hours=LENGTHS[columns.length], is_signed=True)
    earlier = FirstLines()
    for row in table.rows:
        if isinstance(row, RowFault):
            yield row
        else:
            yield from account_in(RowReader(row, table.header), columns, lengths, earlier)


def account_in(
    cells: RowReader, columns: Columns, lengths: Lengths, earlier: FirstLines
) -> Iterator[AccountRow | RowFault]:
    """Read one row of balances."""
    line = cells.row.line
    key = columns.read(cells, "member", lambda cell: earlier.once(key_of(cell), line), instead="")
    balance = columns.read(cells, columns.length, lengths, instead=0)
    if cells.faults:
        yield from cells.faults
    else:
        yield AccountRow(line=line, party=Party(kind=PartyKind.MEMBER, key=key), balance_minutes=balance)
