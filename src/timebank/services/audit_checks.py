"""What the audit checks in a branch beside the fold of its journal, each with the place it may stop at.

Everything is streamed or looked at some at a time: memory grows with accounts and members, not with entries,
records or redemptions.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Generic, TypeVar

from timebank.care.allotment import funds_paid
from timebank.errors import PolicyInvalid, TimebankError
from timebank.ledger.audit import Fault, JournalAudit, check_reversal
from timebank.ledger.chart import AccountKind, is_held, place_of
from timebank.ledger.model import unit_of
from timebank.ledger.reconcile import (
    HoldsAudit,
    check_counters,
    check_held,
    check_limits_history,
)
from timebank.ledger.stories import (
    check_beneficiary_history,
    check_cited,
    check_record_history,
    check_records,
    check_redemption_history,
    home_of,
    standing_of,
)
from timebank.services.audit_details import check_details
from timebank.services.audit_log import check_log
from timebank.storage.books import Books
from timebank.storage.story_evidence import CHUNK, StoryEvidence, chunks_of

DIGITS_MOST: Final = 18
"""Of a number that a column holds."""
Some = Collection[int] | None
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is looked at: everything, or what was touched since a point; None is all."""

    after: int = 0
    """The last entry that was checked before."""
    records: Some = None
    redemptions: Some = None
    beneficiaries: Some = None
    causes: Collection[str] | None = None
    """References of causes whose entries moved held minutes."""


EVERYTHING: Final = Scope()


@dataclass(frozen=True, slots=True)
class Look:
    """A branch to check, beside the fold of its journal."""

    books: Books
    audit: JournalAudit
    scope: Scope

    @property
    def stories(self) -> StoryEvidence:
        """Its stories as stored."""
        return StoryEvidence(self.books.desk)


BranchCheck = Callable[[Look], Iterator[Fault]]


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


def scope_since(
    look: StoryEvidence, audit: JournalAudit, *, after: int, since_us: int, elsewhere: Iterable[str]
) -> Scope:
    """Return what was touched since a point.

    Args:
        look: the stories of the branch.
        audit: the fold of its journal.
        after: the entry at the point.
        since_us: the branch's last write before the point.
        elsewhere: references of redemptions that entries of other branches cite since their points.
    """
    records = numbers_in(ref for ref, _ in look.causes_of("service", after=after))
    code = look.desk.branch.code
    cited = (*(ref for ref, _ in look.causes_of("redemption", after=after)), *elsewhere)
    redemptions = numbers_in(ref.removeprefix(f"{code}-") for ref in cited if home_of(ref) == code)
    causes = look.held_causes(held_accounts(audit), after=after, most=CHUNK)
    return Scope(
        after=after,
        records=records | look.acted_on("record", since_us=since_us),
        redemptions=redemptions | look.acted_on("redemption", since_us=since_us),
        beneficiaries=look.acted_on("beneficiary", since_us=since_us),
        causes=causes,
    )


def numbers_in(texts: Iterable[str]) -> set[int]:
    """Return the numbers among texts that are written as we write numbers."""
    return {
        int(text)
        for text in texts
        if text.isascii() and text.isdecimal() and len(text) <= DIGITS_MOST and text == str(int(text))
    }


def check_journal_reversals(look: Look) -> Iterator[Fault]:
    """Check that every reversal mirrors its original exactly and once (I-3)."""
    if not look.audit.has_reversals:
        return
    for reversal in look.stories.reversals(after=look.scope.after):
        yield from check_reversal(look.audit.branch, reversal)


def check_accounts(look: Look) -> Iterator[Fault]:
    """Check that accounts are of the chart, belong to members there are, and are closed only when empty."""
    audit, evidence = look.audit, look.books.evidence
    refs = {ref for ref, _, _ in evidence.members()}
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
    for path, unit in evidence.closed_with_balance():
        place = f"{audit.branch} account {path} {unit}"
        yield Fault(place, "closed_not_empty", "it is closed, with a balance")


def check_holds(look: Look) -> Iterator[Fault]:
    """Check holds against the entries of their causes, and held accounts against both (I-6)."""
    stories, only = look.stories, look.scope.causes
    holds = HoldsAudit(look.audit.branch)
    movements = stories.movements(held_accounts(look.audit), only)
    yield from holds.check(stories.holds_by_place(only), movements)
    if only is None:
        yield from check_held(look.audit, holds.left, "its causes")
    yield from check_held(look.audit, stories.pending(), "its pending holds")


def held_accounts(audit: JournalAudit) -> dict[int, str]:
    """Return the paths of the held accounts of a branch, by number."""
    return {no: account.path for no, account in audit.accounts.items() if is_held(account.path)}


def check_service_records(look: Look) -> Iterator[Fault]:
    """Check service records against the entries that credit them (I-8)."""
    stories, audit = look.stories, look.audit
    funds = funds_of(look.books)
    for chunk in chunks_of(stories.records(look.scope.records)):
        rows = stories.entries_of("service", [str(record.no) for record in chunk])
        undone = stories.reversed_by([entry.seq for entry, _ in rows])
        yield from check_records(audit.branch, chunk, standing_of(audit.accounts, rows, undone), funds=funds)
    for cited in chunks_of(causes_in(audit, stories, "service", after=look.scope.after)):
        known = {str(record.no) for record in stories.records(numbers_in(ref for ref, _ in cited))}
        yield from check_cited(audit.branch, "service", cited, known)


