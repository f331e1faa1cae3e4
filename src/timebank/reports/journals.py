"""Journals for other programs: a branch's entries as text that hledger, ledger or beancount checks.

An outsider recomputes every balance with a program we did not write: the text holds every entry, and at
its end one balance assertion for each account, from the balances that timebank keeps. Everything the
canonical text of an entry says is there too, so that its leaf hash can be rebuilt (see
`ledger.canonical`). Opaque references, minutes and codes only (I-10). Pure, and streamed: entries are
written as they come, in the order of the journal.

Signs are those of plain-text accounting, debits minus credits: what the bank owes its members is
negative. Members, funds, clearing and suspense are liabilities. Issuance is equity, not an asset: nobody
owes the bank the hours that it issued, they are promised without cover.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from timebank.instants import write_instant
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.model import MINUTES, SERVICE_MINUTES, JournalEntry, Posting

TIME_UNITS: Final = frozenset({MINUTES, SERVICE_MINUTES})


class JournalFormat(StrEnum):
    """The programs that a journal can be written for."""

    HLEDGER = "hledger"
    LEDGER = "ledger"
    BEANCOUNT = "beancount"


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalAccount:
    """An account of a journal, with the balance that timebank keeps for it."""

    path: str
    unit: str
    balance: int
    """Credits minus debits, in the unit's smallest quantity."""
    opened_on: date
    """The day it was opened, or the first day on which a posting to it takes effect, if that is earlier."""
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalBook:
    """What a journal says besides its entries."""

    branch: str
    entries: int
    """How many entries there are."""
    accounts: tuple[JournalAccount, ...]
    """By path and unit."""
    last_entry_on: date | None
    """The latest effective day of any entry, None if there is none; entries need not come in date order."""

    @property
    def units(self) -> tuple[str, ...]:
        """The units of the accounts, sorted."""
        return tuple(sorted({account.unit for account in self.accounts}))

    @property
    def paths(self) -> dict[str, list[JournalAccount]]:
        """The accounts by path: one path has an account for each unit, a journal one for all of them."""
        found: dict[str, list[JournalAccount]] = {}
        for account in self.accounts:
            found.setdefault(account.path, []).append(account)
        return found

    @property
    def last_on(self) -> date:
        """The day from which all balances hold: no entry and no opening is later. There is an account."""
        days = [account.opened_on for account in self.accounts]
        return max([*days, self.last_entry_on] if self.last_entry_on is not None else days)


def quantity_of(amount: int, unit: str) -> str:
    """Write an amount of a unit: minutes as they are, cents as a decimal with two places, exactly (I-15)."""
    if unit in TIME_UNITS:
        return str(amount)
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def facts_of(entry: JournalEntry) -> Iterator[tuple[str, str | int]]:
    """Yield what an entry says besides its day, its kind and its postings, by name.

    They need no quoting anywhere: causes and actors are made of references (see `ledger.model`).
    """
    draft = entry.draft
    yield "cause", f"{draft.cause.kind} {draft.cause.ref}"
    yield "step", draft.cause.step
    yield "effective", write_instant(draft.effective_at)
    yield "recorded", write_instant(entry.recorded_at)
    yield "policy", draft.policy_version
    yield "by", str(draft.actor)
    if draft.counts_help != 0:
        yield "help", draft.counts_help
    if draft.reverses is not None:
        yield "reverses", draft.reverses


def signed(posting: Posting) -> int:
    """Return a posting's amount as plain-text accounting signs it: positive for a debit."""
    return -posting.change


# --- hledger and ledger -----------------------------------------------------------------------------

FACTS: Final = ("cause", "step", "effective", "recorded", "policy", "by", "help", "reverses")


def plain_account(path: str) -> str:
    """Return the name of an account for hledger and ledger: its path below `liabilities` or `equity`.

    Raises:
        BadPath: the path is not in the chart.
    """
    root = "equity" if place_of(path).kind is AccountKind.ISSUANCE else "liabilities"
    return f"{root}:{path}"


def plain_journal(book: JournalBook, entries: Iterable[JournalEntry], *, for_ledger: bool) -> Iterator[str]:
    """Yield a branch's journal as hledger reads it, or as ledger does, in pieces of whole lines.

    Commodities and accounts are declared, so that `hledger check --strict` and `ledger --pedantic` hold.
    """
    yield from (f"; {line}\n" for line in heading_of(book))
    yield from ledger_declarations(book) if for_ledger else hledger_declarations(book)
    yield from (f"account {plain_account(path)}\n" for path in book.paths)
    for entry in entries:
        yield plain_entry(entry)
    yield from plain_assertions(book)


def heading_of(book: JournalBook) -> Iterator[str]:
    """Yield the words at the top of every journal."""
    yield f"The journal of branch {book.branch}, written by timebank. Entries: {book.entries}."
    yield "Debits are positive, so what the bank owes somebody is negative."
    yield "The balances that timebank keeps are asserted at the end."


def hledger_declarations(book: JournalBook) -> Iterator[str]:
    """Yield the commodities and the top of the chart, as hledger reads them."""
    yield "\ndecimal-mark .\n"
    for unit in book.units:
        yield f"commodity {'1000.' if unit in TIME_UNITS else '1000.00'} {unit}\n"
    yield "\naccount liabilities  ; type:L\naccount equity  ; type:E\n"


def ledger_declarations(book: JournalBook) -> Iterator[str]:
    """Yield the commodities and the names of the facts, as ledger reads them."""
    yield "\n"
    for unit in book.units:
        yield f"commodity {unit}\n    format {'1000' if unit in TIME_UNITS else '1000.00'} {unit}\n"
    yield "".join(f"tag {name}\n" for name in FACTS) + "\n"


def plain_entry(entry: JournalEntry) -> str:
    """Return one entry: its number is the code, its kind the description, its facts are tags."""
    draft = entry.draft
    return "".join(
        (
            f"\n{draft.effective_on.isoformat()} * ({entry.seq}) {draft.kind.value}\n",
            *(f"    ; {name}: {fact}\n" for name, fact in facts_of(entry)),
            *(
                f"    {plain_account(posting.path)}"
                f"  {quantity_of(signed(posting), posting.unit)} {posting.unit}\n"
                for posting in draft.postings
            ),
        )
    )


def plain_assertions(book: JournalBook) -> Iterator[str]:
    """Yield one last entry that moves nothing and asserts every balance.

    It stands last in the file and on the last day: hledger checks assertions by day, ledger by place.
    """
    if not book.accounts:
        return
    yield f"\n{book.last_on.isoformat()} * (end) balances\n"
    for account in book.accounts:
        nothing, balance = (quantity_of(amount, account.unit) for amount in (0, -account.balance))
        yield f"    {plain_account(account.path)}  {nothing} {account.unit} = {balance} {account.unit}\n"
