"""How far the audit has proven the books of a branch in this database: local, never exported."""

from timebank.storage.columns import STRICT, Row, blob, key_number, number, text


class AuditPointRow(Row, table=True):
    """The point of a branch's journal up to which the last audit found no fault."""

    __tablename__ = "audit_point"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    entry_seq: int = number()
    actor: str = text()
    recorded_us: int = number()
    seen_us: int = number()
    """When the branch had last been written to, then."""
    totals: str = text()
    """Balance, given, received and version of every account at the point, a line for each."""
    digest: bytes = blob()
    """SHA-256 over all of it, the branch's code and the leaf of the entry."""
