"""The fold of the journals: quick where nothing is wrong, careful where something is, in several processes.

What comes out is always what the careful fold alone would say (ADR 0013).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Final

from timebank.ledger.audit import JournalAudit, StoredEntry, StoredLine
from timebank.ledger.points import AuditPoint, is_sealed, read_totals
from timebank.ledger.quick import QuickFold
from timebank.ledger.segments import Segment, join
from timebank.services.audit_checks import Steps
from timebank.storage.books import Books
from timebank.storage.evidence import Extent
from timebank.storage.folding import JournalRows
from timebank.storage.store import unreadable
from timebank.storage.workers import FoldTask, cut

Progress = Callable[[str, int, int], None]
"""Told (branch, entries done, entries in all) now and then."""
REPORT_EVERY: Final = 5_000


class JournalFold:
    """The fold of one branch's journal, from its beginning or from a point."""

    def __init__(
        self, books: Books, point: AuditPoint | None, progress: Progress | None, *, most: int | None = None
    ) -> None:
        """Begin where the point says, which was found to be sealed; count so many entries at `most`."""
        evidence = books.evidence
        self.books = books
        self.after = 0 if point is None else point.entry_seq
        self.progress = progress
        self.extent: Extent = evidence.extent(after=self.after, most=most)
        self.accounts = evidence.accounts()
        self.policies = frozenset(version for version, _ in evidence.policies())
        self.point = point

    def outline(self) -> JournalAudit:
        """Return what is known of the fold before it is done: accounts, policies and the last entry."""
        audit = JournalAudit(self.books.branch.code, self.accounts, self.policies)
        audit.last_seq = self.extent.last_seq or 0
        return audit

    def is_whole(self, audit: JournalAudit) -> bool:
        """Tell whether a fold without faults has seen every entry that the branch has."""
        return self.after == 0 and self.can_be_cut and audit.entries == (self.extent.last_seq or 0)

    @property
    def can_be_cut(self) -> bool:
        """Whether entries and postings are where their numbers say, so that they can be taken by number."""
        return self.extent.is_whole(self.after)

    def _begin(self) -> JournalAudit:
        code = self.books.branch.code
        audit = JournalAudit(branch=code, accounts=self.accounts, policy_versions=self.policies)
        if self.point is not None:
            audit.totals = read_totals(self.point.totals)
            audit.last_seq = self.after
            head = self.books.evidence.head_of(self.after)
            assert head is not None, "a sealed point has its entry"
            audit.last_us = head[1]
        return audit

    def tasks(self, count: int, *, is_typed: bool) -> Iterator[FoldTask]:
        """Cut the stretch to fold for `count` workers, if it can be cut."""
        if not self.can_be_cut:
            return
        yield from cut(
            self.books.desk.branch_id,
            self.books.branch.code,
            after=self.after,
            last=self.extent.last_seq or 0,
            count=count,
            is_typed=is_typed,
        )

    def run(self, segments: Mapping[FoldTask, Segment | None]) -> JournalAudit:
        """Fold; the faults found on the way are in the audit.

        Args:
            segments: what workers made of the tasks that this fold was cut into, as far as they did.
        """
        audit = self._put_together(segments)
        if audit is None and not self.extent.is_counted:
            self.extent = self.books.evidence.extent(after=self.after)
        if audit is None and self.can_be_cut:
            try:
                audit = self._fold_by_number(segments)
            except Exception:  # noqa: BLE001 - a row that the driver cannot read: the careful fold says which
                audit = None
        if audit is None:
            audit = self._begin()
            evidence = self.books.evidence
            lines = Steps(evidence.lines(after=self.after), attrgetter("entry_seq"))
            take_carefully(audit, evidence.entries(after=self.after), lines, self._tell)
        head = self.books.evidence.head()
        if audit.last_seq != head:
            said = f"the head says {head}, the last entry is {audit.last_seq}"
            audit.fault("head_differs", "journal", said)
        self._tell(audit)
        return audit

    def _put_together(self, segments: Mapping[FoldTask, Segment | None]) -> JournalAudit | None:
        """Return the fold that the segments add up to; None if they do not, or are not all there."""
        audit = self._begin()
        for task in sorted(segments, key=attrgetter("first")):
            segment = segments[task]
            if segment is None or not join(audit, segment):
                return None
        return audit if segments and audit.last_seq == self.extent.last_seq else None

    def _fold_by_number(self, segments: Mapping[FoldTask, Segment | None]) -> JournalAudit:
        audit = self._begin()
        rows = JournalRows(self.books.desk.connection.connection.driver_connection, self.books.desk.branch_id)
        for task in sorted(segments, key=attrgetter("first")):
            self._fold_to(audit, rows, task.first - 1)
            segment = segments[task]
            if segment is None or not join(audit, segment):
                self._fold_to(audit, rows, task.last)
        self._fold_to(audit, rows, self.extent.last_seq or 0)
        return audit

    def _fold_to(self, audit: JournalAudit, rows: JournalRows, last: int) -> None:
        quick = QuickFold(audit)
        for start, end in rows.chunks(audit.last_seq + 1, last):
            entries, lines = rows.whole(start, end)
            if quick.take(entries, lines):
                self._report(audit, audit.entries + quick.last_seq - audit.last_seq)
                continue
            quick.settle()
            steps = Steps((StoredLine(*line) for line in lines), attrgetter("entry_seq"))
            take_carefully(audit, (StoredEntry(*entry) for entry in entries), steps, self._tell)
            quick = QuickFold(audit)
        quick.settle()

    def _tell(self, audit: JournalAudit) -> None:
        self._report(audit, audit.entries)

    def _report(self, audit: JournalAudit, done: int) -> None:
        if self.progress is not None:
            self.progress(audit.branch, done, self.extent.entries)


def take_carefully(
    audit: JournalAudit,
    entries: Iterable[StoredEntry],
    lines: Steps[StoredLine],
    tell: Callable[[JournalAudit], None],
) -> None:
    """Carry the careful fold on over entries with their postings; a row it cannot read is a fault."""
    for entry in entries:
        for orphan in lines.before(entry.seq):
            audit.fault("posting_orphan", f"entry {orphan}", "postings without their entry")
        try:
            audit.take(entry, lines.of(entry.seq))
        except Exception as error:  # noqa: BLE001 - the entries after it are still to be looked at
            audit.fault("unreadable", f"entry {entry.seq}", unreadable(error))
        if audit.entries % REPORT_EVERY == 0:
            tell(audit)
    for orphan in lines.before(None):
        audit.fault("posting_orphan", f"entry {orphan}", "postings without their entry")


def sealed_point(books: Books, point: AuditPoint) -> bool:
    """Tell whether the point of an earlier audit, and the journal at it, are as they were."""
    head = books.evidence.head_of(point.entry_seq)
    return head is not None and is_sealed(point, books.branch.code, leaf=head[0], last_us=head[1])
