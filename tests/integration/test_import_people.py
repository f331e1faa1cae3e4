"""Imports of people: who stands behind a party, what is kept of them, and what erasing them means."""

import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.integration.importing import (
    BRANCH,
    DATA,
    GENERIC,
    KOMUNITIN,
    a_report,
    an_empty_branch,
    balances,
    csv_of,
    dump,
    exchanges,
    journal_text,
    members,
    names,
    of_members,
    openings,
    refused,
    words,
)

from timebank.care.member import Identity, MemberKind
from timebank.errors import ImportRefused
from timebank.reports.importers.model import FaultCode, Layout, NoticeCode
from timebank.services.bank import Bank
from timebank.services.imports import FileFormat

TIMEOVERFLOW = FileFormat(layout=Layout.TIMEOVERFLOW)
LIST = ("number", "name", "email", "phone", "joined")
MARKER = "zqxj"
"""In every name and every post of a test that looks for them, and nowhere else."""


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    """Open a bank with one branch and nobody in it."""
    bank = an_empty_branch(tmp_path)
    yield bank
    bank.close()


def identity(bank: Bank, ref: str) -> Identity:
    """Return who a member is."""
    found = bank.members.show(BRANCH, ref).identity
    assert found is not None
    return found


# --- Members ------------------------------------------------------------------------------------------


def test_members_bring_their_names_contacts_and_days(bank: Bank) -> None:
    """From the sample of TimeOverflow: what it says of three people, day in the branch's zone."""
    report = members(bank, (DATA / "timeoverflow-members.fr.csv").read_bytes(), how=TIMEOVERFLOW)

    found = {view.member.ref: view for view in bank.members.list(BRANCH)}
    assert {"m1", "m2", "m3"} == found.keys()
    assert date(2023, 1, 1) == found["m1"].member.joined_on
    assert ("Exemple Une", "une@example.org", None) == (
        identity(bank, "m1").name,
        identity(bank, "m1").email,
        identity(bank, "m1").phone,
    )
    assert ("fr", "+33 0 00 00 00 00") == (identity(bank, "m2").note, identity(bank, "m2").phone)
    assert (3, 0, None) == (report.rows_new, report.rows_known, report.first_entry)
    assert {"m1": 0, "m2": 0, "m3": 0} == of_members(bank)


@pytest.mark.parametrize("order", [(exchanges, members), (members, exchanges)])
def test_members_and_exchanges_come_in_either_order(
    tmp_path: Path, bank: Bank, order: tuple[object, ...]
) -> None:
    """Whoever is named in both is one person, with the name and contacts of the list."""
    files = {
        exchanges: csv_of(GENERIC, ("2023-05-04", "M1", "M2", 60)),
        members: csv_of(
            LIST, ("M1", "Anna Sample", "a@example.org", "", "2020-01-02"), ("M3", "Bo", "", "", "")
        ),
    }

    for step in (*order, *order):
        step(bank, files[step])  # type: ignore[index,operator]

    by_name = {name: of_members(bank)[ref] for ref, name in names(bank).items()}
    anna = next(ref for ref, name in names(bank).items() if name == "Anna Sample")
    assert {"Anna Sample": 60, "M2": -60, "Bo": 0} == by_name
    assert "a@example.org" == identity(bank, anna).email
    assert bank.audits.run().ok


def test_a_list_gives_names_to_komunitins_account_codes(bank: Bank) -> None:
    """Its exports hold no names; a file of one's own does, under the same source."""
    exchanges(bank, csv_of(KOMUNITIN, ("x", "2023-05-04T10:00:00Z", "committed", "1.00", "", "S1", "S2")))

    report = members(
        bank, csv_of(LIST, ("S1", "Anna", "", "", ""), ("S2", "Bo", "", "", "")), source="komunitin"
    )

    assert () == report.new_paths
    assert {"Anna": -60, "Bo": 60} == {str(name): of_members(bank)[ref] for ref, name in names(bank).items()}


def test_a_known_member_keeps_what_is_known_and_gets_what_was_lacking(bank: Bank, tmp_path: Path) -> None:
    """A coordinator's corrections outlive the next report; the same list again changes nothing."""
    members(bank, csv_of(LIST, ("1", "Anna", "", "", ""), ("2", "Bo", "b@example.org", "", "")))
    bank.members.rename(BRANCH, "m1", name="Anna Corrected", phone="1234")
    content = csv_of(
        LIST,
        ("1", "Anna", "a@example.org", "9999", "2020-01-01"),
        ("2", "Bo", "other@example.org", "5678", ""),
    )

    first = members(bank, content)
    before = dump(tmp_path)
    again = members(bank, content)

    assert (2, 0) == (first.rows_new, again.rows_new)
    known = [(each.name, each.email, each.phone) for each in (identity(bank, "m1"), identity(bank, "m2"))]
    assert [("Anna Corrected", "a@example.org", "1234"), ("Bo", "b@example.org", "5678")] == known
    assert before == dump(tmp_path)


