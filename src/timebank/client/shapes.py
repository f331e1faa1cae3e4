"""Shapes: what the service answers. Written by `make docs`; do not edit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct, field


class AcceptIn(Struct, frozen=True, kw_only=True):
    """How somebody will sign in: a password, an address for codes, or both."""

    code: str
    """Of the invitation."""
    password: str | None = None
    email: str | None = None


class AcceptedOut(Struct, frozen=True, kw_only=True):
    """Who can sign in now."""

    branch: str
    role: str
    ref: str


class AccountIn(Struct, frozen=True, kw_only=True):
    """An account that is nobody's: a fund, an issuance or a suspense account."""

    path: str
    unit: str | None = None


class AccountOut(Struct, frozen=True, kw_only=True):
    """An account; `balance_minutes` is positive when the member has credit."""

    path: str
    unit: str
    balance_minutes: int
    held_minutes: int
    given_minutes: int
    received_minutes: int
    floor_minutes: int | None
    ceiling_minutes: int | None
    warn_floor_minutes: int | None
    warn_ceiling_minutes: int | None
    is_closed: bool


class AliasOut(Struct, frozen=True, kw_only=True):
    """How another system, from which something was imported, calls the member."""

    source: str
    party: str


class AskingOut(Struct, frozen=True, kw_only=True):
    """Whether members ask as they offer."""

    members_offering: int | None
    members_asking: int | None
    offers_per_request: float | None


class AssignmentIn(Struct, frozen=True, kw_only=True):
    """Who will help."""

    provider: str
    """Member reference in the beneficiary's branch."""


class AuditIn(Struct, frozen=True, kw_only=True):
    """How much is to be looked at."""

    since_last: bool | None = None
    """Go on from the last audit that a coordinator ran: a change behind it is not seen."""


class AuditOut(Struct, frozen=True, kw_only=True):
    """What the audit found."""

    is_clean: bool
    """Whether the books hold."""
    findings: tuple[FindingOut, ...]
    entries: int
    checked_entries: int
    """How many of them were read: all but those behind the last audit, if that was asked for."""
    accounts: int
    is_kept: bool
    """Whether the next audit can go on from this one."""
    outside_limits: tuple[AuditOutsideOut, ...]


class Balance(Struct, frozen=True, kw_only=True):
    """The hours of a member, in minutes."""

    available_minutes: int
    """Can be spent now; negative for who has received more than given."""
    held_minutes: int
    """Reserved for redemptions."""
    given_minutes: int
    received_minutes: int


class BalanceRowOut(Struct, frozen=True, kw_only=True):
    """One account, on one of the two sides."""

    path: str
    debit: int
    credit: int


class BandOut(Struct, frozen=True, kw_only=True):
    """How many of those who could help set out from how far away."""

    from_metres: int
    to_metres: int | None
    """Null: and farther."""
    count: int
    """Three or more: neighbouring bands are joined until that is so."""


class BeneficiaryHistoryOut(Struct, frozen=True, kw_only=True):
    """A beneficiary with everything that was done, oldest first."""

    branch: str
    no: int
    sponsor: str
    relation: str
    host_branch: str
    member: str
    consented_at: datetime | None
    checked_at: datetime | None
    revoked_at: datetime | None
    events: tuple[StageOut, ...]


class BeneficiaryIn(Struct, frozen=True, kw_only=True):
    """Somebody for whom hours may be spent."""

    sponsor: str | None = None
    """Member reference of who pays; whoever asks, if it is left out."""
    relation: Literal["self", "spouse", "partner", "parent", "grandparent", "child", "sibling", "named"]
    member: str
    """The beneficiary: `REF@BRANCH`, or `REF` in the same branch."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class BeneficiaryOut(Struct, frozen=True, kw_only=True):
    """A beneficiary."""

    branch: str
    no: int
    sponsor: str
    relation: str
    host_branch: str
    member: str
    consented_at: datetime | None
    checked_at: datetime | None
    revoked_at: datetime | None


class BlockedOut(Struct, frozen=True, kw_only=True):
    """A helper whom rules keep away."""

    helper: str
    rules: tuple[KeptAwayOut, ...]


class BranchEventOut(Struct, frozen=True, kw_only=True):
    """Something that happened."""

    type_: Literal[
        "branch.created",
        "policy.set",
        "member.joined",
        "member.erased",
        "member.left",
        "mandate.granted",
        "mandate.revoked",
        "beneficiary.added",
        "beneficiary.consented",
        "beneficiary.checked",
        "beneficiary.revoked",
        "hours.logged",
        "hours.corrected",
        "hours.confirmed",
        "hours.disputed",
        "hours.rejected",
        "hours.withdrawn",
        "hours.decided",
        "hours.annulled",
        "redemption.requested",
        "redemption.assigned",
        "redemption.unassigned",
        "redemption.logged",
        "redemption.reopened",
        "redemption.settled",
        "redemption.corrected",
        "redemption.cancelled",
        "redemption.missed",
        "redemption.expired",
        "match.offered",
        "match.accepted",
        "match.declined",
        "match.withdrawn",
        "match.expired",
        "entry.posted",
        "entry.reversed",
    ] = field(name="type")
    timestamp: str
    """When it was recorded."""
    branch: str
    no: int
    """Its number in the branch: 1, 2, 3 … in the order in which it happened."""
    data: Mapping[str, Any]
    """References, minutes, states and instants; what they are for each kind is under `webhooks`."""


class BranchOut(Struct, frozen=True, kw_only=True):
    """A branch."""

    code: str
    name: str
    zone: str
    """IANA time zone of its calendar."""
    created_at: datetime


class CheckOut(Struct, frozen=True, kw_only=True):
    """What is to be mended in a document."""

    is_usable: bool
    faults: tuple[Fault, ...]


class CheckpointOut(Struct, frozen=True, kw_only=True):
    """A checkpoint as it was signed."""

    size: int
    """How many entries it covers."""
    signing_key: int
    """Number of the key."""
    signed_at: datetime
    checkpoint: str
    """The signed note, byte for byte: keep it outside."""


class ClearanceOut(Struct, frozen=True, kw_only=True):
    """A check that was passed."""

    kind: str
    verified_on: date
    expires_on: date | None
    verified_by: str


class ClearedIn(Struct, frozen=True, kw_only=True):
    """A check that the member passed."""

    clearance: str
    """Code of its kind, such as `honourability`."""
    verified_on: date | None = None
    """When it was seen; today, if it is left out."""
    expires_on: date | None = None
    """The last day on which it counts; left out, if it does not expire."""


class ClearingOut(Struct, frozen=True, kw_only=True):
    """What the branch and others owe one another."""

    is_reconciled: bool
    """Whether all books agree."""
    positions: tuple[PositionOut, ...]


class CodeIn(Struct, frozen=True, kw_only=True):
    """Who asks for a code by mail."""

    branch: str
    role: Literal["member", "coordinator", "auditor", "operator"] | None = None
    ref: str


class CodeOut(Struct, frozen=True, kw_only=True):
    """What to say together with the code, if one comes."""

    ticket: str


class CohortOut(Struct, frozen=True, kw_only=True):
    """Members of similar age, five of them at least, or all there are."""

    ages: str
    people: int
    owed_minutes: int
    given_minutes: int


class ConcludedIn(Struct, frozen=True, kw_only=True):
    """What became of a yes."""

    outcome: Literal["helped", "not_helped"]


class ConsentIn(Struct, frozen=True, kw_only=True):
    """Lived experience that may be used from now on."""

    experience: str
    """Its code, such as `bereavement`."""


class CooperationOut(Struct, frozen=True, kw_only=True):
    """Nowak's rules, with what to keep in mind."""

    caveat: str
    kin: tuple[KinOut, ...]
    thresholds: tuple[ThresholdOut, ...]


