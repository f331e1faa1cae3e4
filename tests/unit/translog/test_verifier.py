"""Laws of receipts: a sample one holds, and none that differs from it in a byte or a field does."""

import copy
import json
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.translog.receipts import BETWEEN, DETAILS, KEYS, LILLE, LOCMINE, WITNESS, Log, sample, written

from timebank.translog import verifier
from timebank.translog.note import SignerKey
from timebank.translog.verifier import Refused, verify

RECEIPT = written(sample())
STRANGER = SignerKey("locmine.timebank", bytes(32))


def reason(data: bytes, keys: list[str] = KEYS, *known: bytes) -> str:
    """Return why a receipt is refused."""
    with pytest.raises(Refused) as caught:
        verify(data, keys, known=known)
    assert str(caught.value)
    return caught.value.code


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the sample receipt after a change of its fields."""
    value = sample()
    change(value)
    return written(value)


def test_a_receipt_holds_and_says_what_it_means() -> None:
    """In plain sentences, worked out again from the entries."""
    result = verify(RECEIPT, KEYS, known=[bytes(Log(LOCMINE, 13).note(5))])

    assert tuple(sample()["summary"]) == result.summary
    assert (
        "Entry 2 (service) was recorded on 14 January 2026; the books of locmine had 2 entries then, and "
        "nothing up to entry 8 has been rewritten since."
    ) == result.answer[0]
    assert "it stands unchanged" in result.answer[1]
    assert "its key is known from the receipt alone" in result.answer[3]
    assert (
        "The 5 entries in the checkpoint of locmine.timebank that you kept "
        "are the beginning of these books." == result.answer[4]
    )
    assert "you gave its key" in verify(RECEIPT, [*KEYS, str(WITNESS.verifier)]).answer[3]


def test_receipts_of_every_size_hold() -> None:
    """From a log of one entry on, with each older checkpoint."""
    for size in range(1, 20):
        log = Log(LOCMINE, size)
        value = sample()
        value |= {"keys": KEYS[:1], "consistency": [log.since(old) for old in range(1, size)], "summary": []}
        value["parts"] = [log.part(seq, log.note()) for seq in range(1, size + 1)]

        assert "wrong_summary" == reason(written(value))

        value["summary"] = told_by(value)
        kept = [bytes(log.note(old)) for old in range(1, size + 1)]
        assert 2 * size == len(verify(written(value), KEYS, known=kept).answer)


def told_by(value: dict[str, Any]) -> list[str]:
    """Return the summary that the verifier expects of a receipt."""
    lines = [line for part in value["parts"] for line in verifier.part_in(part)[2]]
    size = len(value["parts"])
    return [*lines, *(BETWEEN.format(old, size, "locmine.timebank") for old in range(1, size))]


def test_no_byte_can_be_changed() -> None:
    """Each byte of the file, changed, left out, doubled: refused."""
    rng = random.Random(6)
    for at in range(len(RECEIPT)):
        byte = bytes([RECEIPT[at] ^ (1 << rng.randrange(8))])
        for wrong in (byte, b"", RECEIPT[at : at + 1] * 2)[rng.randrange(3) :][:1]:
            made = RECEIPT[:at] + wrong + RECEIPT[at + 1 :]
            if made != RECEIPT:
                assert reason(made)


def paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of each value inside a JSON value."""
    if path:
        yield path
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*path, name))


