"""The audit: prove the books of every branch, and list all faults with their places.

What it cannot see, because nothing in the database says it twice: names of branches and their time zones;
members' kinds and days; idempotency keys; kind and mode of help; parties and start of help that was never
confirmed; limits, overrides and policies whose text was replaced together with its fingerprint; mandates;
instants, actors and reasons of history. A journal that was rewritten from some entry on, leaves
included, is seen only with a checkpoint or receipt that somebody kept outside: see `against`.

An audit since the last one starts from the point that it left in the database. It does not see what was
changed behind that point, nor damage to the file; whoever can rewrite the database can rewrite the point.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from sqlalchemy.exc import DatabaseError

from timebank.errors import TimebankError
from timebank.ledger.audit import Fault, JournalAudit
from timebank.ledger.canonical import micros_of
from timebank.ledger.points import AuditPoint, point_of
from timebank.ledger.reconcile import check_clearing, check_totals
from timebank.services.audit_checks import (
    BRANCH_CHECKS,
    EVERYTHING,
    STANDING_CHECKS,
    Look,
    Scope,
    scope_since,
)
from timebank.services.audit_file import (
    COUNTED_PARTS,
    WHOLE_PARTS,
    check_parts,
    check_schema,
    check_whole_file,
    schema_version,
)
from timebank.services.audit_folds import REPORT_EVERY, JournalFold, Progress, sealed_point
from timebank.services.audit_kept import KeptCheck, KeptCheckpoint, KeptFile
from timebank.services.audit_redemptions import RedemptionsCheck
from timebank.services.service import Service, Who
from timebank.storage.books import Books
from timebank.storage.points import Points
from timebank.storage.soundness import holds_only, scanning
from timebank.storage.store import unreadable
from timebank.storage.story_evidence import StoryEvidence
from timebank.storage.transaction import Transaction
from timebank.storage.workers import Crew, FileTask, FoldTask, Results, Task, work, workers_here

__all__ = ["REPORT_EVERY", "AuditReport", "Auditor", "Audits", "Progress", "audit_journal", "outside_limits"]
BIG: Final = 100_000
"""From so many entries on, workers fold them, and the rows of indexes are counted rather than compared."""
CLEARING: Final = "clearing:"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What the audit found; `ok` when there is no fault."""

    faults: tuple[Fault, ...]
    branches: int
    entries: int
    """Of all journals."""
    checked: int
    """How many of them were folded: all but those behind the point of an earlier audit."""
    accounts: int
    outside_limits: tuple[tuple[str, str, int], ...]
    """(branch, path, balance) of accounts outside today's limits: not a fault, but somebody should know."""
    is_kept: bool
    """Whether the database remembers this audit, for the next one to go on from."""
    kept: tuple[KeptCheckpoint, ...] = ()
    """Checkpoints kept outside that the logs were found to go on from."""

    @property
    def ok(self) -> bool:
        """Whether the books hold."""
        return not self.faults


class Audits(Service):
    """Use cases that prove the books."""

    def run(
        self,
        *,
        progress: Progress | None = None,
        since_last: bool = False,
        is_deep: bool | None = None,
        keep: bool = True,
        workers: int | None = None,
        branch: str | None = None,
        by: Who | None = None,
        crew: Crew | None = None,
        against: Sequence[KeptFile] = (),
    ) -> AuditReport:
        """Check everything in the database against the journal (I-1 to I-9) and the schema itself.

        A row that cannot even be read is a fault, too: the audit never ends without a report. If it finds no
        fault, it leaves a point for the next one, unless the database cannot be written to.

        Args:
            progress: told of the fold.
            since_last: start from the point of the last audit, in the branches that have one; see above what
                that cannot see.
            is_deep: compare every row of every index of an SQLite file with its table; by default only if
                there are few entries.
            keep: whether to leave a point.
            workers: how many processes fold large journals; by default one for each processor.
            branch: prove the books of this one only, and say nothing of any other; what it and others owe
                one another then cannot be matched.
            by: who audits.
            crew: workers that have begun already: see `workers.begin_early`.
            against: checkpoints and receipts that somebody kept outside; the logs must go on from them.

        Raises:
            UnknownBranch: no branch has that code.
        """
        actor = str(self.actor(by))
        with self.store.read() as tx:
            auditor = Auditor(tx, progress, is_deep=is_deep, crew=crew, against=against)
            if branch is not None:
                auditor.only = tx.books(branch).branch.code
            auditor.workers = workers_here() if workers is None else workers
            auditor.is_since_last = since_last
            try:
                auditor.run()
            finally:
                if crew is not None:
                    crew.dismiss()
            points = auditor.points(actor) if keep and not auditor.faults else {}
        return AuditReport(
            faults=tuple(sorted(set(auditor.faults))),
            branches=len(auditor.codes),
            entries=sum(audit.last_seq for audit in auditor.audits.values()),
            checked=sum(audit.entries for audit in auditor.audits.values()),
            accounts=sum(len(audit.accounts) for audit in auditor.audits.values()),
            outside_limits=tuple(auditor.outside),
            is_kept=bool(points) and self._keep(points),
            kept=tuple(auditor.kept),
        )

    def _keep(self, points: dict[str, AuditPoint]) -> bool:
        try:
            with self.store.write() as tx:
                for code, point in sorted(points.items()):
                    Points(tx.books(code).desk).keep(point)
        except (TimebankError, DatabaseError):
            return False  # read-only, busy, or a role that may not: the audit itself is done
        return not self.store.is_dry_run


