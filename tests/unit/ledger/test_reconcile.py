from typing import Any

import pytest
from tests.builders import NOW, a_book, a_draft, an_audit, an_exchange, stored

from timebank.ledger.audit import Fault, JournalAudit
from timebank.ledger.book import AccountState
from timebank.ledger.chart import available, held
from timebank.ledger.holds import placing, returning
from timebank.ledger.model import Cause, EntryDraft, EntryKind, credit, debit
from timebank.ledger.reconcile import (
    HoldsAudit,
    Movement,
    StoredHold,
    StoredLimit,
    check_clearing,
    check_counters,
    check_held,
    check_limits_history,
    check_totals,
    place_of_hold,
)

M1, M2, HELD_M1, HELD_M2 = available("m1"), available("m2"), held("m1"), held("m2")


@pytest.mark.parametrize("column", ["balance", "given", "received", "version"])
def test_cached_totals_equal_the_fold(column: str) -> None:
    """I-4: a cache that differs by one is named, with its account and column, and nothing else is."""
    book = a_book(M1, M2, "fund:branch")
    audit = an_audit(book, [book.post(an_exchange(minutes=90), recorded_at=NOW)])
    assert [] == list(check_totals(an_audit_with_caches(audit, book.accounts[M1, "min"])))
    state = book.accounts[M1, "min"]
    setattr(state, column, getattr(state, column) + 1)

    (fault,) = check_totals(an_audit_with_caches(audit, state))

    assert (f"lille account {M1} min", f"cached_{column}_differs") == (fault.place, fault.code)


def an_audit_with_caches(audit: JournalAudit, *states: AccountState) -> JournalAudit:
    """Return the audit with the caches of its accounts as its fold has them, but for these accounts."""
    accounts = {
        no: account._replace(
            balance=totals.balance, given=totals.given, received=totals.received, version=totals.version
        )
        for no, account in audit.accounts.items()
        if (totals := audit.totals.get(no)) is not None
    }
    changed = {
        state.no: audit.accounts[state.no]._replace(
            balance=state.balance, given=state.given, received=state.received, version=state.version
        )
        for state in states
    }
    audit.accounts = {**audit.accounts, **accounts, **changed}
    return audit


def test_a_missing_cache_is_named() -> None:
    """An account without its row of totals could not be posted to."""
    audit = an_audit(a_book(M1))
    audit.accounts = {no: each._replace(version=None) for no, each in audit.accounts.items()}

    (fault,) = check_totals(audit)

    assert (f"lille account {M1} min", "cached_balance_missing") == (fault.place, fault.code)


def test_a_trial_balance_that_is_off_is_named() -> None:
    """The whole has to sum to zero, in each unit by itself."""
    book = a_book(M1, M2, units=("min", "EUR"))
    entry = book.post(a_draft(debit(M1, 5, "EUR"), credit(M2, 5, "EUR")), recorded_at=NOW)
    header, lines = stored(entry, book)
    audit = an_audit(book)
    audit.take(header, lines[:1])

    faults = list(check_totals(audit))

    assert Fault("lille trial balance", "trial_balance_off", "off by -5 EUR") in faults


STORY = ("redemption", "lille-1")
HOLDING = a_draft(*placing("m1", 60), kind=EntryKind.HOLD, cause=Cause(*STORY, 1))
CHARGING = a_draft(debit(HELD_M1, 45), credit(M2, 45), kind=EntryKind.REDEMPTION, cause=Cause(*STORY, 2))
RETURNING = a_draft(*returning("m1", 15), kind=EntryKind.RELEASE, cause=Cause(*STORY, 3))
ALL_BACK = a_draft(*returning("m1", 60), kind=EntryKind.RELEASE, cause=Cause(*STORY, 3))
HOLD = StoredHold(
    no=1,
    member="m1",
    minutes=60,
    state="captured",
    expires_us=0,
    cause_kind=STORY[0],
    cause_ref=STORY[1],
    captured_minutes=45,
)
PENDING = HOLD._replace(state="pending", captured_minutes=0)


