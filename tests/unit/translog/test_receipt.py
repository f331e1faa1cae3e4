"""Receipts as they are made: cosigned notes in one order, and what a family kept of them."""

import json

import pytest
from tests.unit.translog.receipts import BETWEEN, KEYS, LILLE, LOCMINE, WITNESS, Log, sample, written

from timebank.translog import verifier
from timebank.translog.kept import notes_in
from timebank.translog.note import Note
from timebank.translog.proof import LogProof
from timebank.translog.receipt import Part, Since, receipt_of, tidied
from timebank.translog.tree import consistency_proof, inclusion_proof

TRUSTED = [LOCMINE.verifier, WITNESS.verifier]


def a_part(log: Log, seq: int, note: Note) -> Part:
    """Return a part to make a receipt of."""
    proof = LogProof(index=seq - 1, hashes=inclusion_proof(seq - 1, log.size, log.nodes), note=note)
    return Part(entry=log.entries[seq - 1].encode(), proof=proof)


def test_a_cosigned_receipt_is_made_and_verified() -> None:
    """Whoever saw the log is told in it, in the words of the verifier."""
    log = Log(LOCMINE, 13)

    made = receipt_of([a_part(log, 3, log.note(None, WITNESS))], TRUSTED)

    verifier.verify(made, [*KEYS, str(WITNESS.verifier)])
    said = (
        "witness.example/w1 cosigned the 13 entries of locmine.timebank on 14 January 2026 at 14:13:20 UTC."
    )
    assert said == json.loads(made)["summary"][-1]
    assert sorted(map(str, TRUSTED)) == json.loads(made)["keys"]


def test_older_checkpoints_are_told_in_their_order() -> None:
    """What a family kept is shown to be the beginning of the books, the smallest first."""
    log = Log(LOCMINE, 13)
    since = [Since(note=log.note(old), hashes=consistency_proof(old, 13, log.nodes)) for old in (8, 5)]

    made = receipt_of([a_part(log, 3, log.note())], TRUSTED, since)

    verifier.verify(made, KEYS)
    told = [BETWEEN.format(old, 13, "locmine.timebank") for old in (5, 8)]
    assert told == json.loads(made)["summary"][-2:]


def test_the_log_comes_first_and_strangers_are_left_out() -> None:
    """One order, whatever the note had: the log, then witnesses; nobody whose key is not asked for."""
    note = Log(LOCMINE, 5).note(None, WITNESS)
    turned = Note(note.text, tuple(reversed(note.signatures)))

    assert note == tidied(turned, [WITNESS.verifier, LOCMINE.verifier])
    assert note.signatures[:1] == tidied(turned, [LILLE.verifier, LOCMINE.verifier]).signatures


def test_what_a_family_kept_is_a_note_or_a_receipt() -> None:
    """Each checkpoint of a receipt counts, each once; a note is itself."""
    note = str(Log(LOCMINE, 5).note()).encode()
    kept = notes_in(written(sample()))

    assert [note] == notes_in(note)
    assert 2 == len(kept)
    assert all(each.endswith(b"\n") for each in kept)


NO_RECEIPTS = (b"{}", b'{"parts": 3}', b'{"parts": [{"proof": "x"}]}', b"{", b'{"a":' * 9_000)


@pytest.mark.parametrize("data", NO_RECEIPTS)
def test_a_file_that_is_no_receipt_is_refused(data: bytes) -> None:
    """It looks like one and has no checkpoints."""
    with pytest.raises(ValueError):  # noqa: PT011 - any of them is a refusal
        notes_in(data)
