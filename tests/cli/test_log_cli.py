"""`timebank log` end to end: keys in files for their owner only, checkpoints that anybody can verify."""

from base64 import b64decode
from pathlib import Path

import pytest
from tests.cli.running import run
from tests.witnessing import Witness, serving

from timebank.translog.checkpoint import Checkpoint
from timebank.translog.note import SignerKey, VerifierKey, parse_note
from timebank.translog.tree import EMPTY_ROOT, check_consistency, check_inclusion
from timebank.translog.witness import WitnessedLog


@pytest.fixture
def db(tmp_path: Path) -> str:
    """Return the address of a bank with a branch of three entries."""
    address = f"sqlite:///{tmp_path / 'bank.db'}"
    assert 0 == run("--db", address, "branch", "create", "lille", "--name", "Lille").status
    for path in ("fund:a", "fund:b"):
        assert 0 == run("--db", address, "account", "open", path, "--branch", "lille").status
    grow(address)
    return address


def grow(db: str) -> None:
    """Post three entries."""
    for _ in range(3):
        done = run(
            *f"--db {db} transfer --minutes 10 --from fund:a --to fund:b -b lille --reason sample".split()
        )
        assert 0 == done.status, done.err


def test_a_branch_without_a_key_says_how_to_make_one(db: str) -> None:
    """Writing works as ever; signing names the command."""
    done = run("--db", db, "log", "checkpoint", "--branch", "lille")

    assert (1, "") == (done.status, done.out)
    assert "timebank log key new --branch lille" in done.err
    assert "[no_log_key]" in done.err
    shown = run("--db", db, "log", "show", "--branch", "lille", "--json").json
    assert (3, None, []) == (shown["size"], shown["checkpoint"], shown["keys"])


def test_a_checkpoint_is_signed_when_the_log_has_grown(db: str, tmp_path: Path) -> None:
    """And only then; the first one is the beginning of the second."""
    made = run(
        "--db", db, "log", "key", "new", "--branch", "lille", "--origin", "log.example/lille", "--json"
    ).json
    key = VerifierKey.parse(made["vkey"])
    first = run("--db", db, "log", "checkpoint", "--branch", "lille", "--json").json
    again = run("--db", db, "log", "checkpoint", "--branch", "lille", "--json").json
    grow(db)
    file = tmp_path / "note"
    second = run("--db", db, "log", "checkpoint", "--branch", "lille", "--json", "--output", str(file)).json
    proof = run("--db", db, "log", "proof", "--branch", "lille", "--since", "3", "--json").json
    entry = run("--db", db, "log", "proof", "--branch", "lille", "--entry", "2", "--json").json

    assert first == again
    assert (3, 6) == (first["size"], second["size"])
    assert second["note"] == file.read_text()
    roots = []
    for each in (first, second):
        note = parse_note(each["note"].encode())
        key.verify(note)
        roots.append(Checkpoint.parse(note.text).root)
    check_consistency(3, roots[0], 6, roots[1], [b64decode(each) for each in proof["hashes"]])
    leaf, hashes = b64decode(entry["leaf"]), [b64decode(each) for each in entry["hashes"]]
    check_inclusion(leaf, 1, 6, hashes, roots[1])
    assert [6, 3] == [each["size"] for each in run("--db", db, "log", "list", "-b", "lille", "--json").json]


def test_old_checkpoints_stay_verifiable_after_a_rotation(db: str) -> None:
    """The first one of the new key is signed by both; the public halves of both are listed."""
    run("--db", db, "log", "key", "new", "--branch", "lille")
    old = run("--db", db, "log", "checkpoint", "--branch", "lille", "--json").json
    rotated = run("--db", db, "log", "key", "rotate", "--branch", "lille", "--json", "--key", "r").json
    repeated = run("--db", db, "log", "key", "rotate", "--branch", "lille", "--json", "--key", "r").json
    grow(db)
    new = run("--db", db, "log", "checkpoint", "--branch", "lille", "--json").json

    listed = run("--db", db, "log", "key", "list", "--branch", "lille", "--json").json
    one, two = (VerifierKey.parse(each["vkey"]) for each in listed)
    assert ["lille.timebank"] * 2 == [one.name, two.name]
    assert [True, False] == [each["retired_at"] is not None for each in listed]
    assert rotated["vkey"] == repeated["vkey"] == str(two)
    both = parse_note(rotated["checkpoint"]["note"].encode())
    one.verify(parse_note(old["note"].encode()))
    one.verify(both)
    two.verify(both)
    two.verify(parse_note(new["note"].encode()))
    assert (2, 6) == (new["key"], new["size"])


def keys_of(db: str) -> list[Path]:
    """Return the files of private keys."""
    return sorted(Path(db.removeprefix("sqlite:///") + ".keys").iterdir())


