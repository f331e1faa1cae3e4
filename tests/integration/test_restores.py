"""Restores: the same branch again, or nothing."""

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.builders import a_bank, a_branch
from tests.integration.exports import Change, export_of, lines_of, resealed, rows, sealed
from tests.integration.family import Family
from tests.integration.test_exports import post_anything
from tests.integration.worlds import MARKER, a_world

from timebank.errors import (
    BranchExists,
    BranchFileChanged,
    BranchFileCut,
    BranchFileFaulty,
    NotABranchFile,
    RestoreRefused,
    RestoreUnreconciled,
    TimebankError,
)
from timebank.services.bank import Bank


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Bank]:
    """Open a world with rows of every kind."""
    folder = tmp_path / "world"
    folder.mkdir()
    clock = a_world(folder)
    bank = a_bank(folder, clock=clock)
    yield bank
    bank.close()


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Bank]:
    """Open a database without any branch."""
    folder = tmp_path / "empty"
    folder.mkdir()
    bank = a_bank(folder)
    yield bank
    bank.close()


def restore(bank: Bank, content: bytes) -> Any:  # noqa: ANN401 - Restored
    """Restore a branch from bytes."""
    return bank.restores.branch(io.BytesIO(content))


def test_a_restored_branch_is_the_same_branch(world: Bank, empty: Bank) -> None:
    """Every row of every kind comes back: exported again it is the same file, byte for byte."""
    files = {branch: export_of(world, branch) for branch in ("lille", "locmine")}
    told: list[int] = []

    first = empty.restores.branch(io.BytesIO(files["lille"]), progress=lambda _b, done, _t: told.append(done))
    second = restore(empty, files["locmine"])

    assert files == {branch: export_of(empty, branch) for branch in files}
    assert empty.audits.run().ok
    for branch in files:
        assert world.statements.trial_balance(branch) == empty.statements.trial_balance(branch)
        assert world.entries.list(branch, limit=None) == empty.entries.list(branch, limit=None)
        assert world.members.list(branch) == empty.members.list(branch)
    assert [("lille", "locmine", "min")] == [(each.branch, each.other, each.unit) for each in first.unmatched]
    assert () == second.unmatched
    assert (9, True) == (first.members, first.has_identities)
    assert first.entries == told[-1]


