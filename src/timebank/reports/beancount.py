"""Journals for beancount; what they are and what they promise stands in `reports.journals`. Pure.

Beancount wants account names of capitalised parts and commodities in capitals. No two things come to
share a name: references are lower case, and no money code is `MIN` or `SVC`.
"""

from collections.abc import Iterable, Iterator
from datetime import timedelta

from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.model import JournalEntry
from timebank.reports.journals import JournalBook, facts_of, heading_of, quantity_of, signed


def beancount_account(path: str) -> str:
    """Return the name of an account for beancount: `Liabilities:Member:M1:Available`.

    Raises:
        BadPath: the path is not in the chart.
    """
    root = "Equity" if place_of(path).kind is AccountKind.ISSUANCE else "Liabilities"
    return ":".join([root, *(part.capitalize() for part in path.split(":"))])


def beancount_commodity(unit: str) -> str:
    """Return the commodity for a unit: `MIN` and `SVC` for minutes, a money code as it is."""
    return unit.upper()


def beancount_journal(book: JournalBook, entries: Iterable[JournalEntry]) -> Iterator[str]:
    """Yield a branch's journal as beancount reads it, in pieces of whole lines."""
    yield from (f"; {line}\n" for line in heading_of(book))
    yield f'\noption "title" "timebank, branch {book.branch}"\n'
    yield from (f'option "operating_currency" "{beancount_commodity(unit)}"\n' for unit in book.units)
    yield "\n"
    yield from beancount_openings(book)
    for entry in entries:
        yield beancount_entry(entry)
    yield from beancount_assertions(book)


def beancount_openings(book: JournalBook) -> Iterator[str]:
    """Yield the opening of every account, limited to the units it has."""
    for path, accounts in book.paths.items():
        opened_on = min(account.opened_on for account in accounts)
        commodities = ",".join(beancount_commodity(account.unit) for account in accounts)
        yield f'{opened_on.isoformat()} open {beancount_account(path)} {commodities}\n  path: "{path}"\n'


def beancount_entry(entry: JournalEntry) -> str:
    """Return one entry: its kind is the narration, its number and facts are metadata, its cause a link."""
    draft = entry.draft
    link = f"^{draft.cause.kind}-{draft.cause.ref}"  # joins the entries of a cause, reversals included
    return "".join(
        (
            f'\n{draft.effective_on.isoformat()} * "{draft.kind.value}" {link}\n  entry: {entry.seq}\n',
            *(f"  {name}: {literal(fact)}\n" for name, fact in facts_of(entry)),
            *(
                f"  {beancount_account(posting.path)}  {quantity_of(signed(posting), posting.unit)}"
                f" {beancount_commodity(posting.unit)}\n"
                for posting in draft.postings
            ),
        )
    )


def literal(fact: str | int) -> str:
    """Write a value of metadata: a number as it is, a text in quotes."""
    return str(fact) if isinstance(fact, int) else f'"{fact}"'


def beancount_assertions(book: JournalBook) -> Iterator[str]:
    """Yield an assertion of every balance, then close what is closed.

    An assertion holds at the beginning of its day, so it is dated the day after the last entry. Beancount
    lets a number with decimals be off by its last digit unless the tolerance is given: it is zero.
    """
    if not book.accounts:
        return
    day = (book.last_on + timedelta(days=1)).isoformat()
    yield "\n"
    for account in book.accounts:
        balance, nothing = (quantity_of(amount, account.unit) for amount in (-account.balance, 0))
        name, commodity = beancount_account(account.path), beancount_commodity(account.unit)
        yield f"{day} balance {name}  {balance} ~ {nothing} {commodity}\n"
    for path, accounts in book.paths.items():
        if all(account.is_closed for account in accounts):
            yield f"{day} close {beancount_account(path)}\n"
