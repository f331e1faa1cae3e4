"""Laws of care: whatever people do, in whatever order, hours are confirmed once and every book balances."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tests.unit.care.builders import NOW, RULES, a_beneficiary, a_mandate, an_act, logged

from timebank.care import sponsorship, workflow
from timebank.care.beneficiary import Relation
from timebank.care.inputs import REFUSED_CATEGORIES, clean_text
from timebank.care.mandate import Act
from timebank.care.record import (
    OPEN,
    Hours,
    HoursRules,
    Party,
    RecordAct,
    RecordOutcome,
    RecordState,
    ServiceRecord,
    overlaps,
    payer_path,
)
from timebank.care.redemption import (
    Redemption,
    RedemptionOutcome,
    RedemptionState,
    Settlement,
    cause_of,
    settlement_of,
    step_of_hold,
)
from timebank.errors import BadText, TimebankError
from timebank.ledger.chart import clearing, held
from timebank.ledger.holds import placing
from timebank.ledger.model import Cause, EntryKind, Posting, Role, imbalance_by_unit
from timebank.ledger.reversal import mirrored

MANDATES = (
    a_mandate(),  # 3: the son in Lille for his mother
    a_mandate(no=4, holder="anne", holder_branch="locmine"),
    a_mandate(no=5, holder="luc", holder_branch="locmine"),
    a_mandate(no=6, principal="luc", holder="anne", holder_branch="locmine"),
    a_mandate(no=7, principal="luc", holder="mother", holder_branch="locmine"),
)
ACTORS = (
    "member:luc",
    "member:mother",
    "member:anne",
    "member:son@lille",
    "member:son@lille+mother#3",
    "member:anne+mother#4",
    "member:luc+mother#5",
    "member:anne+luc#6",
    "member:mother+luc#7",
    "coordinator:c1",
    "coordinator:c1@lille",
    "coordinator:luc",
    "coordinator:mother",
    "coordinator:anne",
    "coordinator:son@lille",
    "system:sweep",
)
AUTHORS = (
    ("member:luc", "member:mother"),
    ("member:mother", "member:mother"),
    ("member:anne+luc#6", "member:mother"),
    ("coordinator:c1", "member:mother"),
    ("member:luc", "fund:solidarity"),
    ("member:anne+luc#6", "fund:solidarity"),
    ("coordinator:anne", "fund:solidarity"),
)
# Those who can get somewhere come at least every second time.
actors = st.sampled_from(["member:luc", "member:mother", "coordinator:c1"]) | st.sampled_from(ACTORS)
minutes = st.integers(1, 150)
reasons = st.sampled_from(["a reason", None])


class Books:
    """The journals of all branches, as plain as can be."""

    def __init__(self) -> None:
        """Begin empty."""
        self.entries: dict[tuple[str, Cause], tuple[Posting, ...]] = {}
        self.reversed: set[tuple[str, Cause]] = set()
        self.balances: Counter[tuple[str, str]] = Counter()

    def post(self, branch: str, cause: Cause, postings: tuple[Posting, ...]) -> None:
        """Add an entry; none where there are no postings."""
        if not postings:
            return
        assert (branch, cause) not in self.entries, "I-8: a step happens once"
        assert {0} == set(imbalance_by_unit(postings).values()), "I-1: an entry balances"
        self.entries[branch, cause] = postings
        self._apply(branch, postings)

    def undo(self, branch: str, cause: Cause) -> None:
        """Reverse an entry."""
        assert (branch, cause) not in self.reversed, "I-3: once"
        self.reversed.add((branch, cause))
        self._apply(branch, mirrored(self.entries[branch, cause]))

    def settle(self, redemption: Redemption, settlement: Settlement) -> None:
        """Carry out a settlement in both books."""
        is_one_branch = redemption.branch == redemption.host_branch
        books = [redemption.branch] if is_one_branch else [redemption.branch, redemption.host_branch]
        if settlement.undo is not None:
            for branch in books:
                self.undo(branch, settlement.undo)
        self.post(redemption.branch, settlement.hold, settlement.hold_postings)
        self.post(redemption.branch, settlement.capture, settlement.home_postings)
        self.post(redemption.host_branch, settlement.capture, settlement.host_postings)
        self.post(redemption.branch, settlement.release, settlement.release_postings)

    def standing(self) -> list[tuple[str, Cause]]:
        """Return the entries that are not reversed."""
        return [key for key in self.entries if key not in self.reversed]

    def of_member(self, branch: str, ref: str) -> int:
        """Return available and held minutes of a member."""
        return self.balances[branch, f"member:{ref}:available"] + self.balances[branch, held(ref)]

    def _apply(self, branch: str, postings: tuple[Posting, ...]) -> None:
        for posting in postings:
            self.balances[branch, posting.path] += posting.change


def act_of(actor: str, at: datetime = NOW) -> Act:
    """Return an act in the host branch, with every mandate at hand."""
    return an_act(actor, at=at, mandates=MANDATES)


def hours_of(record: ServiceRecord, length: int) -> Hours:
    """Return the record's hours with another length."""
    return replace(record.hours, minutes=length)


