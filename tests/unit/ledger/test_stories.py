from dataclasses import dataclass
from typing import Any

import pytest
from tests.builders import NOW, TODAY, a_book, a_draft, an_exchange, stored, stored_accounts

from timebank.ledger.audit import Fault
from timebank.ledger.book import Book
from timebank.ledger.canonical import micros_of
from timebank.ledger.chart import available, clearing, held
from timebank.ledger.holds import placing
from timebank.ledger.model import Cause, EntryDraft, EntryKind, JournalEntry, credit, debit
from timebank.ledger.reconcile import StoredHold
from timebank.ledger.reversal import reverse
from timebank.ledger.stories import (
    MINUTE_US,
    Deployment,
    Posted,
    StoredAct,
    StoredBeneficiary,
    StoredRecord,
    StoredRedemption,
    StoredStep,
    check_beneficiary_history,
    check_cited,
    check_fulfilling,
    check_record_history,
    check_records,
    check_redemption_history,
    check_redemptions,
    home_of,
    standing_of,
)

START_US = micros_of(NOW)
RECORD = StoredRecord(
    no=1,
    provider="m1",
    recipient="member:m2",
    start_us=START_US,
    end_us=START_US + 90 * MINUTE_US,
    minutes=90,
    credited_minutes=90,
    unit="min",
    state="confirmed",
    stated_by="member:m1",
    logged_by="member:m1",
    revision=1,
    redemption=None,
)
OPEN = RECORD._replace(state="logged", credited_minutes=None, revision=0)


def acts(*done: str, minutes: int = 90) -> list[StoredAct]:
    """Return a history: each act by `ACT ACTOR`, by m1 if left out."""
    return [
        StoredAct(1, no, act, actor or "member:m1", minutes)
        for no, (act, _, actor) in enumerate((text.partition(" ") for text in done), 1)
    ]


def book_of(*drafts: EntryDraft) -> tuple[Book, list[JournalEntry]]:
    """Return a book of Lille with these entries."""
    book = a_book(available("m1"), available("m2"), "fund:branch", held("m2"), clearing("locmine"))
    return book, [book.post(draft, recorded_at=NOW) for draft in drafts]


Entries = dict[str, list[Posted]]


def standing_in(book: Book, entries: list[JournalEntry], kind: str = "service") -> Entries:
    """Return the entries of a book that still stand, of one kind of cause."""
    undone = {entry.draft.reverses for entry in entries if entry.draft.reverses is not None}
    rows = [stored(entry, book) for entry in entries if entry.draft.cause.kind == kind]
    return standing_of(stored_accounts(book), rows, undone)


def posted(*drafts: EntryDraft, kind: str = "service") -> Entries:
    """Return the entries that stand after these were posted in Lille."""
    return standing_in(*book_of(*drafts), kind)


def undone(draft: EntryDraft) -> Entries:
    """Return the entries that stand after one was posted and reversed."""
    book, (entry,) = book_of(draft)
    undo = reverse(
        entry,
        reversed_by=None,
        actor=draft.actor,
        effective_at=NOW,
        effective_on=TODAY,
        policy_version=1,
    )
    return standing_in(book, [entry, book.post(undo, recorded_at=NOW)])


@pytest.mark.parametrize(
    ("record", "drafts"),
    [
        (RECORD, [an_exchange()]),
        (RECORD._replace(minutes=85, end_us=START_US + 85 * MINUTE_US), [an_exchange()]),
        (
            RECORD._replace(recipient="fund:branch"),
            [a_draft(debit("fund:branch", 90), credit(available("m1"), 90), cause=Cause("service", "1"))],
        ),
        (OPEN, []),
        (OPEN._replace(state="rejected", revision=2), []),
        (RECORD._replace(redemption="lille-1"), []),
    ],
    ids=["as stated", "rounded", "for a fund", "open", "rejected", "of a redemption"],
)
def test_a_record_and_its_entry_agree(record: StoredRecord, drafts: list[EntryDraft]) -> None:
    """One standing credit if it is confirmed, none otherwise (I-8)."""
    assert [] == list(check_records("lille", [record], posted(*drafts)))