class CorrectionIn(Struct, frozen=True, kw_only=True):
    """What is restated; what is left out stays as it is."""

    minutes: int | None = None
    start_at: datetime | None = None
    kind: str | None = None
    mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None
    reason: str | None = None


class DeadLetterOut(Struct, frozen=True, kw_only=True):
    """An event that a webhook did not take in all the time there was."""

    event: int
    attempts: int
    said: str
    """What came of the last attempt: a status, or a code of ours such as `timeout`."""
    given_up_at: datetime
    asked_at: datetime | None
    delivered_at: datetime | None


class DecisionIn(Struct, frozen=True, kw_only=True):
    """How a coordinator decides a record."""

    decision: Literal["confirm", "reject"]
    minutes: int | None = None
    """Other minutes than stated, where it is confirmed."""
    reason: str


class DeclaredIn(Struct, frozen=True, kw_only=True):
    """Something that the member has lived through."""

    experience: str
    """Its code, such as `bereavement`."""
    is_consented: bool | None = None
    """Whether the member consents to its use in the same breath."""
    reason: str | None = None
    """Why; needed of a coordinator, who cannot consent."""


class DeclinedIn(Struct, frozen=True, kw_only=True):
    """A no."""

    why: Literal["no_time", "too_far", "not_my_kind", "not_this_time", "did_not_suit", "coordinator"]
    """A code; nobody but a coordinator is told."""
    reason: str | None = None
    """In words; needed of a coordinator."""


class DetailsHeldOut(Struct, frozen=True, kw_only=True):
    """What an entry has committed itself to, by HMAC-SHA-256 of the details under the secret."""

    branch: str
    entry: int
    details: str
    secret: str
    """32 bytes, hexadecimal."""


class DifferenceOut(Struct, frozen=True, kw_only=True):
    """An account on which the file and the books do not agree; null: not listed there."""

    line: int | None
    path: str | None
    theirs_minutes: int | None
    ours_minutes: int | None


class DocumentIn(Struct, frozen=True, kw_only=True):
    """Rules."""

    document: str
    """TOML."""


class DocumentOut(Struct, frozen=True, kw_only=True):
    """Rules."""

    document: str
    """TOML."""


class EntryIn(Struct, frozen=True, kw_only=True):
    """An entry to post; debits equal credits in each unit."""

    postings: tuple[PostingIn, ...]
    effective_at: datetime | None = None
    """When it takes effect, with a time zone; now, if it is left out."""


class EntryOut(Struct, frozen=True, kw_only=True):
    """A journal entry."""

    branch: str
    entry: int
    kind: str
    cause: str
    """What led to it, such as `service 3`."""
    effective_at: datetime
    effective_on: date
    recorded_at: datetime
    policy_version: int
    by: str
    reverses: int | None
    postings: tuple[PostingOut, ...]


class EntryShown(Struct, frozen=True, kw_only=True):
    """A journal entry, what reversed it, and the words about it."""

    branch: str
    entry: int
    kind: str
    cause: str
    effective_at: datetime
    effective_on: date
    recorded_at: datetime
    policy_version: int
    by: str
    reverses: int | None
    postings: tuple[PostingOut, ...]
    reversed_by: int | None
    notes: tuple[str, ...]
    """None once erased."""


class EventOut(Struct, frozen=True, kw_only=True):
    """What was done to a record."""

    no: int
    act: str
    by: str
    at: str
    minutes: int
    """As stated then."""
    reason: str | None
    """Null where there was none, or it was erased."""


class EventsOut(Struct, frozen=True, kw_only=True):
    """Events that whoever asks may hear of."""

    events: tuple[BranchEventOut, ...]
    through: int
    """Everything up to this number was looked at: what to ask for next, as `after`."""
    end: int
    """The number of the branch's last event: go on until `through` is there."""


class ExchangeOut(Struct, frozen=True, kw_only=True):
    """What members could exchange within a week."""

    branch: str
    standing: str
    """`within-theorem`: nobody could gain by saying anything but the truth."""
    exchanged_minutes: int
    legs: tuple[LegOut, ...]
    shares: tuple[ShareOut, ...]


class ExcludedOut(Struct, frozen=True, kw_only=True):
    """Whom the member does not want to meet."""

    member: str
    since_on: date


class ExperienceOut(Struct, frozen=True, kw_only=True):
    """Lived experience; used only once consented to."""

    code: str
    declared_on: date
    consented_on: date | None


class ExplanationOut(Struct, frozen=True, kw_only=True):
    """Why a helper is suggested, or what keeps them away."""

    branch: str
    request: int
    helper: str
    weights: str
    count: int
    """How many could help."""
    suggestion: SuggestionOut | None
    rules: tuple[KeptAwayOut, ...]


class Fault(Struct, frozen=True, kw_only=True):
    """What is wrong with one field of a body or one parameter."""

    field: str
    """Its path, such as `minutes` or `postings.0.amount`."""
    detail: str


class FindingOut(Struct, frozen=True, kw_only=True):
    """What does not hold."""

    code: str
    place: str
    detail: str


class FoundOut(Struct, frozen=True, kw_only=True):
    """Whether hours find somebody today."""

    helpers: int | None
    """Members who offer help; null: one to four."""
    requests: int | None
    """Of twelve months, those that found somebody or ended; null: fewer than five."""
    found_percent: int | None
    wait_minutes: int | None
    """Half of those who found somebody waited no longer."""


class Health(Struct, frozen=True, kw_only=True):
    """How the service is."""

    status: str


class HelpIn(Struct, frozen=True, kw_only=True):
    """Help that was given; what is left out was as planned."""

    minutes: int | None = None
    start_at: datetime | None = None