def book_after(*drafts: EntryDraft) -> tuple[JournalAudit, list[Movement]]:
    """Return the audit of a book in which these were posted, and the postings on its held accounts."""
    book = a_book(M1, M2, HELD_M1, HELD_M2)
    entries = [book.post(draft, recorded_at=NOW) for draft in drafts]
    paths = {state.no: path for (path, _), state in book.accounts.items() if path in {HELD_M1, HELD_M2}}
    moved = [
        Movement(
            path=paths[line.account_no],
            cause_kind=header.cause_kind,
            cause_ref=header.cause_ref,
            entry_seq=header.seq,
            line=line.line,
            kind=header.kind,
            side=line.side,
            amount=line.amount,
        )
        for header, lines in (stored(entry, book) for entry in entries)
        for line in lines
        if line.account_no in paths
    ]
    return an_audit(book, entries), sorted(moved)


def faults_of(drafts: list[EntryDraft], holds: list[StoredHold]) -> list[Fault]:
    """Check holds against these entries, and the held accounts against them."""
    audit, moved = book_after(*drafts)
    checking = HoldsAudit("lille")
    return [
        *checking.check(sorted(holds, key=place_of_hold), moved),
        *check_held(audit, checking.left, "its causes"),
    ]


@pytest.mark.parametrize(
    ("drafts", "hold"),
    [
        ([HOLDING], PENDING),
        ([HOLDING, CHARGING, RETURNING], HOLD),
        ([HOLDING, ALL_BACK], PENDING._replace(state="released")),
        ([HOLDING, ALL_BACK], PENDING._replace(state="expired")),
    ],
    ids=["pending", "captured", "released", "expired"],
)
def test_a_hold_and_its_entries_agree(drafts: list[EntryDraft], hold: StoredHold) -> None:
    """What was reserved, charged, given back and is left (I-6)."""
    assert [] == faults_of(drafts, [hold])


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"minutes": 61}, {"hold_differs"}),
        ({"captured_minutes": 44}, {"hold_differs"}),
        ({"captured_minutes": 61}, {"hold_differs", "hold_invalid"}),
        ({"captured_minutes": -1}, {"hold_differs", "hold_invalid"}),
        ({"captured_minutes": 0}, {"hold_differs", "hold_invalid"}),
        ({"state": "pending"}, {"hold_differs", "hold_invalid"}),
        ({"state": "released"}, {"hold_invalid"}),
        ({"state": "lost"}, {"hold_invalid"}),
        ({"member": "m2"}, {"hold_differs"}),
        ({"cause_ref": "lille-2"}, {"hold_differs"}),
        ({"cause_kind": "service"}, {"hold_differs"}),
    ],
)
def test_a_hold_that_was_changed_is_named(changes: dict[str, Any], codes: set[str]) -> None:
    """In whatever column (I-6)."""
    faults = faults_of([HOLDING, CHARGING, RETURNING], [HOLD._replace(**changes)])

    assert codes == {fault.code for fault in faults if fault.place == "lille hold 1"}


def test_a_hold_that_was_deleted_is_missed() -> None:
    """Its first entry is the place: somebody's minutes are reserved for nothing."""
    (fault,) = faults_of([HOLDING], [])

    assert ("lille entry 1", "hold_missing") == (fault.place, fault.code)


def test_holds_and_entries_of_many_causes_are_told_apart() -> None:
    """They come in one order, member by member and cause by cause; whichever side lacks one is named."""
    other = ("redemption", "lille-2")
    drafts = [
        a_draft(*placing("m2", 10), kind=EntryKind.HOLD, cause=Cause(*other, 1)),
        HOLDING,
        a_draft(*placing("m1", 20), kind=EntryKind.HOLD, cause=Cause(*other, 2)),
    ]
    second = PENDING._replace(no=2, minutes=20, cause_ref=other[1])
    third = PENDING._replace(no=3, member="m2", minutes=10, cause_ref=other[1])
    stray = PENDING._replace(no=4, member="m2", minutes=10, cause_ref="lille-3")

    assert [] == faults_of(drafts, [PENDING, second, third])
    assert [("lille entry 1", "hold_missing"), ("lille entry 2", "hold_missing")] == sorted(
        (fault.place, fault.code) for fault in faults_of(drafts, [second])
    )
    assert {("lille hold 4", "hold_differs")} == {
        (fault.place, fault.code) for fault in faults_of(drafts, [PENDING, second, third, stray])
    }