def acts_on(
    record: ServiceRecord, act: Act, length: int, reason: str | None
) -> dict[str, Callable[[], RecordOutcome]]:
    """Return everything somebody could try to do to a record."""
    hours = hours_of(record, length)
    return {
        "confirm": lambda: workflow.confirm(record, act, credited_minutes=record.minutes),
        "correct": lambda: workflow.correct(record, act, hours=hours, rules=RULES, others=()),
        "dispute": lambda: workflow.dispute(record, act, reason=reason),
        "reject": lambda: workflow.reject(record, act, reason=reason),
        "withdraw": lambda: workflow.withdraw(record, act),
        "decide_to_confirm": lambda: workflow.decide_to_confirm(
            record, act, hours=hours, rules=RULES, others=(), credited_minutes=length, reason=reason
        ),
        "decide_to_reject": lambda: workflow.decide_to_reject(record, act, reason=reason),
        "correct_confirmed": lambda: workflow.correct_confirmed(
            record, act, hours=hours, rules=RULES, others=(), credited_minutes=length, reason=reason
        ),
        "annul": lambda: workflow.annul(record, act, reason=reason),
    }


ALL_NAMES = sorted(acts_on(logged(), act_of("member:luc"), 1, None))
names = st.sampled_from(["confirm", "correct_confirmed", "annul"]) | st.sampled_from(ALL_NAMES)


class RecordMachine(RuleBasedStateMachine):
    """People do whatever comes to their mind to one service record."""

    def __init__(self) -> None:
        """Begin with empty books."""
        super().__init__()
        self.books = Books()

    @initialize(author=st.sampled_from(AUTHORS))
    def log(self, author: tuple[str, str]) -> None:
        """Somebody who may log does."""
        actor, recipient = author
        self.record = logged(actor, recipient=recipient, mandates=MANDATES)
        self.payer = payer_path(recipient)

    @rule(name=names, actor=actors, length=minutes, reason=reasons)
    def try_something(self, name: str, actor: str, length: int, reason: str | None) -> None:
        """Anybody tries anything; what is refused changes nothing."""
        before, act = self.record, act_of(actor)
        written = repr(before)
        try:
            outcome = acts_on(before, act, length, reason)[name]()
        except TimebankError:
            assert written == repr(self.record), "a refused act leaves the record unchanged"
            return
        self.judge(before, act, outcome)
        self.carry_out(outcome)

    def judge(self, before: ServiceRecord, act: Act, outcome: RecordOutcome) -> None:
        """Check who may do what to whom (I-14)."""
        event, person = outcome.event, act.person
        is_proxy = act.actor.principal is not None
        assert not is_proxy or person not in before.parties, "nobody speaks for both sides"
        if event.act is RecordAct.CONFIRM:
            is_provider = person == (before.branch, before.provider)
            assert not is_provider or before.stated_side is Party.RECIPIENT, "nobody confirms their own help"
            assert before.stated_by.ref != person[1], "nobody confirms their own statement"
            is_fund = before.recipient_member is None
            assert is_fund or act.actor.role is Role.MEMBER, "a coordinator decides, with a reason"
        if event.act in {RecordAct.DECIDE, RecordAct.ANNUL}:
            assert event.has_reason
            assert person not in before.parties
        assert before.state in OPEN or act.actor.role is Role.COORDINATOR

    def carry_out(self, outcome: RecordOutcome) -> None:
        """Do in the journal what the outcome says."""
        if outcome.undo is not None:
            self.books.undo(outcome.record.branch, outcome.undo)
        if outcome.credit is not None:
            self.books.post(outcome.record.branch, outcome.credit.cause, outcome.credit.postings)
        self.record = outcome.record

    @invariant()
    def at_most_one_credit_stands(self) -> None:
        """And it is the record's (I-8)."""
        is_confirmed = self.record.state is RecordState.CONFIRMED
        assert int(is_confirmed) == len(self.books.standing())
        assert (self.record.credited_minutes or 0) == self.books.of_member("locmine", "luc")
        assert -(self.record.credited_minutes or 0) == self.books.balances["locmine", self.payer]