class HelpOfferIn(Struct, frozen=True, kw_only=True):
    """Help that is offered, week by week."""

    member: str | None = None
    """Member reference of who offers; whoever asks, if it is left out."""
    kind: str
    """Code of the kind of help, such as `company`."""
    mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None
    week: tuple[WindowIn, ...]
    """When the member could help."""
    minutes_per_week: int
    """How much of that, at most."""
    until_on: date | None = None
    """Last day; in 90 days, if it is left out."""
    note: str | None = None
    """In words; kept with the names, erased with them."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class HelpOfferOut(Struct, frozen=True, kw_only=True):
    """An offer."""

    branch: str
    no: int
    state: str
    member: str
    kind: str
    mode: str
    posted_at: datetime
    posted_by: str
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    week: tuple[WindowOut, ...]
    minutes_per_week: int


class HelpOfferShown(Struct, frozen=True, kw_only=True):
    """An offer with the words about it."""

    branch: str
    no: int
    state: str
    member: str
    kind: str
    mode: str
    posted_at: datetime
    posted_by: str
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    week: tuple[WindowOut, ...]
    minutes_per_week: int
    note: str | None
    reasons: tuple[str, ...]


class HelpRequestIn(Struct, frozen=True, kw_only=True):
    """Help that is wished for: once between two instants, or week by week."""

    member: str | None = None
    """Member reference of who is to be helped; whoever asks, if it is left out."""
    kind: str
    """Code of the kind of help, such as `company`."""
    minutes: int
    """How long it is planned to take, each time."""
    mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None
    earliest_at: datetime | None = None
    """It does not begin before; with a time zone."""
    latest_at: datetime | None = None
    """It has ended by then; with a time zone."""
    week: tuple[WindowIn, ...] | None = ()
    """Instead of the two instants: when it would suit, week by week."""
    until_on: date | None = None
    """Last day of a wish week by week; in 90 days, if it is left out."""
    note: str | None = None
    """In words; kept with the names, erased with them."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class HelpRequestOut(Struct, frozen=True, kw_only=True):
    """A request."""

    branch: str
    no: int
    state: str
    member: str
    kind: str
    mode: str
    posted_at: datetime
    posted_by: str
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    minutes: int
    earliest_at: datetime | None
    latest_at: datetime | None
    week: tuple[WindowOut, ...] | None


class HelpRequestShown(Struct, frozen=True, kw_only=True):
    """A request with the words about it."""

    branch: str
    no: int
    state: str
    member: str
    kind: str
    mode: str
    posted_at: datetime
    posted_by: str
    expires_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    minutes: int
    earliest_at: datetime | None
    latest_at: datetime | None
    week: tuple[WindowOut, ...] | None
    note: str | None
    reasons: tuple[str, ...]


class HistoryOut(Struct, frozen=True, kw_only=True):
    """A service record with everything that was done to it, oldest first."""

    branch: str
    no: int
    state: str
    provider: str
    recipient: str
    kind: str
    mode: str
    start_at: datetime
    minutes: int
    credited_minutes: int | None
    unit: str
    logged_by: str
    stated_by: str
    redemption: str | None
    is_flagged_overlap: bool
    warnings: tuple[WarningOut, ...] = ()
    entries: tuple[int, ...] = ()
    events: tuple[EventOut, ...]


class HoursIn(Struct, frozen=True, kw_only=True):
    """Help that was given."""

    provider: str | None = None
    """Member reference of who helped; whoever asks, if it is left out."""
    recipient: str
    """Who was helped: `member:REF`, or `fund:NAME`."""
    minutes: int
    kind: str
    """Code of the kind of help, such as `shopping`."""
    start_at: datetime
    """When it began, with a time zone."""
    mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None
    unit: str | None = None
    """`min`, or `svc` for service that is counted but never redeemable."""


class HoursOut(Struct, frozen=True, kw_only=True):
    """A service record."""

    branch: str
    no: int
    state: str
    provider: str
    recipient: str
    kind: str
    mode: str
    start_at: datetime
    minutes: int
    credited_minutes: int | None
    """What was credited; null as long as it is not confirmed."""
    unit: str
    logged_by: str
    stated_by: str
    redemption: str | None
    """Reference of the redemption that it fulfils."""
    is_flagged_overlap: bool
    """Whether the provider has another record at the same time, which the policy lets pass."""
    warnings: tuple[WarningOut, ...] = ()
    """Soft limits that this very act passed."""
    entries: tuple[int, ...] = ()
    """Entries that this very act posted."""


class IdentityIn(Struct, frozen=True, kw_only=True):
    """Name and contacts; a contact that is left out stays, one that is empty is removed."""

    name: str
    email: str | None = None
    phone: str | None = None


class ImpactOut(Struct, frozen=True, kw_only=True):
    """One of eight indicators of impact."""

    number: int
    name: str
    figures: Mapping[str, Any]
    """Counts, minutes and shares by name; null: too few to tell."""
    not_held: tuple[str, ...]
    """What the bank does not know."""


class ImportOut(Struct, frozen=True, kw_only=True):
    """What an import did, or would do; lists hold a thousand at most."""

    is_dry_run: bool
    format_: str = field(name="format")
    encoding: str
    separator: str
    rows_new: int
    rows_known: int
    """Rows that an earlier import had brought already."""
    accounts_new: int
    new_paths: tuple[str, ...]
    """Accounts opened for parties that were not known; not listed again for a repeated key."""
    first_entry: int | None
    last_entry: int | None
    notices: tuple[NoticeOut, ...]
    outside_limits: tuple[ImportsOutsideOut, ...]


class IndicatorsOut(Struct, frozen=True, kw_only=True):
    """How the branch did in a period."""

    branch: str
    first_on: date
    last_on: date
    participation: ParticipationOut
    quarters: tuple[QuarterOut, ...]
    kinds: tuple[KindOut, ...]
    network: NetworkOut
    asking: AskingOut
    cooperation: CooperationOut
    impact: tuple[ImpactOut, ...]
    reconciliation: ReconciliationOut


class InvitationHeldOut(Struct, frozen=True, kw_only=True):
    """An invitation; its code is nowhere kept."""

    no: int
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class InvitationIn(Struct, frozen=True, kw_only=True):
    """Who is invited."""

    role: Literal["member", "coordinator", "auditor", "operator"] | None = None
    ref: str
    """A member reference; in another role, how they are called."""
    days: int | None = None


class InvitationOut(Struct, frozen=True, kw_only=True):
    """An invitation."""

    branch: str
    no: int
    role: str
    ref: str
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    code: str | None = None
    """Said once, in the answer that made it."""


class KeptAwayOut(Struct, frozen=True, kw_only=True):
    """A rule that keeps a helper away: in words for a coordinator, and in words for everybody."""

    rule: str
    coordinator: str
    public: str


class KinOut(Struct, frozen=True, kw_only=True):
    """Redeemed minutes for beneficiaries of one relation, or of several."""

    relation: str
    minutes: int


class KindOut(Struct, frozen=True, kw_only=True):
    """One kind of help, or several that too few people have a part in."""

    kind: str
    exchanges: int
    minutes: int


class KnownOut(Struct, frozen=True, kw_only=True):
    """What matching knows of a member; what was not said is null or empty."""

    branch: str
    member: str
    home: SpotOut | None
    reach_metres: int | None
    travel: str | None
    languages: tuple[str, ...]
    gender: str | None
    wished_gender: str | None
    household: str | None
    day_minutes: int | None
    rest_minutes: int | None
    teams: tuple[str, ...]
    experiences: tuple[ExperienceOut, ...]
    clearances: tuple[ClearanceOut, ...]
    excluded: tuple[ExcludedOut, ...]
    parked: tuple[ParkedOut, ...]


