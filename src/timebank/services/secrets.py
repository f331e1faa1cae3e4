"""Secrets: what the service signs with, made once for each branch and kept in its database."""

from secrets import token_bytes
from typing import Final

from timebank.services.service import Service

SECRET_BYTES: Final = 32


class Secrets(Service):
    """Use cases on the secrets of branches."""

    def of(self, branch: str, purpose: str) -> bytes:
        """Return the secret of a branch for a purpose, which every process gets alike; made if there is none.

        Raises:
            UnknownBranch: no branch has that code.
            StorageReadOnly, ServerReadOnly: it would have to be made, and cannot be.
        """
        with self.store.read() as tx:
            found = tx.books(branch).secrets.find(purpose)
        if found is not None:
            return found
        with self.store.write(branch) as tx:
            secrets = tx.books(branch).secrets
            found = secrets.find(purpose)
            if found is None:
                found = token_bytes(SECRET_BYTES)
                secrets.add(purpose, found)
            return found