@settings(max_examples=10)
@given(data=st.data())
def test_any_books_come_back(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever was posted: the export of the restored branch is the file it was restored from."""
    bank = a_branch(tmp_path_factory.mktemp("any"), members=2)
    post_anything(bank, data)
    content = export_of(bank)
    bank.close()
    other = a_bank(tmp_path_factory.mktemp("other"))

    restore(other, content)

    assert content == export_of(other)
    other.close()


def test_a_restored_branch_goes_on_where_it_was(world: Bank, empty: Bank) -> None:
    """Numbers go on, and a request that was done before the backup is not done twice (I-9)."""
    for branch in ("lille", "locmine"):
        restore(empty, export_of(world, branch))
    gift = {"debit_path": "fund:solidarity", "credit_path": "member:m8:available", "minutes": 20}

    again = empty.transfers.transfer("lille", **gift, reason="once more", key="gift")  # type: ignore[arg-type]
    new = empty.transfers.transfer("lille", **gift, reason="another")  # type: ignore[arg-type]

    assert world.entries.show("lille", again.seq).entry == again
    assert len(world.entries.list("lille", limit=None)) + 1 == new.seq
    assert empty.audits.run().ok


def test_a_branch_without_identities_has_whole_books(world: Bank, empty: Bank) -> None:
    """What is shared for a study can be audited like the original, and its members are nobody."""
    content = export_of(world, with_identities=False)

    done = restore(empty, content)

    assert MARKER.encode() not in content
    assert not done.has_identities
    assert [None] * 9 == [view.identity for view in empty.members.list("lille")]
    assert empty.statements.trial_balance("lille") == world.statements.trial_balance("lille")
    assert content == export_of(empty, with_identities=False)


def test_a_dry_run_restores_nothing(world: Bank, tmp_path: Path) -> None:
    """It says what a restore would: a way to test a backup."""
    bank = a_bank(tmp_path, is_dry_run=True)

    done = restore(bank, export_of(world))

    assert 9 == done.members
    assert [] == bank.branches.list()
    bank.close()


def test_a_branch_is_not_restored_over_itself(world: Bank) -> None:
    """A backup never replaces books that go on."""
    with pytest.raises(BranchExists):
        restore(world, export_of(world))


# --- What is refused --------------------------------------------------------------------------------


def with_amount(lines: list[dict[str, Any]]) -> None:
    """Let two postings of an entry move more: it still balances, but not what follows."""
    for posting in rows(lines, "entry")[0]["posting"]:
        posting["amount"] += 1


def with_another_day(lines: list[dict[str, Any]]) -> None:
    """Date an entry back, and leave its leaf hash as it is."""
    rows(lines, "entry")[2]["effective_on"] = "2020-01-01"


def without_the_last_entry(lines: list[dict[str, Any]]) -> None:
    """Leave out an entry; the head says how many there were."""
    lines.remove(rows(lines, "entry")[-1])
    for signed in rows(lines, "log_checkpoint"):
        lines.remove(signed)


def without_the_last_signed_entry(lines: list[dict[str, Any]]) -> None:
    """Leave out an entry that a checkpoint covers."""
    lines.remove(rows(lines, "entry")[-1])


def without_an_entry(lines: list[dict[str, Any]]) -> None:
    """Leave out an entry in the middle."""
    lines.remove(rows(lines, "entry")[3])


def with_sides_swapped(lines: list[dict[str, Any]]) -> None:
    """Turn an entry around: it balances."""
    turned = {"debit": "credit", "credit": "debit"}
    for posting in rows(lines, "entry")[-1]["posting"]:
        posting["side"] = turned[posting["side"]]


def with_another_balance(lines: list[dict[str, Any]]) -> None:
    """Change a cached balance."""
    rows(lines, "account_balance")[0]["balance"] += 60


def with_a_member_twice(lines: list[dict[str, Any]]) -> None:
    """Write a row twice."""
    lines.insert(lines.index(rows(lines, "member")[0]), rows(lines, "member")[1])


def with_an_unknown_kind(lines: list[dict[str, Any]]) -> None:
    """Let a member be something timebank does not know."""
    rows(lines, "member")[0]["kind"] = "robot"


def with_an_unknown_entry_kind(lines: list[dict[str, Any]]) -> None:
    """Let an entry be something timebank does not know."""
    rows(lines, "entry")[0]["kind"] = "gift"


def with_another_branch(lines: list[dict[str, Any]]) -> None:
    """Name another branch in the first row than in the first line."""
    rows(lines, "branch")[0]["code"] = "brest"


def with_an_unknown_zone(lines: list[dict[str, Any]]) -> None:
    """Put the branch on Mars."""
    rows(lines, "branch")[0]["zone"] = "Mars/Olympus"


def founded_beyond_time(lines: list[dict[str, Any]]) -> None:
    """Found the branch at an instant that no calendar has."""
    rows(lines, "branch")[0]["created_us"] = 2**62


def without_rows(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Keep the first line only."""
    return lines[:1]


def with_a_posting_to_nowhere(lines: list[dict[str, Any]]) -> None:
    """Post to an account that is not there."""
    rows(lines, "entry")[0]["posting"][0]["account_no"] = 99


def with_another_held_balance(lines: list[dict[str, Any]]) -> None:
    """Let a hold reserve more than is reserved."""
    next(hold for hold in rows(lines, "hold") if hold["state"] == "pending")["minutes"] += 5


def with_another_credit(lines: list[dict[str, Any]]) -> None:
    """Let a service record claim more than its entry credits."""
    rows(lines, "service_record")[0]["credited_minutes"] = 1


def with_another_policy(lines: list[dict[str, Any]]) -> None:
    """Change the rules after the fact, and leave their fingerprint as it is."""
    rows(lines, "policy_version")[0]["document"] += "\n# changed\n"


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (with_amount, BranchFileFaulty, "table entry: I-4: the running balance does not follow"),
        (with_another_day, RestoreRefused, "leaf_differs"),
        (without_the_last_entry, RestoreRefused, "head_differs"),
        (without_the_last_signed_entry, BranchFileFaulty, "I-11: a checkpoint goes no further"),
        (without_an_entry, BranchFileFaulty, "table entry: I-"),
        (with_sides_swapped, BranchFileFaulty, "table entry: I-4: the running balance does not follow"),
        (with_another_balance, RestoreRefused, "cached_balance_differs"),
        (with_a_member_twice, BranchFileFaulty, "table member: I-2: a row of member is never replaced"),
        (with_an_unknown_kind, RestoreRefused, "unreadable"),
        (with_an_unknown_entry_kind, RestoreRefused, "unreadable"),
        (with_another_branch, BranchFileFaulty, "table branch: not the branch that the first line names"),
        (with_an_unknown_zone, RestoreRefused, "unreadable"),
        (founded_beyond_time, BranchFileFaulty, "table branch: not an instant"),
        (without_rows, BranchFileFaulty, "table branch: not the branch that the first line names"),
        (with_a_posting_to_nowhere, BranchFileFaulty, "table entry: rows that cannot stand together"),
        (with_another_held_balance, RestoreRefused, "hold_differs"),
        (with_another_credit, RestoreRefused, "record_"),
        (with_another_policy, RestoreRefused, "policy_differs"),
    ],
)
def test_books_that_somebody_changed_are_refused(
    world: Bank, empty: Bank, change: Change, error: type[TimebankError], says: str
) -> None:
    """Even if the file vouches for itself: rows, guards and audit must agree, else nothing is written."""
    content = resealed(export_of(world), change)

    with pytest.raises(error) as caught:
        restore(empty, content)

    faults = getattr(caught.value, "faults", ()) if isinstance(caught.value, RestoreRefused) else ()
    assert says in " ".join((str(caught.value), *(fault.code for fault in faults)))
    assert [] == empty.branches.list()
    assert MARKER not in str(caught.value)


