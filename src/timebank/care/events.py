"""Events: what a branch tells others of what happened in it, in references, minutes, states and instants.

Never a name, a reason or any other word that somebody wrote (I-10); nor which help it was or how people are
related, for events leave the house: who may know that asks for it by the reference. An event is numbered
within its branch, 1, 2, 3 …, entries of the journal included (I-13). Pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeAlias

from timebank.care.beneficiary import Beneficiary, BeneficiaryAct, BeneficiaryOutcome
from timebank.care.mandate import Mandate, Person
from timebank.care.match import Match, MatchState
from timebank.care.record import RecordAct, RecordOutcome
from timebank.care.redemption import RedemptionAct, RedemptionOutcome
from timebank.instants import write_instant
from timebank.ledger.canonical import micros_of
from timebank.ledger.model import JournalEntry

COMPACT: Final = json.JSONEncoder(separators=(",", ":")).encode


class EventKind(StrEnum):
    """What happened; see `MEANING`."""

    BRANCH_CREATED = "branch.created"
    POLICY_SET = "policy.set"
    MEMBER_JOINED = "member.joined"
    MEMBER_ERASED = "member.erased"
    MEMBER_LEFT = "member.left"
    MANDATE_GRANTED = "mandate.granted"
    MANDATE_REVOKED = "mandate.revoked"
    BENEFICIARY_ADDED = "beneficiary.added"
    BENEFICIARY_CONSENTED = "beneficiary.consented"
    BENEFICIARY_CHECKED = "beneficiary.checked"
    BENEFICIARY_REVOKED = "beneficiary.revoked"
    HOURS_LOGGED = "hours.logged"
    HOURS_CORRECTED = "hours.corrected"
    HOURS_CONFIRMED = "hours.confirmed"
    HOURS_DISPUTED = "hours.disputed"
    HOURS_REJECTED = "hours.rejected"
    HOURS_WITHDRAWN = "hours.withdrawn"
    HOURS_DECIDED = "hours.decided"
    HOURS_ANNULLED = "hours.annulled"
    REDEMPTION_REQUESTED = "redemption.requested"
    REDEMPTION_ASSIGNED = "redemption.assigned"
    REDEMPTION_UNASSIGNED = "redemption.unassigned"
    REDEMPTION_LOGGED = "redemption.logged"
    REDEMPTION_REOPENED = "redemption.reopened"
    REDEMPTION_SETTLED = "redemption.settled"
    REDEMPTION_CORRECTED = "redemption.corrected"
    REDEMPTION_CANCELLED = "redemption.cancelled"
    REDEMPTION_MISSED = "redemption.missed"
    REDEMPTION_EXPIRED = "redemption.expired"
    MATCH_OFFERED = "match.offered"
    MATCH_ACCEPTED = "match.accepted"
    MATCH_DECLINED = "match.declined"
    MATCH_WITHDRAWN = "match.withdrawn"
    MATCH_EXPIRED = "match.expired"
    ENTRY_POSTED = "entry.posted"
    ENTRY_REVERSED = "entry.reversed"


MEANING: Final[Mapping[EventKind, str]] = {
    EventKind.BRANCH_CREATED: "The branch was founded.",
    EventKind.POLICY_SET: "A new version of the branch's rules was set, from a day on.",
    EventKind.MEMBER_JOINED: "A member joined; members of an imported file are not told one by one.",
    EventKind.MEMBER_ERASED: "The person behind a reference was erased; the reference stays.",
    EventKind.MEMBER_LEFT: "A membership ended; why is not told.",
    EventKind.MANDATE_GRANTED: "Somebody may act for a member.",
    EventKind.MANDATE_REVOKED: "Somebody may no longer act for a member.",
    EventKind.BENEFICIARY_ADDED: "A sponsor named somebody to spend hours on; they may have to consent.",
    EventKind.BENEFICIARY_CONSENTED: "The beneficiary agreed.",
    EventKind.BENEFICIARY_CHECKED: "A coordinator checked relation and consent.",
    EventKind.BENEFICIARY_REVOKED: "No hours can be spent on them any more.",
    EventKind.HOURS_LOGGED: "Help was stated; the other side has the word.",
    EventKind.HOURS_CORRECTED: "A record was restated; an open one waits for the other side again.",
    EventKind.HOURS_CONFIRMED: "The other side agreed; the help is posted.",
    EventKind.HOURS_DISPUTED: "The other side did not agree; a coordinator decides.",
    EventKind.HOURS_REJECTED: "The other side said that it was not given.",
    EventKind.HOURS_WITHDRAWN: "It was taken back.",
    EventKind.HOURS_DECIDED: "A coordinator decided; the state says how.",
    EventKind.HOURS_ANNULLED: "A confirmed record was found not to be so; its entry is reversed.",
    EventKind.REDEMPTION_REQUESTED: "Help was asked for, and the sponsor's minutes are reserved.",
    EventKind.REDEMPTION_ASSIGNED: "Somebody will help.",
    EventKind.REDEMPTION_UNASSIGNED: "The helper stepped back.",
    EventKind.REDEMPTION_LOGGED: "The help was stated.",
    EventKind.REDEMPTION_REOPENED: "What was stated does not stand; the help is still to be given.",
    EventKind.REDEMPTION_SETTLED: "The help was confirmed: the sponsor is charged, the helper credited.",
    EventKind.REDEMPTION_CORRECTED: "It was charged otherwise than it should have been; now it is right.",
    EventKind.REDEMPTION_CANCELLED: "It was called off; the charged minutes say what that cost.",
    EventKind.REDEMPTION_MISSED: "The visit failed; the charged minutes say what that cost.",
    EventKind.REDEMPTION_EXPIRED: "Nobody helped before the deadline; the minutes went back.",
    EventKind.MATCH_OFFERED: "A helper was asked whether they would help with a request.",
    EventKind.MATCH_ACCEPTED: "The helper said yes.",
    EventKind.MATCH_DECLINED: "The helper said no; why is not told.",
    EventKind.MATCH_WITHDRAWN: "It was taken back, or somebody else said yes.",
    EventKind.MATCH_EXPIRED: "The helper did not answer in time.",
    EventKind.ENTRY_POSTED: "An entry was posted to the journal.",
    EventKind.ENTRY_REVERSED: "An entry was posted that undoes another one.",
}
"""What each kind tells, for those who receive it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchData:
    """A branch."""

    branch: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyData:
    """A version of a branch's rules."""

    version: int
    effective_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberData:
    """A member, by reference."""

    member: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MandateData:
    """A right to act for the principal, kept in the principal's branch."""

    branch: str
    no: int
    principal: str
    holder_branch: str
    holder: str
    scopes: tuple[str, ...]
    from_on: date
    until_on: date | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryData:
    """Somebody hours may be spent on, kept in the sponsor's branch."""

    branch: str
    no: int
    sponsor: str
    host_branch: str
    member: str
    consented_at: datetime | None
    checked_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursData:
    """A service record as it stands after the act."""

    record: int
    state: str
    provider: str
    recipient: str
    start_at: datetime
    minutes: int
    credited_minutes: int | None
    unit: str
    redemption: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionData:
    """A redemption as it stands after the act."""

    redemption: str
    state: str
    branch: str
    sponsor: str
    host_branch: str
    beneficiary: str
    provider: str | None
    planned_at: datetime
    planned_minutes: int
    held_minutes: int
    charged_minutes: int | None
    expires_at: datetime
    record: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchData:
    """A match as it stands after the act."""

    match: int
    state: str
    request: int
    member: str
    helper: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PostingData:
    """One line of an entry."""

    path: str
    unit: str
    side: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryData:
    """An entry of the journal."""

    entry: int
    kind: str
    cause: str
    effective_on: date
    reverses: int | None
    postings: tuple[PostingData, ...]


