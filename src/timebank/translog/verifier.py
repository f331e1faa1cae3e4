"""Verify a receipt, offline: `python verifier.py RECEIPT KEY... [--known=CHECKPOINT]`; 0 or 4.

Format `timebank-receipt/1`, described byte by byte in docs/receipt-format.md. This file stands alone, to be
read and ported: Python's standard library and `cryptography`, nothing of timebank.
"""

import base64
import hashlib
import hmac
import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

N, Z, INT = "[1-9][0-9]{0,17}", "(?:0|[1-9][0-9]{0,17})", "(?:0|-?[1-9][0-9]{0,17})"
REF, CAUSE, B64 = "[a-z0-9][a-z0-9-]{0,39}", "[a-z0-9][a-z0-9-]{0,99}", "[A-Za-z0-9+/]"
KIND = "service|redemption|fee|transfer|hold|release|opening|reversal"
POSTING = f"(?:debit|credit) {N} (?:min|svc|[A-Z]{{3}}) [a-z]+(?::{REF}){{1,2}} {N} {INT}\n"
ENTRY = (
    f"timebank-entry/(?:1|(?P<two>2))\n(?P<branch>{REF}) (?P<seq>{N})\n"
    f"(?P<kind>{KIND}) (?P<cause>{CAUSE} {CAUSE} {INT})\n"
    f"effective {INT} (?P<day>[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})\nrecorded (?P<recorded>{INT})\npolicy {Z}\n"
    f"by (?P<actor>[a-z]+:{REF}(?:@{REF})?(?:\\+{REF}#{Z})?)\nreverses (?:-|{N})\nhelp (?:0|1|-1)\n"
    f"(?(two)details (?P<details>[0-9a-f]{{64}})\n)(?P<postings>(?:{POSTING}){{2,}})"
)
HASH, LINES = f"{B64}{{43}}=", "(?P<lines>(?:— [^\n]+\n){1,16})"
NOTE = f"(?P<text>(?P<origin>[^\n]+)\n(?P<size>{Z})\n(?P<root>{HASH})\n)\n{LINES}"
PROOF = f"c2sp\\.org/tlog-proof@v1\nindex (?P<index>{Z})\n(?P<hashes>(?:{HASH}\n){{0,63}})\n(?P<note>(?s:.+))"
MONTHS = "? January February March April May June July August September October November December"
UNITS, LOG, WITNESS = {"min": "minutes", "svc": "service minutes"}, 1, 4
MOST_BYTES = 1 << 20
Match: TypeAlias = re.Match[str]
Keys: TypeAlias = dict[tuple[str, bytes], bytes]  # by name and key id: a byte of type, then the public key
Signed: TypeAlias = list[tuple[tuple[str, bytes], int]]  # by whom; in which second if by a witness, else -1


class Refused(Exception):
    """The receipt is not proved: `code` says why in a word, the text in a sentence."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Verified(NamedTuple):
    """What is proved: the receipt's own summary, and what it means to whoever asked, in plain sentences."""

    summary: tuple[str, ...]
    answer: tuple[str, ...]


def need(claim: object, code: str, why: str) -> None:
    """Refuse unless the claim is true."""
    if not claim:
        raise Refused(code, why)


def read(pattern: str, text: str, what: str) -> Match:
    """Read a whole text, or refuse."""
    if found := re.fullmatch(pattern, text):
        return found
    raise Refused("malformed", f"{what} is malformed")


def decoded(text: str) -> bytes:
    """Read base64, which has one spelling."""
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text, "malformed", "base64 is malformed")
    return data


def keys_in(texts: Iterable[str]) -> Keys:
    """Read public keys."""
    keys: Keys = {}
    for text in texts:
        name, id_, encoded = read(rf"([^\s+]+)\+([0-9a-f]{{8}})\+({B64}{{44}})", text, "a key").groups()
        data = decoded(encoded)
        made = hashlib.sha256(f"{name}\n".encode() + data).digest()[:4]
        is_right = made.hex() == id_ and data[0] in {LOG, WITNESS} and name.isprintable()
        need(is_right, "malformed", "a key is malformed")
        keys[name, made] = data
    return keys


def signed(note: Match, keys: Keys) -> Signed:
    """Return who of these signed a note; refuse a forged signature, and pass over those of other keys."""
    by = []
    for line in note["lines"][:-1].split("\n"):
        found = read(rf"— ([^\s+]+) ({B64}+={{0,2}})", line, "a signature")
        data = decoded(found[2])
        if key := keys.get((found[1], data[:4])):
            at, start = (-1, 4) if key[0] == LOG else (int.from_bytes(data[4:12], "big"), 12)
            message = note["text"] if key[0] == LOG else f"cosignature/v1\ntime {at}\n{note['text']}"
            try:
                Ed25519PublicKey.from_public_bytes(key[1:]).verify(data[start:], message.encode())
            except InvalidSignature:
                raise Refused("bad_signature", f"a signature under the name {found[1]} is forged") from None
            by.append(((found[1], data[:4]), at))
    return by


