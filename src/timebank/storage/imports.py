"""Imports: what files were brought into a branch, and how much of each was new."""

from timebank.storage.repository import Repository
from timebank.storage.tables import ImportBatchRow


class Imports(Repository):
    """The imports into a branch, in order."""

    def next_no(self) -> int:
        """Return the number that the next import will have."""
        return len(self._find(ImportBatchRow)) + 1

    def sources(self) -> set[str]:
        """Return the name of every source that something was imported from."""
        return {row.source for row in self._find(ImportBatchRow)}

    def add(self, *, layout: str, source: str, rows_new: int, rows_known: int, actor: str) -> None:
        """Store an import."""
        self._insert(
            ImportBatchRow,
            no=self.next_no(),
            layout=layout,
            source=source,
            rows_new=rows_new,
            rows_known=rows_known,
            actor=actor,
            recorded_us=self.now_us,
        )
