"""Journals for beancount, judged by beancount: it is installed with the tests and never skipped."""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from beancount import loader
from beancount.core.data import Open, Transaction
from beancount.core.inventory import Inventory
from beancount.core.realization import iter_children, realize
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import a_book, a_draft
from tests.unit.reports.journal_books import PATHS, UNITS, Sample, a_sample, journal_book_of
from tests.unit.reports.rebuilding import Found, posting_of, rebuilt

from timebank.ledger.canonical import leaf_hash
from timebank.ledger.model import Cause, Posting, credit, debit
from timebank.reports.beancount import beancount_account, beancount_commodity, beancount_journal
from timebank.reports.journals import quantity_of


def text_of(sample: Sample) -> str:
    """Return a sample's journal."""
    return "".join(beancount_journal(sample.book, sample.entries))


def loaded(text: str) -> tuple[list[Any], list[str]]:
    """Return what beancount reads and what it finds wrong."""
    entries, errors, _ = loader.load_string(text)
    return entries, [error.message for error in errors]


def balances_of(entries: Iterable[Any]) -> dict[tuple[str, str], Decimal]:
    """Return the balances that beancount computes, without zeros."""
    found: dict[tuple[str, str], Decimal] = {}
    tree = realize(list(entries))  # type: ignore[no-untyped-call]
    for account in iter_children(tree):  # type: ignore[no-untyped-call]
        balance: Inventory = account.balance
        for position in balance:
            found[account.account, position.units.currency] = position.units.number
    return found


@given(sample=a_sample())
def test_beancount_recomputes_every_balance(sample: Sample) -> None:
    """An outsider gets every balance from the exported file alone, and beancount has nothing to say."""
    entries, complaints = loaded(text_of(sample))

    assert [] == complaints
    assert {
        (beancount_account(path), beancount_commodity(unit)): Decimal(quantity_of(balance, unit))
        for (path, unit), balance in sample.balances.items()
    } == balances_of(entries)


@given(sample=a_sample(), data=st.data())
def test_beancount_refuses_any_wrong_balance(sample: Sample, data: st.DataObject) -> None:
    """The assertions bite, on every account and for a single cent: there is no tolerance."""
    lines = text_of(sample).splitlines()
    at = data.draw(st.sampled_from([n for n, line in enumerate(lines) if " balance " in line]))
    head, _, tail = lines[at].rpartition("  ")
    number, _, rest = tail.partition(" ")
    wrong = Decimal(number) + Decimal(1).scaleb(Decimal(number).as_tuple().exponent)  # type: ignore[arg-type]
    lines[at] = f"{head}  {wrong} {rest}"

    _, complaints = loaded("\n".join(lines) + "\n")

    assert 1 == len(complaints)
    assert complaints[0].startswith("Balance failed")


@given(sample=a_sample())
def test_the_journal_says_everything_that_is_hashed(sample: Sample) -> None:
    """From the exported file alone an outsider rebuilds every entry, and with it every leaf hash (I-11)."""
    entries, _ = loaded(text_of(sample))

    assert [leaf_hash(entry) for entry in sample.entries] == [
        leaf_hash(entry) for entry in rebuilt(found_in(entries))
    ]


def found_in(entries: list[Any]) -> Iterator[Found]:
    """Yield the entries that beancount read; the opening of an account says its path."""
    paths = {each.account: each.meta["path"] for each in entries if isinstance(each, Open)}
    for each in entries:
        if isinstance(each, Transaction):
            yield Found(
                seq=int(each.meta["entry"]),
                on=each.date,
                kind=str(each.narration),
                facts=each.meta,
                postings=tuple(debited_of(paths[one.account], one.units) for one in each.postings),
            )


def debited_of(path: str, units: Any) -> Posting:  # noqa: ANN401 - beancount's Amount
    """Return a posting; the commodity gives back the unit."""
    unit = {"MIN": "min", "SVC": "svc"}.get(units.currency, units.currency)
    return posting_of(path, unit, int(units.number if unit in {"min", "svc"} else units.number * 100))


@given(one=PATHS, other=PATHS)
def test_no_two_accounts_share_a_name(one: str, other: str) -> None:
    """Capitals lose nothing: references are lower case."""
    assert (one == other) == (beancount_account(one) == beancount_account(other))
    assert one == beancount_account(one).partition(":")[2].lower()


@given(one=UNITS, other=UNITS)
def test_no_two_units_share_a_commodity(one: str, other: str) -> None:
    """Minutes are MIN and SVC, and no money code is spelled so (I-12)."""
    assert (one == other) == (beancount_commodity(one) == beancount_commodity(other))


def test_a_reversal_shares_a_link_with_its_original() -> None:
    """Beancount shows an entry and its reversal together, and every other entry of the same cause."""
    sample = sample_of(Cause("service", "17", 1), Cause("service", "17", -1))

    entries, _ = loaded(text_of(sample))

    assert [{"service-17"}, {"service-17"}] == [
        each.links for each in entries if isinstance(each, Transaction)
    ]


def sample_of(*causes: Cause) -> Sample:
    """Return a book of one transfer for each cause."""
    book = a_book("member:m1:available", "fund:solidarity")
    postings = (debit("member:m1:available", 30), credit("fund:solidarity", 30))
    drafts = [a_draft(*postings, cause=cause) for cause in causes]
    entries = [book.post(draft, recorded_at=draft.effective_at) for draft in drafts]
    return Sample(journal_book_of(book, entries, opened_on=date(2026, 1, 1)), tuple(entries))
