"""Journals for hledger and ledger, judged by hledger and ledger."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import a_book, an_exchange
from tests.unit.reports.journal_books import PATHS, Sample, a_sample, journal_book_of
from tests.unit.reports.plain_tools import (
    hledger_balances,
    hledger_complaint,
    hledger_entries,
    ledger_balances,
    ledger_complaint,
    needs_hledger,
    needs_ledger,
)
from tests.unit.reports.rebuilding import Found, posting_of, rebuilt

from timebank.ledger.canonical import leaf_hash
from timebank.reports.journals import plain_account, plain_journal, quantity_of

ASSERTION = re.compile(r"^(    .* = -?)([0-9]+)(.*)$", re.MULTILINE)


def written(sample: Sample, folder: Path, *, for_ledger: bool) -> Path:
    """Write a sample's journal to a file."""
    file = folder / "sample.journal"
    file.write_text("".join(plain_journal(sample.book, sample.entries, for_ledger=for_ledger)), "utf-8")
    return file


def expected(sample: Sample) -> dict[tuple[str, str], str]:
    """Return the balances that timebank keeps, as these programs name accounts and write amounts."""
    return {
        (plain_account(path), unit): quantity_of(balance, unit)
        for (path, unit), balance in sample.balances.items()
    }


def one_exchange() -> Sample:
    """Return a book of one exchange."""
    book = a_book("member:m1:available", "member:m2:available")
    draft = an_exchange()
    entry = book.post(draft, recorded_at=draft.effective_at)
    return Sample(journal_book_of(book, [entry], opened_on=date(2026, 1, 1)), (entry,))


@needs_hledger
@settings(max_examples=20)
@given(sample=a_sample())
def test_hledger_recomputes_every_balance(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> None:
    """An outsider gets every balance from the exported file alone, with a program we did not write."""
    file = written(sample, tmp_path_factory.mktemp("hledger"), for_ledger=False)

    assert expected(sample) == hledger_balances(file)


@needs_ledger
@settings(max_examples=20)
@given(sample=a_sample())
def test_ledger_recomputes_every_balance(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> None:
    """As with hledger: the two programs share no code."""
    file = written(sample, tmp_path_factory.mktemp("ledger"), for_ledger=True)

    assert expected(sample) == ledger_balances(file)


@needs_hledger
@settings(max_examples=20)
@given(sample=a_sample())
def test_the_journal_says_everything_that_is_hashed(
    sample: Sample, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """From what hledger prints an outsider rebuilds every entry, and with it every leaf hash (I-11)."""
    file = written(sample, tmp_path_factory.mktemp("hledger"), for_ledger=False)

    found = list(found_in(hledger_entries(file)))

    assert [leaf_hash(entry) for entry in sample.entries] == [leaf_hash(entry) for entry in rebuilt(found)]


def found_in(entries: list[dict[str, Any]]) -> Iterator[Found]:
    """Yield the entries that hledger printed, without the one that asserts the balances."""
    for each in entries:
        if each["tcode"] != "end":
            yield Found(
                seq=int(each["tcode"]),
                on=date.fromisoformat(each["tdate"]),
                kind=each["tdescription"],
                facts=dict(each["ttags"]),
                postings=tuple(
                    posting_of(
                        posting["paccount"].partition(":")[2],
                        amount["acommodity"],
                        amount["aquantity"]["decimalMantissa"],
                    )
                    for posting in each["tpostings"]
                    for amount in posting["pamount"]
                ),
            )


@needs_hledger
def test_hledger_refuses_a_wrong_balance(tmp_path: Path) -> None:
    """The assertions bite: a balance that is off by one minute is found."""
    file = written(one_exchange(), tmp_path, for_ledger=False)
    assert "" == hledger_complaint(file)

    file.write_text(
        ASSERTION.sub(lambda found: f"{found[1]}{int(found[2]) + 1}{found[3]}", file.read_text(), 1)
    )

    assert "balance assertion" in hledger_complaint(file)


@needs_ledger
def test_ledger_refuses_a_wrong_balance(tmp_path: Path) -> None:
    """As with hledger; ledger says how much it is off by."""
    file = written(one_exchange(), tmp_path, for_ledger=True)
    assert "" == ledger_complaint(file)

    file.write_text(
        ASSERTION.sub(lambda found: f"{found[1]}{int(found[2]) + 1}{found[3]}", file.read_text(), 1)
    )

    assert "Balance assertion off by" in ledger_complaint(file)


def test_a_journal_reads_like_this() -> None:
    """People read these files: the whole of a small one, with its facts as tags."""
    sample = one_exchange()

    text = "".join(plain_journal(sample.book, sample.entries, for_ledger=False))

    assert (
        "; The journal of branch lille, written by timebank. Entries: 1.\n"
        "; Debits are positive, so what the bank owes somebody is negative.\n"
        "; The balances that timebank keeps are asserted at the end.\n"
        "\n"
        "decimal-mark .\n"
        "commodity 1000. min\n"
        "\n"
        "account liabilities  ; type:L\n"
        "account equity  ; type:E\n"
        "account liabilities:member:m1:available\n"
        "account liabilities:member:m2:available\n"
        "\n"
        "2026-06-15 * (1) service\n"
        "    ; cause: service 1\n"
        "    ; step: 1\n"
        "    ; effective: 2026-06-15T12:00:00Z\n"
        "    ; recorded: 2026-06-15T12:00:00Z\n"
        "    ; policy: 1\n"
        "    ; by: coordinator:desk\n"
        "    ; help: 1\n"
        "    liabilities:member:m2:available  90 min\n"
        "    liabilities:member:m1:available  -90 min\n"
        "\n"
        "2026-06-15 * (end) balances\n"
        "    liabilities:member:m1:available  0 min = -90 min\n"
        "    liabilities:member:m2:available  0 min = 90 min\n"
    ) == text


def test_a_branch_without_accounts_has_a_journal_without_assertions() -> None:
    """A branch that was just founded can be exported."""
    book = journal_book_of(a_book(), [], opened_on=date(2026, 1, 1))

    text = "".join(plain_journal(book, [], for_ledger=True))

    assert "(end)" not in text


@given(path=PATHS)
def test_a_path_is_part_of_its_account_name(path: str) -> None:
    """No two paths share a name, and a reader finds the path in it."""
    root, _, rest = plain_account(path).partition(":")

    assert path == rest
    assert ("equity" if path.startswith("issuance:") else "liabilities") == root


@given(cents=st.integers(-(2**53), 2**53))
def test_cents_are_written_exactly(cents: int) -> None:
    """Money has two places, by whole-number arithmetic alone (I-15)."""
    whole, _, places = quantity_of(cents, "EUR").partition(".")

    assert 2 == len(places)
    assert cents == int(whole + places)


@pytest.mark.parametrize(("amount", "text"), [(0, "0.00"), (5, "0.05"), (-5, "-0.05"), (-1234, "-12.34")])
def test_small_sums_keep_their_sign(amount: int, text: str) -> None:
    """Less than one unit of money still has its sign and its zeros."""
    assert text == quantity_of(amount, "EUR")