RecordMachine.TestCase.__doc__ = "A record is confirmed at most once, by nobody's own word (I-8, I-14)."
TestRecord = RecordMachine.TestCase


class RedemptionMachine(RuleBasedStateMachine):
    """People do whatever comes to their mind to one redemption and its service records, as time passes."""

    def __init__(self) -> None:
        """Begin with empty books."""
        super().__init__()
        self.books = Books()
        self.record: ServiceRecord | None = None
        self.records = 0

    @initialize(is_one_branch=st.booleans(), held_minutes=st.integers(1, 150), is_helped=st.booleans())
    def request(self, *, is_one_branch: bool, held_minutes: int, is_helped: bool) -> None:
        """The sponsor asks, and the hold is placed; half of the time, help is given soon."""
        beneficiary = a_beneficiary()
        if is_one_branch:
            beneficiary = a_beneficiary(branch="locmine", relation=Relation.CHILD)
        self.now = NOW
        self.redemption = sponsorship.request(
            an_act("member:son", branch=beneficiary.branch),
            beneficiary,
            no=5,
            hold_no=9,
            planned=Hours(start_at=NOW + timedelta(days=2), minutes=120, kind="shopping"),
            held_minutes=held_minutes,
            expires_at=NOW + timedelta(days=9),
            longest_minutes=600,
        ).redemption
        self.books.post(
            self.redemption.branch, cause_of(self.redemption, step_of_hold()), placing("son", held_minutes)
        )
        if is_helped:
            self.offer()
            self.log("member:luc", held_minutes)

    @rule(hours=st.sampled_from([1, 1, 1, 24, 24, 72, 240]))
    def wait(self, hours: int) -> None:
        """Time passes, and by itself changes nothing."""
        self.now += timedelta(hours=hours)

    @rule(actor=actors, charged=st.integers(0, 160), reason=reasons, choice=st.integers(0, 5))
    def try_something(self, actor: str, charged: int, reason: str | None, choice: int) -> None:
        """Anybody tries any step but logging help."""
        act, redemption = act_of(actor, self.now), self.redemption
        steps: Sequence[Callable[[], RedemptionOutcome]] = (
            lambda: sponsorship.assign(redemption, act, provider="luc"),
            lambda: sponsorship.unassign(redemption, act),
            lambda: sponsorship.cancel(redemption, act, charged_minutes=charged, reason=reason),
            lambda: sponsorship.miss_by_beneficiary(redemption, act, charged_minutes=charged, reason=reason),
            lambda: sponsorship.miss_by_provider(redemption, act, reason=reason),
            lambda: sponsorship.expire(redemption, act),
        )
        self.carry_out(steps[choice])

    @precondition(lambda self: self.redemption.state is RedemptionState.REQUESTED)
    @rule()
    def offer(self) -> None:
        """Luc offers to help: most often, somebody does."""
        self.carry_out(
            lambda: sponsorship.assign(self.redemption, act_of("member:luc", self.now), provider="luc")
        )

    @precondition(lambda self: self.redemption.state is RedemptionState.ASSIGNED)
    @rule(actor=actors, length=minutes)
    def log(self, actor: str, length: int) -> None:
        """Anybody states help that ended just now."""
        hours = Hours(start_at=self.now - timedelta(minutes=length), minutes=length, kind="shopping")
        self.carry_out(
            lambda: sponsorship.log(
                self.redemption,
                act_of(actor, self.now),
                record_no=self.records + 1,
                hours=hours,
                credited_minutes=length,
                rules=RULES,
                others=(),
            )
        )

    @precondition(lambda self: self.record is not None)
    @rule(name=names, actor=actors, length=minutes, reason=reasons)
    def act_on_record(self, name: str, actor: str, length: int, reason: str | None) -> None:
        """Anybody does anything to the record; the redemption follows, or refuses both."""
        assert self.record is not None
        try:
            outcome = acts_on(self.record, act_of(actor, self.now), length, reason)[name]()
            followed = sponsorship.follow(self.redemption, outcome)
        except TimebankError:
            return
        assert (None, None) == (outcome.undo, outcome.credit), "the redemption does the posting"
        self.record = outcome.record
        if followed is not None:
            self.take(followed)

    def carry_out(self, step: Callable[[], RedemptionOutcome]) -> None:
        """Take a step unless it is refused."""
        try:
            outcome = step()
        except TimebankError:
            return
        assert self.redemption.charged_minutes is None, "a redemption that is over refuses everything"
        self.take(outcome)

    def take(self, outcome: RedemptionOutcome) -> None:
        """Do in the books what the outcome says."""
        if outcome.record is not None:
            self.record = outcome.record.record
            self.records += 1
        if outcome.settlement is not None:
            self.books.settle(outcome.redemption, outcome.settlement)
        self.redemption = outcome.redemption
        if self.redemption.state is RedemptionState.ASSIGNED:
            self.record = None

    @invariant()
    def clearing_cancels_out(self) -> None:
        """What one branch owes, the other is owed (I-7)."""
        home, host = self.redemption.branch, self.redemption.host_branch
        assert 0 == self.books.balances[home, clearing(host)] + self.books.balances[host, clearing(home)]

    @invariant()
    def minutes_are_conserved(self) -> None:
        """The sponsor pays what the provider gets; held minutes wait until it is over (I-6)."""
        charged = self.redemption.charged_minutes
        is_open = charged is None
        home, host = self.redemption.branch, self.redemption.host_branch
        assert -(charged or 0) == self.books.of_member(home, "son")
        assert (charged or 0) == self.books.of_member(host, "luc")
        assert (self.redemption.held_minutes if is_open else 0) == self.books.balances[home, held("son")]

    @invariant()
    def help_is_settled_on_a_confirmed_record_only(self) -> None:
        """Silence is not consent."""
        if self.redemption.state is RedemptionState.SETTLED:
            assert self.record is not None
            assert (self.record.credited_minutes or 0) == self.redemption.charged_minutes
            assert self.record.state in {RecordState.CONFIRMED, RecordState.REJECTED}


