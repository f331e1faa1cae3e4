"""The canonical bytes of an entry, and their leaf hash.

An entry is a short text, one fact per line, that anybody can rebuild from the database and hash with
`sha256sum`. The leaf hash is that of RFC 9162: SHA-256 over a zero byte and the text. Pure.

Format `timebank-entry/1`, or `timebank-entry/2` for an entry that commits itself to details (the line
`details` is in that one only); lines ended by a newline, UTF-8 (only ASCII occurs):

    timebank-entry/VERSION
    BRANCH SEQ
    KIND CAUSE-KIND CAUSE-REF CAUSE-STEP
    effective MICROSECONDS DAY
    recorded MICROSECONDS
    policy VERSION
    by ACTOR
    reverses SEQ-or-minus
    help COUNTS
    details COMMITMENT                                   (hexadecimal; see `ledger.details`)
    SIDE AMOUNT UNIT PATH ACCOUNT-SEQ BALANCE-AFTER      (one line for each posting, in order)
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from timebank.ledger.model import JournalEntry

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)
LEAF_PREFIX: Final = b"\x00"

VERSION_1: Final = "timebank-entry/1"
VERSION_2: Final = "timebank-entry/2"

Facts: TypeAlias = tuple[int, str, str, str, int, int, str, int, int, str, int | None, int, bytes | None]
"""The header of an entry: sequence number to details, in the order of the format."""


def micros_of(instant: datetime) -> int:
    """Return whole microseconds since 1970-01-01T00:00Z of an aware instant, exactly."""
    return (instant - EPOCH) // MICROSECOND


def instant_of(micros: int) -> datetime:
    """Return the aware UTC instant of whole microseconds since 1970-01-01T00:00Z."""
    return EPOCH + timedelta(microseconds=micros)


def facts_of(entry: JournalEntry) -> Facts:
    """Return the facts of an entry's header as they are stored, in the order of the format."""
    draft = entry.draft
    cause = draft.cause
    recorded_us = micros_of(entry.recorded_at)
    is_now = draft.effective_at is entry.recorded_at
    return (
        entry.seq,
        draft.kind.value,
        cause.kind,
        cause.ref,
        cause.step,
        recorded_us if is_now else micros_of(draft.effective_at),
        draft.effective_on.isoformat(),
        recorded_us,
        draft.policy_version,
        str(draft.actor),
        draft.reverses,
        draft.counts_help,
        draft.details,
    )


def canonical_bytes(entry: JournalEntry) -> bytes:
    """Return the entry's canonical text as bytes; the module docstring states the format."""
    return text_of(entry, facts_of(entry)).encode()


def text_of(entry: JournalEntry, facts: Facts) -> str:
    """Return the canonical text of an entry, whose header has these facts."""
    text = head_text(entry.branch, *facts)
    for line in entry.lines:
        posting = line.posting
        text += line_text(
            posting.side, posting.amount, posting.unit, posting.path, line.account_seq, line.balance_after
        )
    return text


def head_text(  # noqa: PLR0917 - the fields of the format, in its order
    branch: str,
    seq: int,
    kind: str,
    cause_kind: str,
    cause_ref: str,
    step: int,
    effective_us: int,
    effective_on: str,
    recorded_us: int,
    policy_version: int,
    actor: str,
    reverses: int | None,
    counts_help: int,
    details: bytes | None = None,
) -> str:
    """Return the lines of the format before the postings, from values as they are stored."""
    text = (
        f"{VERSION_1 if details is None else VERSION_2}\n{branch} {seq}\n"
        f"{kind} {cause_kind} {cause_ref} {step}\n"
        f"effective {effective_us} {effective_on}\nrecorded {recorded_us}\npolicy {policy_version}\n"
        f"by {actor}\nreverses {'-' if reverses is None else reverses}\nhelp {counts_help}\n"
    )
    return text if details is None else f"{text}{details_line(details)}"


def details_line(details: bytes) -> str:
    """Return the line of an entry's details.

    Raises:
        TypeError: they are not bytes, as a damaged file may have it.
    """
    return f"details {bytes.hex(details)}\n"


def line_text(  # noqa: PLR0917 - as above
    side: str, amount: int, unit: str, path: str, account_seq: int, balance_after: int
) -> str:
    """Return the line of one posting, from values as they are stored."""
    return f"{side} {amount} {unit} {path} {account_seq} {balance_after}\n"


def leaf_of(canonical: bytes) -> bytes:
    """Return the 32-byte RFC 9162 leaf hash of canonical bytes."""
    return hashlib.sha256(LEAF_PREFIX + canonical).digest()


def leaf_hash(entry: JournalEntry) -> bytes:
    """Return the 32-byte RFC 9162 leaf hash of an entry."""
    return leaf_of(canonical_bytes(entry))
