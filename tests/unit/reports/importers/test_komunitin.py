"""Komunitin: what was committed, by whom to whom, and the balances it should lead to."""

from datetime import UTC, datetime

import pytest
from tests.unit.reports.importers.writing import KOMUNITIN_TITLES, PARIS, csv_text

from timebank.errors import RepeatedTitle, WrongLayout
from timebank.reports.importers.layouts import read_accounts, read_exchanges
from timebank.reports.importers.model import (
    AccountRow,
    ExchangeRow,
    FaultCode,
    FoundExchange,
    Layout,
    Notice,
    NoticeCode,
    Party,
    PartyKind,
    RowFault,
)

SOUND = {
    "id": "t1",
    "created": "2024-02-01T10:00:00.250Z",
    "state": "committed",
    "amount": "1.50",
    "description": "Sample",
    "payer.code": "SMPL0001",
    "payee.code": "SMPL0002",
}


def read(*rows: dict[str, str]) -> list[FoundExchange]:
    """Read a transfers export of sound rows with changes."""
    cells = [[{**SOUND, **row}.get(title, "") for title in KOMUNITIN_TITLES] for row in rows]
    return list(read_exchanges(csv_text([list(KOMUNITIN_TITLES), *cells]).encode(), zone=PARIS))


def account(code: str) -> Party:
    """An account by code."""
    return Party(kind=PartyKind.ACCOUNT, key=code)


def test_the_payer_was_helped_and_the_payee_helped() -> None:
    """As in TimeOverflow: who pays with hours received help."""
    (row,) = read({})

    assert (
        ExchangeRow(
            line=2,
            occurred_at=datetime(2024, 2, 1, 10, 0, 0, 250_000, tzinfo=UTC),
            minutes=90,
            provider=account("SMPL0002"),
            recipient=account("SMPL0001"),
            description="Sample",
            external_id="t1",
        )
        == row
    )


@pytest.mark.parametrize(
    "state", ["new", "pending", "accepted", "submitted", "rejected", "failed", "deleted"]
)
def test_only_committed_transfers_moved_anything(state: str) -> None:
    """The rest is said, by state."""
    (notice,) = read({"state": state})

    assert isinstance(notice, Notice)
    assert (2, NoticeCode.NOT_COMMITTED) == (notice.line, notice.code)
    assert state in notice.reason


def test_nothing_is_a_notice() -> None:
    """Zero moves nothing, whatever its sign."""
    assert [NoticeCode.ZERO_QUANTITY] * 2 == [
        notice.code
        for notice in read({"amount": "0.00"}, {"amount": "-0", "id": "t2"})
        if isinstance(notice, Notice)
    ]


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"id": "t0"}, "id", FaultCode.REPEATED_KEY),
        ({"payee.code": "SMPL0001"}, "payee.code", FaultCode.SAME_PARTY),
        ({"amount": "-1.00"}, "amount", FaultCode.DURATION_BEYOND_RANGE),
        ({"amount": "0.33"}, "amount", FaultCode.NOT_WHOLE_MINUTES),
        ({"created": "2024-02-01"}, "created", FaultCode.BAD_DATE),
        ({"state": "lost"}, "state", FaultCode.BAD_STATE),
        ({"state": "pending", "amount": "x"}, "amount", FaultCode.BAD_NUMBER),
    ],
)
def test_a_broken_transfer_is_one_fault(change: dict[str, str], column: str, code: FaultCode) -> None:
    """Also in a row that moved nothing: a shifted column can make any state."""
    _, fault = read({"id": "t0"}, change)

    assert isinstance(fault, RowFault)
    assert (3, column, code) == (fault.line, fault.column, fault.code)


def test_columns_are_found_by_title() -> None:
    """In any order, with or without those that are not read."""
    titles = sorted(SOUND)
    file = csv_text([titles, [SOUND[title] for title in titles]]).encode()

    assert read({}) == list(read_exchanges(file, zone=PARIS))
    with pytest.raises(RepeatedTitle):
        read_exchanges(csv_text([[*titles, "ID"], ["x"] * 8]).encode(), zone=PARIS)
    with pytest.raises(WrongLayout, match="amount"):
        read_exchanges(csv_text([titles[1:], ["x"] * 6]).encode(), zone=PARIS, layout=Layout.KOMUNITIN)


def test_balances_are_read_in_any_state() -> None:
    """A closed account has its part in the sum."""
    file = b"id,code,status,balance\na,S1,active,-1.50\nb,S2,deleted,1.5\nc,S2,active,0\nd,,active,x\ne\n"

    found = list(read_accounts(file, zone=PARIS))

    assert [
        AccountRow(line=2, party=account("S1"), balance_minutes=-90),
        AccountRow(line=3, party=account("S2"), balance_minutes=90),
    ] == [row for row in found if isinstance(row, AccountRow)]
    assert [
        (4, "code", FaultCode.REPEATED_KEY),
        (5, "code", FaultCode.MISSING),
        (5, "balance", FaultCode.BAD_NUMBER),
        (6, None, FaultCode.RAGGED_ROW),
    ] == [(row.line, row.column, row.code) for row in found if isinstance(row, RowFault)]