def test_only_a_fund_that_a_policy_names_gets_what_is_beyond_a_cap() -> None:
    """Help that credits any other fund, or another member, is none of the helper's."""
    record, whole = RECORD._replace(recipient="member:m2"), debit(available("m2"), 90)
    to_fund = posted(a_draft(whole, credit("fund:branch", 90), cause=Cause("service", "1")))
    to_holder = posted(a_draft(whole, credit(held("m2"), 90), cause=Cause("service", "1")))

    assert [] == list(check_records("lille", [record], to_fund, funds={"fund:branch"}))
    for standing, funds in ((to_fund, ()), (to_fund, {"fund:city"}), (to_holder, {"fund:branch"})):
        (fault,) = check_records("lille", [record], standing, funds=funds)
        assert "record_differs" == fault.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credited_minutes": 91}, "record_differs"),
        ({"provider": "m3"}, "record_differs"),
        ({"recipient": "member:m3"}, "record_differs"),
        ({"recipient": "fund:branch"}, "record_differs"),
        ({"unit": "svc"}, "record_differs"),
        ({"revision": 2}, "record_differs"),
        ({"start_us": START_US + 1, "end_us": START_US + 90 * MINUTE_US + 1}, "record_differs"),
        ({"end_us": START_US}, "record_end_differs"),
        ({"minutes": 91}, "record_end_differs"),
        ({"credited_minutes": None}, "record_invalid"),
        ({"state": "logged"}, "record_invalid"),
        ({"state": "logged", "credited_minutes": None}, "record_wrongly_posted"),
        ({"redemption": "lille-1"}, "record_wrongly_posted"),
    ],
)
def test_a_record_that_was_changed_is_named(changes: dict[str, Any], code: str) -> None:
    """Whatever the entry says too."""
    faults = list(check_records("lille", [RECORD._replace(**changes)], posted(an_exchange())))

    assert ("lille service record 1", code) in [(fault.place, fault.code) for fault in faults]


def test_a_confirmed_record_without_a_standing_credit_is_named() -> None:
    """Whether it was never posted or only undone (I-8)."""
    for standing in (posted(), undone(an_exchange())):
        (fault,) = check_records("lille", [RECORD], standing)

        assert ("lille service record 1", "record_not_posted") == (fault.place, fault.code)


def test_a_record_that_is_posted_twice_is_named() -> None:
    """I-8: at most one crediting entry stands."""
    standing = posted(an_exchange(revision=1), an_exchange(revision=2))

    (fault,) = check_records("lille", [RECORD], standing)

    assert ("record_posted_twice", "entries 1, 2") == (fault.code, fault.detail)


def test_an_entry_of_a_record_that_is_not_there_is_named() -> None:
    """A deleted record leaves its entry behind."""
    (fault,) = check_cited("lille", "service", [("1", 5), ("7", 6)], {"1"})

    said = ("lille entry 6", "record_missing", "there is no service record 7")
    assert said == (fault.place, fault.code, fault.detail)


def test_what_only_reserves_is_no_credit() -> None:
    """A hold or a release cites the redemption as well (I-8)."""
    hold = a_draft(*placing("m2", 20), kind=EntryKind.HOLD, cause=CHARGE.cause)

    assert {} == posted(hold, kind="redemption")


def test_an_entry_of_a_story_is_kept_with_its_parties() -> None:
    """First debit and first credit; empty where a forged entry has no such side or no such account."""
    book, entries = book_of(an_exchange())
    header, lines = stored(entries[0], book)
    foreign = tuple(line._replace(account_no=77) for line in lines)

    (real,) = standing_in(book, entries)["1"]
    (forged,) = standing_of(stored_accounts(book), [(header, foreign)], ())["1"]

    parties = (available("m2"), available("m1"), "min", 90, 1)
    assert parties == (real.payer, real.payee, real.unit, real.minutes, real.step)
    assert ("", "", "", 90) == (forged.payer, forged.payee, forged.unit, forged.minutes)


