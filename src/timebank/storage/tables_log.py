"""The log of a branch: tiles of its tree, keys, checkpoints and cosignatures, and what we witness for others.

Leaves are a column of `entry`; `translog.tiles` says what a tile holds. Private keys are never here (I-10).
"""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint

from timebank.storage.columns import STRICT, Row, blob, key_number, key_text, number, text


class LogTileRow(Row, table=True):
    """A tile of interior hashes; it is only ever extended, together with the entries that it covers."""

    __tablename__ = "log_tile"
    __table_args__ = (
        CheckConstraint("level BETWEEN 1 AND 7", name="level"),
        CheckConstraint("idx BETWEEN 0 AND 1099511627775", name="idx"),
        CheckConstraint("length(hashes) BETWEEN 32 AND 8192 AND length(hashes) % 32 = 0", name="hashes"),
        STRICT,
    )

    branch_id: int = key_number()
    level: int = key_number()
    """1 and above: level 0 are the leaves of entries."""
    idx: int = key_number()
    hashes: bytes = blob()
    """32 bytes each, 256 at most."""


class LogKeyRow(Row, table=True):
    """The public half of a key that signs checkpoints; changes once, when it is retired."""

    __tablename__ = "log_key"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    no: int = key_number()
    origin: str = text()
    """The log's name in checkpoints."""
    vkey: str = text()
    """As C2SP signed-note writes it."""
    created_us: int = number()
    actor: str = text()
    retired_us: int | None = number(nullable=True)


class LogCheckpointRow(Row, table=True):
    """A checkpoint that was signed (append-only, I-11)."""

    __tablename__ = "log_checkpoint"
    __table_args__ = (
        ForeignKeyConstraint(["branch_id", "key_no"], ["log_key.branch_id", "log_key.no"]),
        CheckConstraint("size >= 0", name="size"),
        STRICT,
    )

    branch_id: int = key_number()
    size: int = key_number()
    """How many entries it covers."""
    key_no: int = key_number()
    """The newest of the keys that signed it: a rotation may sign a size again."""
    note: str = text()
    """The signed note, byte for byte."""
    signed_us: int = number()


class LogCosignatureRow(Row, table=True):
    """What a witness signed of a checkpoint (append-only)."""

    __tablename__ = "log_cosignature"
    __table_args__ = (STRICT,)

    branch_id: int = key_number()
    size: int = key_number()
    witness: str = key_text()
    line: str = text()
    """Its signature line."""


class WitnessLogRow(Row, table=True):
    """The last checkpoint of somebody else's log that this database has witnessed; of no branch."""

    __tablename__ = "witness_log"
    __table_args__ = (CheckConstraint("size >= 0 AND length(root) = 32", name="size"), STRICT)

    origin: str = key_text()
    vkey: str = text()
    size: int = number()
    root: bytes = blob()
    note: str = text()