RedemptionMachine.TestCase.__doc__ = "Whatever happens, both books agree and nothing stays held (I-6, I-7)."
TestRedemption = RedemptionMachine.TestCase


# --- Every pair of people ----------------------------------------------------------------------------


def side_and_person(actor: str, *, is_fund: bool) -> tuple[str, str] | None:
    """Say from the text alone on which side somebody speaks in Locminé, and who it is; None: not at all."""
    who, _, principal = actor.partition("+")
    role, _, person = who.partition(":")
    member = principal.partition("#")[0] or person
    if role == "coordinator":
        is_party = person == "luc" or (person == "mother" and not is_fund)
        return None if is_party or "@" in person else ("recipient" if is_fund else "coordinator", person)
    sides = {"luc": "provider"} if is_fund else {"luc": "provider", "mother": "recipient"}
    is_for_both = bool(principal) and person in sides
    return None if role == "system" or is_for_both or member not in sides else (sides[member], person)


def has_the_word(author: str, other: str, *, is_fund: bool) -> bool:
    """Say whether the second one may confirm what the first one stated."""
    stated, heard = side_and_person(author, is_fund=is_fund), side_and_person(other, is_fund=is_fund)
    if stated is None or heard is None or stated[1] == heard[1]:
        return False
    return heard[0] == ("provider" if stated[0] == "recipient" else "recipient")


def test_exactly_the_other_side_confirms() -> None:
    """For every pair of people, roles and mandates; never one's own word, never both sides (I-14)."""
    for recipient in ("member:mother", "fund:solidarity"):
        is_fund = recipient.startswith("fund:")
        expected = {pair for pair in product(ACTORS, ACTORS) if has_the_word(*pair, is_fund=is_fund)}
        confirmed = set()
        for author, other in product(ACTORS, ACTORS):
            try:
                record = logged(author, recipient=recipient, mandates=MANDATES)
                workflow.confirm(record, act_of(other), credited_minutes=90)
            except TimebankError:
                continue
            confirmed.add((author, other))

        assert expected == confirmed


