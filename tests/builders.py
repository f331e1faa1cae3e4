"""Samples for the tests: drafts, books and journals of the core, and a bank in a temporary SQLite file."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from timebank.clock import SteppingClock
from timebank.ledger.audit import JournalAudit, StoredAccount, StoredEntry, StoredLine
from timebank.ledger.book import AccountState, Book
from timebank.ledger.canonical import leaf_hash, micros_of
from timebank.ledger.chart import available
from timebank.ledger.limits import UNLIMITED, Limits
from timebank.ledger.model import (
    MINUTES,
    Actor,
    Cause,
    EntryDraft,
    EntryKind,
    JournalEntry,
    Posting,
    Role,
    credit,
    debit,
)

if TYPE_CHECKING:
    from timebank.services.bank import Bank

NOW = datetime(2026, 6, 15, 12, 0, tzinfo=UTC)
"""A Monday at noon UTC, 14:00 in Paris."""
TODAY = date(2026, 6, 15)
JOINED_ON = date(2025, 1, 1)
DESK = Actor(role=Role.COORDINATOR, ref="desk")
POLICY_VERSION = 1


def a_draft(*postings: Posting, **changes: Any) -> EntryDraft:  # noqa: ANN401 - any field of a draft
    """Return a draft of these postings, a transfer by the desk now; `changes` replace fields."""
    facts: dict[str, Any] = {
        "kind": EntryKind.TRANSFER,
        "cause": Cause("transfer", "1"),
        "effective_at": NOW,
        "effective_on": TODAY,
        "policy_version": POLICY_VERSION,
        "actor": DESK,
    }
    return EntryDraft(postings=postings, **{**facts, **changes})


def an_exchange(
    *,
    minutes: int = 90,
    provider: str = "m1",
    recipient: str = "m2",
    record: int = 1,
    revision: int = 1,
    **changes: Any,  # noqa: ANN401 - any field of a draft
) -> EntryDraft:
    """Return the draft of a confirmed service record: the recipient pays, the provider is credited."""
    facts: dict[str, Any] = {
        "kind": EntryKind.SERVICE,
        "cause": Cause("service", str(record), revision),
        "counts_help": 1,
    }
    postings = (debit(available(recipient), minutes), credit(available(provider), minutes))
    return a_draft(*postings, **{**facts, **changes})


def a_book(
    *accounts: str,
    branch: str = "lille",
    units: Sequence[str] = (MINUTES,),
    limits: dict[str, Limits] | None = None,
    closed: Iterable[str] = (),
) -> Book:
    """Return a fresh book that has these accounts in hand, in each of the units."""
    book = Book(branch, 0)
    keys = [(path, unit) for path in accounts for unit in units]
    book.take(
        AccountState(
            no=no,
            path=path,
            unit=unit,
            limits=(limits or {}).get(path, UNLIMITED),
            is_closed=path in set(closed),
        )
        for no, (path, unit) in enumerate(keys, 1)
    )
    return book


def balances_of(entries: Iterable[JournalEntry]) -> dict[str, int]:
    """Fold entries into a balance for each account path, by nothing but their postings."""
    balances: dict[str, int] = {}
    for entry in entries:
        for line in entry.lines:
            posting = line.posting
            sign = 1 if posting.side == "credit" else -1
            balances[posting.path] = balances.get(posting.path, 0) + sign * posting.amount
    return balances


def stored(entry: JournalEntry, book: Book) -> tuple[StoredEntry, tuple[StoredLine, ...]]:
    """Return an entry as the database keeps it."""
    draft = entry.draft
    header = StoredEntry(
        seq=entry.seq,
        kind=draft.kind.value,
        cause_kind=draft.cause.kind,
        cause_ref=draft.cause.ref,
        step=draft.cause.step,
        effective_us=micros_of(draft.effective_at),
        effective_on=draft.effective_on.isoformat(),
        recorded_us=micros_of(entry.recorded_at),
        policy_version=draft.policy_version,
        actor=str(draft.actor),
        reverses=draft.reverses,
        counts_help=draft.counts_help,
        details=draft.details,
        leaf=leaf_hash(entry),
    )
    lines = tuple(
        StoredLine(
            entry_seq=entry.seq,
            line=number,
            account_no=book.accounts[line.posting.path, line.posting.unit].no,
            side=line.posting.side.value,
            amount=line.posting.amount,
            account_seq=line.account_seq,
            balance_after=line.balance_after,
        )
        for number, line in enumerate(entry.lines, 1)
    )
    return header, lines


def stored_accounts(book: Book) -> dict[int, StoredAccount]:
    """Return a book's accounts with their totals as the database keeps them."""
    return {
        state.no: StoredAccount(
            no=state.no,
            path=state.path,
            unit=state.unit,
            balance=state.balance,
            given=state.given,
            received=state.received,
            version=state.version,
        )
        for state in book.accounts.values()
    }


def an_audit(book: Book, entries: Iterable[JournalEntry] = ()) -> JournalAudit:
    """Return the audit of a book that has taken these entries."""
    audit = JournalAudit(
        branch=book.branch, accounts=stored_accounts(book), policy_versions=frozenset({POLICY_VERSION})
    )
    for entry in entries:
        audit.take(*stored(entry, book))
    return audit


def a_bank(folder: Path, *, clock: SteppingClock | None = None, **options: Any) -> "Bank":  # noqa: ANN401
    """Open the bank of a folder, `bank.db`, by a clock that stands at `NOW`."""
    from timebank.services.bank import open_bank  # tests of the core load no database library

    return open_bank(address_in(folder), clock=clock or SteppingClock(NOW), **options)


def address_in(folder: Path) -> str:
    """Return the address of a folder's bank."""
    return f"sqlite:///{folder / 'bank.db'}"


def a_branch(folder: Path, *, members: int = 3, clock: SteppingClock | None = None) -> "Bank":
    """Open a bank with the branch `lille` and its members m1, m2 and so on."""
    bank = a_bank(folder, clock=clock)
    bank.branches.create("lille", name="Sample branch")
    for number in range(1, members + 1):
        bank.members.add("lille", name=f"Sample Member {number}", joined_on=JOINED_ON)
    return bank


def help_given(
    bank: "Bank",
    *,
    minutes: int = 90,
    provider: str = "m1",
    recipient: str = "m2",
    ago: timedelta = timedelta(hours=4),
    branch: str = "lille",
) -> int:
    """Log help and have the recipient confirm it; returns the number of the service record."""
    record = bank.hours.log(
        branch,
        provider=provider,
        recipient=f"member:{recipient}",
        minutes=minutes,
        kind="shopping",
        start_at=bank.now() - ago,
        by=f"member:{provider}",
    ).record
    bank.hours.confirm(branch, record.no, by=f"member:{recipient}")
    return record.no


def with_amount(draft: EntryDraft, amount: int) -> EntryDraft:
    """Return the draft with every amount replaced."""
    return replace(draft, postings=tuple(replace(posting, amount=amount) for posting in draft.postings))
