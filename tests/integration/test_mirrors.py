"""Mirrors: a whole log as files, gone on with, and written nowhere that they do not belong (I-11)."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.mirroring import BRANCH, a_bank, files_in, post
from tests.integration.tampering import tamper
from tests.postgres import a_database

from timebank.errors import (
    MirrorBusy,
    MirrorDiverged,
    MirrorHasEntries,
    MirrorOfAnother,
    MirrorUnfounded,
    NotAMirror,
    NothingSigned,
    UnwritableFile,
)
from timebank.services.bank import Bank, open_bank
from timebank.translog.checkpoint import Checkpoint
from timebank.translog.mirror import count_of, wanted_of
from timebank.translog.note import parse_note
from timebank.translog.tiles import entries_of, hashes_of
from timebank.translog.tree import leaf_of, root_of


@pytest.fixture(params=["sqlite", "postgresql"])
def bank(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bank]:
    """Return a bank of either engine, with 300 entries in a log that can be signed."""
    monkeypatch.setenv("TIMEBANK_LOG_KEYS", str(tmp_path / "keys"))
    if request.param == "sqlite":
        with a_bank(f"sqlite:///{tmp_path / 'books.db'}", entries=300) as found:
            yield found
    else:
        server = request.getfixturevalue("postgres_server")
        with a_database(server) as address, a_bank(address, entries=300) as found:
            yield found


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Bank]:
    """Return a bank in a file, with 300 entries."""
    with a_bank(f"sqlite:///{tmp_path / 'books.db'}", entries=300) as found:
        yield found


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Return a folder that is not there."""
    return tmp_path / "mirror"


def said_in(folder: Path) -> Checkpoint:
    """Return the checkpoint of a mirror."""
    return Checkpoint.parse(parse_note((folder / "checkpoint").read_bytes()).text)


def test_a_mirror_has_all_that_leads_to_the_root(bank: Bank, mirror: Path) -> None:
    """Entries, their leaves, the tile above, the checkpoint and the key; and no other file."""
    (done,) = bank.mirrors.export(mirror, [BRANCH], with_entries=True)

    files = files_in(mirror / BRANCH)
    assert {
        "checkpoint",
        "key",
        "tile/0/000",
        "tile/0/001.p/44",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/001.p/44",
    } == set(files)
    leaves = hashes_of(files["tile/0/000"] + files["tile/0/001.p/44"])
    assert root_of(leaves) == said_in(mirror / BRANCH).root
    bundles = files["tile/entries/000"], files["tile/entries/001.p/44"]
    assert leaves == [leaf_of(entry) for bundle in bundles for entry in entries_of(bundle)]
    assert root_of(leaves[:256]) == files["tile/1/000.p/1"]
    assert (300, 7, 0, 0) == (done.size, done.written, done.kept, done.removed)
    assert sum(map(len, files.values())) == done.bytes_written


def test_a_second_export_writes_only_what_is_new(bank: Bank, mirror: Path) -> None:
    """Full tiles are never written again; partial ones stay until the full one is there."""
    bank.mirrors.export(mirror, with_entries=True)
    folder = mirror / BRANCH
    first = {name: (folder / name).stat().st_ino for name in files_in(folder)}

    post(bank, 100)
    (second,) = bank.mirrors.export(mirror, with_entries=True)
    assert {"tile/0/001.p/44", "tile/0/001.p/144", "tile/1/000.p/1"} <= files_in(folder).keys()
    assert (400, 3, 4, 0) == (second.size, second.written, second.kept, second.removed)
    post(bank, 200)
    (third,) = bank.mirrors.export(mirror, with_entries=True)

    assert {name: (folder / name).stat().st_ino for name in ("key", "tile/0/000", "tile/entries/000")} == {
        name: first[name] for name in ("key", "tile/0/000", "tile/entries/000")
    }
    assert {"tile/1/000.p/1", "tile/1/000.p/2", "tile/0/001", "tile/0/002.p/88"} <= files_in(folder).keys()
    assert not [name for name in files_in(folder) if name.startswith(("tile/0/001.p", "tile/entries/001.p"))]
    assert (600, 4) == (third.size, third.removed)
    (again,) = bank.mirrors.export(mirror, with_entries=True)
    assert (600, 0, 0) == (again.size, again.written, again.bytes_written)