def test_the_first_hold_and_the_first_charge_of_a_cause_count() -> None:
    """What is corrected later moves minutes again; the hold says what was meant first (I-6)."""
    drafts = [
        HOLDING,
        CHARGING,
        a_draft(*placing("m1", 20), kind=EntryKind.HOLD, cause=Cause(*STORY, 4)),
        a_draft(debit(HELD_M1, 10), credit(M2, 10), kind=EntryKind.FEE, cause=Cause(*STORY, 5)),
    ]

    faults = faults_of(drafts, [HOLD])

    assert ["0 min left, its entries say 25"] == [fault.detail for fault in faults]


def test_a_hold_that_is_there_twice_is_named() -> None:
    """One cause holds once."""
    faults = faults_of([HOLDING], [PENDING, PENDING._replace(no=2)])

    assert [("lille hold 2", "hold_repeated")] == [(fault.place, fault.code) for fault in faults]


def test_a_held_balance_that_no_cause_explains_is_named() -> None:
    """The account itself is checked too, whatever its causes say (I-6)."""
    audit, _ = book_after(HOLDING)
    audit.totals[3].balance += 5

    (fault,) = check_held(audit, {HELD_M1: 60}, "its causes")

    assert (f"lille account {HELD_M1} min", "held_differs") == (fault.place, fault.code)


LIMIT = StoredLimit(
    account_no=1, no=1, floor=-600, ceiling=600, warn_floor=None, warn_ceiling=None, actor="coordinator:desk"
)


def test_a_history_of_limits_that_holds_has_no_fault() -> None:
    """Numbered for each account, in order, by somebody (I-5)."""
    changes = [LIMIT, LIMIT._replace(no=2), LIMIT._replace(account_no=2)]

    assert [] == list(check_limits_history(book_after()[0], "limit", changes))


@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        ([LIMIT._replace(no=2)], f"account {M1} limit 2", "limit_missing"),
        ([LIMIT, LIMIT._replace(no=3), LIMIT._replace(no=4)], f"account {M1} limit 3", "limit_missing"),
        ([LIMIT._replace(floor=601)], f"account {M1} limit 1", "limit_invalid"),
        ([LIMIT._replace(actor="somebody")], f"account {M1} limit 1", "limit_invalid"),
        ([LIMIT._replace(actor="member:-")], f"account {M1} limit 1", "limit_invalid"),
        ([LIMIT._replace(account_no=9)], "account number 9 limit 1", "account_missing"),
    ],
)
def test_a_history_of_limits_that_was_changed_is_named(
    changes: list[StoredLimit], place: str, code: str
) -> None:
    """I-5: changes of limits are themselves recorded, and their record has no gap."""
    (fault,) = check_limits_history(book_after()[0], "limit", changes)

    assert (f"lille {place}", code) == (fault.place, fault.code)


@pytest.mark.parametrize(
    ("last", "count", "highest"), [(3, 2, 3), (3, 2, 2), (2, 3, 3), (0, 1, 1), (2, 2, 5)]
)
def test_numbers_given_and_rows_there_agree(last: int, count: int, highest: int) -> None:
    """A row that was deleted, added, or a counter that was turned back: the next number would collide."""
    (fault,) = check_counters("lille", {"hold": last}, {"hold": (count, highest)})

    assert ("lille counter hold", "numbers_differ") == (fault.place, fault.code)


def test_nouns_without_rows_need_no_counter() -> None:
    """Counters begin with the first number; nouns that are erased are not compared."""
    assert [] == list(check_counters("lille", {"record": 2, "note": 7}, {"hold": (0, 0), "record": (2, 2)}))


def test_clearing_accounts_of_two_branches_cancel() -> None:
    """I-7; what is owed to a branch of another deployment cannot be judged from one side."""
    balances = [
        ("lille", "locmine", "min", 60),
        ("locmine", "lille", "min", -45),
        ("lille", "brest", "min", 9),
    ]

    (fault,) = check_clearing(balances, here={"lille", "locmine"})

    assert ("clearing lille and locmine", "clearing_differs") == (fault.place, fault.code)
    assert [] == list(check_clearing(balances, here={"lille"}))
    assert [] == list(
        check_clearing([*balances[:1], ("locmine", "lille", "min", -60)], here={"lille", "locmine"})
    )
