"""The audit of a mirror: whatever is changed in it is found and named, without any database (I-11)."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.running import run
from tests.integration.mirroring import BRANCH, a_bank, files_in, post

from timebank.errors import BadLogKey, NotAMirror
from timebank.reports.mirror import MirrorAudit
from timebank.services.audit_kept import KeptFile
from timebank.services.audits import AuditReport
from timebank.services.log_keys import make_key
from timebank.services.mirror_audit import audit_mirrors, keys_of
from timebank.translog.checkpoint import Checkpoint, sign_checkpoint
from timebank.translog.note import SignerKey
from timebank.translog.tiles import Tail, bundle_of, entries_of
from timebank.translog.tree import leaf_of, root_of

SIGNER = SignerKey("forge.example", bytes(range(32)))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two mirrors of a log that grew from 300 to 600 entries and was reversed at its end."""
    folder = tmp_path_factory.mktemp("made")
    with a_bank(f"sqlite:///{folder / 'books.db'}", entries=300) as bank:
        for name in ("hashes", "entries"):
            bank.mirrors.export(folder / name, with_entries=name == "entries")
        (folder / "old").write_text(bank.log.checkpoint(BRANCH).note)
        post(bank, 299)
        bank.entries.reverse(BRANCH, 3, reason="sample")
        for name in ("hashes", "entries"):
            bank.mirrors.export(folder / name, with_entries=name == "entries")
        (folder / "key").write_text(f"# sample\n{bank.log.keys(BRANCH)[0].vkey}\n")
    return folder