def funds_of(books: Books) -> set[str]:
    """Return the paths of the funds that any version of the policy pays; one that was changed names none."""
    found: set[str] = set()
    for version in books.policies.list():
        with suppress(PolicyInvalid):
            found |= funds_paid(version.policy)
    return found


def causes_in(
    audit: JournalAudit, stories: StoryEvidence, kind: str, *, after: int
) -> Iterator[tuple[str, int]]:
    """Yield what entries beyond one cite as causes of a kind; the fold has seen whether any does."""
    if kind in audit.cause_kinds:
        yield from stories.causes_of(kind, after=after)


def check_histories(look: Look) -> Iterator[Fault]:
    """Check service records, redemptions and beneficiaries against what was done to them."""
    code, stories, scope = look.audit.branch, look.stories, look.scope
    acts = Steps(stories.record_acts(scope.records), lambda act: act.story_no)
    for record in stories.records(scope.records):
        yield from _orphans(f"{code} service record", acts.before(record.no))
        yield from check_record_history(code, record, acts.of(record.no))
    yield from _orphans(f"{code} service record", acts.before(None))
    acts = Steps(stories.redemption_acts(scope.redemptions), lambda act: act.story_no)
    for redemption in stories.redemptions(scope.redemptions):
        yield from _orphans(f"{code} redemption", acts.before(redemption.no))
        yield from check_redemption_history(code, redemption, acts.of(redemption.no))
    yield from _orphans(f"{code} redemption", acts.before(None))
    steps = Steps(stories.beneficiary_steps(scope.beneficiaries), lambda step: step.story_no)
    for beneficiary in stories.beneficiaries(scope.beneficiaries):
        yield from _orphans(f"{code} beneficiary", steps.before(beneficiary.no))
        yield from check_beneficiary_history(code, beneficiary, steps.of(beneficiary.no))
    yield from _orphans(f"{code} beneficiary", steps.before(None))


def _orphans(place: str, numbers: Iterable[int]) -> Iterator[Fault]:
    for number in numbers:
        yield Fault(f"{place} {number}", "history_orphan", "a history without what it is about")


def check_limits(look: Look) -> Iterator[Fault]:
    """Check the histories of limits and of overrides (I-5)."""
    yield from check_limits_history(look.audit, "limit", look.books.evidence.limits())
    yield from check_limits_history(look.audit, "override", look.books.evidence.overrides())


def check_numbers(look: Look) -> Iterator[Fault]:
    """Check the numbers that were given out against the rows there are."""
    evidence = look.books.evidence
    return check_counters(look.audit.branch, evidence.counters(), evidence.numbers())


def check_members(look: Look) -> Iterator[Fault]:
    """Check that no identity is kept of somebody erased, and none of somebody who is no member (I-10)."""
    code, evidence = look.audit.branch, look.books.evidence
    for ref, is_erased, is_known in evidence.members():
        if is_erased and is_known:
            yield Fault(f"{code} member {ref}", "identity_kept", "an identity is kept of somebody erased")
    for ref in evidence.strangers():
        yield Fault(f"{code} member {ref}", "identity_foreign", "an identity that belongs to no member")


def check_words(look: Look) -> Iterator[Fault]:
    """Check that nobody wrote about an entry beyond the end of the journal: it was cut short."""
    for seq in look.books.evidence.words_beyond(look.audit.last_seq):
        place = f"{look.audit.branch} entry {seq}"
        yield Fault(place, "words_orphan", "words about an entry that is not there")


def check_policies(look: Look) -> Iterator[Fault]:
    """Check that versions are numbered 1, 2, 3 … and that each document matches its fingerprint."""
    for expected, (version, is_same) in enumerate(look.books.evidence.policies(), 1):
        place = f"{look.audit.branch} policy version {version}"
        if version != expected:
            yield Fault(place, "policy_missing", f"expected version {expected}")
        if not is_same:
            yield Fault(place, "policy_differs", "the document does not match its fingerprint")


def check_readable(look: Look) -> Iterator[Fault]:
    """Read everything back into the shapes that use cases work with; whatever fails stops the stage."""
    books = look.books
    for version in books.policies.list():
        assert version.policy is not None, "a policy that parses"
    _read_some(books.records.all, books.records.get, look.scope.records)
    _read_some(books.redemptions.all, books.redemptions.get, look.scope.redemptions)
    if look.scope.causes is None:
        for _ in books.holds.all():
            pass
    for read in (
        books.accounts.states,
        books.members.list,
        books.identities.list,
        books.mandates.list,
        books.beneficiaries.list,
    ):
        read()
    yield from ()


def _read_some(read_all: Callable[[], Iterable[object]], read: Callable[[int], object], only: Some) -> None:
    for _ in read_all() if only is None else map(read, sorted(only)):
        pass


STANDING_CHECKS: Final[dict[str, BranchCheck]] = {
    "accounts": check_accounts,
    "limits": check_limits,
    "counters": check_numbers,
    "members": check_members,
    "words": check_words,
    "policies": check_policies,
    "details": check_details,
    "log": check_log,
    "rows": check_readable,
}
"""What is checked in a branch without waiting for the fold of its journal, by where a fault would be."""
BRANCH_CHECKS: Final[dict[str, BranchCheck]] = {
    "journal": check_journal_reversals,
    "holds": check_holds,
    "service records": check_service_records,
    "histories": check_histories,
}
"""What is checked in a branch once its journal is folded."""
