"""Secrets of a branch: random bytes that every process of the service agrees on."""

from timebank.storage.repository import Repository
from timebank.storage.tables_manners import BranchSecretRow


class Secrets(Repository):
    """The secrets of a branch, by what they are for."""

    def find(self, purpose: str) -> bytes | None:
        """Return a secret; None if there is none yet."""
        row = self._row(BranchSecretRow, purpose=purpose)
        return bytes(row.secret) if row is not None else None

    def add(self, purpose: str, secret: bytes) -> None:
        """Store a new secret."""
        self._insert(BranchSecretRow, purpose=purpose, secret=secret)
