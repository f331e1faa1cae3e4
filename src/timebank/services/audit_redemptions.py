"""Redemptions against what both branches have of them (I-7), some at a time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from timebank.ledger.audit import Fault, JournalAudit
from timebank.ledger.stories import (
    Deployment,
    StoredRedemption,
    check_cited,
    check_fulfilling,
    check_redemptions,
    home_of,
    standing_of,
)
from timebank.services.audit_checks import EVERYTHING, Scope, causes_in, numbers_in
from timebank.storage.books import Books
from timebank.storage.story_evidence import StoryEvidence, chunks_of


@dataclass(frozen=True, slots=True)
class RedemptionsCheck:
    """The redemptions of branches whose journals were folded."""

    books: Callable[[str], Books]
    audits: Mapping[str, JournalAudit]
    scopes: Mapping[str, Scope]

    def check(self) -> Iterator[Fault]:
        """Check them from either side."""
        for code in self.audits:
            scope = self.scopes.get(code, EVERYTHING)
            stories = StoryEvidence(self.books(code).desk)
            for chunk in chunks_of(stories.redemptions(scope.redemptions)):
                yield from check_redemptions(self._known_of(code, chunk), code, chunk)
            for records in chunks_of(stories.fulfilling(scope.records)):
                refs = [str(record.redemption) for record in records]
                yield from check_fulfilling(code, records, self._redemptions(refs), self.audits)
            for cited in chunks_of(causes_in(self.audits[code], stories, "redemption", after=scope.after)):
                here = [(ref, seq) for ref, seq in cited if home_of(ref) in self.audits]
                known = self._redemptions([ref for ref, _ in here])
                yield from check_cited(code, "redemption", here, known)

    def _redemptions(self, refs: Sequence[str]) -> dict[str, StoredRedemption]:
        """Return redemptions of branches here by reference, where they are there."""
        found = {}
        for home in {home_of(ref) for ref in refs} & self.audits.keys():
            numbers = numbers_in(ref.removeprefix(f"{home}-") for ref in refs if home_of(ref) == home)
            stories = StoryEvidence(self.books(home).desk)
            found.update({f"{home}-{each.no}": each for each in stories.redemptions(numbers)})
        return found

    def _known_of(self, home: str, redemptions: Sequence[StoredRedemption]) -> Deployment:
        """Gather what all branches here say about redemptions of one."""
        refs = [f"{home}-{each.no}" for each in redemptions]
        standing, records = {}, {}
        for code in {home, *(each.host_branch for each in redemptions)} & self.audits.keys():
            stories = StoryEvidence(self.books(code).desk)
            rows = stories.entries_of("redemption", refs)
            undone = stories.reversed_by([entry.seq for entry, _ in rows])
            standing[code] = standing_of(self.audits[code].accounts, rows, undone)
            numbers = {
                each.record_no
                for each in redemptions
                if each.host_branch == code and each.record_no is not None
            }
            records.update({(code, each.no): each for each in stories.fulfilling(numbers)})
        own = StoryEvidence(self.books(home).desk)
        holds = own.holds({each.hold_no for each in redemptions})
        beneficiaries = own.beneficiaries({each.beneficiary_no for each in redemptions})
        return Deployment(
            here=self.audits.keys(),
            standing=standing,
            records=records,
            holds={(home, each.no): each for each in holds},
            beneficiaries={(home, each.no): each for each in beneficiaries},
        )
