"""`timebank verify`, done: files in, plain sentences out. Loads the verifier and next to nothing else."""

import json
import sys

from timebank.translog import verifier
from timebank.translog.kept import notes_in

VERIFIED, REFUSED = 0, 4
FILE_MOST = (1 << 20) + 1
KEYS_MOST = 65_536
"""Bytes of a file of keys."""
NOT_READ = (OSError, ValueError)


def verify(file: str, *, keys: list[str], against: list[str], as_json: bool) -> int | None:
    """Verify a receipt and print the answer.

    Args:
        file: the receipt.
        keys: public keys, or files of them.
        against: older receipts or checkpoints that were kept.
        as_json: print JSON.

    Returns:
        0 if it holds and 4 if not; None if a file cannot be read or a key is none: others explain that.
    """
    try:
        data = read(file)
        trusted = [key for each in keys for key in keys_in(each)]
        known = [note for each in against for note in notes_in(read(each))]
    except (*NOT_READ, verifier.Refused):
        return None
    try:
        verified = verifier.verify(data, trusted, known=known)
    except verifier.Refused as refused:
        return _refuse(refused, as_json=as_json)
    if as_json:
        value = {
            "ok": True,
            "reason": None,
            "answer": list(verified.answer),
            "summary": list(verified.summary),
        }
        _print(json.dumps(value, indent=2, ensure_ascii=False))
    else:
        _print("\n".join(verified.answer))
    return VERIFIED


def _refuse(refused: verifier.Refused, *, as_json: bool) -> int:
    """Say why: a sentence on stderr as every refusal of the program, and JSON where it is asked for."""
    if as_json:
        value = {"ok": False, "reason": refused.code, "answer": [f"Not proved: {refused}."], "summary": []}
        _print(json.dumps(value, indent=2, ensure_ascii=False))
    sentence = f"timebank: the receipt is not proved: {printable(str(refused))} [{refused.code}]\n"
    sys.stderr.write(sentence)
    return REFUSED


def _print(text: str) -> None:
    """Print a result; a reader who has seen enough is no error."""
    try:
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        sys.stdout = None  # nothing is left to be flushed


def printable(text: str) -> str:
    """Return the text without characters that could steer a terminal."""
    return "".join(character if character.isprintable() else "?" for character in text)


def read(file: str, most: int = FILE_MOST) -> bytes:
    """Read a file, and no more of a gigantic one than shows that it is one.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    with open(file, "rb") as stream:  # noqa: PTH123 - pathlib takes longer to load than to read
        return stream.read(most)


def keys_in(text: str) -> list[str]:
    """Return the public keys that are said: `NAME+KEYID+BASE64`, or a file with one a line, # for remarks.

    Raises:
        OSError, ValueError: the file cannot be read.
        Refused: what is there is no key.
    """
    try:
        verifier.keys_in([text])
    except (ValueError, verifier.Refused):
        if text.count("+") >= 2 and not _is_file(text):
            raise
    else:
        return [text]
    lines = [line.strip() for line in read(text, KEYS_MOST).decode().splitlines()]
    found = [line for line in lines if line and not line.startswith("#")]
    if not verifier.keys_in(found):
        raise verifier.Refused("malformed", "the file holds no key")
    return found


def _is_file(name: str) -> bool:
    try:
        read(name, 1)
    except NOT_READ:
        return False
    return True