def test_a_bad_list_lets_nobody_in(bank: Bank, tmp_path: Path) -> None:
    """All or nothing holds for people, too, and every fault is named."""
    before = dump(tmp_path)
    content = csv_of(
        LIST,
        ("1", "Anna", "", "", ""),
        ("1", "Bo", "", "", ""),
        ("2", "\u200b", "no address", "0" * 41, "2020-02-30"),
    )

    with pytest.raises(ImportRefused) as error:
        members(bank, content)

    expected = {
        (3, "number", FaultCode.REPEATED_KEY),
        (4, "name", FaultCode.MISSING),
        (4, "email", FaultCode.BAD_EMAIL),
        (4, "phone", FaultCode.CELL_TOO_LONG),
        (4, "joined", FaultCode.BAD_DATE),
    }
    assert expected == {(each.line, each.column, each.code) for each in error.value.faults}
    assert before == dump(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "\u05e9\u05e8\u05d4 \u202e\u05db\u05d4\u05df",
        "\N{FAMILY}\u200d\N{GROWING HEART} 介護 太郎",
        "=HYPERLINK(1)",
        "-2+3",
        "Zoe\u0301",
        "<b>&amp;</b> [red]x[/red]",
        "n" * 196,
        "(x) (7) y",
    ],
)
def test_names_of_all_the_world_are_kept_as_text(bank: Bank, name: str) -> None:
    """Right to left, emoji, what a spreadsheet takes for a formula: a name is only ever a name."""
    exchanges(bank, a_report((f"{name} (1)", "B (2)", "1:00", name)))

    assert unicodedata.normalize("NFC", name) == names(bank)["m1"] == words(bank, 1)[0]


@pytest.mark.parametrize("nothing", ["", "\u200b", "\u2066\u2069"])
def test_a_name_that_nobody_can_see_is_the_number(bank: Bank, nothing: str) -> None:
    """Somebody has to be able to point at the member in a list."""
    exchanges(bank, a_report((f"{nothing} (1)", "B (2)", "1:00")))

    assert "1" == names(bank)["m1"]


def test_a_name_with_a_null_character_is_a_fault(bank: Bank, tmp_path: Path) -> None:
    """The file is damaged, or in another encoding."""
    before = dump(tmp_path)

    faults = refused(bank, a_report(("A (1)", "B\0 (2)", "1:00")))

    assert [(2, "To", FaultCode.CONTROL_CHARACTER)] == faults
    assert before == dump(tmp_path)


def test_a_number_that_is_taken_becomes_another_reference(bank: Bank) -> None:
    """The books never mix two people up, and member 2 stays m2."""
    bank.members.add(BRANCH, name="Somebody Else")

    exchanges(bank, a_report(("A (1)", "B (2)", "1:00"), ("Library", "B (2)", "1:00")))
    exchanges(bank, a_report(("C (1)", "D (3)", "1:00"), ("Museum", "D (3)", "1:00")), source="south")

    expected = {"m1": "Somebody Else", "m1-2": "A", "m2": "B", "org-1": "Library"}
    assert expected | {"m1-3": "C", "m3": "D", "org-2": "Museum"} == names(bank)


# --- Organisations, and those who left ----------------------------------------------------------------


def test_organisations_join_and_the_bank_itself_is_its_fund(bank: Bank) -> None:
    """Whatever case the bank's name is in."""
    report = exchanges(bank, a_report(("SAMPLE BANK", "A (1)", "2:00"), ("A (1)", "Library", "0:30")))

    library = next(
        view.member for view in bank.members.list(BRANCH) if view.member.kind is MemberKind.ORGANISATION
    )
    assert "Library" == names(bank)[library.ref]
    assert {
        "fund:branch": -120,
        "member:m1:available": 90,
        f"member:{library.ref}:available": 30,
    } == balances(bank)
    assert balances(bank).keys() == set(report.new_paths)


def test_those_who_left_share_an_account_for_each_sentence_and_it_is_said(bank: Bank) -> None:
    """Several people stand behind one sentence; nobody can tell them apart any more."""
    gone, ghost = "The user isn't active", "The user no longer exists"

    report = exchanges(
        bank, a_report((gone, "A (1)", "1:00"), ("A (1)", ghost, "0:20"), (gone, "A (1)", "0:10"))
    )

    assert -70 == balances(bank)["suspense:left-inactive"]
    assert 20 == balances(bank)["suspense:left-deleted"]
    said = [(notice.line, notice.code) for notice in report.notices]
    assert [(2, NoticeCode.LEFT_TOGETHER), (3, NoticeCode.LEFT_TOGETHER)] == said
    assert "suspense:left-inactive" in report.notices[0].reason