def signed_in_full(note: Match, keys: Keys, trusted: Keys) -> Signed:
    """Refuse a note of the receipt unless a trusted key of the log signed first, then witnesses in order."""
    by, lines, origin = signed(note, keys), note["lines"][:-1].split("\n"), note["origin"]
    need(len(by) == len(lines), "unknown_key", "a signature is by a key that nobody named")
    is_log = [at < 0 for _, at in by] == [True] + [False] * (len(by) - 1)
    need(is_log and lines[1:] == sorted(set(lines[1:])), "order", "signatures are out of order")
    need(by[0][0][0] == origin, "wrong_origin", f"{origin} is signed under another name")
    need(by[0][0] in trusted, "unknown_key", f"{origin} is signed by a key that you did not give")
    return by


def climb(place: int, last: int, hashes: Sequence[bytes], old: bytes, new: bytes) -> list[str]:
    """Walk up a proof as in RFC 9162 (2.1.3.2, 2.1.4.2): `new` takes each hash, `old` those from its left."""
    for one in hashes:
        need(last, "proof_length", "a proof is too long")
        if place & 1 or place == last:
            old, new = (hashlib.sha256(b"\1" + one + below).digest() for below in (old, new))
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            new = hashlib.sha256(b"\1" + new + one).digest()
        place, last = place >> 1, last >> 1
    need(last == 0, "proof_length", "a proof is too short")
    return [base64.b64encode(root).decode() for root in (old, new)]


def check_consistency(old: Match, new: Match, hashes: list[bytes]) -> None:
    """Refuse unless the old tree is the beginning of the new one."""
    size, end = int(old["size"]), int(new["size"])
    need(0 < size < end, "beyond_size", "an older checkpoint is not older")
    low = (size & -size).bit_length() - 1
    first, *rest = ([decoded(old["root"])] if size == 1 << low else []) + hashes or [b""]
    roots = climb((size - 1) >> low, (end - 1) >> low, rest, first, first)
    need(roots == [old["root"], new["root"]], "rewritten", f"{old['origin']} rewrote entries up to {size:,}")


