from dataclasses import replace
from typing import Any

import pytest
from tests.builders import NOW, a_book, an_audit, an_exchange

from timebank.ledger.audit import JournalAudit, Totals
from timebank.ledger.chart import available
from timebank.ledger.points import AuditPoint, is_sealed, point_of, read_totals, write_totals

LEAF = bytes(range(32))


def an_audited_book() -> JournalAudit:
    """Return the audit of a book with one exchange."""
    book = a_book(available("m1"), available("m2"))
    return an_audit(book, [book.post(an_exchange(minutes=90), recorded_at=NOW)])


def a_point(audit: JournalAudit) -> AuditPoint:
    """Return the point that an audit has come to."""
    return point_of(audit, leaf=LEAF, actor="coordinator:desk", recorded_us=9, seen_us=8)


def test_a_point_keeps_the_totals_of_every_account() -> None:
    """The next audit goes on with them as if it had folded what lies behind."""
    audit = an_audited_book()

    point = a_point(audit)

    assert 1 == point.entry_seq
    assert audit.totals == read_totals(point.totals)
    assert {1: Totals(90, 90, 0, 1), 2: Totals(-90, 0, 90, 1)} == audit.totals
    assert {} == read_totals(write_totals({}))


@pytest.mark.parametrize(
    "changes",
    [
        {"entry_seq": 2},
        {"actor": "coordinator:other"},
        {"recorded_us": 10},
        {"seen_us": 9},
        {"totals": "1 91 91 0 1\n2 -91 0 91 1\n"},
        {"digest": bytes(32)},
    ],
)
def test_a_point_that_was_changed_is_not_sealed_any_more(changes: dict[str, Any]) -> None:
    """Whatever was changed, and the journal at it as well."""
    audit = an_audited_book()
    point = a_point(audit)

    assert is_sealed(point, "lille", leaf=LEAF, last_us=audit.last_us)
    assert not is_sealed(replace(point, **changes), "lille", leaf=LEAF, last_us=audit.last_us)
    assert not is_sealed(point, "rouen", leaf=LEAF, last_us=audit.last_us)
    assert not is_sealed(point, "lille", leaf=bytes(32), last_us=audit.last_us)
    assert not is_sealed(point, "lille", leaf=LEAF, last_us=audit.last_us + 1)