@pytest.fixture
def mirror(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the mirror with entries, to be damaged."""
    return Path(shutil.copytree(made / "entries", tmp_path / "mirror"))


def audited(made: Path, folder: Path) -> AuditReport:
    """Audit with the right key."""
    return audit_mirrors(folder, keys_of([str(made / "key")]))


def codes(report: AuditReport) -> set[tuple[str, str]]:
    """Return places and codes."""
    return {(fault.place.removeprefix(f"{BRANCH}/"), fault.code) for fault in report.faults}


def test_a_mirror_holds(made: Path) -> None:
    """With entries the books are folded, too; with hashes alone that is said."""
    report = audited(made, made / "entries")
    assert ((), 1, 600, 600, 2) == (
        report.faults,
        report.branches,
        report.entries,
        report.checked,
        report.accounts,
    )
    alone = audited(made, made / "hashes" / BRANCH)
    assert ((), 600, 0) == (alone.faults, alone.entries, alone.checked)
    assert () == audit_mirrors(made / "entries").faults


@pytest.mark.parametrize("kind", ["hashes", "entries"])
def test_no_byte_of_any_file_can_be_changed(made: Path, tmp_path: Path, kind: str) -> None:
    """Changed, left out or doubled: found, and the file is named."""
    rng = random.Random(7)
    folder = Path(shutil.copytree(made / kind, tmp_path / kind))
    for name, data in files_in(folder).items():
        is_small = len(data) < 300
        places = range(len(data)) if is_small else [0, 1, len(data) - 1, *rng.sample(range(len(data)), 9)]
        for at in places:
            for wrong in (bytes([data[at] ^ (1 << rng.randrange(8))]), b"", data[at : at + 1] * 2):
                changed = data[:at] + wrong + data[at + 1 :]
                if changed == data:
                    continue
                (folder / name).write_bytes(changed)
                report = audited(made, folder)
                path = name.removeprefix(f"{BRANCH}/")
                assert any(path in f"{each.place} {each.detail}" for each in report.faults), (name, at, wrong)
        (folder / name).write_bytes(data)
    assert audited(made, folder).ok


def test_a_changed_file_is_named_alone(made: Path, mirror: Path) -> None:
    """Not those beside it, above it and below it."""
    for name, code in (
        ("tile/0/000", "tile_differs"),
        ("tile/0/002.p/88", "tile_differs"),
        ("tile/1/000.p/2", "tile_differs"),
        ("tile/entries/001", "bundle_differs"),
        ("tile/1/000.p/1", "tile_differs"),
    ):
        file = mirror / BRANCH / name
        data = file.read_bytes()
        file.write_bytes(data[:20] + bytes([data[20] ^ 1]) + data[21:])
        assert {(name, code)} == codes(audited(made, mirror)), name
        file.write_bytes(data)


def test_files_that_are_missing_or_too_many_are_named(made: Path, mirror: Path) -> None:
    """Whatever they are."""
    folder = mirror / BRANCH
    for name in files_in(folder):
        data = (folder / name).read_bytes()
        (folder / name).unlink()
        found = codes(audited(made, mirror))
        if name != "tile/1/000.p/1":  # of an older tree: it may go
            assert {(name, "file_missing")} == found
        (folder / name).write_bytes(data)
    for name in ("tile/0/003", "tile/0/002.p/89", "tile/0/2", "notes", "tile/2/000.p/1", ".checkpoint.part"):
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_bytes(b"x")
        assert {(name, "file_surplus")} == codes(audited(made, mirror))
        (folder / name).unlink()
    assert audited(made, mirror).ok


def test_a_checkpoint_by_another_key_is_found(made: Path, mirror: Path) -> None:
    """Its own key file says nothing, if a key was given."""
    key = str(make_key("lille.timebank").verifier)
    (mirror / BRANCH / "key").write_text(f"{key}\n")
    found = codes(audit_mirrors(mirror, keys_of([key])))
    assert {("checkpoint", "checkpoint_unsigned"), ("checkpoint", "signature_unknown")} == found


def test_the_log_goes_on_from_what_was_kept(made: Path) -> None:
    """And is found out if it does not; whatever else is in the file is no proof."""
    old = (made / "old").read_bytes()
    keys = keys_of([str(made / "key")])

    def against(data: bytes) -> list[str]:
        report = audit_mirrors(made / "entries", keys, against=[KeptFile(name="old", data=data)])
        assert report.ok == bool(report.kept)
        return [fault.code for fault in report.faults]

    assert [] == against(old)
    assert ["kept_invalid"] == against(b"{}")
    assert ["kept_invalid"] == against(b"x")
    assert ["kept_forged"] == against(old.replace(b"\n300\n", b"\n299\n"))
    foreign = sign_checkpoint(Checkpoint(origin=SIGNER.name, size=1, root=bytes(32)), [SIGNER])
    assert ["kept_foreign"] == against(bytes(foreign))
    stranger = SignerKey("lille.timebank", bytes(32))
    unsigned = sign_checkpoint(Checkpoint(origin=stranger.name, size=1, root=bytes(32)), [stranger])
    assert ["kept_unsigned"] == against(bytes(unsigned))


def forged(change: Callable[[list[bytes]], object], entries: list[bytes]) -> MirrorAudit:
    """Audit a log in memory whose entries were changed before it was signed."""
    change(entries)
    leaves = [leaf_of(each) for each in entries]
    size = len(entries)
    note = sign_checkpoint(Checkpoint(origin=SIGNER.name, size=size, root=root_of(leaves)), [SIGNER])
    files = {
        "checkpoint": bytes(note),
        "key": f"{SIGNER.verifier}\n".encode(),
        f"tile/0/000.p/{size}": b"".join(leaves),
        f"tile/entries/000.p/{size}": bundle_of(entries),
    }
    assert Tail().extend(leaves) == []
    audit = MirrorAudit(lambda path, _most: files.get(path), lambda: files, trusted=[SIGNER.verifier])
    audit.run()
    return audit


def swap(old: bytes, new: bytes, at: int = 2) -> Callable[[list[bytes]], object]:
    """Return what replaces something in the entry at a place."""

    def change(entries: list[bytes]) -> None:
        assert old in entries[at]
        entries[at] = entries[at].replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (swap(b"debit 1 min", b"debit 2 min"), "entry_unbalanced"),
        (swap(b"fund:a 3 ", b"fund:a 4 "), "account_sequence_gap"),
        (swap(b"fund:a 3 -3", b"fund:a 3 -4"), "running_balance_differs"),
        (swap(b"lille 3\n", b"lille 4\n"), "entry_misplaced"),
        (swap(b"lille 3\n", b"locmine 3\n"), "entry_misplaced"),
        (swap(b"help 0", b"help 2"), "entry_malformed"),
        (swap(b"reverses -", b"reverses 1"), "entry_malformed"),
        (swap(b"recorded ", b"recorded -"), "recorded_backwards"),
        (swap(b"\n", b"\n\n"), "entry_malformed"),
        (lambda entries: entries.pop(1), "entry_misplaced"),
    ],
    ids=range(10),
)
def test_entries_that_were_signed_must_still_be_books(
    made: Path, change: Callable[[list[bytes]], object], code: str
) -> None:
    """Whoever has the key can sign anything; not that it balances."""
    entries = list(entries_of((made / "entries" / BRANCH / "tile" / "entries" / "000").read_bytes())[:9])
    assert [] == forged(len, list(entries)).faults
    assert code in {fault.code for fault in forged(change, entries).faults}


def test_the_command_ends_as_the_audit_does(made: Path, mirror: Path) -> None:
    """0 or 4, with the same JSON; no database is opened."""
    key = str(made / "key")
    done = run("audit", "--tiles", str(mirror), "--key", key, "--against", str(made / "old"))
    assert (0, True) == (done.status, "the first 300 entries of lille" in done.out)
    assert "note: no --key was given" in run("audit", "--tiles", str(mirror)).err
    (mirror / BRANCH / "tile" / "0" / "000").unlink()
    broken = run("audit", "--tiles", str(mirror), "--key", key, "--json")
    assert (4, False) == (broken.status, broken.json["ok"])
    assert [f"{BRANCH}/tile/0/000"] == [each["place"] for each in broken.json["faults"]]
    assert 2 == run("audit", "--key", key).status
    assert 2 == run("audit", "--tiles", str(mirror), "--deep").status


def test_what_is_no_mirror_or_no_key_is_said(tmp_path: Path) -> None:
    """Rather than that nothing is wrong with it."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(NotAMirror):
            audit_mirrors(folder)
    (tmp_path / "empty").write_text("# none\n")
    for text in ("nothing", str(tmp_path / "empty")):
        with pytest.raises(BadLogKey):
            keys_of([text])