def test_no_field_can_be_changed() -> None:
    """Each left out, of another type, empty, doubled, moved, or another's."""
    value = sample()
    for path in paths(value):
        for wrong in (None, True, 0, 1.5, "", "x", [], {}, [None], {"x": None}, "DELETE", "DOUBLE"):
            made = copy.deepcopy(value)
            holder = made
            for name in path[:-1]:
                holder = holder[name]
            name = path[-1]
            if wrong == "DELETE":
                del holder[name]
            elif wrong == "DOUBLE" and isinstance(holder, list):
                holder.insert(name, holder[name])
            else:
                holder[name if wrong != "DOUBLE" else "more"] = wrong
            if made != value:
                assert reason(written(made))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]\n",
        b"null\n",
        b"\xff",
        RECEIPT[:-1],
        RECEIPT + b"\n",
        RECEIPT + b" ",
        b"\xef\xbb\xbf" + RECEIPT,
        RECEIPT.replace(b"\n", b"\r\n"),
        RECEIPT.decode().encode("utf-16"),
        json.dumps(sample()).encode(),
        json.dumps(sample(), indent=2, sort_keys=True).encode() + b"\n",
        json.dumps(dict(reversed(sample().items())), indent=2, ensure_ascii=False).encode() + b"\n",
        RECEIPT.replace(b'"format": ', b'"format": "timebank-receipt/1",\n  "format": '),
        RECEIPT.replace(b"\\n", b"\\u000a", 1),
        RECEIPT.replace(b"timebank-entry", b"\\u0074imebank-entry", 1),
        b"[" * 100_000,
        b"9" * 10_000,
    ],
)
def test_each_receipt_has_one_spelling(data: bytes) -> None:
    """What means the same in JSON, or nothing at all, is refused."""
    assert "malformed" == reason(data)


def test_gigantic_files_are_refused_unread() -> None:
    """At one byte more than a mebibyte."""
    assert "too_large" == reason(b" " * (2**20 + 1))


def test_refusals_tell_their_reason() -> None:
    """Each by the code that the documentation lists."""
    locmine = Log(LOCMINE, 13)
    kept = locmine.note(5)
    forged = Log(SignerKey("locmine.timebank", LOCMINE.private), 13)
    forged.leaves[2] = bytes(32)

    assert "unknown_format" == reason(changed(lambda value: value.update(format="timebank-receipt/2")))
    assert "unknown_key" == reason(RECEIPT, [])
    assert "unknown_key" == reason(RECEIPT, [KEYS[0]])
    assert "unknown_key" == reason(RECEIPT, [str(STRANGER.verifier), KEYS[1]])
    assert "unknown_key" == reason(changed(lambda value: value["keys"].pop(2)))
    assert "unused_key" == reason(changed(lambda value: value["keys"].append(str(STRANGER.verifier))))
    assert "malformed" == reason(RECEIPT, ["locmine.timebank+00000000+AAAA"])
    assert "malformed" == reason(RECEIPT, [*KEYS, KEYS[0].replace("+", "+0", 1)])
    assert "wrong_index" == reason(changed(lambda value: swap(value, "index 1\n", "index 2\n")))
    assert "wrong_root" == reason(changed(lambda value: swap(value, "debit 90", "debit 80")))
    assert "order" == reason(changed(lambda value: value["parts"].reverse()))
    assert "order" == reason(changed(lambda value: value["consistency"].reverse()))
    assert "wrong_summary" == reason(changed(lambda value: value["summary"].pop()))
    assert "wrong_details" == reason(
        changed(lambda value: value["parts"][2]["details"].update(text=DETAILS + "x"))
    )
    assert "proof_length" == reason(changed(lambda value: value["consistency"][1]["hashes"].pop()))
    assert "proof_length" == reason(
        changed(lambda value: value["consistency"][0]["hashes"].append("A" * 43 + "="))
    )
    assert "rewritten" == reason(
        changed(lambda value: value["consistency"][0].update({"from": str(forged.note(5))}))
    )
    assert "rewritten" == reason(RECEIPT, KEYS, bytes(forged.note(5)))
    assert "rewritten" == reason(RECEIPT, KEYS, bytes(forged.note(13)))
    assert "not_linked" == reason(RECEIPT, KEYS, bytes(locmine.note(6)))
    assert "not_linked" == reason(RECEIPT, KEYS, bytes(Log(LOCMINE, 14).note()))
    assert "wrong_origin" == reason(RECEIPT, KEYS, bytes(Log(SignerKey("x", bytes(32)), 3).note()))
    assert "unknown_key" == reason(RECEIPT, KEYS, bytes(Log(STRANGER, 5).note()))
    assert "bad_signature" == reason(RECEIPT, KEYS, bytes(kept).replace(b"\n5\n", b"\n6\n"))