class LegOut(Struct, frozen=True, kw_only=True):
    """Help that one member gives to another."""

    provider: str
    member: str
    minutes: int


class LimitsIn(Struct, frozen=True, kw_only=True):
    """Limits of an account's own, or none: it then follows the policy. A level that is null is no limit."""

    follows_policy: bool | None = None
    """Drop the account's own limits; no level is said then."""
    floor_minutes: int | None = None
    ceiling_minutes: int | None = None
    warn_floor_minutes: int | None = None
    warn_ceiling_minutes: int | None = None
    reason: str


class LineOut(Struct, frozen=True, kw_only=True):
    """What one entry did to an account."""

    entry: int
    effective_on: date
    recorded_at: datetime
    change_minutes: int
    balance_minutes: int
    """Of the account, after it."""
    kind: str
    cause: str
    others: tuple[str, ...]
    """The accounts on the other side."""
    reverses: int | None
    reversed_by: int | None
    receipt: str | None
    """Path of the proof of the entry, if whoever asks may have it."""


class MandateHeldOut(Struct, frozen=True, kw_only=True):
    """A right to act for somebody."""

    branch: str
    no: int
    principal: str
    holder: str
    holder_branch: str
    basis: str
    scopes: tuple[str, ...]
    from_on: date
    until_on: date | None
    revoked_at: datetime | None


class MandateIn(Struct, frozen=True, kw_only=True):
    """A right to act for somebody."""

    principal: str | None = None
    """Member reference of who is acted for; whoever asks, if it is left out."""
    holder: str
    """Who may act: `REF@BRANCH`, or `REF` in the same branch."""
    basis: str
    """Code of what it rests on, such as `family-authorisation`; the paper stays outside."""
    scopes: tuple[Literal["view", "request", "confirm", "sponsor"], ...]
    """What it covers."""
    from_on: date | None = None
    """First day, in the branch's calendar; today if it is left out."""
    until_on: date | None = None
    """Last day; until it is revoked if it is left out."""


class MandateOut(Struct, frozen=True, kw_only=True):
    """A mandate; `branch` is the principal's, which numbers it."""

    branch: str
    no: int
    principal: str
    holder: str
    holder_branch: str
    basis: str
    scopes: tuple[str, ...]
    from_on: date
    until_on: date | None
    revoked_at: datetime | None


class MatchOut(Struct, frozen=True, kw_only=True):
    """A helper who was asked, and what became of it."""

    branch: str
    no: int
    state: str
    request: int
    member: str
    helper: str
    offer: int
    starts: int
    rank: int
    weights: str
    offered_at: datetime
    offered_by: str
    expires_at: datetime
    changed_at: datetime | None
    changed_by: str | None
    outcome: str | None


class Me(Struct, frozen=True, kw_only=True):
    """Whoever asks."""

    branch: str
    role: str
    ref: str
    name: str | None


class MemberDataOut(Struct, frozen=True, kw_only=True):
    """Everything that is held on a member; of others their references only."""

    profile: ProfileOut
    aliases: tuple[AliasOut, ...]
    accounts: tuple[MemberDataStatementOut, ...]
    records: tuple[RecordOut, ...]
    holds: tuple[MemberDataHoldOut, ...]
    redemptions: tuple[RedeemedOut, ...]
    beneficiaries: tuple[SponsoringOut, ...]
    mandates: tuple[MandateHeldOut, ...]
    requests: tuple[HelpRequestOut, ...]
    offers: tuple[HelpOfferOut, ...]
    matching: KnownOut
    wishes: tuple[WishOut, ...]
    matches: tuple[MatchOut, ...]
    tokens: tuple[TokenHeldOut, ...]
    sign_in: WaysInOut
    notes: tuple[NoteOut, ...]
    details: tuple[DetailsHeldOut, ...]


class MemberIn(Struct, frozen=True, kw_only=True):
    """Somebody who joins."""

    name: str
    """Kept apart from the books, erasable; so are the contacts."""
    email: str | None = None
    phone: str | None = None
    ref: str | None = None
    """Opaque reference; the next free one, such as `m3`, if it is left out."""
    kind: Literal["person", "organisation"] | None = None
    joined_on: date | None = None
    """First day; today if it is left out."""


class MemberOut(Struct, frozen=True, kw_only=True):
    """A member with, unless erased, who it is."""

    branch: str
    ref: str
    kind: str
    joined_on: date
    left_on: date | None
    is_erased: bool
    name: str | None
    email: str | None
    phone: str | None


class MissIn(Struct, frozen=True, kw_only=True):
    """Who was not there."""

    missing: Literal["beneficiary", "provider"]
    reason: str | None = None
    """Why; needed of a coordinator."""


class MonthOut(Struct, frozen=True, kw_only=True):
    """Help that took effect in one calendar month, what was taken back not counted."""

    month: str
    """Such as `2025-03`."""
    exchanges: int
    minutes: int


class MovementOut(Struct, frozen=True, kw_only=True):
    """What entries of one kind did to the balances of each kind of account, credits minus debits."""

    kind: str
    changes: Mapping[str, Any]


class NeededOut(Struct, frozen=True, kw_only=True):
    """Somebody who could help, and for which request they are asked instead."""

    helper: str
    request: int


class NetworkOut(Struct, frozen=True, kw_only=True):
    """The shape of who helps whom; null where fewer than five members are tied."""

    members: int | None
    ties: int | None
    partners_mean: float | None
    partners_median: float | None
    density: float | None
    reciprocity: float | None
    centralisation: float | None


class NewWebhookOut(Struct, frozen=True, kw_only=True):
    """A new webhook, with what its messages are signed with."""

    branch: str
    no: int
    url: str
    kinds: tuple[
        Literal[
            "branch.created",
            "policy.set",
            "member.joined",
            "member.erased",
            "member.left",
            "mandate.granted",
            "mandate.revoked",
            "beneficiary.added",
            "beneficiary.consented",
            "beneficiary.checked",
            "beneficiary.revoked",
            "hours.logged",
            "hours.corrected",
            "hours.confirmed",
            "hours.disputed",
            "hours.rejected",
            "hours.withdrawn",
            "hours.decided",
            "hours.annulled",
            "redemption.requested",
            "redemption.assigned",
            "redemption.unassigned",
            "redemption.logged",
            "redemption.reopened",
            "redemption.settled",
            "redemption.corrected",
            "redemption.cancelled",
            "redemption.missed",
            "redemption.expired",
            "match.offered",
            "match.accepted",
            "match.declined",
            "match.withdrawn",
            "match.expired",
            "entry.posted",
            "entry.reversed",
        ],
        ...,
    ]
    secret: str | None
    """For the receiver, said once; null if the same request, with its key, was answered before."""


class NoteOut(Struct, frozen=True, kw_only=True):
    """Words that name the member, and what they are about."""

    about: str
    words: str


class NoticeOut(Struct, frozen=True, kw_only=True):
    """Something left out, or guessed."""

    line: int
    code: str
    reason: str


class OfferedIn(Struct, frozen=True, kw_only=True):
    """Who is to be asked."""

    request: int
    """Number of the request."""
    helper: str
    """Member reference of somebody who is suggested."""