def test_private_keys_are_for_their_owner_only_and_nowhere_else(
    db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a file of mode 0600, or in a variable; each way of being unusable has its own code."""
    assert 0 == run("--db", db, "log", "key", "new", "--branch", "lille", "--dry-run").status
    assert [] == list(tmp_path.glob("*.keys"))
    assert 0 == run("--db", db, "log", "key", "new", "--branch", "lille").status
    twice = run("--db", db, "log", "key", "new", "--branch", "lille")
    assert "[log_key_exists]" in twice.err
    (file,) = keys_of(db)
    assert (0o600, 0o700) == (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777)
    secret = file.read_text().strip()
    assert not [
        each
        for each in tmp_path.glob("bank.db*")
        if each.is_file() and secret[-40:].encode() in each.read_bytes()
    ]

    def code() -> str:
        done = run("--db", db, "log", "checkpoint", "--branch", "lille")
        assert secret[-40:] not in done.out + done.err
        return done.err.rpartition("[")[2].strip().rstrip("]") if done.status else ""

    file.chmod(0o644)
    assert "log_key_exposed" == code()
    file.chmod(0o600)
    file.parent.chmod(0o755)
    assert "log_key_exposed" == code()
    file.parent.chmod(0o700)
    file.write_bytes(b"\xff")
    assert "log_key_malformed" == code()
    file.write_text(secret[:-2])
    assert "log_key_malformed" == code()
    file.write_text(SignerKey("lille.timebank", bytes(32)).text)
    assert "log_key_differs" == code()
    file.unlink()
    assert "log_key_missing" == code()
    file.mkdir(0o700)
    assert "log_key_unreadable" == code()
    file.rmdir()
    monkeypatch.setenv("TIMEBANK_LOG_KEY_LILLE", "PRIVATE+KEY+x")
    assert "log_key_malformed" == code()
    monkeypatch.setenv("TIMEBANK_LOG_KEY_LILLE", secret)
    assert "" == code()
    assert 0 == run("--db", db, "doctor").status


def test_a_lost_key_is_replaced(db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it signed stays signed; a folder of one's own is used when it is named."""
    run("--db", db, "log", "key", "new", "--branch", "lille")
    run("--db", db, "log", "checkpoint", "--branch", "lille")
    keys_of(db)[0].unlink()

    assert "[log_key_missing]" in run("--db", db, "log", "key", "rotate", "--branch", "lille").err
    monkeypatch.setenv("TIMEBANK_LOG_KEYS", str(tmp_path / "elsewhere"))
    rotated = run("--db", db, "log", "key", "rotate", "--branch", "lille", "--lost", "--json").json

    assert rotated["file"].startswith(str(tmp_path / "elsewhere"))
    assert None is rotated["checkpoint"]
    assert 2 == run("--db", db, "log", "checkpoint", "--branch", "lille", "--json").json["key"]
    assert 0 == run("--db", db, "log", "key", "retire", "2", "--branch", "lille").status
    assert "[unknown_log_key]" in run("--db", db, "log", "key", "retire", "2", "--branch", "lille").err
    assert "[no_log_key]" in run("--db", db, "log", "checkpoint", "--branch", "lille").err


def test_proofs_beyond_the_log_are_refused(db: str) -> None:
    """An entry or a size that is not there, and a question that is none."""
    for words in ("--entry 4", "--entry 2 --size 1", "--since 4", "--size 9 --since 1"):
        done = run(*f"--db {db} log proof --branch lille {words}".split())
        assert (3, "") == (done.status, done.out)
        assert "[beyond_log]" in done.err
    assert 2 == run("--db", db, "log", "proof", "--branch", "lille").status
    empty = run(*f"--db {db} log proof --branch lille --since 0 --size 0 --json".split()).json
    assert (EMPTY_ROOT, []) == (b64decode(empty["root"]), empty["hashes"])


def test_a_witness_cosigns_from_the_command_line(db: str, tmp_path: Path) -> None:
    """The checkpoint and the cosignature in one file; exit 5 if nobody is there, 4 for another history."""
    made = run("--db", db, "log", "key", "new", "--branch", "lille", "--json").json
    file = tmp_path / "cosigned"
    with serving(Witness(origin="lille.timebank", log_key=VerifierKey.parse(made["vkey"]))) as witness:
        words = ("--db", db, "log", "cosign", witness.url, "--vkey", witness.vkey, "--branch", "lille")
        done = run(*words, "--output", str(file))
        told = run(*words, "--json").json
        witness.seen = WitnessedLog(keys=(witness.log_key,), size=3, root=EMPTY_ROOT)
        other = run(*words)
    gone = run(*words)

    assert (0, "") == (done.status, done.err)
    assert "The checkpoint of 3 entries, cosigned by witness.example/sample, is in" in done.out
    assert told["note"] == file.read_text()
    assert (3, 3, "witness.example/sample") == (told["size"], told["since"], told["witness"])
    assert (4, 5) == (other.status, gone.status)
    assert "[witness_saw_another]" in other.err
    assert "[witness_unreachable]" in gone.err
