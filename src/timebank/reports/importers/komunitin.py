"""Komunitin: its transfers export and its accounts export, for a currency that counts hours.

*Payer* was helped (recipient), *payee* helped (provider). Only a committed transfer moved anything.
Columns are found by their titles; the exports have more of them than are read.
"""

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from timebank.errors import RepeatedTitle, WrongLayout
from timebank.reports.importers.cells import (
    LONG_AGO,
    NOBODY,
    FirstLines,
    Moments,
    Refused,
    RowReader,
    exact_hours,
    key_of,
    text_of,
)
from timebank.reports.importers.headers import KOMUNITIN_ACCOUNTS, KOMUNITIN_TRANSFERS, plain
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    FaultCode,
    FoundAccount,
    FoundExchange,
    Notice,
    NoticeCode,
    Party,
    PartyKind,
    RowFault,
)
from timebank.reports.importers.reader import Table

COMMITTED: Final = "committed"
OTHER_STATES: Final = frozenset({"new", "pending", "accepted", "submitted", "rejected", "failed", "deleted"})


def exchanges_of(table: Table, zone: ZoneInfo) -> Iterator[FoundExchange]:
    """Read a transfers export. A transfer in another state than committed is a notice.

    Args:
        table: the export.
        zone: plays no part for the export's own instants, which end in Z.

    Raises:
        WrongLayout: a column is missing.
        RepeatedTitle: a column is there twice.
    """
    columns = columns_of(table, KOMUNITIN_TRANSFERS)
    moments = Moments(zone=zone, needs_time=True)
    earlier = FirstLines()
    for row in table.rows:
        if isinstance(row, RowFault):
            yield row
        else:
            yield from exchange_in(RowReader(row, table.header), columns, moments, earlier)


def exchange_in(
    cells: RowReader, columns: dict[str, int], moments: Moments, earlier: FirstLines
) -> Iterator[FoundExchange]:
    """Read one row of a transfers export."""
    line = cells.row.line
    external_id = cells.read(columns["id"], lambda cell: earlier.once(key_of(cell), line), instead="")
    occurred_at = cells.read(columns["created"], moments, instead=LONG_AGO)
    state = cells.read(columns["state"], state_of, instead="")
    minutes = cells.read(columns["amount"], amount_of, instead=0)
    recipient = cells.read(columns["payer.code"], account_of, instead=NOBODY)
    provider = cells.read(columns["payee.code"], account_of, instead=NOBODY)
    if provider == recipient and provider.key:
        cells.note(columns["payee.code"], FaultCode.SAME_PARTY, "the same on both sides")
    if cells.faults:
        yield from cells.faults
    elif state != COMMITTED:
        yield Notice(
            line=line, code=NoticeCode.NOT_COMMITTED, reason=f"its state is {state}: it moved nothing"
        )
    elif minutes == 0:
        yield Notice(line=line, code=NoticeCode.ZERO_QUANTITY, reason="an amount of 0 moves nothing")
    else:
        yield ExchangeRow(
            line=line,
            occurred_at=occurred_at,
            minutes=minutes,
            provider=provider,
            recipient=recipient,
            description=text_of(cells.row.cells[columns["description"]]),
            external_id=external_id,
        )


def accounts_of(table: Table) -> Iterator[FoundAccount]:
    """Read the balances of an accounts export, whatever the state of the account.

    Raises:
        WrongLayout, RepeatedTitle: as `exchanges_of`.
    """
    columns = columns_of(table, KOMUNITIN_ACCOUNTS)
    earlier = FirstLines()
    for row in table.rows:
        if isinstance(row, RowFault):
            yield row
        else:
            yield from account_in(RowReader(row, table.header), columns, earlier)


def account_in(
    cells: RowReader, columns: dict[str, int], earlier: FirstLines
) -> Iterator[AccountRow | RowFault]:
    """Read one row of an accounts export."""
    line = cells.row.line
    code = cells.read(columns["code"], lambda cell: earlier.once(key_of(cell), line), instead="")
    balance = cells.read(columns["balance"], exact_hours, instead=0)
    if cells.faults:
        yield from cells.faults
    else:
        party = Party(kind=PartyKind.ACCOUNT, key=code)
        yield AccountRow(line=line, party=party, balance_minutes=balance)


def columns_of(table: Table, wanted: tuple[str, ...]) -> dict[str, int]:
    """Return where each wanted column stands.

    Raises:
        WrongLayout: one is missing.
        RepeatedTitle: one is there twice.
    """
    titles = [plain(title) for title in table.header]
    for title in wanted:
        if titles.count(title) > 1:
            raise RepeatedTitle(field=title)
        if title not in titles:
            raise WrongLayout(layout="komunitin", expected=f"columns {', '.join(wanted)}")
    return {title: titles.index(title) for title in wanted}


def account_of(cell: str) -> Party:
    """Read an account code.

    Raises:
        Refused: it is empty or too long.
    """
    return Party(kind=PartyKind.ACCOUNT, key=key_of(cell))


def amount_of(cell: str) -> int:
    """Read the hours of a transfer as minutes, zero or more.

    Raises:
        Refused: as `exact_hours`, or below zero.
    """
    minutes = exact_hours(cell)
    if minutes < 0:
        raise Refused(FaultCode.DURATION_BEYOND_RANGE, "an amount is not negative")
    return minutes


def state_of(cell: str) -> str:
    """Read the state of a transfer.

    Raises:
        Refused: it is none that Komunitin has.
    """
    state = cell.strip()
    if state != COMMITTED and state not in OTHER_STATES:
        raise Refused(FaultCode.BAD_STATE, "expected committed, or another state of a transfer")
    return state
