"""A point of the journal up to which an audit found no fault, for the next one to go on from.

It seals what was found there with a digest, so that damage to it is seen; whoever can rewrite the database
can rewrite a point as well. Pure.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from timebank.ledger.audit import JournalAudit, Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPoint:
    """How far the books of a branch are proven."""

    entry_seq: int
    """The last entry that was checked."""
    actor: str
    recorded_us: int
    """When the audit that set it began."""
    seen_us: int
    """When the branch had last been written to, then: what was done later is not covered."""
    totals: str
    """Totals of every account that was posted to, as `write_totals` writes them."""
    digest: bytes
    """Of all this, the branch and the leaf of the entry."""


def point_of(audit: JournalAudit, *, leaf: bytes, actor: str, recorded_us: int, seen_us: int) -> AuditPoint:
    """Return the point that a fold without faults has come to; `leaf` is of its last entry."""
    point = AuditPoint(
        entry_seq=audit.last_seq,
        actor=actor,
        recorded_us=recorded_us,
        seen_us=seen_us,
        totals=write_totals(audit.totals),
        digest=b"",
    )
    return replace(point, digest=digest_of(point, audit.branch, leaf, audit.last_us))


def is_sealed(point: AuditPoint, branch: str, *, leaf: bytes, last_us: int) -> bool:
    """Tell whether a point, and leaf and instant of the entry at it, are what they were when it was set."""
    return point.digest == digest_of(point, branch, leaf, last_us)


def digest_of(point: AuditPoint, branch: str, leaf: bytes, last_us: int) -> bytes:
    """Return the SHA-256 that seals a point."""
    text = (
        f"timebank-audit-point/1\n{branch} {point.entry_seq}\n{leaf.hex()} {last_us}\n"
        f"{point.actor} {point.recorded_us} {point.seen_us}\n{point.totals}"
    )
    return hashlib.sha256(text.encode()).digest()


def write_totals(totals: Mapping[int, Totals]) -> str:
    """Write totals as text: `NUMBER BALANCE GIVEN RECEIVED VERSION`, a line for each account, by number."""
    return "".join(
        f"{no} {each.balance} {each.given} {each.received} {each.version}\n"
        for no, each in sorted(totals.items())
    )


def read_totals(text: str) -> dict[int, Totals]:
    """Read what `write_totals` wrote."""
    rows = (tuple(map(int, line.split())) for line in text.splitlines())
    return {no: Totals(*totals) for no, *totals in rows}
