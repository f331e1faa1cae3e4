"""The audit against what was kept outside: whoever rewrites everything inside is found out (I-11)."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import NOW
from tests.cli.running import run
from tests.integration.tampering import reseal, unguarded
from tests.postgres import a_database

from timebank.clock import SteppingClock
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.audit_kept import KeptFile
from timebank.services.audits import AuditReport
from timebank.services.bank import Bank, open_bank
from timebank.services.log_keys import make_key
from timebank.translog.checkpoint import Checkpoint, sign_checkpoint
from timebank.translog.cosignature import cosign
from timebank.translog.note import COSIGNATURE, SignerKey, parse_note
from timebank.translog.tiles import Tail

BRANCH = "lille"
SIZE = 300


def opened(address: str) -> Bank:
    """Return a bank whose clock goes by itself."""
    return open_bank(address, clock=SteppingClock(NOW, timedelta(seconds=1)))


def post(bank: Bank, count: int) -> None:
    """Post so many entries."""
    bank.entries.post_many(BRANCH, [PostRequest(postings=(debit("fund:a", 1), credit("fund:b", 1)))] * count)


def begun(address: str) -> Bank:
    """Return a bank whose branch has entries and a key."""
    bank = opened(address)
    bank.branches.create(BRANCH, name="Sample branch")
    for path in ("fund:a", "fund:b"):
        bank.accounts.open(BRANCH, path)
    bank.log.new_key(BRANCH)
    post(bank, SIZE)
    return bank


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a bank's file is to be."""
    return tmp_path / "bank.db"


@pytest.fixture
def bank(file: Path) -> Iterator[Bank]:
    """Return a bank in a file."""
    with closing(begun(f"sqlite:///{file}")) as found:
        yield found


def kept(data: str | bytes, name: str = "kept") -> KeptFile:
    """Return what somebody kept."""
    return KeptFile(name=name, data=data.encode() if isinstance(data, str) else data)


def against(bank: Bank, *files: KeptFile) -> AuditReport:
    """Audit a bank against files, and leave no point."""
    return bank.audits.run(keep=False, against=files)


def faults(bank: Bank, *files: KeptFile) -> list[tuple[str, str]]:
    """Return what such an audit finds: codes and places."""
    return [(each.code, each.place) for each in against(bank, *files).faults]


def with_witness(note: str) -> str:
    """Return a note that a witness has cosigned."""
    witness = SignerKey("witness.example", bytes(range(32)), COSIGNATURE)
    signed = cosign(parse_note(note.encode()).text, witness, at_seconds=1_800_000_000)
    return f"{note}{signed.line}\n"


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_books_that_only_grew_hold_against_everything_kept(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, file: Path, engine: str
) -> None:
    """A checkpoint, one that was cosigned, a receipt, whatever key signed it; in an audit of any kind."""

    def check(address: str) -> None:
        bank = begun(address)
        first = bank.log.checkpoint(BRANCH).note
        receipt = bank.receipts.make(BRANCH, seq=7).data
        post(bank, 260)
        bank.log.rotate_key(BRANCH)
        both = bank.log.checkpoint(BRANCH).note
        files = [kept(first), kept(with_witness(first), "cosigned"), kept(receipt, "receipt"), kept(both)]
        report = against(bank, *files)

        assert () == report.faults
        sizes = [(each.file, each.branch, each.size) for each in report.kept]
        assert [(name, BRANCH, SIZE) for name in ("kept", "cosigned", "receipt")] == sizes[:3]
        assert [("kept", BRANCH, 560)] == sizes[3:]
        assert bank.audits.run(against=files).is_kept
        assert report.kept == bank.audits.run(since_last=True, against=files).kept
        bank.close()

    if engine == "sqlite":
        check(f"sqlite:///{file}")
        return
    monkeypatch.setenv("TIMEBANK_LOG_KEYS", str(file.parent / "keys"))
    with a_database(request.getfixturevalue("postgres_server")) as address:
        check(address)


def rewritten(file: Path, signer: SignerKey) -> None:
    """Change an entry and work out anew all that follows: leaves, tiles, and the checkpoints, signed."""
    with unguarded(file) as raw:
        raw.execute("UPDATE entry SET actor = 'coordinator:other' WHERE seq = 2")
        reseal(raw)
        leaves = [leaf for (leaf,) in raw.execute("SELECT leaf FROM entry ORDER BY seq")]
        raw.execute("DELETE FROM log_tile")
        tail = Tail()
        for each in tail.extend(leaves):
            raw.execute("INSERT INTO log_tile VALUES (1, ?, ?, ?)", (each.level, each.number, each.hashes))
        said = Checkpoint(origin=signer.name, size=len(leaves), root=tail.root())
        note = str(sign_checkpoint(said, [signer]))
        raw.execute("UPDATE log_checkpoint SET size = ?, note = ?", (len(leaves), note))


def private_key(file: Path) -> SignerKey:
    """Return the key that signs: an insider has it."""
    (place,) = Path(f"{file}.keys").glob("*.key")
    return SignerKey.parse(place.read_text().strip())


@pytest.mark.parametrize("is_receipt", [False, True], ids=["checkpoint", "receipt"])
def test_an_insider_who_rewrites_everything_is_refused_by_what_was_kept(
    bank: Bank, file: Path, *, is_receipt: bool
) -> None:
    """Leaves, tiles and signed checkpoints fit: only somebody outside can tell, and can prove it."""
    first = bank.log.checkpoint(BRANCH).note
    receipt = bank.receipts.make(BRANCH, seq=7).data
    bank.close()

    rewritten(file, private_key(file))
    bank = opened(f"sqlite:///{file}")

    assert [] == faults(bank)
    file_kept = kept(receipt if is_receipt else first)
    assert [("kept_differs", f"kept checkpoint {SIZE}")] == faults(bank, file_kept)
    bank.close()