def test_a_mirror_made_in_steps_is_the_mirror_made_at_once(local: Bank, mirror: Path) -> None:
    """But for partial tiles that are still there."""
    for count in (0, 1, 210, 1, 1, 254):
        post(local, count)
        local.mirrors.export(mirror, with_entries=True)
    local.mirrors.export(mirror.with_name("other"), with_entries=True)

    stepwise, at_once = files_in(mirror), files_in(mirror.with_name("other"))
    assert at_once == {name: stepwise[name] for name in at_once}
    assert all(".p/" in name for name in stepwise.keys() - at_once.keys())


def test_an_export_that_was_killed_is_gone_on_with(
    local: Bank, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is no checkpoint of what is not there; what was half written is written anew."""
    real, left = os.replace, 3

    class Killed(BaseException):
        pass

    def dies(source: Path, target: Path) -> Path:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        real(source, target)
        return target

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", dies)
        with pytest.raises(Killed):
            local.mirrors.export(mirror, with_entries=True)
    cut = files_in(mirror / BRANCH)
    assert "checkpoint" not in cut
    assert any(name.endswith(".part") for name in cut)

    (done,) = local.mirrors.export(mirror, with_entries=True)

    assert 2 == done.kept
    local.mirrors.export(mirror.with_name("other"), with_entries=True)
    assert files_in(mirror) == files_in(mirror.with_name("other"))


def test_a_mirror_goes_as_far_as_the_log_was_signed_if_nothing_may_be_signed(
    local: Bank, mirror: Path
) -> None:
    """As the service has it, which need not have the private key."""
    with pytest.raises(NothingSigned):
        local.mirrors.export(mirror, signs=False)
    with pytest.raises(NothingSigned):
        local.mirrors.export(mirror, [BRANCH], signs=False)
    assert not mirror.exists()
    local.log.checkpoint(BRANCH)
    post(local, 5)

    (done,) = local.mirrors.export(mirror, signs=False)

    assert 300 == done.size == said_in(mirror / BRANCH).size
    assert (1, 300) == (len(local.log.checkpoints(BRANCH)), local.log.checkpoints(BRANCH)[0].size)


def test_a_dry_run_counts_and_writes_nothing(local: Bank, mirror: Path) -> None:
    """Neither a file nor a checkpoint in the books."""
    dry = open_bank(str(local.store.engine.url), is_dry_run=True)
    (done,) = dry.mirrors.export(mirror, with_entries=True)
    dry.close()

    assert (300, 7) == (done.size, done.written)
    assert not mirror.exists()
    assert [] == local.log.checkpoints(BRANCH)


def test_an_empty_log_has_a_mirror(tmp_path: Path, mirror: Path) -> None:
    """Of a key and a checkpoint; it grows like any other."""
    with a_bank(f"sqlite:///{tmp_path / 'books.db'}") as bank:
        bank.mirrors.export(mirror)
        assert {"checkpoint", "key"} == files_in(mirror / BRANCH).keys()
        post(bank, 1)
        bank.mirrors.export(mirror)
        assert {"checkpoint", "key", "tile/0/000.p/1"} == files_in(mirror / BRANCH).keys()


def test_a_mirror_that_is_not_of_this_log_is_left_alone(tmp_path: Path, mirror: Path) -> None:
    """Of another origin, or of a bank that was restored from an older backup and went on differently."""
    with a_bank(f"sqlite:///{tmp_path / 'books.db'}", entries=300) as bank:
        bank.mirrors.export(mirror)
    other = tmp_path / "other"
    other.mkdir()
    with a_bank(f"sqlite:///{other / 'books.db'}", entries=10) as bank:
        before = files_in(mirror)
        with pytest.raises(MirrorOfAnother):  # the same name, and another key
            bank.mirrors.export(mirror)
        assert before == files_in(mirror)
        (mirror / BRANCH / "key").write_text(f"{bank.log.keys(BRANCH)[0].vkey}\n")
        before = files_in(mirror)
        with pytest.raises(MirrorDiverged):  # fewer entries
            bank.mirrors.export(mirror)
        post(bank, 500)
        with pytest.raises(MirrorDiverged):  # others
            bank.mirrors.export(mirror)
        (mirror / BRANCH / "checkpoint").unlink()
        with pytest.raises(MirrorDiverged):  # tiles that no checkpoint covers
            bank.mirrors.export(mirror)
        del before[f"{BRANCH}/checkpoint"]
        assert before == files_in(mirror)
        assert [] == bank.log.checkpoints(BRANCH)


def test_a_mirror_of_another_origin_is_left_alone(local: Bank, mirror: Path) -> None:
    """The log of another branch, for instance, that was copied to the wrong place."""
    local.branches.create("locmine", name="Other branch")
    local.log.new_key("locmine")
    local.mirrors.export(mirror)
    (mirror / "locmine").rename(mirror / "away")
    (mirror / BRANCH).rename(mirror / "locmine")
    before = files_in(mirror)

    with pytest.raises(MirrorOfAnother, match=r"lille\.timebank.*locmine\.timebank"):
        local.mirrors.export(mirror)

    assert before == files_in(mirror)


@pytest.mark.parametrize("there", ["file", "notes.txt", "checkpoint", "tile/0/000", "bad checkpoint"])
def test_a_folder_that_is_no_mirror_is_left_alone(local: Bank, mirror: Path, there: str) -> None:
    """Something else is in the place, or it is not written as mirrors are."""
    mirror.mkdir()
    if there == "file":
        (mirror / BRANCH).write_text("mine")
    elif there == "bad checkpoint":
        local.mirrors.export(mirror)
        (mirror / BRANCH / "checkpoint").write_text("mine\n")
    else:
        (mirror / BRANCH / there).parent.mkdir(parents=True)
        (mirror / BRANCH / there).write_text("mine")
    before = files_in(mirror)

    with pytest.raises(NotAMirror):
        local.mirrors.export(mirror)

    assert before == files_in(mirror)


def test_keys_that_are_no_text_are_no_mirror(local: Bank, mirror: Path) -> None:
    """As somebody may have damaged them."""
    local.mirrors.export(mirror)
    (mirror / BRANCH / "key").write_bytes(b"\xff")

    with pytest.raises(NotAMirror):
        local.mirrors.export(mirror)


def test_a_folder_that_cannot_be_written_is_refused_first(
    local: Bank, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is signed for it."""
    mirror.write_text("a file")
    with pytest.raises(UnwritableFile):
        local.mirrors.export(mirror)
    mirror.unlink()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UnwritableFile):
        local.mirrors.export(mirror)
    assert [] == local.log.checkpoints(BRANCH)


