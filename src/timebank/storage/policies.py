"""Policies: the versions of a branch's rules, each with the day from which it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy.engine import Row as Found

from timebank.policy.document import parse_policy, policy_fingerprint
from timebank.policy.model import Policy
from timebank.storage.columns import table_of
from timebank.storage.repository import Desk, Repository
from timebank.storage.tables import PolicyVersionRow

VERSION = table_of(PolicyVersionRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyVersion:
    """One version of a branch's policy, as set."""

    version: int
    effective_on: date
    recorded_us: int
    actor: str
    document: str

    @property
    def policy(self) -> Policy:
        """The rules in the document."""
        return _parsed(self.document)


@lru_cache(maxsize=64)
def _parsed(document: str) -> Policy:
    return parse_policy(document)


class Policies(Repository):
    """The policy versions of a branch."""

    def __init__(self, desk: Desk) -> None:
        """Work at a desk, with nothing read yet unless it is still in hand."""
        super().__init__(desk)
        self._known: Sequence[PolicyVersion] | None = desk.warm.policies if desk.warm is not None else None

    def list(self) -> Sequence[PolicyVersion]:
        """Return all versions, oldest first; read once in a transaction."""
        if self._known is None:
            rows = self._find(PolicyVersionRow, order="version")
            self._known = [_version(row) for row in rows]
        return self._known

    def in_force(self, on: date) -> PolicyVersion:
        """Return the version in force on a day: the latest one effective by then, else the first."""
        versions = self.list()
        assert versions, "a branch is created with its first policy"
        effective = [version for version in versions if version.effective_on <= on]
        return max(
            effective, key=lambda version: (version.effective_on, version.version), default=versions[0]
        )

    def add(self, document: str, *, effective_on: date, actor: str) -> PolicyVersion:
        """Store a new version."""
        version = PolicyVersion(
            version=len(self.list()) + 1,
            effective_on=effective_on,
            recorded_us=self.now_us,
            actor=actor,
            document=document,
        )
        self._insert(
            PolicyVersionRow,
            version=version.version,
            effective_on=effective_on.isoformat(),
            recorded_us=self.now_us,
            actor=actor,
            document=document,
            fingerprint=policy_fingerprint(document),
        )
        self._known = None
        return version


def _version(row: Found[Any]) -> PolicyVersion:
    return PolicyVersion(
        version=row.version,
        effective_on=date.fromisoformat(row.effective_on),
        recorded_us=row.recorded_us,
        actor=row.actor,
        document=row.document,
    )