def test_an_insider_with_another_key_of_the_same_name_is_refused_too(bank: Bank, file: Path) -> None:
    """Nobody outside knows the key that is listed now."""
    first = bank.log.checkpoint(BRANCH).note
    bank.close()
    mine = make_key(f"{BRANCH}.timebank")

    rewritten(file, mine)
    with unguarded(file) as raw:
        raw.execute("UPDATE log_key SET vkey = ?", (str(mine.verifier),))
    bank = opened(f"sqlite:///{file}")

    assert [] == faults(bank)
    assert [("kept_unsigned", f"kept checkpoint {SIZE}")] == faults(bank, kept(first))
    bank.close()


def test_a_journal_that_was_cut_short_is_refused(bank: Bank, file: Path) -> None:
    """As after a backup that was older than what had been signed."""
    with closing(begun(f"sqlite:///{file}.younger")) as other:
        post(other, 1)
        signer = private_key(file)
        with other.store.read() as tx:
            tail = Tail()
            tail.extend([bytes(each.leaf) for each in tx.books(BRANCH).evidence.entries()])
    ahead = sign_checkpoint(Checkpoint(origin=signer.name, size=SIZE + 1, root=tail.root()), [signer])

    assert [("kept_ahead", f"kept checkpoint {SIZE + 1}")] == faults(bank, kept(str(ahead)))


def _forged(note: str) -> str:
    """Return a note whose signature is of something else."""
    return note.replace(f"\n{SIZE}\n", f"\n{SIZE - 1}\n")


def _unsigned(note: str) -> str:
    """Return a note signed by a key of the same name that is not listed."""
    text = parse_note(note.encode()).text
    return str(sign_checkpoint(Checkpoint.parse(text), [make_key(f"{BRANCH}.timebank")]))


def _foreign(_: str) -> str:
    """Return a checkpoint of another log."""
    signer = make_key("other.timebank")
    return str(sign_checkpoint(Checkpoint(origin=signer.name, size=1, root=bytes(32)), [signer]))


REFUSED: dict[str, tuple[Callable[[str], str], tuple[str, str]]] = {
    "forged": (_forged, ("kept_forged", f"kept checkpoint {SIZE - 1}")),
    "unsigned": (_unsigned, ("kept_unsigned", f"kept checkpoint {SIZE}")),
    "foreign": (_foreign, ("kept_foreign", "kept checkpoint 1")),
    "no note": (lambda _: "words", ("kept_invalid", "kept")),
    "no checkpoint": (lambda note: note.replace(f"\n{SIZE}\n", "\nmany\n"), ("kept_invalid", "kept")),
    "no text": (lambda _: "", ("kept_invalid", "kept")),
    "no JSON": (lambda _: "{", ("kept_invalid", "kept")),
    "no receipt": (lambda _: "{}", ("kept_invalid", "kept")),
    "no parts": (lambda _: '{"parts": []}', ("kept_invalid", "kept")),
    "parts of another kind": (lambda _: '{"parts": [1]}', ("kept_invalid", "kept")),
}


@pytest.mark.parametrize("case", REFUSED)
def test_each_refusal_has_its_own_name(bank: Bank, case: str) -> None:
    """So that whoever holds the file knows what it shows: a mistake, or a crime."""
    change, expected = REFUSED[case]

    assert [expected] == faults(bank, kept(change(bank.log.checkpoint(BRANCH).note)))


def test_a_receipt_whose_entry_is_not_in_its_own_checkpoint_proves_nothing(bank: Bank) -> None:
    """Its signature is right all the same."""
    receipt = json.loads(bank.receipts.make(BRANCH, seq=7).data)
    receipt["parts"][0]["entry"] = receipt["parts"][0]["entry"].replace(" 1 ", " 2 ", 1)

    assert [("kept_invalid", "kept")] == faults(bank, kept(json.dumps(receipt)))


def test_what_is_listed_as_a_key_and_is_none_has_signed_nothing(bank: Bank, file: Path) -> None:
    """A list that somebody spoiled makes no checkpoint believed."""
    note = bank.log.checkpoint(BRANCH).note
    bank.close()
    with unguarded(file) as raw:
        raw.execute("UPDATE log_key SET vkey = 'none'")
    bank = opened(f"sqlite:///{file}")

    assert ("kept_foreign", f"kept checkpoint {SIZE}") in faults(bank, kept(note))
    bank.close()


def test_the_command_says_what_holds_and_ends_with_4_where_not(
    bank: Bank, file: Path, tmp_path: Path
) -> None:
    """In sentences and in JSON."""
    note = tmp_path / "page.txt"
    note.write_text(bank.log.checkpoint(BRANCH).note)
    bank.close()
    audit = ("--db", f"sqlite:///{file}", "audit", "--dry-run", "--against")

    told = run(*audit, str(note))
    listed = run(*audit, str(note), "--json").json
    rewritten(file, private_key(file))
    refused = run(*audit, str(note), "--json")
    missing = run(*audit, str(tmp_path / "nowhere"))

    assert (0, True) == (told.status, f"page.txt: the first {SIZE} entries of lille are those" in told.out)
    assert [{"file": "page.txt", "branch": BRANCH, "size": SIZE}] == listed["kept"]
    assert (4, ["kept_differs"], []) == (
        refused.status,
        [each["code"] for each in refused.json["faults"]],
        refused.json["kept"],
    )
    assert missing.status not in {0, 4}