def test_a_full_disk_leaves_the_last_checkpoint(
    local: Bank, mirror: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is there is as it was, and the next export goes on."""
    local.mirrors.export(mirror)
    post(local, 5)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(UnwritableFile):
            local.mirrors.export(mirror)
    assert 300 == said_in(mirror / BRANCH).size
    local.mirrors.export(mirror)
    assert 305 == said_in(mirror / BRANCH).size


def test_two_exports_do_not_write_at_once(local: Bank, mirror: Path) -> None:
    """The second is told so."""
    local.mirrors.export(mirror)
    handle = os.open(mirror / BRANCH, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    with pytest.raises(MirrorBusy):
        local.mirrors.export(mirror)
    os.close(handle)
    assert 1 == len(local.mirrors.export(mirror))


def test_a_mirror_with_entries_is_not_gone_on_with_without(local: Bank, mirror: Path) -> None:
    """They would be missing; and entries are published only when somebody says so."""
    local.mirrors.export(mirror)
    local.mirrors.export(mirror, with_entries=True)
    before = files_in(mirror)
    with pytest.raises(MirrorHasEntries):
        local.mirrors.export(mirror)
    assert before == files_in(mirror)
    assert {"tile/entries/000", "tile/entries/001.p/44"} <= files_in(mirror / BRANCH).keys()


def test_an_entry_that_was_changed_is_not_mirrored(local: Bank, mirror: Path) -> None:
    """It would be checked against another leaf by whoever gets it."""
    tamper(mirror.with_name("books.db"), "UPDATE entry SET recorded_us = recorded_us + 1 WHERE seq = 7")
    with pytest.raises(MirrorUnfounded, match="entry 7 of lille"):
        local.mirrors.export(mirror, with_entries=True)
    assert not (mirror / BRANCH / "checkpoint").exists()


def test_progress_is_told(local: Bank, mirror: Path) -> None:
    """Up to all of it."""
    told: list[tuple[str, int, int]] = []
    local.mirrors.export(mirror, with_entries=True, progress=lambda *each: told.append(each))
    assert [(BRANCH, 5, 5)] == told


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("with_entries", [False, True])
def test_files_are_counted_before_they_are_named(size: int, with_entries: bool) -> None:  # noqa: FBT001
    """For the display of progress."""
    assert len(list(wanted_of(size, with_entries=with_entries))) == count_of(size, with_entries=with_entries)
