"""Idempotency keys: one key, one effect, for ever (I-9)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from timebank.errors import KeyReused
from timebank.ids import AnsweredKey, fingerprint_of, key_of
from timebank.storage.driver import insert_rows, query_among
from timebank.storage.repository import Desk, Repository
from timebank.storage.tables import RequestKeyRow

KNOWN: Final = "SELECT key, fingerprint, outcome, answer FROM request_key WHERE branch_id = ? AND key"
KEYS_MOST: Final = 1_000
"""Keys looked up at once: within the number of parameters that every SQLite takes."""


@dataclass(slots=True)
class Request:
    """One request under its key; `outcome` is what an earlier run of it led to, or None."""

    requests: "Requests"
    key: bytes | None
    fingerprint: bytes
    outcome: str | None
    asked: AnsweredKey | None = None
    """Set where the service asks, which answers a repeat as it answered at first."""

    def done(self, outcome: object, result: object = None) -> None:
        """Remember what the request led to, in the same transaction as its effect.

        Args:
            outcome: what a repeat of the request finds, to load what it led to.
            result: what the use case returns; with it, the service's answer is remembered, too.
        """
        if self.key is not None:
            answer = self.asked.answer_to(result) if self.asked is not None else None
            self.requests.remember(self.key, self.fingerprint, str(outcome), answer)

    def require_unchanged(self, current: object) -> None:
        """See that what the request is about, as it stands now, is as whoever asks has seen it.

        Raises:
            VersionChanged: somebody changed it since.
        """
        if self.asked is not None and self.asked.expects is not None:
            self.asked.expects(current)


class Requests(Repository):
    """The keys that were used in a branch; what `remember_all` is told is held back until `flush`."""

    def __init__(self, desk: Desk) -> None:
        """Work at a desk, with nothing held back."""
        super().__init__(desk)
        self.pending: dict[bytes, tuple[bytes, str]] = {}
        self.answers: dict[bytes, str | None] = {}
        """Of keys that were looked up or are held back: what the service answered, where it asks."""
        self._assumed: set[bytes] = set()
        self._taken: dict[bytes, tuple[bytes, str]] = {}

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
        asked = key if isinstance(key, AnsweredKey) else None
        row = self._row(RequestKeyRow, key=stored)
        if row is None:
            return Request(self, stored, fingerprint, None, asked)
        if row.fingerprint != fingerprint:
            raise KeyReused
        if asked is not None:
            asked.answer = row.answer
        return Request(self, stored, fingerprint, row.outcome, asked)

    def remember(self, key: bytes, fingerprint: bytes, outcome: str, answer: str | None = None) -> None:
        """Store a key with its payload's fingerprint, its outcome and what was answered."""
        self._insert(
            RequestKeyRow,
            key=key,
            fingerprint=fingerprint,
            outcome=outcome,
            recorded_us=self.now_us,
            answer=answer,
        )

    def known(self, keys: Sequence[bytes]) -> dict[bytes, tuple[bytes, str]]:
        """Return the payload's fingerprint and the outcome of each of these keys that was used.

        Ahead of a transaction nobody looks: keys are assumed to be new. A key that was used cannot be stored
        again, and of those that are not to be stored `assumed_unused` reminds the writer.
        """
        found: dict[bytes, tuple[bytes, str]] = {}
        if self.desk.is_ahead:
            self._assumed.update(keys)
            return {key: self._taken[key] for key in keys if key in self._taken}
        for start in range(0, len(keys), KEYS_MOST):
            part = keys[start : start + KEYS_MOST]
            rows = query_among(self.desk.connection, KNOWN, self.desk.branch_id, part)
            for key, fingerprint, outcome, answer in rows:
                found[bytes(key)] = bytes(fingerprint), outcome
                self.answers[bytes(key)] = answer
        return found

    def remember_all(self, used: Iterable[tuple[bytes, bytes, str]]) -> None:
        """Hold many keys back, to be stored at once: (key, fingerprint, outcome)."""
        self.pending.update({key: (fingerprint, outcome) for key, fingerprint, outcome in used})

    def assumed_unused(self) -> list[bytes]:
        """Return the keys that were taken to be new, of requests that were refused."""
        return [key for key in self._assumed if key not in self.pending and key not in self._taken]

    def take(self) -> list[tuple[object, ...]]:
        """Take out the keys held back, as rows."""
        here, now_us = self.desk.branch_id, self.now_us
        answer_to = self.answers.get
        rows: list[tuple[object, ...]] = [
            (here, key, *used, now_us, answer_to(key)) for key, used in self.pending.items()
        ]
        if self.desk.is_ahead:
            self._taken.update(self.pending)
        self.pending.clear()
        rows.sort(key=itemgetter(1))  # keys next to each other share a page of their index
        return rows

    def flush(self) -> None:
        """Store the keys held back."""
        insert_rows(self.desk.connection, RequestKeyRow, self.take())