def told(seconds: int) -> str:
    """Write an instant out."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{at.day} {MONTHS.split()[at.month]} {at.year} at {at:%H:%M:%S} UTC"


def part_in(part: dict[str, Any]) -> tuple[Match, Match, list[str]]:
    """Refuse an entry that is not in its checkpoint; return it, the checkpoint, and what to tell."""
    entry, proof = read(ENTRY, part["entry"], "an entry"), read(PROOF, part["proof"], "a proof")
    note, seq, branch = read(NOTE, proof["note"], "a checkpoint"), int(entry["seq"]), entry["branch"]
    index, size, origin = int(proof["index"]), int(note["size"]), note["origin"]
    need(seq - 1 == index < size, "wrong_index", "an entry is proved at another place than its own")
    leaf = hashlib.sha256(b"\0" + part["entry"].encode()).digest()
    _, root = climb(index, size - 1, [decoded(one) for one in proof["hashes"].split()], leaf, leaf)
    need(root == note["root"], "wrong_root", f"the entry is not the one that {origin} signed")
    recorded = f"recorded {told(int(entry['recorded']) // 1_000_000)} by {entry['actor']}."
    what = f"{entry['kind']} ({entry['cause']}), effective {entry['day']}, {recorded}"
    lines = [f"Entry {seq:,} of {branch}: {what}"]
    for side, amount, unit, path, *_ in map(str.split, entry["postings"].splitlines()):
        lines.append(f"  {side} {int(amount):,} {UNITS.get(unit, f'hundredths of {unit}')}: {path}")
    if part["details"] is not None:
        text, secret = part["details"]["text"], read("[0-9a-f]{64}", part["details"]["secret"], "a secret")[0]
        made = hmac.new(bytes.fromhex(secret), text.encode(), "sha256").hexdigest()
        need(made == entry["details"], "wrong_details", "the details are not those of the entry")
        need(len(part["details"]) == 2 and text.replace("\n", "").isprintable(), "malformed", "bad details")
        lines += [f"  details: {line}" for line in text.removesuffix("\n").split("\n")]
    among = f"the entry stands unchanged among the {size:,} that {origin} signed."
    return entry, note, [*lines, f"The books of {branch} had {seq:,} entries then; {among}"]


def verify(data: bytes, keys: Sequence[str], *, known: Sequence[bytes] = ()) -> Verified:
    """Verify a receipt with public keys that come from elsewhere, and checkpoints kept from earlier."""
    need(len(data) <= MOST_BYTES, "too_large", "the file is larger than receipts are")
    try:
        kept = [read(NOTE, one.decode(), "a checkpoint that you kept") for one in known]
        return verified(data, json.loads(data.decode()), keys_in(keys), kept)
    except (AttributeError, LookupError, OverflowError, RecursionError, TypeError, ValueError):
        raise Refused("malformed", "the file is no receipt, or a part of it is malformed") from None


def verified(data: bytes, value: dict[str, Any], trusted: Keys, known: Sequence[Match]) -> Verified:  # noqa: PLR0915
    """Verify a receipt whose JSON is read; its bytes must be those that its values are written as."""
    need(value["format"] == "timebank-receipt/1", "unknown_format", "the file is of another format")
    keys, parts = {**keys_in(value["keys"]), **trusted}, [part_in(part) for part in value["parts"]]
    summary, answer, olds = [line for _, _, lines in parts for line in lines], [], []
    notes = {note["origin"]: note for _, note, _ in parts}
    logs = {(entry["branch"], note[0]) for entry, note, _ in parts}
    places = [(int(entry["recorded"]), entry["branch"], int(entry["seq"])) for entry, _, _ in parts]
    need(places and places == sorted(set(places)), "order", "the entries are out of order")
    need(len(notes) == len(logs) == len({branch for branch, _ in logs}), "order", "a log has two checkpoints")
    seen = {origin: signed_in_full(note, keys, trusted) for origin, note in notes.items()}
    used = {key for by in seen.values() for key, _ in by}
    roots = {origin: {int(note["size"]): note["root"]} for origin, note in notes.items()}
    for item in value["consistency"]:
        old = read(NOTE, item["from"], "an older checkpoint")
        origin, size, new = old["origin"], int(old["size"]), notes[old["origin"]]
        used |= {key for key, _ in signed_in_full(old, keys, trusted)}
        check_consistency(old, new, [decoded(one) for one in item["hashes"]])
        olds.append((origin, size))
        roots[origin][size] = old["root"]
        between = f"between the checkpoints of {size:,} and {int(new['size']):,} entries of {origin}."
        summary.append(f"Nothing up to entry {size:,} was rewritten {between}")
    need(olds == sorted(set(olds)), "order", "the older checkpoints are out of order")
    for entry, note, _ in parts:
        seq, day = int(entry["seq"]), told(int(entry["recorded"]) // 1_000_000).partition(" at ")[0]
        up_to = max((size for size in roots[note["origin"]] if size < int(note["size"])), default=0)
        since = f"nothing up to entry {up_to:,} has been rewritten since" if up_to else "it stands unchanged"
        then = f"the books of {entry['branch']} had {seq:,} entries then, and {since}"
        answer.append(f"Entry {seq:,} ({entry['kind']}) was recorded on {day}; {then}.")
    for origin, by in seen.items():
        for key, at in by[1:]:
            size = int(notes[origin]["size"])
            summary.append(f"{key[0]} cosigned the {size:,} entries of {origin} on {told(at)}.")
            known_from = "you gave its key" if key in trusted else "its key is known from the receipt alone"
            answer.append(f"{key[0]} cosigned the checkpoint of {origin}; {known_from}.")
    for one in known:
        origin, size = one["origin"], int(one["size"])
        what = f"the checkpoint of {origin} that you kept"
        need(origin in notes, "wrong_origin", f"the receipt is of another log than {what}")
        is_signed = any(at < 0 and key[0] == origin for key, at in signed(one, trusted))
        need(is_signed, "unknown_key", f"{what} is signed by no key that you gave")
        need(size in roots[origin], "not_linked", f"the receipt has no proof from {what}")
        need(roots[origin][size] == one["root"], "rewritten", f"{origin} rewrote entries up to {size:,}")
        answer.append(f"The {size:,} entries in {what} are the beginning of these books.")
    need(value["summary"] == summary, "wrong_summary", "the summary says something else than the entries")
    need(used == keys_in(value["keys"]).keys(), "unused_key", "the receipt names keys that signed nothing")
    consistency = [{"from": item["from"], "hashes": list(item["hashes"])} for item in value["consistency"]]
    parts_ = [{name: part[name] for name in ("details", "entry", "proof")} for part in value["parts"]]
    rest = {"format": value["format"], "keys": sorted(set(value["keys"])), "summary": summary}
    rest |= {"consistency": consistency, "parts": parts_}
    written = json.dumps(rest, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    need(written.encode() == data, "malformed", "the file is not written as receipts are, byte by byte")
    return Verified(tuple(summary), tuple(answer))


def start_of(name: str) -> bytes:
    """Read a file, a byte further than receipts go at most."""
    with open(name, "rb") as file:  # noqa: PTH123 - pathlib takes longer to load than the file to read
        return file.read(MOST_BYTES + 1)


def main(words: Sequence[str]) -> int:
    """Verify a file, and say what is proved, or why nothing is."""
    kept = [word for word in words if word.startswith("--known=")]
    try:
        data, *known = [start_of(name.removeprefix("--known=")) for name in (words[0], *kept)]
        result = verify(data, [word for word in words[1:] if word not in kept], known=known)
    except (Refused, OSError, IndexError) as refused:
        print(f"not proved: {refused}", file=sys.stderr)
        return 4
    print("\n".join([*result.answer, "", *result.summary]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
