"""Sharing: short use cases of many callers in one transaction of a file, for a program that serves all."""

from collections.abc import Iterator
from contextlib import contextmanager

from timebank.storage.retry import RETRIED
from timebank.storage.store import Store


class Shared:
    """One transaction; each use case in it is whole or not at all, and counts only after `commit`."""

    def __init__(self, store: Store, *, is_patient: bool) -> None:
        """Begin it.

        Args:
            store: of a file, see `may_share`.
            is_patient: whether to wait for another writer, for some seconds at most.

        Raises:
            TryAgain: somebody else writes.
            StorageUnusable, StorageReadOnly: nothing can be written.
        """
        self._store = store
        self._share = store.share(is_patient=is_patient)

    @contextmanager
    def here(self) -> Iterator[None]:
        """Make every use case that this thread runs in the block part of it; nothing waits to try again."""
        with self._store.sharing(self._share):
            yield

    def commit(self) -> None:
        """Keep what was done, on any thread; to be called in any case.

        Raises:
            TryAgain, StorageFull, StorageUnusable: nothing of it was kept.
        """
        self._store.commit(self._share)


def may_share(store: Store) -> bool:
    """Tell whether use cases may share: on a file; a server's branches are written side by side."""
    return store.may_share


def is_worth_another_try(error: Exception | None) -> bool:
    """Tell whether a use case that failed with this in a share may succeed where it can wait."""
    return isinstance(error, RETRIED)
