"""Access tokens, found by the digest of their text."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.engine import Row as Found

from timebank.care.access import AccessRole, AccessScope, AccessToken, TokenKind
from timebank.ledger.canonical import instant_of, micros_of
from timebank.storage.columns import table_of
from timebank.storage.repository import READ_MOST, Repository
from timebank.storage.tables_access import AccessTokenRow

TOKEN = table_of(AccessTokenRow)


class AccessTokens(Repository):
    """The access tokens of a branch."""

    def list(self) -> Sequence[AccessToken]:
        """Return all of them, by number."""
        return [self._token(row) for row in self._find(AccessTokenRow, order="no")]

    def find(self, digest: bytes) -> AccessToken | None:
        """Return the token whose text has this SHA-256."""
        row = self._row(AccessTokenRow, digest=digest)
        return self._token(row) if row is not None else None

    def get(self, no: int) -> AccessToken | None:
        """Return a token by its number."""
        row = self._row(AccessTokenRow, no=no)
        return self._token(row) if row is not None else None

    def add(self, token: AccessToken, *, digest: bytes, actor: str) -> None:
        """Store a new token."""
        self._insert(
            AccessTokenRow,
            no=token.no,
            digest=digest,
            role=token.role.value,
            ref=token.ref,
            created_us=micros_of(token.created_at),
            expires_us=micros_of(token.expires_at),
            revoked_us=None,
            actor=actor,
            scopes=",".join(sorted(token.scopes)),
            kind=token.kind.value,
        )

    def next_no(self) -> int:
        """Return the number of the next token."""
        last = select(func.max(TOKEN.c.no)).where(TOKEN.c.branch_id == self.desk.branch_id)
        return int(self.desk.connection.execute(last).scalar_one() or 0) + 1

    def revoke(self, no: int, at: datetime) -> None:
        """Let a token open nothing any more."""
        self._update(AccessTokenRow, {"no": no}, revoked_us=micros_of(at))

    def revoke_of(self, role: AccessRole, ref: str, *, kind: TokenKind | None = None) -> None:
        """Let no token of somebody, or none of a kind, open anything any more."""
        whose = (TOKEN.c.role == role.value, TOKEN.c.ref == ref, TOKEN.c.revoked_us.is_(None))
        for row in self._rows(AccessTokenRow, *whose):
            if kind is None or row.kind == kind:
                self.revoke(row.no, self.desk.now)

    def _token(self, row: Found[Any]) -> AccessToken:
        return _token_of(self.desk.branch.code, row)


@lru_cache(maxsize=READ_MOST)
def _token_of(branch: str, row: Found[Any]) -> AccessToken:
    return AccessToken(
        branch=branch,
        no=row.no,
        role=AccessRole(row.role),
        ref=row.ref,
        created_at=instant_of(row.created_us),
        expires_at=instant_of(row.expires_us),
        revoked_at=instant_of(row.revoked_us) if row.revoked_us is not None else None,
        scopes=frozenset(AccessScope(each) for each in row.scopes.split(",") if each),
        kind=TokenKind(row.kind),
    )