@dataclass(slots=True)
class Auditor:
    """One audit at work: what was found so far."""

    tx: Transaction
    progress: Progress | None
    is_deep: bool | None = None
    is_since_last: bool = False
    only: str | None = None
    """The branch to prove; None for every one."""
    workers: int = 0
    """Worker processes see only what is committed: none where the transaction has written."""
    crew: Crew | None = None
    against: Sequence[KeptFile] = ()
    faults: list[Fault] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    folds: dict[str, JournalFold] = field(default_factory=dict)
    scopes: dict[str, Scope] = field(default_factory=dict)
    audits: dict[str, JournalAudit] = field(default_factory=dict)
    found: Results = field(default_factory=dict)
    """What workers found of all that was asked of them: not of what they began early in vain."""
    outside: list[tuple[str, str, int]] = field(default_factory=list)
    stood: set[str] = field(default_factory=set)
    """Branches whose standing checks are done."""
    kept: Sequence[KeptCheckpoint] = ()

    def run(self) -> None:
        """Go through the file, every branch, and what branches say about each other."""
        self.stage("database table branch", self._find_branches)
        for code in self.codes:
            self.stage(f"{code} journal", partial(self._open, code))
        if self.crew is not None and self.crew.cookie != schema_version(self.tx):
            self.crew = None  # whoever opened the file has changed it since they began
        with ThreadPoolExecutor(max_workers=1) as aside, scanning(self.tx.connection):
            working = aside.submit(self._work)
            self.stage("database", lambda: check_schema(self.tx))
            if not self.is_since_last:
                for code, fold in self.folds.items():
                    self._check_standing(Look(self.tx.books(code), fold.outline(), EVERYTHING))
            self.found = working.result()
        for code in self.folds:
            self.audit_branch(code)
        if not self.is_since_last:
            self.stage("database", self._check_file)
        self.audit_between()
        self._check_kept()
        if not self.faults:  # limits are read through records that a fault may have made unreadable
            for code in self.codes:
                self.outside += outside_limits(self.tx.books(code))

    def audit_between(self) -> None:
        """Check what the branches whose journals were folded say about one another (I-7)."""
        self.stage("redemptions", RedemptionsCheck(self.tx.books, self.audits, self.scopes).check)
        self.stage("clearing", lambda: check_clearing(self._clearing(), here=self.audits))

    def _check_kept(self) -> None:
        """Check what somebody kept outside against the logs (I-11)."""
        check = KeptCheck({code: self.tx.books(code) for code in self.codes})
        for file in self.against:
            self.stage(file.name, partial(check.check, file))
        self.kept = check.confirmed

    def stage(self, place: str, check: Callable[[], Iterable[Fault]]) -> None:
        """Run one stage and keep its faults; if a row makes it stop, that is a fault."""
        try:
            for fault in check():
                self.faults.append(fault)
        except Exception as error:  # noqa: BLE001 - whatever a tampered row breaks must not hide the rest
            self.faults.append(Fault(place, "unreadable", unreadable(error)))

    def _find_branches(self) -> Iterator[Fault]:
        every = [branch.code for _, branch in self.tx.branches.list()]
        self.codes = [code for code in every if self.only in {None, code}]
        yield from ()

    def _open(self, code: str) -> Iterator[Fault]:
        """Prepare the fold of a journal, from the point of the last audit where that is wanted."""
        books = self.tx.books(code)
        point = Points(books.desk).last() if self.is_since_last else None
        if point is not None and not sealed_point(books, point):
            yield Fault(
                f"{code} audit point {point.entry_seq}",
                "point_differs",
                "it, or the journal at it, was changed: a full audit is needed",
            )
            return
        self.folds[code] = JournalFold(books, point, self.progress, most=BIG)

    def _work(self) -> Results:
        """Have workers do what takes long, if there is enough of it; touches nothing of the transaction."""
        entries = sum(fold.extent.entries for fold in self.folds.values())
        if self.is_deep is None:
            self.is_deep = entries < BIG
        if self.workers < 1 or entries < BIG:
            return {}
        is_checked = self._is_sqlite and not self.is_since_last
        tasks: list[Task] = [FileTask(part) for part in self._parts] if is_checked else []
        for fold in self.folds.values():
            tasks += fold.tasks(self.workers, is_typed=is_checked)
        done = dict.fromkeys(self.folds, 0)

        def tell(code: str, more: int) -> None:
            done[code] += more
            if self.progress is not None:
                self.progress(code, done[code], self.folds[code].extent.entries)

        found = work(self.tx.connection.engine, tasks, count=self.workers, tell=tell, crew=self.crew)
        return {task: found[task] for task in tasks if task in found}

    @property
    def _is_sqlite(self) -> bool:
        return self.tx.connection.dialect.name == "sqlite"

    @property
    def _parts(self) -> tuple[str, ...]:
        return WHOLE_PARTS if self.is_deep else COUNTED_PARTS

    def _check_file(self) -> Iterator[Fault]:
        if not self._is_sqlite or (not self.found and self.is_deep):
            return check_whole_file(self.tx)
        parts = self._parts if self.is_deep or self._is_proven() else (*self._parts, "journal")
        return check_parts(self.tx, parts, self.found)

    def _is_proven(self) -> bool:
        """Tell whether the folds prove what CHECK constraints ask of all entries and postings there are."""
        return all(
            code in self.audits
            and not self.audits[code].faults
            and self.audits[code].is_regular
            and fold.is_whole(self.audits[code])
            for code, fold in self.folds.items()
        ) and holds_only(self.tx.connection, (fold.books.desk.branch_id for fold in self.folds.values()))

    def audit_branch(self, code: str) -> None:
        """Check one branch by itself."""
        self.stage(f"{code} journal", partial(self._check_journal, code))
        if code not in self.audits:
            return
        self.stage(f"{code} journal", partial(self._find_scope, code))
        look = Look(self.tx.books(code), self.audits[code], self.scopes.get(code, EVERYTHING))
        if code not in self.stood:
            self._check_standing(look)
        for what, check in BRANCH_CHECKS.items():
            self.stage(f"{code} {what}", partial(check, look))

    def _check_standing(self, look: Look) -> None:
        code = look.audit.branch
        self.stood.add(code)
        for what, check in STANDING_CHECKS.items():
            self.stage(f"{code} {what}", partial(check, look))

    def _check_journal(self, code: str) -> Iterator[Fault]:
        fold = self.folds.get(code) or JournalFold(self.tx.books(code), None, self.progress)
        is_sound = self.found.get(FileTask(self._parts[0])) == ()  # types and all
        segments = {
            task: found
            for task, found in self.found.items()
            if isinstance(task, FoldTask) and task.code == code and (is_sound or not task.is_typed)
        }
        self.audits[code] = fold.run(segments)
        yield from self.audits[code].faults
        yield from check_totals(self.audits[code])

    def _find_scope(self, code: str) -> Iterator[Fault]:
        fold = self.folds.get(code)
        if fold is not None and fold.point is not None:
            self.scopes[code] = self._scope_of(fold, fold.point)
        yield from ()

    def _scope_of(self, fold: JournalFold, point: AuditPoint) -> Scope:
        if fold.extent.entries >= BIG:  # so much happened that everything is looked at
            return Scope(after=point.entry_seq)
        cited = [
            ref
            for code, other in self.folds.items()
            if other is not fold
            for ref, _ in StoryEvidence(self.tx.books(code).desk).causes_of("redemption", after=other.after)
        ]
        stories = StoryEvidence(fold.books.desk)
        return scope_since(
            stories,
            self.audits[fold.books.branch.code],
            after=point.entry_seq,
            since_us=point.seen_us,
            elsewhere=cited,
        )

    def _clearing(self) -> Iterator[tuple[str, str, str, int]]:
        for code, audit in self.audits.items():
            for no, account in audit.accounts.items():
                if no in audit.totals and account.path.startswith(CLEARING):
                    yield code, account.path.removeprefix(CLEARING), account.unit, audit.totals[no].balance

    def points(self, actor: str) -> dict[str, AuditPoint]:
        """Return the point that each branch has been proven to, after an audit without faults."""
        found = {}
        for code, audit in self.audits.items():
            evidence = self.tx.books(code).evidence
            head = evidence.head_of(audit.last_seq)
            if head is not None:
                found[code] = point_of(
                    audit,
                    leaf=head[0],
                    actor=actor,
                    recorded_us=micros_of(self.tx.now),
                    seen_us=evidence.last_written_us(),
                )
        return found


def audit_journal(books: Books, progress: Progress | None) -> JournalAudit:
    """Fold the journal of a branch; the faults found on the way are in the audit."""
    return JournalFold(books, None, progress).run({})


def outside_limits(books: Books) -> Iterator[tuple[str, str, int]]:
    """Yield (branch, path, balance) of every account outside today's limits."""
    for state in books.accounts.states():
        floor, ceiling = state.limits.floor, state.limits.ceiling
        is_below = floor is not None and state.balance < floor
        is_above = ceiling is not None and state.balance > ceiling
        if is_below or is_above:
            yield books.branch.code, state.path, state.balance