EventData: TypeAlias = (
    BranchData
    | PolicyData
    | MemberData
    | MandateData
    | BeneficiaryData
    | HoursData
    | RedemptionData
    | MatchData
    | EntryData
)
DATA: Final[Mapping[str, type[EventData]]] = {
    "branch": BranchData,
    "policy": PolicyData,
    "member": MemberData,
    "mandate": MandateData,
    "beneficiary": BeneficiaryData,
    "hours": HoursData,
    "redemption": RedemptionData,
    "match": MatchData,
    "entry": EntryData,
}
"""What an event says, by the noun of its kind."""
OF_JOURNAL: Final = frozenset({EventKind.ENTRY_POSTED, EventKind.ENTRY_REVERSED})
"""Kinds that the journal itself tells: nothing is written for them beside the entry."""
OF_RECORD: Final[Mapping[RecordAct, EventKind]] = {
    RecordAct.LOG: EventKind.HOURS_LOGGED,
    RecordAct.CORRECT: EventKind.HOURS_CORRECTED,
    RecordAct.CONFIRM: EventKind.HOURS_CONFIRMED,
    RecordAct.DISPUTE: EventKind.HOURS_DISPUTED,
    RecordAct.REJECT: EventKind.HOURS_REJECTED,
    RecordAct.WITHDRAW: EventKind.HOURS_WITHDRAWN,
    RecordAct.DECIDE: EventKind.HOURS_DECIDED,
    RecordAct.ANNUL: EventKind.HOURS_ANNULLED,
}
OF_REDEMPTION: Final[Mapping[RedemptionAct, EventKind]] = {
    RedemptionAct.REQUEST: EventKind.REDEMPTION_REQUESTED,
    RedemptionAct.ASSIGN: EventKind.REDEMPTION_ASSIGNED,
    RedemptionAct.UNASSIGN: EventKind.REDEMPTION_UNASSIGNED,
    RedemptionAct.LOG: EventKind.REDEMPTION_LOGGED,
    RedemptionAct.REOPEN: EventKind.REDEMPTION_REOPENED,
    RedemptionAct.SETTLE: EventKind.REDEMPTION_SETTLED,
    RedemptionAct.CORRECT: EventKind.REDEMPTION_CORRECTED,
    RedemptionAct.CANCEL: EventKind.REDEMPTION_CANCELLED,
    RedemptionAct.MISSED_BY_BENEFICIARY: EventKind.REDEMPTION_MISSED,
    RedemptionAct.MISSED_BY_PROVIDER: EventKind.REDEMPTION_MISSED,
    RedemptionAct.EXPIRE: EventKind.REDEMPTION_EXPIRED,
}
OF_MATCH: Final[Mapping[MatchState, EventKind]] = {
    MatchState.OFFERED: EventKind.MATCH_OFFERED,
    MatchState.ACCEPTED: EventKind.MATCH_ACCEPTED,
    MatchState.DECLINED: EventKind.MATCH_DECLINED,
    MatchState.WITHDRAWN: EventKind.MATCH_WITHDRAWN,
    MatchState.EXPIRED: EventKind.MATCH_EXPIRED,
}
OF_BENEFICIARY: Final[Mapping[BeneficiaryAct, EventKind]] = {
    BeneficiaryAct.ADD: EventKind.BENEFICIARY_ADDED,
    BeneficiaryAct.CONSENT: EventKind.BENEFICIARY_CONSENTED,
    BeneficiaryAct.CHECK: EventKind.BENEFICIARY_CHECKED,
    BeneficiaryAct.REVOKE: EventKind.BENEFICIARY_REVOKED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Something to be told, not yet numbered."""

    kind: EventKind
    data: EventData
    concerns: tuple[Person, ...] = ()
    """The members who may hear of it, beside who runs or audits their branch."""

    def members_of(self, branch: str) -> tuple[str, ...]:
        """Return whom of a branch's members it concerns, each once."""
        return tuple(dict.fromkeys(ref for code, ref in self.concerns if code == branch))


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in a branch."""

    branch: str
    no: int
    """Its number in the branch: 1, 2, 3 … without gaps, in the order in which it happened."""
    kind: EventKind
    at: datetime
    """When it was recorded; aware UTC."""
    members: tuple[str, ...]
    """Whom of the branch's members it concerns."""
    data: str
    """What happened, as JSON."""

    @property
    def id(self) -> str:
        """Its name for receivers: the same whenever it is sent again, and never another event's.

        It holds the instant: numbers of a branch that was restored from an old backup are given again.
        """
        return f"evt_{self.branch}_{self.no}_{micros_of(self.at)}"

    @property
    def text(self) -> str:
        """The whole event as JSON, the same for every way it is sent."""
        head = {"type": self.kind.value, "timestamp": write_instant(self.at), "branch": self.branch}
        said = json.dumps({**head, "no": self.no}, separators=(",", ":"))
        return f'{said[:-1]},"data":{self.data}}}'


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """Events in their order."""

    events: tuple[Event, ...]
    through: int
    """Everything up to this number was looked at: what to go on after."""
    end: int
    """The number of the branch's last event."""


def of_branch(branch: str) -> News:
    """Tell that a branch was founded."""
    return News(kind=EventKind.BRANCH_CREATED, data=BranchData(branch=branch))


def of_policy(version: int, effective_on: date) -> News:
    """Tell that new rules were set."""
    return News(kind=EventKind.POLICY_SET, data=PolicyData(version=version, effective_on=effective_on))


def of_member(kind: EventKind, person: Person) -> News:
    """Tell what happened to a membership."""
    return News(kind=kind, data=MemberData(member=person[1]), concerns=(person,))


def of_mandate(kind: EventKind, mandate: Mandate) -> News:
    """Tell that a mandate was granted or revoked, to principal and holder."""
    data = MandateData(
        branch=mandate.branch,
        no=mandate.no,
        principal=mandate.principal,
        holder_branch=mandate.holder_branch,
        holder=mandate.holder,
        scopes=tuple(sorted(mandate.scopes)),
        from_on=mandate.from_on,
        until_on=mandate.until_on,
        revoked_at=mandate.revoked_at,
    )
    holder = (mandate.holder_branch, mandate.holder)
    return News(kind=kind, data=data, concerns=((mandate.branch, mandate.principal), holder))


def of_beneficiary(outcome: BeneficiaryOutcome) -> News:
    """Tell what was done about a beneficiary, to them and the sponsor."""
    made: Beneficiary = outcome.beneficiary
    data = BeneficiaryData(
        branch=made.branch,
        no=made.no,
        sponsor=made.sponsor,
        host_branch=made.host_branch,
        member=made.member,
        consented_at=made.consented_at,
        checked_at=made.checked_at,
        revoked_at=made.revoked_at,
    )
    concerns = ((made.branch, made.sponsor), (made.host_branch, made.member))
    return News(kind=OF_BENEFICIARY[outcome.event.act], data=data, concerns=concerns)


def of_record(outcome: RecordOutcome) -> News:
    """Tell what was done to a service record, to its parties."""
    record = outcome.record
    data = HoursData(
        record=record.no,
        state=record.state.value,
        provider=record.provider,
        recipient=record.recipient,
        start_at=record.start_at,
        minutes=record.minutes,
        credited_minutes=record.credited_minutes,
        unit=record.unit,
        redemption=record.redemption,
    )
    return News(kind=OF_RECORD[outcome.event.act], data=data, concerns=record.parties)


def of_redemption(outcome: RedemptionOutcome) -> News:
    """Tell what was done to a redemption, to sponsor, beneficiary and helper."""
    made = outcome.redemption
    data = RedemptionData(
        redemption=made.ref,
        state=made.state.value,
        branch=made.branch,
        sponsor=made.sponsor,
        host_branch=made.host_branch,
        beneficiary=made.beneficiary,
        provider=made.provider,
        planned_at=made.planned_at,
        planned_minutes=made.planned_minutes,
        held_minutes=made.held_minutes,
        charged_minutes=made.charged_minutes,
        expires_at=made.expires_at,
        record=made.record_no,
    )
    helper = (made.provider_person,) if made.provider_person is not None else ()
    concerns = ((made.branch, made.sponsor), (made.host_branch, made.beneficiary), *helper)
    return News(kind=OF_REDEMPTION[outcome.event.act], data=data, concerns=concerns)


def of_match(match: Match, *, was_accepted: bool = False) -> News:
    """Tell what became of a match: to its helper, and to who asked once somebody has said yes.

    Who asked is not told who was asked and did not say yes.
    """
    data = MatchData(
        match=match.no,
        state=match.state.value,
        request=match.request,
        member=match.member,
        helper=match.helper,
        expires_at=match.expires_at,
    )
    is_theirs_too = was_accepted or match.state is MatchState.ACCEPTED
    whose = (match.helper, match.member) if is_theirs_too else (match.helper,)
    return News(kind=OF_MATCH[match.state], data=data, concerns=tuple((match.branch, ref) for ref in whose))


def of_entry(entry: JournalEntry, *, no: int) -> Event:
    """Return the event that an entry is."""
    draft = entry.draft
    data = EntryData(
        entry=entry.seq,
        kind=draft.kind.value,
        cause=f"{draft.cause.kind} {draft.cause.ref}",
        effective_on=draft.effective_on,
        reverses=draft.reverses,
        postings=tuple(
            PostingData(path=each.path, unit=each.unit, side=each.side.value, amount=each.amount)
            for each in draft.postings
        ),
    )
    return Event(
        branch=entry.branch,
        no=no,
        kind=EventKind.ENTRY_REVERSED if draft.reverses is not None else EventKind.ENTRY_POSTED,
        at=entry.recorded_at,
        members=(),
        data=write_data(data),
    )


def write_data(data: EventData) -> str:
    """Return what an event says, as JSON: instants as RFC 3339, days as ISO 8601, minutes as integers."""
    return COMPACT(_plain(data))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return write_instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
    return value