class OtherIn(Struct, frozen=True, kw_only=True):
    """Another member."""

    other_member: str
    """Member reference."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class OutlookOut(Struct, frozen=True, kw_only=True):
    """How likely help is near a beneficiary; nobody is named."""

    is_place_known: bool
    """False: where the beneficiary lives is not known, so nobody can be found near there."""
    count: int | None
    """How many could help; null: one or two."""
    bands: tuple[BandOut, ...]
    """The nearest first; none where few could help, and none for help without a way."""
    changes: tuple[SmallChangeOut, ...]
    past: PastOut


class OverrideIn(Struct, frozen=True, kw_only=True):
    """A permission to pass the limits for a while."""

    floor_minutes: int | None = None
    ceiling_minutes: int | None = None
    until_at: datetime
    """Last instant, with a time zone."""
    reason: str


class ParkedIn(Struct, frozen=True, kw_only=True):
    """For whom the member is not to be asked for a while."""

    other_member: str
    """Member reference of who asks for help."""
    until_on: date
    """The last day of it."""
    why: (
        Literal["no_time", "too_far", "not_my_kind", "not_this_time", "did_not_suit", "coordinator"] | None
    ) = None


class ParkedOut(Struct, frozen=True, kw_only=True):
    """Whom the member is not asked for, as helper, until a day is over."""

    member: str
    until_on: date
    reason: str
    match: int | None


class ParticipationOut(Struct, frozen=True, kw_only=True):
    """Who takes part; null where it would tell of one to four people."""

    members: int | None
    active: int | None
    active_share: float | None
    exchanges: int
    minutes: int
    givers: int | None
    receivers: int | None
    givers_per_receiver: float | None
    given_gini: float | None
    received_gini: float | None


class PassedOut(Struct, frozen=True, kw_only=True):
    """Why the helper who suits best is not suggested: in words for a coordinator, and for everybody."""

    why: str
    helper: str
    more_points: int | None
    """How many points more that helper has than the one suggested; null if there is none."""
    coordinator: str
    public: str


class PasswordIn(Struct, frozen=True, kw_only=True):
    """Another password."""

    current: str | None = None
    """Left out by whoever has none yet."""
    new: str


class PastOut(Struct, frozen=True, kw_only=True):
    """How it went for comparable requests within a year; null where fewer than five say so."""

    requests: int | None
    found_percent: int | None
    """How many of a hundred found somebody."""
    wait_minutes: int | None
    """Half of those who found somebody waited no longer."""


class PlaceOut(Struct, frozen=True, kw_only=True):
    """Where an entry is: the branch and its number there."""

    branch: str
    entry: int


class PlanOut(Struct, frozen=True, kw_only=True):
    """The best plan that was found for all requests that wait, and how far it may be from the best."""

    branch: str
    weights: str
    score: int
    """Of all that are planned."""
    worth: WorthOut
    bound: WorthOut
    """No plan is worth more."""
    is_optimal: bool
    """Whether it is proved that no plan serves more, or is worth more."""
    gap_urgency: int | None
    """The most urgent class of which a better plan might serve more; null if no plan serves more."""
    gap_requests: int
    """How many more of that class, at most."""
    gap_points: int | None
    """How many points a better plan might be worth more, at most; null if it might serve more requests."""
    planned: tuple[PlannedOut, ...]
    unserved: tuple[UnservedOut, ...]
    waiting: tuple[MatchOut, ...]
    """Requests that somebody is asked about already: they are not planned again."""
    busy: tuple[str, ...]
    """Helpers who are not asked now."""
    matches: tuple[MatchOut, ...]
    """Who was asked by this plan; nobody, where it was only looked at."""


class PlannedOut(Struct, frozen=True, kw_only=True):
    """A request, and who is to be asked."""

    request: int
    suggestion: SuggestionOut
    others: int
    """How many others could help."""
    passed: PassedOut | None
    """Why not the first choice; null if this is one."""


class PolicyIn(Struct, frozen=True, kw_only=True):
    """New rules."""

    document: str
    """TOML."""
    effective_on: date | None = None
    """First day they count; today, if it is left out."""


class PolicyOut(Struct, frozen=True, kw_only=True):
    """A version of the branch's rules, with the whole document."""

    version: int
    effective_on: date
    recorded_at: datetime
    by: str
    document: str
    """TOML."""


class PolicySetOut(Struct, frozen=True, kw_only=True):
    """The version that was set."""

    version: int
    effective_on: date
    recorded_at: datetime
    by: str
    document: str
    changes: tuple[PolicyChangeOut, ...]


class PositionOut(Struct, frozen=True, kw_only=True):
    """What one branch owes another, as each of the two books says."""

    branch: str
    other: str
    unit: str
    owed: int
    """What `branch` owes `other`, as its own book says; minutes, or the smallest quantity of the unit."""
    owed_back: int
    """What `other` owes `branch`, as the book of `other` says: the two add up to zero."""
    is_reconciled: bool


class PostedOut(Struct, frozen=True, kw_only=True):
    """What was posted."""

    branch: str
    entry: int


class PostingIn(Struct, frozen=True, kw_only=True):
    """One line of an entry."""

    path: str
    """Of the account, such as `member:m1:available`."""
    side: Literal["debit", "credit"]
    amount: int
    """Above zero, in the smallest quantity of the unit: minutes, or cents."""
    unit: str | None = None


class PostingOut(Struct, frozen=True, kw_only=True):
    """One line of an entry."""

    path: str
    side: str
    amount: int
    unit: str
    balance_after: int


class ProfileIn(Struct, frozen=True, kw_only=True):
    """What is said of a member; what is left out stays as it is, what is null is forgotten."""

    home: SpotIn | None = None
    """The area to start from; kept to half a kilometre."""
    reach_metres: int | None = None
    """How far from there the member goes to help."""
    travel: Literal["on-foot", "bicycle", "transit", "car"] | None = None
    languages: tuple[str, ...] = ()
    """Codes such as `fr`."""
    gender: Literal["woman", "man", "other"] | None = None
    wished_gender: Literal["woman", "man", "other"] | None = None
    """By whom the member wishes to be helped."""
    household: str | None = None
    """A code that members who live together share."""
    day_minutes: int | None = None
    """The most that the member helps on one day."""
    rest_minutes: int | None = None
    """Needed between two visits."""
    teams: tuple[str, ...] = ()
    """Codes of the teams that the member helps in."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class ProfileOut(Struct, frozen=True, kw_only=True):
    """Who stands behind a reference; name, contacts and note are null once erased."""

    branch: str
    ref: str
    kind: str
    joined_on: date
    left_on: date | None
    name: str | None
    email: str | None
    phone: str | None
    note: str | None


class ProjectionOut(Struct, frozen=True, kw_only=True):
    """The years to come under one set of assumptions."""

    name: str
    kept_percent: int
    """Of the draws, how many met everything in every year."""
    unmet_minutes: SpreadOut
    """In the worst year of each draw."""
    owed_after_minutes: SpreadOut
    lapsed_minutes: SpreadOut
    years: tuple[YearAheadOut, ...]


class QuarterOut(Struct, frozen=True, kw_only=True):
    """One calendar quarter, or the part of it that lies in the period."""

    quarter: str
    exchanges: int
    minutes: int
    active: int | None
    exchanges_per_active: float | None
    minutes_per_active: float | None


class Reason(Struct, frozen=True, kw_only=True):
    """Why; kept with the names, erased with them."""

    reason: str


class ReasonIfAny(Struct, frozen=True, kw_only=True):
    """Why, where that is needed; kept with the names, erased with them."""

    reason: str | None = None


class ReceiptLinkOut(Struct, frozen=True, kw_only=True):
    """An entry that moved hours of whoever asks, and where its receipt is."""

    entry: int
    effective_on: date
    recorded_at: datetime
    kind: str
    cause: str
    receipt: str | None
    """Path of the receipt."""


class ReconciledOut(Struct, frozen=True, kw_only=True):
    """How the books compare with another system's own list."""

    is_reconciled: bool
    differences: tuple[DifferenceOut, ...]