# --- Plans and times, one by one ---------------------------------------------------------------------


@given(
    reserved=st.integers(1, 100_000), data=st.data(), is_correction=st.booleans(), is_one_branch=st.booleans()
)
def test_a_settlement_conserves_minutes(
    reserved: int, data: st.DataObject, *, is_correction: bool, is_one_branch: bool
) -> None:
    """What was reserved is charged or given back; clearing accounts mirror one another (I-7)."""
    charged = data.draw(st.integers(0, 2 * reserved if is_correction else reserved))
    redemption = Redemption(
        branch="lille",
        no=5,
        sponsor="son",
        beneficiary_no=1,
        host_branch="lille" if is_one_branch else "locmine",
        beneficiary="mother",
        kind="shopping",
        mode=logged().mode,
        planned_at=NOW,
        planned_minutes=120,
        held_minutes=1 if is_correction else reserved,
        expires_at=NOW,
        state=RedemptionState.SETTLED if is_correction else RedemptionState.ASSIGNED,
        hold_no=9,
        provider="luc",
        record_no=7 if is_correction else None,
        charged_minutes=reserved if is_correction else None,
    )

    plan = settlement_of(
        redemption, charged_minutes=charged, kind=EntryKind.REDEMPTION, revision=2 if is_correction else 1
    )

    change: Counter[str] = Counter()
    for posting in (
        *plan.hold_postings,
        *plan.home_postings,
        *plan.host_postings,
        *plan.release_postings,
    ):
        change[posting.path] += posting.change
    assert -reserved == change[held("son")]
    assert reserved - charged == change["member:son:available"]
    assert charged == change["member:luc:available"]
    assert 0 == change["clearing:lille"] + change["clearing:locmine"]


starts = st.integers(0, 400) | st.integers(0, 6).map(lambda halves: 30 * halves)
lengths = st.integers(1, 120) | st.sampled_from([30, 60])
PARIS = ZoneInfo("Europe/Paris")
nights = st.sampled_from([datetime(2026, 3, 28, 23, tzinfo=PARIS), datetime(2026, 10, 24, 23, tzinfo=PARIS)])


@given(night=nights, first=st.tuples(starts, lengths), second=st.tuples(starts, lengths))
def test_records_overlap_when_they_share_a_minute(
    night: datetime, first: tuple[int, int], second: tuple[int, int]
) -> None:
    """Counted minute by minute, on the nights when clocks change; and each way round."""
    begin = night.astimezone(UTC)
    one, other = (
        replace(logged(), no=no, start_at=begin + timedelta(minutes=start), minutes=length)
        for no, (start, length) in enumerate((first, second))
    )
    shared = set(range(first[0], sum(first))) & set(range(second[0], sum(second)))

    assert ((1,) if shared else ()) == overlaps(one, [one, other])
    assert ((0,) if shared else ()) == overlaps(other, [one, other])


@given(
    day=st.integers(0, 364),
    minute=st.integers(0, 24 * 60 - 1),
    fold=st.integers(0, 1),
    length=lengths,
)
def test_help_lasts_as_many_minutes_as_were_stated(day: int, minute: int, fold: int, length: int) -> None:
    """Whatever the clocks on the wall do meanwhile."""
    wall = datetime(2026, 1, 1, tzinfo=PARIS) + timedelta(days=day, minutes=minute)
    local = wall.replace(fold=fold)
    rules = HoursRules(longest_minutes=600, oldest_days=800, refuses_overlap=True)
    outcome = workflow.log_record(
        an_act("member:luc", at=datetime(2027, 6, 1, tzinfo=UTC)),
        no=1,
        provider="luc",
        recipient="member:mother",
        hours=Hours(start_at=local, minutes=length, kind="shopping"),
        rules=rules,
        others=(),
    )

    assert length * 60 == outcome.record.end_at.timestamp() - local.timestamp()


@given(text=st.text(max_size=60), most=st.integers(1, 50))
def test_cleaned_text_is_clean(text: str, most: int) -> None:
    """Cleaning twice is cleaning once; what comes out keeps every promise."""
    try:
        cleaned = clean_text(text, what="note", most=most)
    except BadText:
        return

    assert cleaned == clean_text(cleaned, what="note", most=most)
    assert 1 <= len(cleaned) <= most
    assert not REFUSED_CATEGORIES & {unicodedata.category(character) for character in cleaned}
