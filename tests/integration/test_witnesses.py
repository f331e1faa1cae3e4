"""Asking witnesses: what goes on is cosigned and kept; another history is found out (I-11)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import NOW
from tests.postgres import a_database
from tests.witnessing import Witness, serving

from timebank.clock import SteppingClock
from timebank.errors import (
    BadLogKey,
    BadWitnessUrl,
    NoLogKey,
    NotAllowed,
    NotCosigned,
    TimebankError,
    UnknownBranch,
    WitnessAhead,
    WitnessAnswerRefused,
    WitnessSawAnother,
    WitnessUnreachable,
)
from timebank.ledger.batch import PostRequest
from timebank.ledger.model import credit, debit
from timebank.services.bank import Bank, open_bank
from timebank.services.witness_post import ANSWER_BYTES_MOST, address_of, post
from timebank.translog.cosignature import cosigned_at
from timebank.translog.note import COSIGNATURE, SignerKey, VerifierKey, parse_note
from timebank.translog.tree import EMPTY_ROOT
from timebank.translog.verifier import verify
from timebank.translog.witness import SIZE_TYPE, WitnessedLog

BRANCH = "lille"


@pytest.fixture(params=["sqlite", "postgresql"])
def bank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bank]:
    """Return a bank with a branch, two funds and a key, on either engine."""
    if request.param == "sqlite":
        yield from _bank(f"sqlite:///{tmp_path / 'books.db'}", tmp_path)
    else:
        with a_database(request.getfixturevalue("postgres_server")) as found:
            yield from _bank(found, tmp_path)


@pytest.fixture
def witness(bank: Bank) -> Iterator[Witness]:
    """Return a witness that listens, and has not seen the log."""
    (key,) = bank.log.keys(BRANCH)
    with serving(Witness(origin=key.origin, log_key=VerifierKey.parse(key.vkey))) as found:
        yield found


def _bank(address: str, folder: Path) -> Iterator[Bank]:
    bank = open_bank(address, clock=SteppingClock(NOW, timedelta(seconds=1)), key_folder=folder / "keys")
    bank.branches.create(BRANCH, name="Sample branch")
    for path in ("fund:a", "fund:b"):
        bank.accounts.open(BRANCH, path)
    bank.log.new_key(BRANCH)
    yield bank
    bank.close()


def grow(bank: Bank, count: int = 3) -> None:
    """Post so many entries."""
    wish = PostRequest(postings=(debit("fund:a", 1), credit("fund:b", 1)))
    bank.entries.post_many(BRANCH, [wish] * count)


def kept(bank: Bank) -> str | None:
    """Return the last checkpoint that was cosigned."""
    return bank.log.cosigned(BRANCH)


def test_a_witness_cosigns_what_goes_on(bank: Bank, witness: Witness) -> None:
    """From nothing, then from where it was; both cosignatures verify, and are published."""
    assert kept(bank) is None
    grow(bank)
    first = bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    grow(bank, 300)
    second = bank.witnesses.ask(BRANCH, f"{witness.url}/add-checkpoint", witness.vkey)

    assert [(3, 0), (303, 3)] == [(each.checkpoint.size, each.since) for each in (first, second)]
    for each in (first, second):
        note = parse_note(each.note.encode())
        assert 1_800_000_000 == cosigned_at(note, witness.signer.verifier)
        witness.log_key.verify(note)
    assert second.note == kept(bank) == bank.log.published(BRANCH)
    assert 2 == len(witness.bodies)


def test_what_was_cosigned_stays_published_while_the_log_grows(bank: Bank, witness: Witness) -> None:
    """The newest checkpoint has no cosignature yet; the last one that has is still there."""
    grow(bank)
    cosigned = bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    grow(bank)
    bank.log.checkpoint(BRANCH)

    assert cosigned.note == kept(bank)
    assert cosigned.line not in str(bank.log.published(BRANCH))


def test_asked_again_the_first_cosignature_stays(bank: Bank, witness: Witness) -> None:
    """A log that has not grown is signed again by the witness; what is kept does not change."""
    grow(bank)
    first = bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    again = bank.witnesses.ask(BRANCH, witness.url, witness.vkey)

    assert (first.note, 3) == (again.note, again.since)
    assert first.note == kept(bank)


def test_a_witness_that_knows_another_size_is_given_the_proof_from_there(
    bank: Bank, witness: Witness
) -> None:
    """It was asked by somebody else in between, or we lost what it signed."""
    grow(bank)
    bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    seen = witness.seen
    grow(bank, 10)
    bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    witness.seen = seen
    grow(bank, 10)
    third = bank.witnesses.ask(BRANCH, witness.url, witness.vkey)

    assert (23, 3) == (third.checkpoint.size, third.since)
    assert [b"old 0", b"old 3", b"old 13", b"old 3"] == [each.split(b"\n")[0] for each in witness.bodies]


def test_a_witness_that_saw_more_finds_a_shorter_history(bank: Bank, witness: Witness) -> None:
    """The books were put back to an older state after somebody had seen the newer one."""
    grow(bank)
    witness.seen = WitnessedLog(keys=(witness.log_key,), size=4, root=bytes(32))

    with pytest.raises(WitnessAhead, match="saw 4 entries of the log of lille, which has 3"):
        bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    assert kept(bank) is None


@pytest.mark.parametrize(("size", "more"), [(3, 0), (3, 4)])
def test_a_witness_that_saw_another_history_is_heard(
    bank: Bank, witness: Witness, size: int, more: int
) -> None:
    """The same size with another root, and a proof that does not lead on from what it saw."""
    grow(bank, size + more)
    witness.seen = WitnessedLog(keys=(witness.log_key,), size=size, root=EMPTY_ROOT)

    with pytest.raises(WitnessSawAnother, match="holds another history of the log of lille"):
        bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    assert kept(bank) is None


def test_only_the_named_key_counts(bank: Bank, witness: Witness) -> None:
    """A cosignature of somebody else, a log's key, and no key at all."""
    grow(bank)
    other = Witness(origin="", log_key=witness.log_key).signer
    stranger = type(other)("witness.example/other", bytes(32), other.type)

    with pytest.raises(WitnessAnswerRefused):
        bank.witnesses.ask(BRANCH, witness.url, str(stranger.verifier))
    for text in (str(witness.log_key), "witness", ""):
        with pytest.raises(BadLogKey):
            bank.witnesses.ask(BRANCH, witness.url, text)
    assert kept(bank) is None


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ((200, "text/plain", b""), WitnessAnswerRefused),
        ((200, "text/plain", b"no signature\n"), WitnessAnswerRefused),
        ((200, "text/plain", b"x" * (ANSWER_BYTES_MOST + 1)), WitnessUnreachable),
        ((302, "text/plain", b""), WitnessAnswerRefused),
        ((400, "text/plain", b"no"), WitnessAnswerRefused),
        ((403, "text/plain", b"no"), WitnessAnswerRefused),
        ((404, "text/plain", b"no"), WitnessAnswerRefused),
        ((409, SIZE_TYPE, b"many\n"), WitnessAnswerRefused),
        ((409, SIZE_TYPE, b"1"), WitnessAnswerRefused),
        ((409, SIZE_TYPE, b"1\n"), WitnessAnswerRefused),
        ((409, "text/plain", b"1\n"), WitnessSawAnother),
        ((422, "text/plain", b"1\n"), WitnessSawAnother),
        ((500, "text/plain", b"1\n"), WitnessAnswerRefused),
    ],
)
def test_any_other_answer_is_refused(
    bank: Bank, witness: Witness, said: tuple[int, str, bytes], error: type[TimebankError]
) -> None:
    """Nothing is kept of it; a witness that names the same size for ever is left alone."""
    grow(bank)
    witness.instead = lambda _: said

    with pytest.raises(error):
        bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    assert kept(bank) is None
    assert len(witness.bodies) <= 3