@pytest.mark.parametrize(
    ("record", "history"),
    [
        (OPEN, ["log"]),
        (OPEN._replace(state="corrected", stated_by="member:m2"), ["log", "correct member:m2"]),
        (OPEN._replace(state="disputed"), ["log", "dispute member:m2"]),
        (OPEN._replace(state="rejected"), ["log", "dispute member:m2", "reject member:m2"]),
        (OPEN._replace(state="withdrawn"), ["log", "withdraw"]),
        (OPEN._replace(state="rejected"), ["log", "decide coordinator:desk"]),
        (RECORD, ["log", "confirm member:m2"]),
        (RECORD._replace(stated_by="coordinator:desk"), ["log", "decide coordinator:desk"]),
        (
            RECORD._replace(stated_by="coordinator:desk", revision=3),
            ["log", "decide coordinator:desk", "correct coordinator:desk", "correct coordinator:desk"],
        ),
        (OPEN._replace(state="rejected", revision=2), ["log", "confirm member:m2", "annul coordinator:desk"]),
    ],
)
def test_a_history_leads_to_its_record(record: StoredRecord, history: list[str]) -> None:
    """Every course that people can take."""
    assert [] == list(check_record_history("lille", record, acts(*history)))


@pytest.mark.parametrize(
    ("record", "history", "code"),
    [
        (OPEN, [], "history_missing"),
        (OPEN, ["confirm"], "history_invalid"),
        (OPEN, ["log", "log"], "history_invalid"),
        (OPEN, ["log", "annul"], "history_invalid"),
        (OPEN, ["log", "sing"], "history_invalid"),
        (RECORD, ["log", "confirm", "confirm"], "history_invalid"),
        (OPEN._replace(state="rejected"), ["log", "reject", "confirm"], "history_invalid"),
        (RECORD, ["log"], "history_differs"),
        (OPEN._replace(state="disputed"), ["log"], "history_differs"),
        (RECORD._replace(revision=2), ["log", "confirm"], "history_differs"),
        (OPEN._replace(minutes=91), ["log"], "history_differs"),
        (OPEN._replace(logged_by="member:m3", stated_by="member:m1"), ["log"], "history_differs"),
        (OPEN._replace(stated_by="member:m3"), ["log"], "history_differs"),
    ],
)
def test_a_history_that_does_not_lead_to_its_record_is_named(
    record: StoredRecord, history: list[str], code: str
) -> None:
    """An act that was removed, added or changed, or a record that was."""
    faults = list(check_record_history("lille", record, acts(*history)))

    assert ("lille service record 1", code) in [(fault.place, fault.code) for fault in faults]


def test_a_gap_in_a_history_is_named() -> None:
    """The number of the act that is missing shows."""
    history = [act._replace(no=act.no + 1) for act in acts("log")]

    (fault,) = check_record_history("lille", OPEN, history)

    assert "history_missing" == fault.code