class ReconciliationOut(Struct, frozen=True, kw_only=True):
    """That the figures are those of the journal: minutes credited to members for help."""

    is_reconciled: bool
    standing_minutes: int
    elsewhere_minutes: int
    undone_minutes: int
    taken_back_minutes: int
    journal_minutes: int
    movements: tuple[MovementOut, ...]


class RecordOut(Struct, frozen=True, kw_only=True):
    """Help given or received."""

    no: int
    state: str
    provider: str
    recipient: str
    kind: str
    mode: str
    start_at: datetime
    minutes: int
    credited_minutes: int | None
    logged_by: str
    redemption: str | None


class RedeemedOut(Struct, frozen=True, kw_only=True):
    """Hours spent on help for a beneficiary: paid for, received or served."""

    redemption: str
    state: str
    sponsor: str
    host_branch: str
    beneficiary: str
    provider: str | None
    kind: str
    mode: str
    planned_at: datetime
    planned_minutes: int
    charged_minutes: int | None


class RedeliveryIn(Struct, frozen=True, kw_only=True):
    """What to send again."""

    event: int | None = None
    """Number of the event; every dead letter if left out."""


class RedemptionIn(Struct, frozen=True, kw_only=True):
    """Help that is wanted."""

    beneficiary: int
    """Number of the beneficiary in the sponsor's branch."""
    start_at: datetime
    """When it is to begin, with a time zone."""
    minutes: int
    kind: str
    mode: Literal["in-person", "phone", "video", "mail", "sms"] | None = None
    reason: str | None = None
    """Why; needed of a coordinator."""


class RedemptionOut(Struct, frozen=True, kw_only=True):
    """A redemption."""

    redemption: str
    """Its reference, `BRANCH-NO`."""
    state: str
    branch: str
    sponsor: str
    beneficiary_no: int
    host_branch: str
    beneficiary: str
    provider: str | None
    kind: str
    mode: str
    planned_at: datetime
    planned_minutes: int
    held_minutes: int
    charged_minutes: int | None
    expires_at: datetime
    record_no: int | None
    entries: tuple[PlaceOut, ...] = ()
    """Entries that this very act posted, in either branch."""
    warnings: tuple[WarningOut, ...] = ()
    """Soft limits that this very act passed."""
    expired: tuple[str, ...] = ()
    """Other redemptions that were past their deadline, and that this very act ended first."""


class RelaxationOut(Struct, frozen=True, kw_only=True):
    """A change after which a helper could help: in words for a coordinator, and in words for everybody."""

    rule: str
    helper: str
    coordinator: str
    public: str


class ReserveOut(Struct, frozen=True, kw_only=True):
    """Money that funds hold beside the hours, in the smallest quantity of the unit."""

    unit: str
    held: int
    per_hour_owed: float | None
    """Null: nothing is owed."""
    per_hour_at_most: float | None
    """If every member had saved as much as the policy lets them; null: it sets no ceiling."""


class RetractedIn(Struct, frozen=True, kw_only=True):
    """Lived experience that is to be forgotten."""

    experience: str
    """Its code, such as `bereavement`."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class ReversalIn(Struct, frozen=True, kw_only=True):
    """Why an entry should not be there."""

    reason: str


class RuleCountOut(Struct, frozen=True, kw_only=True):
    """How many helpers a rule keeps away."""

    rule: str
    count: int


class SearchIn(Struct, frozen=True, kw_only=True):
    """Who is looked for; in a body, because addresses are written down on the way and names are not."""

    name: str
    """Words of a name, in any order; neither capitals nor accents count."""
    limit: int | None = None


class SessionOut(Struct, frozen=True, kw_only=True):
    """A session that began."""

    branch: str
    role: str
    ref: str
    expires_at: datetime
    scopes: tuple[str, ...]
    token: str | None
    """For the header `Authorization`; null where it went into a cookie."""
    csrf: str | None
    """For the header `X-CSRF-Token` of whatever changes something with the cookie; null without one."""


class ShareOut(Struct, frozen=True, kw_only=True):
    """What a member gives, and gets as much of."""

    member: str
    offered_minutes: int
    exchanged_minutes: int


class SightingOut(Struct, frozen=True, kw_only=True):
    """That somebody saw or did something."""

    branch: str
    at: str
    request: str | None
    """Id of the request."""
    role: str
    """Of whoever asked."""
    ref: str
    operation: str
    """What they asked for, as this description calls it."""
    object: str | None
    """Of what, as the path names it; null for lists."""
    member: str | None
    """Whom it concerned: `REF`, or `REF@BRANCH`; null for lists and whole branches."""
    mandate: int | None
    """Number of the mandate they acted under."""
    status: int
    """Of the answer; what was refused is written down, too."""


class SignInIn(Struct, frozen=True, kw_only=True):
    """Who comes, and with what: branch, reference and password, or ticket and code."""

    branch: str | None = None
    role: Literal["member", "coordinator", "auditor", "operator"] | None = None
    ref: str | None = None
    password: str | None = None
    ticket: str | None = None
    """What asking for a code answered."""
    code: str | None = None
    """What came by mail."""
    cookie: bool | None = None
    """For a browser: the token is set as a cookie and not said."""


class SmallChangeOut(Struct, frozen=True, kw_only=True):
    """How many more could help after one small change."""

    change: str
    """`time`, `distance` or `mode`: at another time, nearer to them, in another way."""
    count: int | None
    """Null: one or two."""


class SolvencyOut(Struct, frozen=True, kw_only=True):
    """Can the branch keep its promise?"""

    branch: str
    on: date
    since_on: date
    """First of the twelve months that end with the day."""
    members: int
    owed_minutes: int
    funds_minutes: int
    given_minutes: int
    redeemed_minutes: int
    cover_years: float | None
    """Owed divided by given in twelve months; null: nothing was given."""
    reserves: tuple[ReserveOut, ...]
    is_age_known: bool
    cohorts: tuple[CohortOut, ...]
    redeemability: FoundOut
    seed: int
    assumptions: tuple[str, ...]
    projections: tuple[ProjectionOut, ...]


class SponsoringOut(Struct, frozen=True, kw_only=True):
    """A beneficiary."""

    branch: str
    no: int
    sponsor: str
    relation: str
    host_branch: str
    member: str
    consented_at: datetime | None
    checked_at: datetime | None
    revoked_at: datetime | None


class SpotIn(Struct, frozen=True, kw_only=True):
    """A place, in micro-degrees north and east; it is put on a coarse grid before it is kept."""

    lat_udeg: int
    lon_udeg: int


class SpotOut(Struct, frozen=True, kw_only=True):
    """A place on a coarse grid, in micro-degrees north and east."""

    lat_udeg: int
    lon_udeg: int


class SpreadOut(Struct, frozen=True, kw_only=True):
    """What many draws came to: 5 %, half and 95 % of them were at or below."""

    low: int
    middle: int
    high: int


class StageOut(Struct, frozen=True, kw_only=True):
    """What was done about a beneficiary."""

    no: int
    act: str
    acted_in: str
    """Branch it was done in; `by` is written as seen from there."""
    by: str
    at: str
    reason: str | None
    """Null where there was none, or it was erased."""


class StatementLineOut(Struct, frozen=True, kw_only=True):
    """What one entry did to an account."""

    entry: int
    effective_on: date
    recorded_at: datetime
    kind: str
    cause: str
    other_paths: tuple[str, ...]
    change: int
    balance: int
    reverses: int | None
    reversed_by: int | None


class StepOut(Struct, frozen=True, kw_only=True):
    """What was done to a redemption."""

    no: int
    act: str
    acted_in: str
    """Branch it was done in; `by` is written as seen from there."""
    by: str
    at: str
    minutes: int | None
    reason: str | None
    """Null where there was none, or it was erased."""


class StoryOut(Struct, frozen=True, kw_only=True):
    """A redemption with everything that was done, reconciled in both books."""

    redemption: str
    state: str
    branch: str
    sponsor: str
    beneficiary_no: int
    host_branch: str
    beneficiary: str
    provider: str | None
    kind: str
    mode: str
    planned_at: datetime
    planned_minutes: int
    held_minutes: int
    charged_minutes: int | None
    expires_at: datetime
    record_no: int | None
    entries: tuple[PlaceOut, ...] = ()
    warnings: tuple[WarningOut, ...] = ()
    expired: tuple[str, ...] = ()
    is_due: bool
    """It reached its deadline without help; the next act in the sponsor's branch ends it."""
    events: tuple[StepOut, ...]
    posted: tuple[PlaceOut, ...]
    """All its entries: the sponsor's branch's, then the beneficiary's."""
    is_reconciled: bool
    """Whether sponsor, provider, hold and both clearing accounts say the same."""
    paid_minutes: int
    earned_minutes: int
    left_held_minutes: int
    """What its entries leave reserved."""
    clearing_minutes: int