def test_counts_that_differ_are_refused(world: Bank, empty: Bank) -> None:
    """The first line says how many rows of each table there are; fewer would be a loss, more a surprise."""
    lines = lines_of(export_of(world))
    lines[0]["counts"]["member"] += 1

    with pytest.raises(BranchFileFaulty) as caught:
        restore(empty, sealed(lines))

    assert "table member: 9 rows, the first line says 10" in str(caught.value)
    assert [] == empty.branches.list()


def test_a_damaged_file_changes_nothing(world: Bank, empty: Bank) -> None:
    """Cut short, changed by a bit, or something else: one sentence, and the database as it was."""
    content = export_of(world)
    bit = content.index(b'"amount":') + len(b'"amount":')
    flipped = content[:bit] + (b"1" if content[bit : bit + 1] != b"1" else b"2") + content[bit + 1 :]

    for damaged, error in (
        (content[: len(content) // 2], BranchFileCut),
        (content[:-1], BranchFileCut),
        (flipped, BranchFileChanged),
        (b"", NotABranchFile),
        (b"PK\x03\x04" + content, NotABranchFile),
        (b"\x00" * 9_000_000, NotABranchFile),
    ):
        with pytest.raises(error):
            restore(empty, damaged)

    assert [] == empty.branches.list()


def test_two_branches_of_different_moments_are_not_put_together(family: Family, tmp_path: Path) -> None:
    """Inside one deployment two branches always agree on what they owe each other (I-7)."""
    folder = tmp_path / "other"
    folder.mkdir()
    before = export_of(family.bank, "lille")
    family.settled()
    after = {branch: export_of(family.bank, branch) for branch in ("lille", "locmine")}
    other = a_bank(folder)

    restore(other, after["locmine"])
    with pytest.raises(RestoreUnreconciled) as caught:
        restore(other, before)

    assert "clearing_differs" in {fault.code for fault in caught.value.faults}
    assert ["locmine"] == [branch.code for branch in other.branches.list()]
    restore(other, after["lille"])
    assert other.audits.run().ok
    other.close()


@pytest.mark.parametrize("is_home_first", [True, False])
def test_a_redemption_that_only_one_of_them_knows_keeps_them_apart(
    family: Family, tmp_path: Path, *, is_home_first: bool
) -> None:
    """Nothing is owed yet, but a record waits in one branch for a redemption that the other does not have."""
    folder = tmp_path / "other"
    folder.mkdir()
    before = export_of(family.bank, "lille")
    family.logged()
    files = [before, export_of(family.bank, "locmine")]
    other = a_bank(folder)

    restore(other, files[not is_home_first])
    with pytest.raises(RestoreUnreconciled):
        restore(other, files[is_home_first])

    assert 1 == len(other.branches.list())
    other.close()


def test_time_passes_before_a_restore(world: Bank, empty: Bank) -> None:
    """A backup is restored years later, and what was due in between falls due then, not on the way in."""
    content = export_of(world)
    empty.store.clock.advance(timedelta(days=4_000))  # type: ignore[attr-defined]

    restore(empty, content)

    assert content == export_of(empty)
