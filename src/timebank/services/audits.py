"""The audit: prove the books of every branch, and list all faults with their places."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from timebank.ledger.audit import Fault, JournalAudit, StoredLine, check_mirrors
from timebank.ledger.reconcile import check_clearing, check_holds, check_records, check_totals
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.storage.schema import expected_sqlite_objects, sqlite_objects
from timebank.storage.store import Transaction

Progress = Callable[[str, int, int], None]
"""Told (branch, entries done, entries in all) now and then."""
REPORT_EVERY = 5_000
CLEARING = "clearing:"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What the audit found; `ok` when there is no fault."""

    faults: tuple[Fault, ...]
    branches: int
    entries: int
    accounts: int
    outside_limits: tuple[tuple[str, str, int], ...]
    """(branch, path, balance) of accounts outside today's limits: not a fault, but somebody should know."""

    @property
    def ok(self) -> bool:
        """Whether the books hold."""
        return not self.faults


class Audits(Service):
    """Use cases that prove the books."""

    def run(self, *, progress: Progress | None = None) -> AuditReport:
        """Check everything in the database against the journal (I-1 to I-9) and the schema itself."""
        with self.store.read() as tx:
            faults = list(_check_schema(tx))
            entries = accounts = 0
            outside: list[tuple[str, str, int]] = []
            branches = tx.branches.list()
            clearing = []
            for _, branch in branches:
                books = tx.books(branch.code)
                audit = _audit_journal(books, progress)
                found = [*audit.faults, *check_totals(audit), *_check_stories(books, audit)]
                faults += found
                clearing += [
                    (branch.code, account.path.removeprefix(CLEARING), account.unit, audit.totals[no].balance)
                    for no, account in audit.accounts.items()
                    if no in audit.totals and account.path.startswith(CLEARING)
                ]
                entries += audit.entries
                accounts += len(audit.accounts)
                if not found:  # limits are read through records that a fault may have made unreadable
                    outside += outside_limits(books)
            faults += check_clearing(clearing)
        return AuditReport(
            faults=tuple(sorted(faults)),
            branches=len(branches),
            entries=entries,
            accounts=accounts,
            outside_limits=tuple(outside),
        )


def _check_schema(tx: Transaction) -> Iterator[Fault]:
    """Compare every table, index and trigger with what the migrations make: guards included."""
    if tx.connection.dialect.name != "sqlite":
        return
    with tempfile.TemporaryDirectory(prefix="timebank-") as scratch:
        expected = expected_sqlite_objects(Path(scratch))
    found = sqlite_objects(tx.connection)
    for kind, name in sorted(expected.keys() | found.keys()):
        place = f"database {kind} {name}"
        if (kind, name) not in found:
            yield Fault(place, "schema_missing", "it was dropped")
        elif (kind, name) not in expected:
            yield Fault(place, "schema_foreign", "it is not timebank's")
        elif found[kind, name] != expected[kind, name]:
            yield Fault(place, "schema_differs", "its definition was changed")


def _audit_journal(books: Books, progress: Progress | None) -> JournalAudit:
    reader = books.reader
    audit = JournalAudit(
        branch=books.branch.code,
        accounts=reader.stored_accounts(),
        policy_versions=frozenset(reader.policy_versions()),
    )
    head = reader.head()
    lines = _Lines(reader.stored_lines())
    for entry in reader.stored_entries():
        for orphan in lines.before(entry.seq):
            audit.fault("posting_orphan", f"entry {orphan}", "postings without their entry")
        audit.take(entry, lines.of(entry.seq))
        if progress is not None and audit.entries % REPORT_EVERY == 0:
            progress(audit.branch, audit.entries, head)
    for orphan in lines.before(None):
        audit.fault("posting_orphan", f"entry {orphan}", "postings without their entry")
    if audit.last_seq != head:
        audit.fault("head_differs", "journal", f"the head says {head} entries, the last one is {audit.last_seq}")
    if progress is not None:
        progress(audit.branch, audit.entries, audit.entries)
    return audit


class _Lines:
    """The postings of a journal, handed out entry by entry in step with the headers."""

    def __init__(self, lines: Iterator[StoredLine]) -> None:
        self.groups = groupby(lines, key=attrgetter("entry_seq"))
        self.next: tuple[int, tuple[StoredLine, ...]] | None = None
        self._advance()

    def _advance(self) -> None:
        group = next(self.groups, None)
        self.next = (group[0], tuple(group[1])) if group is not None else None

    def before(self, seq: int | None) -> Iterator[int]:
        """Skip and yield the entries that come before `seq` (all that are left if None)."""
        while self.next is not None and (seq is None or self.next[0] < seq):
            yield self.next[0]
            self._advance()

    def of(self, seq: int) -> tuple[StoredLine, ...]:
        """Return the postings of an entry."""
        if self.next is None or self.next[0] != seq:
            return ()
        lines = self.next[1]
        self._advance()
        return lines


def _check_stories(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    reader = books.reader
    originals = groupby(reader.stored_lines(sorted(audit.mirrors)), key=attrgetter("entry_seq"))
    yield from check_mirrors(audit, ((seq, tuple(lines)) for seq, lines in originals))
    yield from check_holds(audit, reader.stored_holds())
    yield from check_records(audit, reader.stored_records())
    for version in reader.changed_policies():
        place = f"{audit.branch} policy version {version}"
        yield Fault(place, "policy_differs", "the document does not match its fingerprint")


def outside_limits(books: Books) -> Iterator[tuple[str, str, int]]:
    """Yield (branch, path, balance) of every account outside today's limits."""
    for state in books.accounts.states():
        floor, ceiling = state.limits.floor, state.limits.ceiling
        is_below = floor is not None and state.balance < floor
        is_above = ceiling is not None and state.balance > ceiling
        if is_below or is_above:
            yield books.branch.code, state.path, state.balance