class SuggestionOut(Struct, frozen=True, kw_only=True):
    """A helper whom no rule keeps away; the values of the terms add up to the score."""

    rank: int
    helper: str
    offer: int
    distance_metres: int | None
    """To the place of the help; null for help without a way."""
    starts: int
    """In minutes since 1970 for help on a date, the half hour of the week for weekly help."""
    score: int
    terms: tuple[TermOut, ...]
    asked: int
    """How often the helper was asked within a week."""
    may_be_asked: bool


class SuggestionsOut(Struct, frozen=True, kw_only=True):
    """Who could help with a request, the best first, and who could not, the closest first."""

    branch: str
    request: int
    weights: str
    """Fingerprint of the weights that decided on the ranks."""
    count: int
    """How many could help, whether they are listed here or not."""
    suggestions: tuple[SuggestionOut, ...]
    blocked: tuple[BlockedOut, ...]
    rules: tuple[RuleCountOut, ...]
    matches: tuple[MatchOut, ...]
    """Who was asked already, newest first."""


class TermOut(Struct, frozen=True, kw_only=True):
    """One line of a score: its value is points times weight."""

    term: str
    points: int
    weight: int
    value: int


class ThresholdOut(Struct, frozen=True, kw_only=True):
    """One of Nowak's rules: cooperation can last where benefit over cost is above."""

    rule: str
    measured: float | None
    out_of: int
    stable: float | None
    risk_dominant: float | None
    advantageous: float | None


class TokenHeldOut(Struct, frozen=True, kw_only=True):
    """An access token; its text is nowhere kept."""

    no: int
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class TokenIn(Struct, frozen=True, kw_only=True):
    """For whom a token is, and for what."""

    role: Literal["member", "coordinator", "auditor", "operator"]
    ref: str
    """A member reference; in another role, how they are called."""
    days: int | None = None
    scopes: tuple[Literal["read", "log", "redeem", "account", "coordinate"], ...] | None = ()
    """What it is for; all that the role can have, if they are left out."""


class TokenOut(Struct, frozen=True, kw_only=True):
    """An access token."""

    branch: str
    no: int
    role: str
    ref: str
    kind: str
    """`issued`, or `session` for who signed in."""
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    token: str | None = None
    """Its text, said once, in the answer that made it."""


class TransferIn(Struct, frozen=True, kw_only=True):
    """Minutes to move between two accounts."""

    debit_path: str
    """The account that pays."""
    credit_path: str
    """The account that receives."""
    minutes: int
    reason: str
    """Kept with the names, erased with them."""
    unit: str | None = None
    effective_at: datetime | None = None


class TrialBalanceOut(Struct, frozen=True, kw_only=True):
    """Every balance in one unit; minutes, or the smallest quantity of the unit."""

    branch: str
    unit: str
    is_balanced: bool
    debit_total: int
    credit_total: int
    rows: tuple[BalanceRowOut, ...]


class UnclearedIn(Struct, frozen=True, kw_only=True):
    """A check that does not count any more."""

    clearance: str
    """Code of its kind, such as `honourability`."""


class UnparkedIn(Struct, frozen=True, kw_only=True):
    """For whom the member may be asked again."""

    other_member: str
    """Member reference of who asks for help."""


class UnservedOut(Struct, frozen=True, kw_only=True):
    """A request for which nobody is left, and why."""

    request: int
    needed_elsewhere: tuple[NeededOut, ...]
    not_asked_now: tuple[str, ...]
    """Helpers who could, but have not answered yet, or were asked often enough of late."""
    passed: PassedOut | None
    """Why not the one who suits best; null if nobody could help, or nobody who is asked now."""
    near_misses: int
    """How many helpers were looked at whom rules keep away."""
    rules: tuple[RuleCountOut, ...]
    """How many of them each rule keeps away."""
    change: RelaxationOut | None
    """The smallest single change that would serve it; null if no single one would."""


class VersionOut(Struct, frozen=True, kw_only=True):
    """A version of the branch's rules."""

    version: int
    effective_on: date
    recorded_at: datetime
    by: str


class WarningOut(Struct, frozen=True, kw_only=True):
    """A soft limit that was passed."""

    kind: str
    """Which one, such as `below_floor_warning`."""
    path: str
    balance_minutes: int
    level_minutes: int


