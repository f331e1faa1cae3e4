"""TimeOverflow: its transfers report and its members report, in any of its languages.

In the transfers report *From pays To*: From was helped (recipient), To helped (provider). The report has
no identifiers, names people who left by a sentence only, and shows the title of an offer as it is today.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from zoneinfo import ZoneInfo

from timebank.errors import NoHeader, WrongLayout
from timebank.reports.importers.cells import (
    LONG_AGO,
    NOBODY,
    FirstLines,
    Moments,
    Refused,
    RowReader,
    email_of,
    exact_seconds,
    key_of,
    line_of,
    name_of,
    optional_line,
    phone_of,
    quantity,
    text_of,
)
from timebank.reports.importers.headers import PLAIN_LEFT, is_data, is_timeoverflow_transfers, plain
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
from timebank.reports.importers.reader import Row, Table

WHEN, FROM, TO, POST, QUANTITY = range(5)
TRANSFER_COLUMNS: Final = 5
MEMBER_COLUMNS: Final = 9
PARTIES_KEPT: Final = 20_000
"""Parties remembered while reading, because the same few hundred come again and again."""
# The number in the last parentheses; the name may hold parentheses of its own.
MEMBER: Final = re.compile(r"(?P<name>.*)\((?P<number>\d{1,9})\)", re.ASCII | re.DOTALL)
ZERO_QUANTITY: Final = "a quantity of 0 moves nothing"
NUMBER: Final = re.compile(r"\d{1,9}", re.ASCII)


class Parties:
    """Reads From and To: `Display name (12)`, the sentence for somebody who left, or an organisation."""

    def __init__(self, left_sentences: Iterable[str]) -> None:
        """Know the sentences of all languages, and those given: their key is the sentence in plain."""
        self.left: Mapping[str, str] = PLAIN_LEFT | {plain(text): plain(text) for text in left_sentences}
        self.known: dict[str, Party] = {}

    def __call__(self, cell: str) -> Party:
        """Read a cell.

        Raises:
            Refused: it is empty or too long.
        """
        party = self.known.get(cell)
        if party is None:
            party = self.read(cell)
            if len(self.known) < PARTIES_KEPT:
                self.known[cell] = party
        return party

    def read(self, cell: str) -> Party:
        """See `__call__`."""
        name = key_of(cell)
        member = MEMBER.fullmatch(name)
        if member is not None:
            return Party(kind=PartyKind.MEMBER, key=str(int(member["number"])), label=line_of(member["name"]))
        way = self.left.get(plain(name))
        if way is not None:
            return Party(kind=PartyKind.LEFT, key=way, label=name)
        return Party(kind=PartyKind.ORGANISATION, key=name, label=name)


def exchanges_of(
    table: Table, moments: Moments, *, left_sentences: Iterable[str] = ()
) -> Iterator[FoundExchange]:
    """Read a transfers report: date, From, To, post, quantity, by position.

    A quantity of 0, and a transfer between two people who both left, move nothing: notices, not faults.

    Raises:
        WrongLayout: the header has another number of columns.
        NoHeader: the first line holds values.
    """
    if len(table.header) != TRANSFER_COLUMNS:
        raise WrongLayout(layout="timeoverflow", expected="5 columns: date, from, to, post, quantity")
    if not is_timeoverflow_transfers(table.header):
        if is_data(table.header):
            raise NoHeader
        reason = "titles of an unknown language: read by position as date, from, to, post, quantity"
        yield Notice(line=table.line, code=NoticeCode.UNKNOWN_HEADER, reason=reason)
    parties = Parties(left_sentences)
    for row in table.rows:
        if isinstance(row, RowFault):
            yield row
        else:
            yield from exchange_in(row, table.header, moments, parties)


def exchange_in(
    row: Row, header: tuple[str, ...], moments: Moments, parties: Parties
) -> Iterator[FoundExchange]:
    """Read one row of a transfers report."""
    cells = RowReader(row, header)
    occurred_at = cells.read(WHEN, moments, instead=LONG_AGO)
    recipient = cells.read(FROM, parties, instead=NOBODY)
    provider = cells.read(TO, parties, instead=NOBODY)
    minutes = cells.read(QUANTITY, quantity, instead=0)
    both_left = provider == recipient and provider.kind is PartyKind.LEFT
    if provider == recipient and provider.key and not both_left:
        cells.note(TO, FaultCode.SAME_PARTY, "the same on both sides")
    if cells.faults:
        yield from cells.faults
    elif both_left:
        reason = "both sides left and cannot be told apart: it changes no balance that can be kept"
        yield Notice(line=row.line, code=NoticeCode.BOTH_LEFT, reason=reason)
    elif minutes == 0:
        yield Notice(line=row.line, code=NoticeCode.ZERO_QUANTITY, reason=ZERO_QUANTITY)
    else:
        yield ExchangeRow(
            line=row.line,
            occurred_at=occurred_at,
            minutes=minutes,
            provider=provider,
            recipient=recipient,
            description=text_of(row.cells[POST]),
        )


def members_of(table: Table, zone: ZoneInfo) -> Iterator[FoundMember]:
    """Read a members report: number, name, e-mail, two phones, created, last sign-in, locale, balance.

    By position, because the titles are translated. The balance is in seconds; a member joined on the day in
    `zone` on which the account was created. The last sign-in is not kept.

    Raises:
        WrongLayout: the header has fewer columns.
        NoHeader: the first line holds values.
    """
    if len(table.header) < MEMBER_COLUMNS:
        raise WrongLayout(layout="timeoverflow", expected="at least 9 columns, from number to balance")
    if is_data(table.header):
        raise NoHeader
    moments = Moments(zone=zone)
    earlier = FirstLines()
    for row in table.rows:
        if isinstance(row, RowFault):
            yield row
        else:
            yield from member_in(RowReader(row, table.header), moments, earlier)


def member_in(cells: RowReader, moments: Moments, earlier: FirstLines) -> Iterator[MemberRow | RowFault]:
    """Read one row of a members report."""
    line = cells.row.line
    member = MemberRow(
        line=line,
        key=cells.read(0, lambda cell: earlier.once(number_of(cell), line), instead=""),
        name=cells.read(1, name_of, instead=""),
        email=cells.read(2, email_of, instead=""),
        phone=cells.read(3, phone_of, instead=""),
        alternative_phone=cells.read(4, optional_line, instead=""),
        joined_on=cells.read(5, moments.optional_day, instead=None),
        language=cells.read(7, optional_line, instead=""),
        balance_minutes=cells.read(8, exact_seconds, instead=0),
    )
    if cells.faults:
        yield from cells.faults
    else:
        yield member


def accounts_of(table: Table, zone: ZoneInfo) -> Iterator[FoundAccount]:
    """Read the balances of a members report, to reconcile with. Organisations are not in it.

    Raises:
        WrongLayout, NoHeader: as `members_of`.
    """
    for member in members_of(table, zone):
        if isinstance(member, MemberRow):
            assert member.balance_minutes is not None, "a members report has a balance in every row"
            party = Party(kind=PartyKind.MEMBER, key=member.key, label=member.name)
            yield AccountRow(line=member.line, party=party, balance_minutes=member.balance_minutes)
        else:
            yield member


def number_of(cell: str) -> str:
    """Read a member's number, without leading zeros.

    Raises:
        Refused: it is not a whole number.
    """
    bare = cell.strip()
    if NUMBER.fullmatch(bare) is None:
        raise Refused(FaultCode.BAD_NUMBER if bare else FaultCode.MISSING, "expected the member's number")
    return str(int(bare))
