"""Who was erased stays erased, also in books that come back from before."""

from contextlib import closing
from pathlib import Path

import pytest
from tests.builders import a_bank, a_branch, address_in, help_given
from tests.integration.test_privacy import joined, traces

from timebank.reports.backup import BackupFormat
from timebank.reports.erasures import Erasure
from timebank.services.backup_files import back_up, restore

GONE = Erasure("lille", "gone")


def a_backup_from_before(folder: Path, form: BackupFormat) -> Path:
    """Return a backup that still knows somebody who was erased since."""
    home = folder / "home"
    home.mkdir()
    with closing(a_branch(home)) as bank:
        joined(bank, "gone", "zqxgone")
        help_given(bank, provider="gone", recipient="m1")
        back_up(address_in(home), folder / "old", form=form)
        bank.members.erase("lille", "gone")
    return folder / "old"


@pytest.mark.parametrize("form", BackupFormat)
def test_an_old_backup_that_comes_back_forgets_them_again(tmp_path: Path, form: BackupFormat) -> None:
    """The list was kept elsewhere; the books are those of the backup, and no file there holds a trace."""
    old = a_backup_from_before(tmp_path, form)
    with closing(a_bank(tmp_path / "home")) as bank:
        (listed,) = bank.erasures.list()
    there = tmp_path / "there"
    there.mkdir()

    restore(address_in(there), old, erasures=[listed[0], Erasure("lille", "m99"), Erasure("paris", "m1")])

    with closing(a_bank(there)) as bank:
        assert GONE == listed[0]
        assert bank.members.show("lille", "gone").identity is None
        assert bank.members.show("lille", "m1").identity is not None
        assert [GONE] == [each for each, _ in bank.erasures.list()]
        assert [] == traces(there, "zqxgone")
        assert bank.audits.run().ok


@pytest.mark.parametrize("form", BackupFormat)
def test_without_a_list_they_would_be_back(tmp_path: Path, form: BackupFormat) -> None:
    """A backup is a copy: what it was made of is in it."""
    old = a_backup_from_before(tmp_path, form)
    there = tmp_path / "there"
    there.mkdir()

    restore(address_in(there), old)

    assert ["bank.db"] == traces(there, "zqxgone")


def test_books_that_are_replaced_say_who_was_erased(tmp_path: Path) -> None:
    """They are the beginning of the backup's journal, and know of an erasure that the backup does not."""
    home, ahead = tmp_path / "home", tmp_path / "ahead"
    home.mkdir()
    ahead.mkdir()
    with closing(a_branch(home)) as bank:
        joined(bank, "gone", "zqxgone")
        back_up(address_in(home), tmp_path / "same")
    restore(address_in(ahead), tmp_path / "same")
    with closing(a_bank(ahead)) as bank:
        help_given(bank)
        back_up(address_in(ahead), tmp_path / "newer")
    with closing(a_bank(home)) as bank:
        bank.members.erase("lille", "gone")

    done = restore(address_in(home), tmp_path / "newer")

    assert done.kept is not None
    assert [] == traces(home, "zqxgone")
    with closing(a_bank(home)) as bank:
        assert [1] == [each.seq for each in bank.entries.list("lille")]
        assert bank.members.show("lille", "gone").identity is None
