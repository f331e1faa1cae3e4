"""What entries commit themselves to, kept with the names."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import NOW, a_bank, a_branch, help_given
from tests.integration.worlds import a_world

from timebank.errors import NoDetails
from timebank.ledger.canonical import micros_of
from timebank.ledger.details import Details, commitment_of
from timebank.services.bank import Bank


def details_of(bank: Bank, seq: int, branch: str = "lille") -> Details:
    """Return the details of an entry, which must be those that it has committed itself to."""
    shown = bank.entries.details(branch, seq)
    commitment = bank.entries.show(branch, seq).entry.draft.details

    assert commitment == commitment_of(shown.text, shown.secret)
    return shown.details


def moved(bank: Bank, reason: str) -> None:
    """Move minutes by hand."""
    bank.transfers.transfer(
        "lille",
        debit_path="member:m1:available",
        credit_path="member:m2:available",
        minutes=5,
        reason=reason,
    )


def test_help_commits_itself_to_what_was_stated(tmp_path: Path) -> None:
    """Kind, mode, start and minutes as stated, which an entry says nothing of."""
    bank = a_branch(tmp_path)
    help_given(bank, minutes=90)

    start = micros_of(NOW - timedelta(hours=4))
    assert Details(help="shopping", mode="in-person", start=start, minutes=90) == details_of(bank, 1)
    bank.close()


def test_transfers_and_reversals_commit_themselves_to_the_reason(tmp_path: Path) -> None:
    """The words somebody wrote, in composed form."""
    bank = a_branch(tmp_path)
    moved(bank, "cafe\u0301")
    bank.entries.reverse("lille", 1, reason="wrong account")

    assert Details(words="caf\u00e9") == details_of(bank, 1)
    assert Details(words="wrong account") == details_of(bank, 2)
    bank.close()


def test_a_correction_commits_both_entries_to_its_reason(tmp_path: Path) -> None:
    """The reversal and what stands now; what stood first is as it was."""
    bank = a_branch(tmp_path)
    no = help_given(bank, minutes=90)
    bank.hours.correct("lille", no, minutes=60, reason="an hour only")

    assert [None, "an hour only", "an hour only"] == [details_of(bank, seq).words for seq in (1, 2, 3)]
    assert [90, None, 60] == [details_of(bank, seq).minutes for seq in (1, 2, 3)]
    bank.close()


def test_redemptions_commit_themselves_in_both_books(tmp_path: Path) -> None:
    """Each under a secret of its own: what is erased in one branch tells nothing of the other."""
    bank = a_bank(tmp_path, clock=a_world(tmp_path))
    found = {
        code: {
            each.draft.cause: each
            for each in bank.entries.list(code)
            if each.draft.kind.value == "redemption"
        }
        for code in ("lille", "locmine")
    }
    cause = min(found["lille"].keys() & found["locmine"].keys(), key=str)
    home, host = found["lille"][cause], found["locmine"][cause]

    assert details_of(bank, home.seq) == details_of(bank, host.seq, "locmine")
    assert details_of(bank, home.seq).help is not None
    assert home.draft.details != host.draft.details
    bank.close()


@pytest.mark.parametrize("ref", ["m1", "m2"])
def test_either_member_takes_the_secret_along(tmp_path: Path, ref: str) -> None:
    """The entry and its leaf stay as they are; there is nothing left to compare the commitment with."""
    bank = a_branch(tmp_path)
    help_given(bank)
    before = bank.entries.show("lille", 1).entry

    bank.members.erase("lille", ref)

    with pytest.raises(NoDetails):
        bank.entries.details("lille", 1)
    assert before == bank.entries.show("lille", 1).entry
    assert bank.audits.run().ok
    bank.close()


def test_secrets_differ_from_entry_to_entry(tmp_path: Path) -> None:
    """The same facts do not give the same commitment: nobody learns that two hours were alike."""
    bank = a_branch(tmp_path)
    for _ in range(2):
        moved(bank, "alike")

    one, other = (bank.entries.show("lille", seq).entry.draft.details for seq in (1, 2))
    assert one != other
    bank.close()


def test_what_never_had_details_has_none(tmp_path: Path) -> None:
    """An entry of the first format stays one."""
    bank = a_bank(tmp_path, clock=a_world(tmp_path))
    hold = next(each for each in bank.entries.list("lille") if each.draft.kind.value == "hold")

    assert hold.draft.details is None
    with pytest.raises(NoDetails):
        bank.entries.details("lille", hold.seq)
    bank.close()


def test_either_member_is_given_details_and_secret(tmp_path: Path) -> None:
    """With them and a receipt anybody can be shown what help it was; a third person is given nothing."""
    bank = a_branch(tmp_path)
    help_given(bank)
    shown = bank.entries.details("lille", 1)

    given, same, other = (bank.members.export_data("lille", ref).details for ref in ("m1", "m2", "m3"))

    assert [("lille", 1, shown.text, shown.secret)] == [
        (each.branch, each.entry, each.text, each.secret) for each in given
    ]
    assert (given, ()) == (same, other)
    bank.close()
