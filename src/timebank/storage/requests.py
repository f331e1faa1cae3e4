"""Idempotency keys: one key, one effect, for ever (I-9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from timebank.errors import KeyReused
from timebank.ids import fingerprint_of, key_of
from timebank.storage.repository import Repository
from timebank.storage.tables import RequestKeyRow


@dataclass(slots=True)
class Request:
    """One request under its key; `outcome` is what an earlier run of it led to, or None."""

    requests: "Requests"
    key: bytes | None
    fingerprint: bytes
    outcome: str | None

    def done(self, outcome: object) -> None:
        """Remember what the request led to, in the same transaction as its effect."""
        if self.key is not None:
            self.requests.remember(self.key, self.fingerprint, str(outcome))


class Requests(Repository):
    """The keys that were used in a branch."""

    def open(self, key: str | None, *payload: object) -> Request:
        """Look a request up by its key.

        Args:
            key: the caller's name for the request; None for a request that is not to be remembered.
            payload: everything that decides what the request does.

        Raises:
            KeyReused: the key was used for another payload.
        """
        fingerprint = fingerprint_of(*payload)
        if key is None:
            return Request(self, None, fingerprint, None)
        stored = key_of(key)
        row = self._row(RequestKeyRow, key=stored)
        if row is not None and row.fingerprint != fingerprint:
            raise KeyReused
        return Request(self, stored, fingerprint, row.outcome if row is not None else None)

    def remember(self, key: bytes, fingerprint: bytes, outcome: str) -> None:
        """Store a key with its payload's fingerprint and its outcome."""
        self._insert(
            RequestKeyRow, key=key, fingerprint=fingerprint, outcome=outcome, recorded_us=self.now_us
        )

    def known(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the payload's fingerprint of each of these keys that was used; a few thousand at a time."""
        if not keys:
            return {}
        connection = self.desk.connection
        mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        marks = ", ".join([mark] * len(keys))
        # The driver's own statement: SQLAlchemy would name and convert each of the keys.
        query = f"SELECT key, fingerprint FROM request_key WHERE branch_id = {mark} AND key IN ({marks})"  # noqa: S608 - marks only
        found = connection.exec_driver_sql(query, (self.desk.branch_id, *keys))
        return {bytes(key): bytes(fingerprint) for key, fingerprint in found}

    def remember_all(self, used: list[tuple[bytes, bytes, str]]) -> None:
        """Store many keys at once: (key, fingerprint, outcome)."""
        rows = [(key, fingerprint, outcome, self.now_us) for key, fingerprint, outcome in used]
        self._insert_many(RequestKeyRow, rows)