class WaysInOut(Struct, frozen=True, kw_only=True):
    """How the member signs in; never what opens a door."""

    email: str | None
    """Where one-time codes go."""
    password_changed_at: datetime | None
    linked_at: tuple[datetime, ...]
    """When an account elsewhere was linked."""
    invitations: tuple[InvitationHeldOut, ...]


class WebhookIn(Struct, frozen=True, kw_only=True):
    """Where to send events."""

    url: str
    """An https address, without a user, a password or a fragment."""
    kinds: tuple[
        Literal[
            "branch.created",
            "policy.set",
            "member.joined",
            "member.erased",
            "member.left",
            "mandate.granted",
            "mandate.revoked",
            "beneficiary.added",
            "beneficiary.consented",
            "beneficiary.checked",
            "beneficiary.revoked",
            "hours.logged",
            "hours.corrected",
            "hours.confirmed",
            "hours.disputed",
            "hours.rejected",
            "hours.withdrawn",
            "hours.decided",
            "hours.annulled",
            "redemption.requested",
            "redemption.assigned",
            "redemption.unassigned",
            "redemption.logged",
            "redemption.reopened",
            "redemption.settled",
            "redemption.corrected",
            "redemption.cancelled",
            "redemption.missed",
            "redemption.expired",
            "match.offered",
            "match.accepted",
            "match.declined",
            "match.withdrawn",
            "match.expired",
            "entry.posted",
            "entry.reversed",
        ],
        ...,
    ] = ()
    """Which; all if left out."""


class WebhookOut(Struct, frozen=True, kw_only=True):
    """A webhook, and how that goes."""

    branch: str
    no: int
    url: str
    kinds: tuple[
        Literal[
            "branch.created",
            "policy.set",
            "member.joined",
            "member.erased",
            "member.left",
            "mandate.granted",
            "mandate.revoked",
            "beneficiary.added",
            "beneficiary.consented",
            "beneficiary.checked",
            "beneficiary.revoked",
            "hours.logged",
            "hours.corrected",
            "hours.confirmed",
            "hours.disputed",
            "hours.rejected",
            "hours.withdrawn",
            "hours.decided",
            "hours.annulled",
            "redemption.requested",
            "redemption.assigned",
            "redemption.unassigned",
            "redemption.logged",
            "redemption.reopened",
            "redemption.settled",
            "redemption.corrected",
            "redemption.cancelled",
            "redemption.missed",
            "redemption.expired",
            "match.offered",
            "match.accepted",
            "match.declined",
            "match.withdrawn",
            "match.expired",
            "entry.posted",
            "entry.reversed",
        ],
        ...,
    ]
    state: str
    created_at: datetime
    told: int
    """The last event that it was told of, that did not interest it, or that was given up."""
    waiting: int
    """Events after that."""
    attempts: int
    """How often the next one was sent in vain."""
    next_at: datetime
    said: str | None
    dead_letters: tuple[DeadLetterOut, ...]


class WindowIn(Struct, frozen=True, kw_only=True):
    """A time of every week, by the branch's clock, on the half hour."""

    day: Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    starts: str
    """Such as `09:00`."""
    ends: str
    """Such as `12:30`; `24:00` at the latest."""


class WindowOut(Struct, frozen=True, kw_only=True):
    """A time of every week, by the branch's clock."""

    day: str
    starts: str
    ends: str


class WishIn(Struct, frozen=True, kw_only=True):
    """What a request says beyond its kind and time; what is left out stays, what is null is forgotten."""

    place: SpotIn | None = None
    """Where the help is to be given; the member's home area, if it says nothing."""
    languages: tuple[str, ...] = ()
    """One of these has to be spoken; codes such as `fr`."""
    wished_gender: Literal["woman", "man", "other"] | None = None
    """Of whoever helps."""
    experience: str | None = None
    """Code of lived experience that would help."""
    is_experience_needed: bool | None = None
    """Whether nobody without it is to be suggested."""
    clearances: tuple[str, ...] = ()
    """Codes of checks that whoever helps has passed."""
    team: str | None = None
    """Only helpers of this team are suggested."""
    urgency: int | None = None
    """0 is served before 1, and so on to 3; a coordinator's to say."""
    reason: str | None = None
    """Why; needed of a coordinator."""


class WishOut(Struct, frozen=True, kw_only=True):
    """What a request says beyond its kind and time."""

    branch: str
    request: int
    member: str
    place: SpotOut | None
    languages: tuple[str, ...]
    wished_gender: str | None
    experience: str | None
    is_experience_needed: bool
    clearances: tuple[str, ...]
    team: str | None
    urgency: int


class WorthOut(Struct, frozen=True, kw_only=True):
    """What a plan is worth; one request more of a more urgent class outweighs everything behind it."""

    served: tuple[int, ...]
    """Requests served by urgency, the most urgent first."""
    points: int
    """The score, the cost of loads taken off."""


class YearAheadOut(Struct, frozen=True, kw_only=True):
    """One year to come."""

    year: int
    asked_minutes: SpreadOut
    capacity_minutes: SpreadOut
    unmet_minutes: SpreadOut
    met_percent: int
    """Of the draws, how many met everything that was asked for in this year."""


class AccountsChangeOut(Struct, frozen=True, kw_only=True):
    """A change of limits or an override."""

    no: int
    what: str
    floor_minutes: int | None
    ceiling_minutes: int | None
    until_at: datetime | None
    by: str
    why: str | None
    recorded_at: datetime


class AccountsStatementOut(Struct, frozen=True, kw_only=True):
    """One account over one period: opening, lines, closing."""

    branch: str
    path: str
    unit: str
    first_on: date | None
    last_on: date | None
    known_at: datetime | None
    opening_minutes: int
    closing_minutes: int
    lines: tuple[LineOut, ...]


class AuditOutsideOut(Struct, frozen=True, kw_only=True):
    """An account outside today's limits: no fault, but somebody should know."""

    path: str
    balance_minutes: int


class HoldsHoldOut(Struct, frozen=True, kw_only=True):
    """Reserved minutes."""

    no: int
    member: str
    minutes: int
    captured_minutes: int
    state: str
    expires_at: datetime
    cause: str
    """What they are reserved for, such as `redemption lille-1`."""


class ImportsOutsideOut(Struct, frozen=True, kw_only=True):
    """An account outside today's limits."""

    path: str
    balance_minutes: int


class MemberDataHoldOut(Struct, frozen=True, kw_only=True):
    """Minutes reserved."""

    no: int
    state: str
    minutes: int
    captured_minutes: int | None
    expires_at: datetime
    cause: str


class MemberDataStatementOut(Struct, frozen=True, kw_only=True):
    """An account from its beginning; minutes, or the smallest quantity of the unit."""

    path: str
    unit: str
    closing: int
    lines: tuple[StatementLineOut, ...]


class PolicyChangeOut(Struct, frozen=True, kw_only=True):
    """One key that differs between two documents; both values as the documents write them."""

    key: str
    before: str
    after: str
