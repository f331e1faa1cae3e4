"""The audit: prove the books of every branch, and list all faults with their places.

What it cannot see, because nothing in the database says it twice: names of branches and their time zones;
members' kinds and days; idempotency keys; kind and mode of help; parties and start of help that was never
confirmed; limits, overrides and policies whose text was replaced together with its fingerprint; mandates;
instants, actors and reasons of history. A journal that was rewritten from some entry on, leaves
included, is seen only by whoever kept a checkpoint outside.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Generic, TypeVar

from timebank.errors import TimebankError
from timebank.ledger.audit import Fault, JournalAudit, check_mirrors
from timebank.ledger.chart import AccountKind, place_of
from timebank.ledger.model import unit_of
from timebank.ledger.reconcile import (
    check_clearing,
    check_counters,
    check_holds,
    check_limits_history,
    check_totals,
)
from timebank.ledger.stories import (
    Deployment,
    check_beneficiary_history,
    check_record_history,
    check_records,
    check_redemption_history,
    check_redemptions,
)
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.storage.soundness import damages, expected_objects, objects_of
from timebank.storage.store import Transaction, unreadable

Progress = Callable[[str, int, int], None]
"""Told (branch, entries done, entries in all) now and then."""
BranchCheck = Callable[[Books, JournalAudit], Iterator[Fault]]
Item = TypeVar("Item")
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
        """Check everything in the database against the journal (I-1 to I-9) and the schema itself.

        A row that cannot even be read is a fault, too: the audit never ends without a report.
        """
        with self.store.read() as tx:
            auditor = Auditor(tx, progress)
            auditor.run()
        return AuditReport(
            faults=tuple(sorted(set(auditor.faults))),
            branches=len(auditor.codes),
            entries=sum(audit.entries for audit in auditor.audits.values()),
            accounts=sum(len(audit.accounts) for audit in auditor.audits.values()),
            outside_limits=tuple(auditor.outside),
        )


@dataclass(slots=True)
class Auditor:
    """One audit at work: what was found so far."""

    tx: Transaction
    progress: Progress | None
    faults: list[Fault] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    audits: dict[str, JournalAudit] = field(default_factory=dict)
    outside: list[tuple[str, str, int]] = field(default_factory=list)

    def run(self) -> None:
        """Go through the file, every branch, and what branches say about each other."""
        if self.tx.connection.dialect.name == "sqlite":
            self.stage("database", lambda: _check_schema(self.tx))
            self.stage("database", lambda: _check_file(self.tx))
        self.stage("database table branch", self._find_branches)
        for code in self.codes:
            self.audit_branch(code)
        self.audit_between()
        if not self.faults:  # limits are read through records that a fault may have made unreadable
            for code in self.codes:
                self.outside += outside_limits(self.tx.books(code))

    def audit_between(self) -> None:
        """Check what the branches whose journals were folded say about one another (I-7)."""
        self.stage("redemptions", self._check_redemptions)
        self.stage("clearing", lambda: check_clearing(self._clearing(), here=self.audits))

    def stage(self, place: str, check: Callable[[], Iterable[Fault]]) -> None:
        """Run one stage and keep its faults; if a row makes it stop, that is a fault."""
        try:
            for fault in check():
                self.faults.append(fault)
        except Exception as error:  # noqa: BLE001 - whatever a tampered row breaks must not hide the rest
            self.faults.append(Fault(place, "unreadable", unreadable(error)))

    def _find_branches(self) -> Iterator[Fault]:
        self.codes = [branch.code for _, branch in self.tx.branches.list()]
        yield from ()

    def audit_branch(self, code: str) -> None:
        """Check one branch by itself."""
        self.stage(f"{code} journal", lambda: self._check_journal(code))
        for what, check in BRANCH_CHECKS.items():
            self.stage(f"{code} {what}", partial(self._check, check, code))

    def _check_journal(self, code: str) -> Iterator[Fault]:
        self.audits[code] = audit_journal(self.tx.books(code), self.progress)
        yield from self.audits[code].faults
        yield from check_totals(self.audits[code])

    def _check(self, check: BranchCheck, code: str) -> Iterator[Fault]:
        return check(self.tx.books(code), self.audits[code])

    def _check_redemptions(self) -> Iterator[Fault]:
        known = Deployment(audits=self.audits, records={}, redemptions={}, holds={}, beneficiaries={})
        for code in self.audits:
            evidence = self.tx.books(code).evidence
            known.redemptions[code] = list(evidence.redemptions())
            known.beneficiaries.update({(code, each.no): each for each in evidence.beneficiaries()})
            known.holds.update({(code, hold.no): hold for hold in evidence.holds()})
            known.records.update({(code, each.no): each for each in evidence.records() if each.redemption})
        yield from check_redemptions(known)

    def _clearing(self) -> Iterator[tuple[str, str, str, int]]:
        for code, audit in self.audits.items():
            for no, account in audit.accounts.items():
                if no in audit.totals and account.path.startswith(CLEARING):
                    yield code, account.path.removeprefix(CLEARING), account.unit, audit.totals[no].balance


class Steps(Generic[Item]):
    """Rows in the order of a number, handed out group by group in step with the rows they belong to."""

    def __init__(self, rows: Iterable[Item], number: Callable[[Item], Any]) -> None:
        """Take rows that are ordered by their number."""
        self.groups = groupby(rows, key=number)
        self.next: tuple[int, tuple[Item, ...]] | None = None
        self._advance()

    def _advance(self) -> None:
        group = next(self.groups, None)
        self.next = (group[0], tuple(group[1])) if group is not None else None

    def before(self, number: int | None) -> Iterator[int]:
        """Skip and yield the numbers of groups that come before `number` (all that are left if None)."""
        while self.next is not None and (number is None or self.next[0] < number):
            yield self.next[0]
            self._advance()

    def of(self, number: int) -> tuple[Item, ...]:
        """Return the group of a number; empty if there is none."""
        if self.next is None or self.next[0] != number:
            return ()
        rows = self.next[1]
        self._advance()
        return rows


def _check_schema(tx: Transaction) -> Iterator[Fault]:
    """Compare every table, index, trigger and view with what the migrations make: guards included."""
    expected, found = expected_objects(), objects_of(tx.connection)
    for kind, name in sorted(expected.keys() | found.keys()):
        place = f"database {kind} {name}"
        if (kind, name) not in found:
            yield Fault(place, "schema_missing", "it was dropped")
        elif (kind, name) not in expected:
            yield Fault(place, "schema_foreign", "it is not timebank's")
        elif found[kind, name] != expected[kind, name]:
            yield Fault(place, "schema_differs", "its definition was changed")


def _check_file(tx: Transaction) -> Iterator[Fault]:
    for damage in damages(tx.connection):
        yield Fault("database", "damaged", damage)


def audit_journal(books: Books, progress: Progress | None) -> JournalAudit:
    """Fold the journal of a branch; the faults found on the way are in the audit."""
    evidence = books.evidence
    audit = JournalAudit(
        branch=books.branch.code,
        accounts=evidence.accounts(),
        policy_versions=frozenset(version for version, _ in evidence.policies()),
    )
    head = evidence.head()
    lines = Steps(evidence.lines(), attrgetter("entry_seq"))
    for entry in evidence.entries():
        for orphan in lines.before(entry.seq):
            audit.fault("posting_orphan", f"entry {orphan}", "postings without their entry")
        try:
            audit.take(entry, lines.of(entry.seq))
        except Exception as error:  # noqa: BLE001 - the entries after it are still to be looked at
            audit.fault("unreadable", f"entry {entry.seq}", unreadable(error))
        if progress is not None and audit.entries % REPORT_EVERY == 0:
            progress(audit.branch, audit.entries, head or 0)
    for orphan in lines.before(None):
        audit.fault("posting_orphan", f"entry {orphan}", "postings without their entry")
    if audit.last_seq != head:
        audit.fault("head_differs", "journal", f"the head says {head}, the last entry is {audit.last_seq}")
    if progress is not None:
        progress(audit.branch, audit.entries, audit.entries)
    return audit


def check_stories(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    """Check everything of a branch that is not the journal itself against the fold of its journal."""
    for check in BRANCH_CHECKS.values():
        yield from check(books, audit)


def _check_mirrors(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    originals = groupby(books.evidence.lines_of(audit.mirrors), key=attrgetter("entry_seq"))
    yield from check_mirrors(audit, ((seq, tuple(lines)) for seq, lines in originals))


def _check_accounts(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    """Check that accounts are of the chart, belong to members there are, and are closed only when empty."""
    refs = {ref for ref, _, _ in books.evidence.members()}
    for account in audit.accounts.values():
        place = f"{audit.branch} account {account.path} {account.unit}"
        try:
            found = place_of(account.path)
            unit_of(account.unit)
        except TimebankError as error:
            yield Fault(place, "account_invalid", error.code)
            continue
        if found.kind is AccountKind.MEMBER and found.name not in refs:
            yield Fault(place, "account_foreign", "it belongs to no member")
    for path, unit in books.evidence.closed_with_balance():
        yield Fault(
            f"{audit.branch} account {path} {unit}", "closed_not_empty", "it is closed, with a balance"
        )


def _check_holds(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    return check_holds(audit, books.evidence.holds())


def _check_records(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    return check_records(audit, books.evidence.records())


def _check_histories(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    """Check service records and redemptions against what was done to them."""
    code, evidence = audit.branch, books.evidence
    acts = Steps(evidence.record_acts(), attrgetter("story_no"))
    for record in evidence.records():
        yield from _orphans(f"{code} service record", acts.before(record.no))
        yield from check_record_history(code, record, acts.of(record.no))
    yield from _orphans(f"{code} service record", acts.before(None))
    acts = Steps(evidence.redemption_acts(), attrgetter("story_no"))
    for redemption in evidence.redemptions():
        yield from _orphans(f"{code} redemption", acts.before(redemption.no))
        yield from check_redemption_history(code, redemption, acts.of(redemption.no))
    yield from _orphans(f"{code} redemption", acts.before(None))
    steps = Steps(evidence.beneficiary_steps(), attrgetter("story_no"))
    for beneficiary in evidence.beneficiaries():
        yield from _orphans(f"{code} beneficiary", steps.before(beneficiary.no))
        yield from check_beneficiary_history(code, beneficiary, steps.of(beneficiary.no))
    yield from _orphans(f"{code} beneficiary", steps.before(None))


def _orphans(place: str, numbers: Iterable[int]) -> Iterator[Fault]:
    for number in numbers:
        yield Fault(f"{place} {number}", "history_orphan", "a history without what it is about")


def _check_limits(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    yield from check_limits_history(audit, "limit", books.evidence.limits())
    yield from check_limits_history(audit, "override", books.evidence.overrides())


def _check_counters(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    return check_counters(audit.branch, books.evidence.counters(), books.evidence.numbers())


def _check_members(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    """Check that no identity is kept of somebody erased, and none of somebody who is no member (I-10)."""
    for ref, is_erased, is_known in books.evidence.members():
        if is_erased and is_known:
            yield Fault(
                f"{audit.branch} member {ref}", "identity_kept", "an identity is kept of somebody erased"
            )
    for ref in books.evidence.strangers():
        yield Fault(
            f"{audit.branch} member {ref}", "identity_foreign", "an identity that belongs to no member"
        )


def _check_words(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    """Check that nobody wrote about an entry beyond the end of the journal: it was cut short."""
    for seq in books.evidence.entries_with_words():
        if seq > audit.last_seq:
            yield Fault(
                f"{audit.branch} entry {seq}", "words_orphan", "words about an entry that is not there"
            )


def _check_policies(books: Books, audit: JournalAudit) -> Iterator[Fault]:
    """Check that versions are numbered 1, 2, 3 … and that each document matches its fingerprint."""
    for expected, (version, is_same) in enumerate(books.evidence.policies(), 1):
        place = f"{audit.branch} policy version {version}"
        if version != expected:
            yield Fault(place, "policy_missing", f"expected version {expected}")
        if not is_same:
            yield Fault(place, "policy_differs", "the document does not match its fingerprint")


def _check_readable(books: Books, _audit: JournalAudit) -> Iterator[Fault]:
    """Read everything back into the shapes that use cases work with; whatever fails stops the stage."""
    for version in books.policies.list():
        assert version.policy is not None, "a policy that parses"
    for _ in books.records.all():
        pass
    for read in (
        books.accounts.states,
        books.members.list,
        books.identities.list,
        books.holds.list,
        books.mandates.list,
        books.beneficiaries.list,
        books.redemptions.around,
    ):
        read()
    yield from ()


BRANCH_CHECKS: Final[dict[str, BranchCheck]] = {
    "journal": _check_mirrors,
    "accounts": _check_accounts,
    "holds": _check_holds,
    "service records": _check_records,
    "histories": _check_histories,
    "limits": _check_limits,
    "counters": _check_counters,
    "members": _check_members,
    "words": _check_words,
    "policies": _check_policies,
    "rows": _check_readable,
}
"""What is checked in a branch once its journal is folded, by where a fault would be."""


def outside_limits(books: Books) -> Iterator[tuple[str, str, int]]:
    """Yield (branch, path, balance) of every account outside today's limits."""
    for state in books.accounts.states():
        floor, ceiling = state.limits.floor, state.limits.ceiling
        is_below = floor is not None and state.balance < floor
        is_above = ceiling is not None and state.balance > ceiling
        if is_below or is_above:
            yield books.branch.code, state.path, state.balance
