"""Receipts changed in a byte or a field: our verifier accepts none, and one not ours is told nothing untrue.

Not ours: JSON of the standard library, `sigstore` for inclusion in the log, `cryptography` for the
signature of its checkpoint, and twenty lines here that take the text apart. It does not look at summaries,
spaces and other things around the proofs; so it may find nothing wrong, but whatever it then holds proven
has to be what was proven before.
"""

import base64
import copy
import json
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore.errors import VerificationError
from tests.faults.scores import Say, Score, silent
from tests.unit.translog.receipts import KEYS, LILLE, LOCMINE, sample, written

from timebank.translog.verifier import Refused, verify

HEADER: Final = "c2sp.org/tlog-proof@v1"
KEY_ID_BYTES: Final = 4
PUBLIC: Final = {
    signer.name: Ed25519PublicKey.from_public_bytes(signer.verifier.public) for signer in (LOCMINE, LILLE)
}
WRONG: Final[tuple[object, ...]] = (None, True, 0, 1.5, "", "x", [], {}, [None], {"x": None})
Proven = set[tuple[str, str, int]]
"""Entries, each with the checkpoint text and the index under which it was found."""


def change_receipts(times: int, *, seed: int, say: Say = silent) -> Score:
    """Change the sample receipt again and again, by turns in a byte and in a field.

    Args:
        times: how many.
        seed: of the changes.
        say: told how far it is.
    """
    score = Score("receipts changed")
    chance = random.Random(seed)
    receipt = written(sample())
    proven = proven_elsewhere(receipt)
    score.expect(proven and _is_accepted(receipt), "the receipt as it was is refused")
    while score.counts["receipts"] < times:
        changed = _in_a_field(chance) if score.counts["receipts"] % 2 else _in_a_byte(receipt, chance)
        if changed == receipt:
            continue
        score.counts["receipts"] += 1
        ours, others = _is_accepted(changed), proven_elsewhere(changed)
        score.counts["accepted by our verifier"] += ours
        score.counts["untrue for the other one"] += not others <= proven
        score.counts["refused by the other one"] += not others
        score.expect(not ours and others <= proven, f"receipt {score.counts['receipts']}")
        say(f"{score.name}: {score.counts['receipts']} of {times}")
    return score


def _is_accepted(receipt: bytes) -> bool:
    try:
        verify(receipt, KEYS)
    except Refused:
        return False
    return True


def _in_a_byte(receipt: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(receipt))
    other = bytes([receipt[at] ^ (1 << chance.randrange(8))])
    return (
        receipt[:at]
        + chance.choice((other, b"", receipt[at : at + 1] * 2, other + other))
        + receipt[at + 1 :]
    )


def _in_a_field(chance: random.Random) -> bytes:
    value = sample()
    *path, name = chance.choice(list(_paths(value)))
    holder: Any = value
    for each in path:
        holder = holder[each]
    if chance.random() < 0.2:
        del holder[name]
    elif isinstance(holder[name], str) and chance.random() < 0.7:
        at = chance.randrange(len(holder[name]) + 1)
        holder[name] = holder[name][:at] + chance.choice("0a1b/ \n") + holder[name][at + 1 :]
    else:
        holder[name] = copy.deepcopy(chance.choice(WRONG))
    return written(value)


def _paths(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _paths(inner, (*path, name))


def proven_elsewhere(receipt: bytes) -> Proven:
    """Return what a verifier that is not ours holds proven; nothing if it refuses any part."""
    try:
        return {_proven(part["entry"], part["proof"]) for part in json.loads(receipt)["parts"]}
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        StopIteration,
        InvalidSignature,
        VerificationError,
    ):
        return set()


def _proven(entry: str, proof: str) -> tuple[str, str, int]:
    """Verify one part.

    Raises:
        ValueError, InvalidSignature, VerificationError, and what else comes of a text that is none.
    """
    head, text, signatures = proof.split("\n\n")
    header, index, *hashes = head.split("\n")
    origin, size, root = text.split("\n")
    if header != HEADER or not index.startswith("index "):
        raise ValueError
    name, encoded = next(
        line.removeprefix("\u2014 ").split(" ")
        for line in signatures.split("\n")
        if line.startswith(f"\u2014 {origin} ")
    )
    signature = base64.b64decode(encoded, validate=True)[KEY_ID_BYTES:]
    PUBLIC[name].verify(signature, f"{text}\n".encode())
    place = int(index.removeprefix("index "))
    inclusion = SimpleNamespace(
        log_index=place,
        tree_size=int(size),
        hashes=[base64.b64decode(each, validate=True) for each in hashes],
        root_hash=base64.b64decode(root, validate=True),
    )
    inner = SimpleNamespace(inclusion_proof=inclusion, canonicalized_body=entry.encode())
    verify_merkle_inclusion(cast("Any", SimpleNamespace(_inner=inner)))
    return entry, text, place