def test_a_witness_that_is_not_there_is_asked_later(bank: Bank, witness: Witness) -> None:
    """Nobody listens; nobody answers in time."""
    grow(bank)
    with pytest.raises(WitnessUnreachable, match="the connection failed"):
        bank.witnesses.ask(BRANCH, "http://127.0.0.1:9", witness.vkey)
    with pytest.raises(WitnessUnreachable, match="it took too long"):
        post(address_of(witness.url), b"", witness="sample", seconds=0)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "witness.example",
        "ftp://witness.example",
        "https://",
        "https://a:b@witness.example",
        "https://witness.example/?a=b",
        "https://witness.example/#a",
        "https://witness.example:99999",
        "https://witness.example:0",
        "https://witness.example/ a",
        "https://witness.example/\n",
        "https://wítness.example",
        "https://[",
    ],
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    """Before anybody is asked."""
    with pytest.raises(BadWitnessUrl):
        address_of(url)


def test_only_a_coordinator_of_a_branch_with_a_key_asks(bank: Bank, witness: Witness) -> None:
    """Refused before anything is signed or sent."""
    bank.branches.create("bare", name="Sample branch")
    for branch, by, error in (
        ("nowhere", None, UnknownBranch),
        ("bare", None, NoLogKey),
        (BRANCH, "member:m1", NotAllowed),
    ):
        with pytest.raises(error):
            bank.witnesses.ask(branch, witness.url, witness.vkey, by=by)
    assert [] == witness.bodies


def test_a_receipt_has_the_cosignatures_that_are_wanted(bank: Bank, witness: Witness) -> None:
    """Of the newest checkpoint that was cosigned, although the log has grown since."""
    grow(bank)
    bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    grow(bank)
    plain = bank.receipts.make(BRANCH, seq=2)
    made = bank.receipts.make(BRANCH, seq=2, witnesses=[witness.vkey])

    told = (
        "witness.example/sample cosigned the 3 entries of lille.timebank on 15 January 2027 at 08:00:00 UTC."
    )
    assert told in made.summary
    assert told not in plain.summary
    assert (str(witness.log_key), witness.vkey) == made.keys
    proved = verify(made.data, list(made.keys))
    assert made.summary == proved.summary


def test_a_receipt_that_no_witness_can_stand_for_is_refused(bank: Bank, witness: Witness) -> None:
    """The entry is newer than what was cosigned; another witness cosigned; the key is no witness's."""
    grow(bank)
    with pytest.raises(NotCosigned):
        bank.receipts.make(BRANCH, seq=1, witnesses=[witness.vkey])
    bank.witnesses.ask(BRANCH, witness.url, witness.vkey)
    grow(bank)
    stranger = SignerKey("witness.example/other", bytes(32), COSIGNATURE)
    for seq, keys, error in (
        (4, [witness.vkey], NotCosigned),
        (1, [witness.vkey, str(stranger.verifier)], NotCosigned),
        (1, [str(witness.log_key)], BadLogKey),
        (1, ["witness"], BadLogKey),
    ):
        with pytest.raises(error):
            bank.receipts.make(BRANCH, seq=seq, witnesses=keys)
