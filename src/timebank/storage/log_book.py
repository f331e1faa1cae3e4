"""What was signed of a branch's log: keys by their public halves, checkpoints, cosignatures (I-11)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from timebank.ledger.canonical import instant_of
from timebank.storage.driver import execute
from timebank.storage.repository import Repository
from timebank.storage.tables_log import LogCheckpointRow, LogCosignatureRow, LogKeyRow

KEEP: Final = (
    "INSERT INTO log_checkpoint (branch_id, size, key_no, note, signed_us) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (branch_id, size, key_no) DO NOTHING"
)
"""On a server, two may sign the same at the same time: the same key then signs the same text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogKey:
    """A key that signs or signed checkpoints of a branch; its private half is not here."""

    no: int
    origin: str
    vkey: str
    created_at: datetime
    actor: str
    retired_at: datetime | None

    @property
    def is_active(self) -> bool:
        """Whether checkpoints are signed by it."""
        return self.retired_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCheckpoint:
    """A checkpoint as it was signed."""

    size: int
    key_no: int
    note: str
    signed_at: datetime


class LogKeys(Repository):
    """The keys of a branch."""

    def list(self) -> Sequence[LogKey]:
        """Return all keys, by number."""
        return [
            LogKey(
                no=row.no,
                origin=row.origin,
                vkey=row.vkey,
                created_at=instant_of(row.created_us),
                actor=row.actor,
                retired_at=None if row.retired_us is None else instant_of(row.retired_us),
            )
            for row in self._find(LogKeyRow, order="no")
        ]

    def add(self, *, origin: str, vkey: str, actor: str) -> int:
        """Add a key; returns its number."""
        no = max((each.no for each in self.list()), default=0) + 1
        self._insert(LogKeyRow, no=no, origin=origin, vkey=vkey, created_us=self.now_us, actor=actor)
        return no

    def retire(self, no: int) -> None:
        """Note that a key signs no more."""
        self._update(LogKeyRow, {"no": no}, retired_us=self.now_us)


class Checkpoints(Repository):
    """The checkpoints of a branch."""

    def last(self) -> SignedCheckpoint | None:
        """Return the newest checkpoint; None if nothing was ever signed."""
        found = self._find(LogCheckpointRow, order="size DESC, key_no DESC", limit=1)
        return _checkpoint(found[0]) if found else None

    def list(
        self, *, after: tuple[int, int] | None = None, limit: int | None = None
    ) -> Sequence[SignedCheckpoint]:
        """Return checkpoints, the newest first; behind the one of size and key number `after`."""
        where = ("",) if after is None else ("size < ? OR (size = ? AND key_no < ?)", after[0], *after)
        rows = self._find(LogCheckpointRow, *where, order="size DESC, key_no DESC", limit=limit)
        return [_checkpoint(row) for row in rows]

    def of_size(self, size: int) -> SignedCheckpoint | None:
        """Return the newest checkpoint of a size; None if there is none."""
        found = self._find(LogCheckpointRow, "size = ?", size, order="key_no DESC", limit=1)
        return _checkpoint(found[0]) if found else None

    def keep(self, *, size: int, key_no: int, note: str) -> SignedCheckpoint:
        """Keep a checkpoint that was signed now.

        It changes nothing that a post is decided on: what is in hand of the branch stays good.
        """
        execute(self.desk.connection, KEEP, (self.desk.branch_id, size, key_no, note, self.now_us))
        found = self.of_size(size)
        assert found is not None, "a checkpoint of that size is there, ours or that of somebody as quick"
        return found

    def last_cosigned(self) -> SignedCheckpoint | None:
        """Return the newest checkpoint that a witness cosigned; None if none ever did."""
        found = self._find(LogCosignatureRow, order="size DESC", limit=1)
        return self.of_size(found[0].size) if found else None

    def cosigned_note(self, witnesses: Collection[str], *, least: int) -> str | None:
        """Return the newest checkpoint of at least so many entries that all of these cosigned, with that.

        Args:
            witnesses: names of their keys, at least one.
            least: how many entries it must cover.
        """
        found: dict[int, dict[str, str]] = {}
        for row in self._find(LogCosignatureRow, "size >= ?", least, order="size DESC, witness"):
            if row.witness in witnesses:
                found.setdefault(row.size, {})[row.witness] = row.line
        for size, lines in found.items():
            signed = self.of_size(size)
            if len(lines) == len(witnesses) and signed is not None:
                return signed.note + "".join(f"{line}\n" for line in lines.values())
        return None

    def cosigned_by(self, witness: str) -> int:
        """Return the size of the newest checkpoint that a witness cosigned; 0 if it never did."""
        found = self._find(LogCosignatureRow, "witness = ?", witness, order="size DESC", limit=1)
        return int(found[0].size) if found else 0

    def cosign(self, size: int, witness: str, line: str) -> None:
        """Keep what a witness signed of a checkpoint; the first time counts."""
        if not self._find(LogCosignatureRow, "size = ? AND witness = ?", size, witness):
            self._insert(LogCosignatureRow, size=size, witness=witness, line=line)

    def cosignatures(self, size: int) -> Sequence[str]:
        """Return the signature lines of witnesses of a size, by witness."""
        return [row.line for row in self._find(LogCosignatureRow, "size = ?", size, order="witness")]


def _checkpoint(row: LogCheckpointRow) -> SignedCheckpoint:
    return SignedCheckpoint(
        size=row.size, key_no=row.key_no, note=row.note, signed_at=instant_of(row.signed_us)
    )
