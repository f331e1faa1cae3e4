"""Members and branches on the command line: keys, who may, and what is asked before erasing."""

import pytest
from tests.cli.running import run

RENAME = ("member", "rename", "m1", "-b", "lille", "--name", "Sample Name")
ERASE = ("member", "erase", "m1", "-b", "lille")


def name_of(address: str, ref: str) -> str | None:
    """Return the name that stands behind a reference."""
    name: str | None = run("--db", address, "member", "show", ref, "-b", "lille", "--json").json["name"]
    return name


def test_the_same_key_lets_one_member_join(address: str) -> None:
    """A form that is sent twice makes one member; the same key for somebody else is refused (I-9)."""
    add = ("--db", address, "member", "add", "-b", "lille", "--key", "k", "--json")

    first, again = (run(*add, "--name", "Sample Newcomer") for _ in range(2))
    other = run(*add, "--name", "Sample Other")

    assert first.json == again.json
    assert 4 == len(run("--db", address, "member", "list", "-b", "lille", "--json").json)
    assert (1, True) == (other.status, "[key_reused]" in other.err)


def test_the_key_of_a_member_who_was_erased_still_has_one_effect(address: str) -> None:
    """What is kept of the request for ever holds no name, and yet it is not done again (I-9, I-10)."""
    add = (
        "--db",
        address,
        "member",
        "add",
        "-b",
        "lille",
        "--key",
        "k",
        "--name",
        "Sample Newcomer",
        "--json",
    )
    run(*add)
    run("--db", address, "member", "erase", "m4", "-b", "lille", "--yes")

    again = run(*add)

    assert (0, "m4", True) == (again.status, again.json["ref"], again.json["is_erased"])


@pytest.mark.parametrize(("by", "status"), [("member:m1", 0), ("coordinator:desk", 0), ("member:m2", 1)])
def test_a_name_is_changed_by_its_owner_or_a_coordinator(by: str, status: int, address: str) -> None:
    """Nobody renames a neighbour (I-14)."""
    done = run("--db", address, *RENAME, "--by", by)

    assert status == done.status
    assert ("Sample Name" if status == 0 else "Sample Member 1") == name_of(address, "m1")


def test_a_contact_that_is_left_out_stays_and_an_empty_one_goes(address: str) -> None:
    """Changing the name must not lose the telephone number."""
    run("--db", address, *RENAME, "--email", "sample@example.org", "--phone", "0123")

    kept = run("--db", address, *RENAME, "--email", "", "--json").json

    assert (None, "0123") == (kept["email"], kept["phone"])


def test_the_same_key_renames_once(address: str) -> None:
    """A late repetition does not undo what came after it."""
    first, again = (run("--db", address, *RENAME, "--key", "k", "--json") for _ in range(2))
    run("--db", address, "member", "rename", "m1", "-b", "lille", "--name", "Sample Later")
    late = run("--db", address, *RENAME, "--key", "k")

    assert first.json == again.json
    assert 1 == late.status
    assert "Sample Later" == name_of(address, "m1")


def test_erasing_asks_first(address: str) -> None:
    """Without a terminal there is nobody to ask: --yes says it; a dry run needs no answer."""
    assert "[declined]" in run("--db", address, *ERASE).err
    assert 0 == run("--db", address, *ERASE, "--dry-run").status
    assert "Sample Member 1" == name_of(address, "m1")

    assert 0 == run("--db", address, *ERASE, "--yes", "--by", "member:m1").status
    assert name_of(address, "m1") is None


def test_nobody_erases_somebody_else(address: str) -> None:
    """Only the member and a coordinator do (I-14)."""
    done = run("--db", address, *ERASE, "--yes", "--by", "member:m2")

    assert (1, True) == (done.status, "[not_allowed]" in done.err)


def test_everything_held_on_a_member_is_written_out(address: str) -> None:
    """The whole of it as JSON; how much of what there is, for people to read."""
    command = ("--db", address, "member", "export-data", "m1", "-b", "lille")
    whole, shown = run(*command, "--json"), run(*command)

    assert (0, "m1") == (whole.status, whole.json["profile"]["ref"])
    assert ["member:m1:available"] == [each["path"] for each in whole.json["accounts"]]
    assert "Sample" not in shown.out
    assert 3 == run("--db", address, "member", "export-data", "m9", "-b", "lille").status


def test_the_same_key_founds_one_branch(address: str) -> None:
    """A script that sets up a region can be run again; another branch of that code is refused."""
    found = ("--db", address, "branch", "create", "brest", "--key", "k")

    assert (0, 0) == (run(*found, "--name", "Brest").status, run(*found, "--name", "Brest").status)
    assert "[key_reused]" in run(*found, "--name", "Brest Centre").err
    assert "[branch_exists]" in run("--db", address, "branch", "create", "brest", "--name", "Brest").err


def test_the_same_key_opens_and_closes_once(address: str) -> None:
    """What was closed with one key is not opened again by repeating another."""
    opened = ("--db", address, "account", "open", "fund:tea", "-b", "lille", "--key", "k1")
    closed = ("--db", address, "account", "close", "fund:tea", "-b", "lille", "--key", "k2")

    assert [0, 0, 0, 0] == [run(*each).status for each in (opened, closed, opened, closed)]
    assert run("--db", address, "account", "show", "fund:tea", "-b", "lille", "--json").json["is_closed"]