REDEMPTION = StoredRedemption(
    no=1,
    sponsor="m2",
    beneficiary_no=3,
    host_branch="locmine",
    beneficiary="h1",
    planned_minutes=60,
    held_minutes=60,
    state="settled",
    hold_no=4,
    provider="h2",
    record_no=1,
    charged_minutes=45,
    expires_us=5,
)
ASKED = REDEMPTION._replace(state="requested", provider=None, record_no=None, charged_minutes=None)
HOLD = StoredHold(
    no=4,
    member="m2",
    minutes=60,
    state="captured",
    expires_us=5,
    cause_kind="redemption",
    cause_ref="lille-1",
    captured_minutes=45,
)
BENEFICIARY = StoredBeneficiary(
    no=3, sponsor="m2", host_branch="locmine", member="h1", consented_us=7, checked_us=8, revoked_us=None
)
HELPED = RECORD._replace(
    provider="h2", recipient="member:h1", minutes=45, credited_minutes=45, redemption="lille-1"
)
CHARGE = a_draft(
    debit(held("m2"), 45),
    credit(clearing("locmine"), 45),
    kind=EntryKind.REDEMPTION,
    cause=Cause("redemption", "lille-1", 2),
)
CREDIT = a_draft(
    debit(clearing("lille"), 45),
    credit(available("h2"), 45),
    kind=EntryKind.REDEMPTION,
    cause=Cause("redemption", "lille-1", 2),
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """What Lille and Locminé have of one redemption."""

    known: Deployment
    redemptions: list[StoredRedemption]
    cited: dict[str, list[tuple[str, int]]]
    """References that entries cite, with the first of these, by branch."""

    def faults(self) -> list[Fault]:
        """Check all of it."""
        here = self.known.here
        by_ref = {f"lille-{each.no}": each for each in self.redemptions}
        found = list(check_redemptions(self.known, "lille", self.redemptions))
        for (branch, _), record in self.known.records.items():
            found += check_fulfilling(branch, [record], by_ref, here)
        for branch, cited in self.cited.items():
            mine = [(ref, seq) for ref, seq in cited if home_of(ref) in here]
            found += check_cited(branch, "redemption", mine, by_ref)
        return found


def a_case(
    *,
    redemption: StoredRedemption | None = REDEMPTION,
    hold: StoredHold | None = HOLD,
    record: StoredRecord | None = HELPED,
    charge: tuple[EntryDraft, ...] = (CHARGE,),
    credited: tuple[EntryDraft, ...] = (CREDIT,),
    beneficiary: StoredBeneficiary | None = BENEFICIARY,
    is_home_here: bool = True,
    is_host_here: bool = True,
) -> Case:
    """Return a redemption of m2 in Lille, settled in Locminé, as both branches have it."""
    host = a_book(clearing("lille"), available("h2"), available("h3"), branch="locmine")
    entries = [host.post(draft, recorded_at=NOW) for draft in credited]
    standing, cited = {}, {}
    if is_home_here:
        standing["lille"] = posted(*charge, kind="redemption")
        cited["lille"] = [("lille-1", 1)] if charge else []
    if is_host_here:
        standing["locmine"] = standing_in(host, entries, "redemption")
        cited["locmine"] = [("lille-1", 1)] if credited else []
    return Case(
        known=Deployment(
            here=standing.keys(),
            standing=standing,
            records={("locmine", 1): record} if record is not None and is_host_here else {},
            holds={("lille", 4): hold} if hold is not None else {},
            beneficiaries={("lille", 3): beneficiary} if beneficiary is not None else {},
        ),
        redemptions=[redemption] if redemption is not None else [],
        cited=cited,
    )


@pytest.mark.parametrize(
    "case",
    [
        a_case(),
        a_case(is_host_here=False),
        a_case(
            redemption=ASKED,
            hold=HOLD._replace(state="pending", captured_minutes=0),
            record=None,
            charge=(),
            credited=(),
        ),
        a_case(
            redemption=REDEMPTION._replace(state="logged", charged_minutes=None),
            hold=HOLD._replace(state="pending", captured_minutes=0),
            record=HELPED._replace(state="disputed", credited_minutes=None),
            charge=(),
            credited=(),
        ),
        a_case(
            redemption=REDEMPTION._replace(charged_minutes=0),
            record=HELPED._replace(state="rejected", credited_minutes=None),
            charge=(),
            credited=(),
        ),
        a_case(
            redemption=ASKED._replace(state="expired", charged_minutes=0),
            hold=HOLD._replace(state="expired", captured_minutes=0),
            record=HELPED._replace(state="withdrawn", credited_minutes=None),
            charge=(),
            credited=(),
        ),
    ],
    ids=["settled", "host elsewhere", "requested", "logged", "annulled", "expired after a withdrawal"],
)
def test_a_redemption_its_hold_record_and_entries_agree(case: Case) -> None:
    """One story in two books (I-7)."""
    assert [] == case.faults()


ON_REDEMPTION, ON_RECORD = "lille redemption 1", "locmine service record 1"
TROUBLES: dict[str, tuple[Case, str, str]] = {
    "beneficiary deleted": (a_case(beneficiary=None), ON_REDEMPTION, "redemption_differs"),
    "beneficiary of another": (
        a_case(beneficiary=BENEFICIARY._replace(sponsor="m1")),
        ON_REDEMPTION,
        "redemption_differs",
    ),
    "hold deleted": (a_case(hold=None), ON_REDEMPTION, "redemption_hold_missing"),
    "hold of another": (a_case(hold=HOLD._replace(member="m1")), ON_REDEMPTION, "redemption_differs"),
    "hold of another cause": (
        a_case(hold=HOLD._replace(cause_ref="lille-2")),
        ON_REDEMPTION,
        "redemption_differs",
    ),
    "hold of other minutes": (
        a_case(hold=HOLD._replace(minutes=61)),
        ON_REDEMPTION,
        "redemption_differs",
    ),
    "hold of another deadline": (
        a_case(hold=HOLD._replace(expires_us=6)),
        ON_REDEMPTION,
        "redemption_differs",
    ),
    "hold still pending": (
        a_case(hold=HOLD._replace(state="pending")),
        ON_REDEMPTION,
        "redemption_differs",
    ),
    "charged otherwise": (
        a_case(redemption=REDEMPTION._replace(charged_minutes=46)),
        ON_REDEMPTION,
        "redemption_charge_differs",
    ),
    "charge missing": (a_case(charge=()), ON_REDEMPTION, "redemption_charge_differs"),
    "credit missing": (a_case(credited=()), ON_REDEMPTION, "redemption_charge_differs"),
    "charged to another": (
        a_case(charge=(a_draft(*an_exchange(minutes=45).postings, cause=CHARGE.cause),)),
        ON_REDEMPTION,
        "redemption_parties_differ",
    ),
    "credited to another": (
        a_case(redemption=REDEMPTION._replace(provider="h3"), record=HELPED._replace(provider="h3")),
        ON_REDEMPTION,
        "redemption_parties_differ",
    ),
    "without a provider": (
        a_case(redemption=REDEMPTION._replace(provider=None)),
        ON_REDEMPTION,
        "redemption_parties_differ",
    ),
    "record deleted": (a_case(record=None), ON_REDEMPTION, "redemption_record_missing"),
    "record of another": (
        a_case(record=HELPED._replace(recipient="member:h3")),
        ON_REDEMPTION,
        "redemption_differs",
    ),
    "record of another redemption": (
        a_case(record=HELPED._replace(redemption="lille-2")),
        ON_RECORD,
        "record_not_settled",
    ),
    "record open again": (
        a_case(record=HELPED._replace(state="logged", credited_minutes=None)),
        ON_REDEMPTION,
        "redemption_differs",
    ),
    "record forgotten": (
        a_case(redemption=REDEMPTION._replace(record_no=None)),
        ON_RECORD,
        "record_not_settled",
    ),
    "redemption deleted": (a_case(redemption=None), ON_RECORD, "record_not_settled"),
    "redemption deleted, its charge left": (
        a_case(redemption=None),
        "lille entry 1",
        "redemption_missing",
    ),
}


@pytest.mark.parametrize(("case", "place", "code"), TROUBLES.values(), ids=TROUBLES.keys())
def test_a_redemption_that_contradicts_itself_is_named(case: Case, place: str, code: str) -> None:
    """Whichever of its parts was changed."""
    faults = case.faults()

    assert (place, code) in [(fault.place, fault.code) for fault in faults]


def test_entries_of_a_redemption_elsewhere_are_not_judged() -> None:
    """The home branch is in another deployment: what it would have to say is not here."""
    assert [] == a_case(redemption=None, charge=(), is_home_here=False).faults()


def test_a_redemption_charged_twice_is_named() -> None:
    """Two standing charges are one too many, even if their sum were right."""
    half = a_draft(
        debit(held("m2"), 20), credit(clearing("locmine"), 20), kind=EntryKind.REDEMPTION, cause=CHARGE.cause
    )
    rest = a_draft(
        debit(held("m2"), 25),
        credit(clearing("locmine"), 25),
        kind=EntryKind.FEE,
        cause=Cause("redemption", "lille-1", 5),
    )

    assert ["redemption_charge_differs"] == [fault.code for fault in a_case(charge=(half, rest)).faults()]


PLANNED = {"request": 60, "settle": 45, "correct": 45}
"""Minutes of each act: planned until it is settled."""


def course(*done: str) -> list[StoredAct]:
    """Return the history of a redemption."""
    return [StoredAct(1, no, act, "member:m2", PLANNED.get(act, 60)) for no, act in enumerate(done, 1)]


@pytest.mark.parametrize(
    ("redemption", "history"),
    [
        (ASKED, ["request"]),
        (ASKED._replace(state="assigned"), ["request", "assign", "assign"]),
        (ASKED, ["request", "assign", "unassign"]),
        (ASKED._replace(state="assigned"), ["request", "assign", "log", "reopen"]),
        (REDEMPTION, ["request", "assign", "log", "settle", "correct"]),
        (ASKED._replace(state="missed", charged_minutes=60), ["request", "assign", "missed-by-beneficiary"]),
        (ASKED._replace(state="cancelled", charged_minutes=60), ["request", "cancel"]),
        (ASKED._replace(state="expired", charged_minutes=60), ["request", "assign", "expire"]),
    ],
)
def test_a_history_leads_to_its_redemption(redemption: StoredRedemption, history: list[str]) -> None:
    """Act by act, from the request to where it stands, and for how many minutes."""
    assert [] == list(check_redemption_history("lille", redemption, course(*history)))


@pytest.mark.parametrize(
    ("redemption", "history", "code"),
    [
        (ASKED, [], "history_missing"),
        (ASKED, ["assign"], "history_invalid"),
        (ASKED, ["request", "log"], "history_invalid"),
        (ASKED, ["request", "sing"], "history_invalid"),
        (ASKED, ["request", "assign"], "history_differs"),
        (ASKED._replace(planned_minutes=61), ["request"], "history_differs"),
        (REDEMPTION._replace(planned_minutes=61), ["request", "assign", "log", "settle"], "history_differs"),
    ],
)
def test_a_history_that_does_not_lead_to_its_redemption_is_named(
    redemption: StoredRedemption, history: list[str], code: str
) -> None:
    """As for service records."""
    faults = list(check_redemption_history("lille", redemption, course(*history)))

    assert ("lille redemption 1", code) in [(fault.place, fault.code) for fault in faults]


STEPS = [StoredStep(3, 1, "add", 5), StoredStep(3, 2, "consent", 7), StoredStep(3, 3, "check", 8)]


def test_a_history_leads_to_its_beneficiary() -> None:
    """Consented and checked when the acts say so, not revoked."""
    assert [] == list(check_beneficiary_history("lille", BENEFICIARY, STEPS))


@pytest.mark.parametrize(
    ("beneficiary", "steps", "code"),
    [
        (BENEFICIARY, [], "history_missing"),
        (BENEFICIARY, STEPS[1:], "history_missing"),
        (BENEFICIARY, [STEPS[1]._replace(no=1), STEPS[2]._replace(no=2)], "history_invalid"),
        (BENEFICIARY._replace(consented_us=None), STEPS, "history_differs"),
        (BENEFICIARY._replace(consented_us=6), STEPS, "history_differs"),
        (BENEFICIARY._replace(revoked_us=9), STEPS, "history_differs"),
        (BENEFICIARY, STEPS[:2], "history_differs"),
    ],
)
def test_a_history_that_does_not_lead_to_its_beneficiary_is_named(
    beneficiary: StoredBeneficiary, steps: list[StoredStep], code: str
) -> None:
    """A consent nobody gave, or one that was taken away."""
    faults = list(check_beneficiary_history("lille", beneficiary, steps))

    assert ("lille beneficiary 3", code) in [(fault.place, fault.code) for fault in faults]