def test_sentences_of_a_banks_own_never_share_an_account(bank: Bank) -> None:
    """Also where no letter of them can stand in an account's path."""
    sentences = ("退会した人", "辞めた人", "Ancien membre", "Ancien « membre »")
    rows = [(sentence, "A (1)", "0:10") for sentence in sentences]

    exchanges(bank, a_report(*rows), how=FileFormat(left_sentences=sentences))

    expected = {
        "suspense:left-unnamed",
        "suspense:left-unnamed-2",
        "suspense:left-ancien-membre",
        "suspense:left-ancien-membre-2",
    }
    assert expected == {path for path, minutes in balances(bank).items() if minutes == -10}


# --- Personal data ------------------------------------------------------------------------------------


def test_names_and_posts_are_in_the_identity_store_only(bank: Bank, tmp_path: Path) -> None:
    """I-10: in no other table, also where a name is the key of a party, or of an opening."""
    name = f"Anna {MARKER}"
    exchanges(bank, a_report((f"{name} (1)", f"Bo {MARKER} (2)", "1:00", f"Reading {MARKER}")))
    exchanges(bank, csv_of((*GENERIC, "note"), ("2023-05-04", name, "Bo", 60, f"more {MARKER}")))
    members(bank, csv_of(LIST, (name, name, f"{MARKER}@example.org", MARKER, "")))
    openings(bank, csv_of(("member", "minutes"), (name, 60)))

    assert MARKER not in journal_text(tmp_path)
    assert MARKER in repr(dump(tmp_path))
    assert (f"Reading {MARKER}",) == words(bank, 1)


@pytest.mark.parametrize("ref", ["m1", "m2"])
def test_a_post_is_erased_with_either_member(bank: Bank, tmp_path: Path, ref: str) -> None:
    """It may say something about both; the hours stay."""
    exchanges(
        bank, a_report((f"A {MARKER} (1)", "B (2)", "1:00", "Reading"), ("B (2)", "C (3)", "0:30", "x"))
    )

    bank.members.erase(BRANCH, ref)

    assert () == words(bank, 1)
    assert (ref == "m2") == (words(bank, 2) == ())
    assert {"m1": -60, "m2": 30, "m3": 30} == of_members(bank)
    assert (ref == "m2") == (MARKER in repr(dump(tmp_path)))


@pytest.mark.parametrize(
    "content",
    [
        a_report((f"A {MARKER} (1)", "B (2)", "1:00", MARKER)),
        csv_of((*GENERIC, "note"), ("2023-05-04", "Bo", f"A {MARKER}", 60, MARKER)),
        csv_of((*GENERIC, "id"), ("2023-05-04", "Bo", f"A {MARKER}", 60, "x1")),
    ],
    ids=["timeoverflow", "values", "identifiers"],
)
def test_an_old_report_does_not_bring_an_erased_person_back(
    bank: Bank, tmp_path: Path, content: bytes
) -> None:
    """Its rows are known by what is no name: nothing is compared, nobody joins, nothing is written."""
    exchanges(bank, content)
    gone = next(ref for ref, minutes in of_members(bank).items() if minutes < 0)
    bank.members.erase(BRANCH, gone)
    before = dump(tmp_path)

    report = exchanges(bank, content)

    assert (0, 1, ()) == (report.rows_new, report.rows_known, report.new_paths)
    assert before == dump(tmp_path)
    assert MARKER not in repr(before)


def test_a_new_row_of_an_erased_person_makes_a_new_member_and_says_so(bank: Bank) -> None:
    """Nothing is kept by which they could be known (I-10); whoever imports has to decide."""
    row = ("A (1)", "B (2)", "1:00")
    exchanges(bank, a_report(row))
    bank.members.erase(BRANCH, "m1")

    report = exchanges(bank, a_report(row, ("A (1)", "B (2)", "0:30")))

    assert {"m1": -60, "m1-2": -30, "m2": 90} == of_members(bank)
    assert {"m1": None, "m1-2": "A", "m2": "B"} == names(bank)
    assert [(3, NoticeCode.ERASED_BEFORE)] == [(notice.line, notice.code) for notice in report.notices]
    assert "m1 was erased here: if m1-2 is the same person, erase m1-2 as well" == report.notices[0].reason


def test_an_old_list_with_an_erased_person_makes_a_new_member_and_says_so(bank: Bank) -> None:
    """A list has no rows that are known: only the number shows it."""
    content = csv_of(LIST, ("1", "Anna", "a@example.org", "", ""), ("2", "Bo", "", "", ""))
    members(bank, content)
    bank.members.erase(BRANCH, "m1")

    report = members(bank, content)

    assert (1, 1) == (report.rows_new, report.rows_known)
    assert [(2, NoticeCode.ERASED_BEFORE)] == [(notice.line, notice.code) for notice in report.notices]
    assert {"m1": None, "m1-2": "Anna", "m2": "Bo"} == names(bank)