def swap(value: dict[str, Any], old: str, new: str) -> None:
    """Change the text of the first part."""
    part = value["parts"][0]
    value["parts"][0] = part | {name: part[name].replace(old, new) for name in ("entry", "proof")}


def test_the_log_signs_first_under_its_origin() -> None:
    """Not second, not twice, not under another name; witnesses after it, in order."""
    log = Log(LOCMINE, 3)
    note = log.note(None, WITNESS)
    one, seen = note.signatures
    other = SignerKey("other.timebank", bytes(32))
    second = SignerKey("witness.example/w2", bytes(range(5, 37)), 4)
    double = log.note(None, WITNESS, second)

    def code(signatures: object, signers: list[SignerKey]) -> str:
        changed_note = type(note)(note.text, signatures)  # type: ignore[arg-type]
        value = sample() | {"consistency": [], "keys": sorted(str(signer.verifier) for signer in signers)}
        value["parts"] = [log.part(1, changed_note)]
        return reason(written(value), [*KEYS, str(other.verifier)])

    assert "order" == code((seen, one), [LOCMINE, WITNESS])
    assert "order" == code((one, one), [LOCMINE])
    assert "order" == code((one, seen, seen), [LOCMINE, WITNESS])
    assert "order" == code(tuple(reversed(double.signatures)), [LOCMINE, WITNESS, second])
    assert "wrong_origin" == code((other.sign(note.text),), [other])
    assert "wrong_summary" == code(
        (one, *sorted(double.signatures[1:], key=lambda s: s.line)), [LOCMINE, WITNESS, second]
    )


def test_a_log_has_one_checkpoint_and_one_branch() -> None:
    """Two heads of one log, or two logs of one branch, are no story."""
    log, longer = Log(LOCMINE, 3), Log(LOCMINE, 4)
    twin = Log(SignerKey("locmine.twin", LILLE.private), 3)
    for parts, keys in (
        ([log.part(1, log.note()), longer.part(2, longer.note())], KEYS[:1]),
        ([log.part(1, log.note()), twin.part(2, twin.note())], sorted([KEYS[0], str(twin.signer.verifier)])),
    ):
        value = sample() | {"parts": parts, "keys": keys, "consistency": []}
        assert "order" == reason(written(value), keys)


def test_the_file_runs_alone(tmp_path: Path) -> None:
    """From another folder, without timebank: 0 if the receipt holds, 4 with the reason if not."""
    script = tmp_path / "verifier.py"
    script.write_bytes(Path(verifier.__file__).read_bytes())
    (tmp_path / "r.json").write_bytes(RECEIPT)
    (tmp_path / "c").write_bytes(bytes(Log(LOCMINE, 13).note(8)))

    def run(*words: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", script, *words], cwd=tmp_path, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout or done.stderr

    code, text = run("r.json", *KEYS, "--known=c")
    assert 0 == code, text
    assert "that you kept" in text
    assert 4 == run("r.json", KEYS[0])[0]
    assert 4 == run("missing.json", *KEYS)[0]
    assert 4 == run()[0]


def test_the_command_says_what_is_proved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As a module too."""
    file = tmp_path / "r.json"
    file.write_bytes(RECEIPT)

    assert 0 == verifier.main([str(file), *KEYS])
    assert capsys.readouterr().out.startswith("Entry 2 (service) was recorded on 14 January 2026")
    assert 4 == verifier.main([str(file), KEYS[0]])
    assert "not proved" in capsys.readouterr().err


def test_a_gigantic_file_is_not_read_to_its_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One of a tebibyte, most of which is on no disk, is refused as one of a mebibyte and a byte is."""
    file = tmp_path / "r.json"
    with file.open("wb") as sparse:
        sparse.truncate(2**40)

    assert 4 == verifier.main([str(file), *KEYS])
    assert "larger than receipts are" in capsys.readouterr().err


def test_the_file_is_short_enough_to_read() -> None:
    """Under 200 lines of program, so that somebody else reads it, and ports it."""
    lines = Path(verifier.__file__).read_text(encoding="utf-8").split('"""')[0::2]

    assert 200 > sum(1 for line in "".join(lines).splitlines() if line.strip())
