"""Every refusal of timebank: one class each, with a stable code.

A code never changes its meaning once published. `kind` says what the caller can do about it; the
command line and the service map it to an exit status or an HTTP status in one table each. Messages
carry opaque references, minutes and codes, never a name or a note (I-10).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar


class Kind(StrEnum):
    """What the caller can do about an error."""

    REFUSED = "refused"
    """A rule says no; repeating the request unchanged cannot help."""
    USAGE = "usage"
    """The request itself is malformed."""
    NOT_FOUND = "not_found"
    """It names something that does not exist."""
    BROKEN = "broken"
    """The books do not hold: an invariant is violated in stored data."""
    TRANSIENT = "transient"
    """Nothing was changed; the same request may succeed later."""


class TimebankError(Exception):
    """Base of all errors that a caller of timebank can meet.

    Construct with keyword facts only: they become attributes and fill `template`.
    """

    code: ClassVar[str] = "error"
    kind: ClassVar[Kind] = Kind.REFUSED
    template: ClassVar[str] = ""

    def __init__(self, **facts: object) -> None:
        """Keep the facts as attributes and state them in one sentence."""
        self.facts = facts
        super().__init__(self.template.format(**facts))

    def __getattr__(self, name: str) -> object:
        """Give a fact by its name."""
        try:
            return self.__dict__["facts"][name]
        except KeyError:
            raise AttributeError(name) from None


# --- What people write: minutes, instants, references ---------------------------------------------
class NotMinutes(TimebankError):
    """The text is not a length of time that timebank understands. Retrying unchanged cannot help."""

    code = "not_minutes"
    kind = Kind.USAGE
    template = "not a length of time: write 90, 1:30, 1h30, 1 h 30 min, 1,5 h or PT1H30M"


class MinutesOutOfRange(TimebankError):
    """The length of time is zero, negative or beyond the stated maximum. Retrying unchanged cannot help."""

    code = "minutes_out_of_range"
    kind = Kind.USAGE
    template = "{minutes} min is outside {least} to {most} min"


class NaiveInstant(TimebankError):
    """An instant came without a time zone. Retrying unchanged cannot help."""

    code = "naive_instant"
    kind = Kind.USAGE
    template = "the instant {text} has no time zone"


class AmbiguousInstant(TimebankError):
    """The local time happens twice on that day (clocks go back). Say the offset, e.g. +02:00."""

    code = "ambiguous_instant"
    kind = Kind.USAGE
    template = "{text} happens twice in {zone} on that day: add the offset, {first} or {second}"


class MissingInstant(TimebankError):
    """The local time does not exist on that day (clocks go forward). Retrying unchanged cannot help."""

    code = "missing_instant"
    kind = Kind.USAGE
    template = "{text} does not exist in {zone}: clocks go forward over it"


class NotAnInstant(TimebankError):
    """The text is not a date and time. Retrying unchanged cannot help."""

    code = "not_an_instant"
    kind = Kind.USAGE
    template = "not a date and time: write 2026-03-01T14:00, with or without an offset"


class NotADay(TimebankError):
    """The text is not a calendar day. Retrying unchanged cannot help."""

    code = "not_a_day"
    kind = Kind.USAGE
    template = "not a calendar day: write 2026-03-01"


class UnknownZone(TimebankError):
    """The time zone is not in the IANA database. Retrying unchanged cannot help."""

    code = "unknown_zone"
    kind = Kind.USAGE
    template = "unknown time zone: write an IANA name such as Europe/Paris"


class BadReference(TimebankError):
    """A reference has characters or a length that references cannot have. Retrying unchanged cannot help."""

    code = "bad_reference"
    kind = Kind.USAGE
    template = "not a {what}: use 1 to 40 of a-z, 0-9 and '-', starting with a letter or digit"


class BadPath(TimebankError):
    """The account path is not in the chart of accounts. Retrying unchanged cannot help."""

    code = "bad_path"
    kind = Kind.USAGE
    template = "not an account path: write member:REF:available, fund:NAME, issuance:NAME or suspense:NAME"


class BadUnit(TimebankError):
    """The unit is neither min, svc nor a three-letter money code. Retrying unchanged cannot help."""

    code = "bad_unit"
    kind = Kind.USAGE
    template = "not a unit: min, svc or a three-letter money code"


class BadActor(TimebankError):
    """The actor is not ROLE:REF with a role that exists. Retrying unchanged cannot help."""

    code = "bad_actor"
    kind = Kind.USAGE
    template = "not an actor: write member:REF, coordinator:REF or system:REF"


# --- Ledger: entries, limits, holds, reversals ------------------------------------------------------


class TooFewPostings(TimebankError):
    """An entry needs at least two postings (I-1). Retrying unchanged cannot help."""

    code = "too_few_postings"
    kind = Kind.USAGE
    template = "an entry needs at least 2 postings, this one has {count}"


class TooManyPostings(TimebankError):
    """An entry has more postings than the stated limit. Retrying unchanged cannot help."""

    code = "too_many_postings"
    kind = Kind.USAGE
    template = "an entry has at most {most} postings, this one has {count}"


class UnbalancedEntry(TimebankError):
    """Debits and credits of an entry differ in a unit (I-1). Retrying unchanged cannot help."""

    code = "unbalanced_entry"
    template = "debits and credits differ by {off_by} {unit}"


class AmountOutOfRange(TimebankError):
    """A posting's amount is zero, negative or beyond the stated maximum (I-1). Retrying cannot help."""

    code = "amount_out_of_range"
    kind = Kind.USAGE
    template = "{amount} is outside {least} to {most}"


class AmountNotWhole(TimebankError):
    """A posting's amount is not a whole number (I-15). Retrying unchanged cannot help."""

    code = "amount_not_whole"
    kind = Kind.USAGE
    template = "an amount is a whole number"


class SameAccount(TimebankError):
    """Debit and credit name the same account. Retrying unchanged cannot help."""

    code = "same_account"
    template = "{path} cannot be on both sides"


class AccountClosed(TimebankError):
    """The account takes no more postings. Retrying unchanged cannot help."""

    code = "account_closed"
    template = "{path} is closed"


class InsufficientHours(TimebankError):
    """The account would fall below its floor (I-5). Retrying helps only after hours were earned."""

    code = "insufficient_hours"
    template = "{path} needs {needed_minutes} min, has {available_minutes} min above its floor"


class CeilingReached(TimebankError):
    """The account would rise above its ceiling (I-5). Retrying helps only after hours were spent."""

    code = "ceiling_reached"
    template = "{path} has room for {room_minutes} min below its ceiling, not for {needed_minutes} min"


class LimitsCrossed(TimebankError):
    """A floor is above its ceiling, or a warning level lies outside the limits. Retrying cannot help."""

    code = "limits_crossed"
    kind = Kind.USAGE
    template = "floor, warning levels and ceiling are not in rising order"


class BalanceTooLarge(TimebankError):
    """A balance would pass what the ledger can count. Retrying unchanged cannot help."""

    code = "balance_too_large"
    template = "{path} would pass the largest balance that can be kept"


class AlreadyReversed(TimebankError):
    """The entry was reversed before (I-3). Retrying unchanged cannot help."""

    code = "already_reversed"
    template = "entry {entry} was already reversed by entry {by}"


class ReversalNotReversible(TimebankError):
    """A reversal is not reversed; make a new entry (I-3). Retrying unchanged cannot help."""

    code = "reversal_not_reversible"
    template = "entry {entry} is itself a reversal: make a new entry instead"


class EntryNotReversible(TimebankError):
    """The entry belongs to a story that has its own way back, such as a hold. Retrying cannot help."""

    code = "entry_not_reversible"
    template = "entry {entry} is part of a hold: release or capture the hold instead"


class HoldResolved(TimebankError):
    """The hold was captured, released or expired before (I-6). Retrying unchanged cannot help."""

    code = "hold_resolved"
    template = "hold {hold} is already {state}"


class HoldExpired(TimebankError):
    """The hold's deadline has passed (I-6). Retrying unchanged cannot help."""

    code = "hold_expired"
    template = "hold {hold} passed its deadline"


class CaptureExceedsHold(TimebankError):
    """More minutes than were reserved (I-6). Retrying unchanged cannot help."""

    code = "capture_exceeds_hold"
    template = "{needed_minutes} min is more than the {held_minutes} min held"


class DayBeyondRange(TimebankError):
    """A day or an instant lies outside the years the ledger keeps. Retrying unchanged cannot help."""

    code = "day_beyond_range"
    kind = Kind.USAGE
    template = "the ledger keeps years {least} to {most}"


class PeriodReversed(TimebankError):
    """A period ends before it starts. Retrying unchanged cannot help."""

    code = "period_reversed"
    kind = Kind.USAGE
    template = "the period ends before it starts"


# --- Policy -----------------------------------------------------------------------------------------


class FaultCode(StrEnum):
    """What is wrong with one key of a policy document."""

    SYNTAX = "syntax"
    """The text is not TOML, or is longer than a policy can be."""
    MISSING = "missing"
    """A key that must be there is not."""
    UNKNOWN_FORMAT = "unknown_format"
    """The document is written for another format than this program reads."""
    UNKNOWN_KEY = "unknown_key"
    """A key or section that policies do not have."""
    WRONG_TYPE = "wrong_type"
    """Text for a number, a number for a list, and so on."""
    OUT_OF_RANGE = "out_of_range"
    """A number below or above its range, or a list too short or too long."""
    UNKNOWN_VALUE = "unknown_value"
    """A word that the key does not know."""
    REPEATED_VALUE = "repeated_value"
    """A list names something twice."""
    CONTRADICTION = "contradiction"
    """Two keys that cannot both hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFault:
    """One fault of a policy document: where, what, and a clause that says what to mend; `str` joins them."""

    key: str
    """Path of the key, e.g. `limits.member.floor_minutes`; empty when the fault has no key."""
    code: FaultCode
    text: str
    line: int | None = None
    """Line of a syntax fault, from 1, where it is known."""
    also: tuple[str, ...] = ()
    """Paths of the other keys that a contradiction involves."""

    def __str__(self) -> str:
        """State the place, then the fault."""
        place = self.key or (f"line {self.line}" if self.line is not None else "the policy")
        return f"{place}: {self.text}"


class NoReadyPolicy(TimebankError):
    """There is no file and no ready-made policy of that name. Retrying unchanged cannot help."""

    code = "no_ready_policy"
    kind = Kind.NOT_FOUND
    template = "no file and no ready-made policy of that name; there are {known}"


class PolicyInvalid(TimebankError):
    """The policy has faults: `faults` lists every one. Retrying unchanged cannot help."""

    code = "policy_invalid"
    kind = Kind.USAGE
    template = "not a usable policy ({count} to mend): {first}"
    faults: tuple[PolicyFault, ...]


# --- Care: members, service records, beneficiaries, redemptions -------------------------------------


class BadText(TimebankError):
    """A text is empty, too long, or has characters no text can have. Retrying unchanged cannot help.

    The text itself is never repeated: it may be a name or a note (I-10).
    """

    code = "bad_text"
    kind = Kind.USAGE
    template = "not a {what}: use 1 to {most} characters, without control characters"


class ReasonMissing(TimebankError):
    """The act needs a reason. Retrying with one can help."""

    code = "reason_missing"
    kind = Kind.USAGE
    template = "this needs a reason"


class MemberLeft(TimebankError):
    """The member is not in the branch on that day. Retrying unchanged cannot help."""

    code = "member_left"
    template = "{member} is not a member of {branch} on {on}"


class MemberGone(TimebankError):
    """The membership has ended already. Retrying cannot help."""

    code = "member_gone"
    template = "the membership of {member} in {branch} has ended already: {act}"


class MemberNotDead(TimebankError):
    """No death of the member is recorded, so there is no estate. Record the death first."""

    code = "member_not_dead"
    template = "no death of {member} is recorded in {branch}"


class OpenMatters(TimebankError):
    """Something of the member or the branch is still open. Settle, cancel or release what is named first."""

    code = "open_matters"
    template = "{subject} still has open matters: {matters}"


class DayAhead(TimebankError):
    """What is recorded cannot have happened on a day to come. Retrying on that day can help."""

    code = "day_ahead"
    kind = Kind.USAGE
    template = "{day} is still to come"


class EstateSettled(TimebankError):
    """The hours left behind went where they belong already. Retrying cannot help."""

    code = "estate_settled"
    template = "the estate of {member} is settled already"


class EstateWaits(TimebankError):
    """Heirs can still be named: the fund has the hours after that day only. Retrying then can help."""

    code = "estate_waits"
    template = "the estate of {member} waits for an heir until {until}"


class EstateOver(TimebankError):
    """The time to name an heir is over: the hours go to the fund. Retrying with an heir cannot help."""

    code = "estate_over"
    template = "the estate of {member} could go to an heir until {until}: it goes to the fund"


class HeirNotEligible(TimebankError):
    """The branch's policy does not let the hours go to such an heir. Retrying unchanged cannot help."""

    code = "heir_not_eligible"
    template = "the policy gives an estate to: {heirs}"


class NotMergeable(TimebankError):
    """Only two entries of one person, or of one organisation, in one branch merge. Retrying cannot help."""

    code = "not_mergeable"
    template = "{duplicate} cannot be merged into {into}"


class BranchFrozen(TimebankError):
    """The branch is being closed or closed, and takes no new entries. Retrying unchanged cannot help."""

    code = "branch_frozen"
    template = "{branch} is frozen: it takes no other entries than those that close it"


class BranchNotFrozen(TimebankError):
    """The branch is not frozen. Freeze it first."""

    code = "branch_not_frozen"
    template = "{branch} is not frozen: freeze it first"


class BranchClosed(TimebankError):
    """The branch is closed for ever. Retrying cannot help."""

    code = "branch_closed"
    template = "{branch} is closed"


class NothingToSettle(TimebankError):
    """The other branch does not owe that much. Retrying with what is owed can help."""

    code = "nothing_to_settle"
    template = "{debtor} owes {creditor} {owed_minutes} min, not {minutes} min"


class FundOverdrawn(TimebankError):
    """One decision would take more out of a fund than the policy allows. Retrying with less can help."""

    code = "fund_overdrawn"
    template = "one decision takes at most {most_minutes} min out of {path}"


class MandateCircle(TimebankError):
    """Proxies would act for one another in a circle (I-14). Revoke one of their mandates first."""

    code = "mandate_circle"
    template = "{holder} is acted for by {principal}, directly or through others"


class NotAllowed(TimebankError):
    """Neither the person's own right nor a mandate covers the act (I-14). Retrying cannot help."""

    code = "not_allowed"
    template = "this is not for {actor} to do"


class MandateNotInForce(TimebankError):
    """The mandate is unknown, between others, over, revoked or too narrow (I-14). Retrying cannot help."""

    code = "mandate_not_in_force"
    template = "no mandate {mandate} of {actor} for {principal} covers '{scope}' on that day"


class SelfDealing(TimebankError):
    """Somebody would decide about their own help or for both sides (I-14). Somebody else can do it."""

    code = "self_dealing"
    template = "{actor} is a party to this: somebody else has to do it"


class NotAParty(TimebankError):
    """The actor is neither provider nor recipient, nor acts for one of them (I-14). Retrying cannot help."""

    code = "not_a_party"
    template = "{actor} is neither provider nor recipient here; a coordinator decides, with a reason"


class SameParty(TimebankError):
    """Provider and recipient are one member. Retrying unchanged cannot help."""

    code = "same_party"
    template = "{member} cannot be provider and recipient of the same help"


class OwnStatement(TimebankError):
    """What stands was said by the same side or person: the other side has the word. Retrying cannot help."""

    code = "own_statement"
    template = "record {record} waits for the word of the {waits_for}"


class AlreadyConfirmed(TimebankError):
    """The service record was confirmed before, and posted once (I-8). Retrying cannot help."""

    code = "already_confirmed"
    template = "record {record} is already confirmed"


class RecordNotOpen(TimebankError):
    """The service record's state does not allow the act. Retrying unchanged cannot help."""

    code = "record_not_open"
    template = "record {record} is {state}"


class HoursInFuture(TimebankError):
    """The help would end after now. Log it when it is done."""

    code = "hours_in_future"
    template = "these hours end in the future: log them when the help is done"


class HoursTooOld(TimebankError):
    """The help started longer ago than the policy lets people log. Ask a coordinator."""

    code = "hours_too_old"
    template = "these hours began more than {oldest_days} days ago: ask a coordinator"


class OverlappingHours(TimebankError):
    """The provider's hours overlap others of theirs (I-8). Retrying unchanged cannot help."""

    code = "overlapping_hours"
    template = "{provider} has other hours at that time: record {records}"


class RelationNotEligible(TimebankError):
    """The branch's policy does not sponsor for this relation. Retrying unchanged cannot help."""

    code = "relation_not_eligible"
    template = "this branch does not redeem hours for a {relation}"


class RelationMismatch(TimebankError):
    """The relation says `self` for somebody else, or another one for the sponsor. Retrying cannot help."""

    code = "relation_mismatch"
    kind = Kind.USAGE
    template = "the relation {relation} does not fit: only the sponsor is 'self'"


class BeneficiaryExists(TimebankError):
    """The sponsor has this beneficiary already. Retrying unchanged cannot help."""

    code = "beneficiary_exists"
    template = "this is already beneficiary {beneficiary}"


class TooManyNamed(TimebankError):
    """The sponsor has as many named persons as the policy allows. Revoke another one first."""

    code = "too_many_named"
    template = "this branch allows {most} named person(s) for each member"


class ConsentMissing(TimebankError):
    """The beneficiary has not consented. Retrying helps after they have."""

    code = "consent_missing"
    template = "beneficiary {beneficiary} has not consented yet"


class CheckMissing(TimebankError):
    """No coordinator has checked the beneficiary. Retrying helps after one has."""

    code = "check_missing"
    template = "beneficiary {beneficiary} was not checked by a coordinator yet"


class BeneficiaryRevoked(TimebankError):
    """The beneficiary was revoked. Add them again to sponsor for them."""

    code = "beneficiary_revoked"
    template = "beneficiary {beneficiary} was revoked"


class PlannedInPast(TimebankError):
    """The planned help is not in the future, or ends after the request expires. Retrying cannot help."""

    code = "planned_in_past"
    template = "plan the help for a time after now and before the request expires"


class RedemptionNotOpen(TimebankError):
    """The redemption is over. Retrying unchanged cannot help."""

    code = "redemption_not_open"
    template = "redemption {redemption} is {state}"


class RedemptionOutOfOrder(TimebankError):
    """The redemption is open, but this step does not come next. Retrying helps once it does."""

    code = "redemption_out_of_order"
    template = "redemption {redemption} is {state}: this step does not come next"


class RedemptionNotDue(TimebankError):
    """The redemption has not reached its deadline. Retrying helps after it."""

    code = "redemption_not_due"
    template = "redemption {redemption} has not reached its deadline"


class ChargeWithoutProvider(TimebankError):
    """There is nobody to credit with the charge. Retrying without a charge can help."""

    code = "charge_without_provider"
    template = "redemption {redemption} has no provider to credit: nothing can be charged"


class BadWindow(TimebankError):
    """The text is not a time of a week. Retrying unchanged cannot help."""

    code = "bad_window"
    kind = Kind.USAGE
    template = "not a time of a week: write it on the half hour, such as mon 09:00-12:00, until 24:00 at most"


class WhenUnclear(TimebankError):
    """A request says neither from when to when nor in which week, or both. Retrying unchanged cannot help."""

    code = "when_unclear"
    kind = Kind.USAGE
    template = "say when: either the earliest and the latest instant, or times of a week"


class WindowTooShort(TimebankError):
    """The help does not fit into the time that is left for it. Retrying unchanged cannot help."""

    code = "window_too_short"
    template = "help of {minutes} min does not fit into the time that is left for it"


class DeadlineOutOfRange(TimebankError):
    """A request or an offer would end before now, or too far from now. Retrying unchanged cannot help."""

    code = "deadline_out_of_range"
    template = "let it end after now, and within {most} days"


class TooManyListings(TimebankError):
    """The member has as many open requests, or offers, as there may be. Withdraw another one first."""

    code = "too_many_listings"
    template = "a member has {most} open ones at most: withdraw another one first"


class ListingNotOpen(TimebankError):
    """The request or the offer was withdrawn, or has expired. Retrying unchanged cannot help."""

    code = "listing_not_open"
    template = "number {listing} is {state}"


# --- Profiles and matches -----------------------------------------------------------------------------


class NotADistance(TimebankError):
    """The text is not a distance. Retrying unchanged cannot help."""

    code = "not_a_distance"
    kind = Kind.USAGE
    template = "not a distance: write metres or kilometres, such as 800m or 5km"


class NotASpot(TimebankError):
    """The text is not a place. Retrying unchanged cannot help."""

    code = "not_a_spot"
    kind = Kind.USAGE
    template = "not a place: write degrees north and east, such as 50.63,3.06"


class BadLanguage(TimebankError):
    """The text is not the code of a language. Retrying unchanged cannot help."""

    code = "bad_language"
    kind = Kind.USAGE
    template = "not a language: write its code of two or three small letters, such as fr"


class NumberOutOfRange(TimebankError):
    """A number is smaller or larger than anybody can mean. Retrying unchanged cannot help."""

    code = "number_out_of_range"
    kind = Kind.USAGE
    template = "{what}: from {least} to {most}"


class TooManyFacts(TimebankError):
    """More codes of one sort than are kept of one member. Retrying unchanged cannot help."""

    code = "too_many_facts"
    template = "no more than {most} of these are kept of one member"


class NotDeclared(TimebankError):
    """Consent needs something that was declared before. Declare it first."""

    code = "not_declared"
    template = "that experience was not declared: declare it first"


class MatchNotOpen(TimebankError):
    """The match was answered or withdrawn before, or has expired. Retrying unchanged cannot help."""

    code = "match_not_open"
    template = "match {match} is {state}"


class AskedTooOften(TimebankError):
    """The helper was asked often enough of late. Retrying helps once the days have passed."""

    code = "asked_too_often"
    template = "{helper} was asked as often as allowed, {most} in {days} days: ask somebody else, or later"


class NotSuggested(TimebankError):
    """The member is not among the suggestions for the request. Retrying unchanged cannot help."""

    code = "not_suggested"
    template = "{helper} is not suggested for request {request}: {codes}"


class AlreadyOffered(TimebankError):
    """The request waits for answers already, or somebody accepted it. Retrying unchanged cannot help."""

    code = "already_offered"
    template = "request {request} is offered to somebody already, or accepted: match {match}"


# --- Reports: imports and exports -------------------------------------------------------------------


class NotATable(TimebankError):
    """The file is of another format than CSV. Retrying unchanged cannot help."""

    code = "not_a_table"
    kind = Kind.USAGE
    template = "the file is {what}: export or save it as CSV"


class NoHeader(TimebankError):
    """The first line of the file does not name its columns. Retrying unchanged cannot help."""

    code = "no_header"
    kind = Kind.USAGE
    template = "the first line does not name the columns: add a line of titles"


class TableEmpty(TimebankError):
    """The file has nothing below its header. Retrying unchanged cannot help."""

    code = "table_empty"
    kind = Kind.USAGE
    template = "the file has no rows"


class TableTooLarge(TimebankError):
    """The file passes a stated limit. Retrying unchanged cannot help; split the file, or look for a quote."""

    code = "table_too_large"
    kind = Kind.USAGE
    template = "{what} has more than {most} {of}"


class UnknownEncoding(TimebankError):
    """The encoding is not one that is read. Retrying unchanged cannot help."""

    code = "unknown_encoding"
    kind = Kind.USAGE
    template = "unknown encoding: name one of {known}"


class WrongEncoding(TimebankError):
    """The file has bytes that its encoding does not have. Name another encoding, or repair the file."""

    code = "wrong_encoding"
    kind = Kind.USAGE
    template = "the file is not {encoding} throughout, see about line {line}: name its encoding, or repair it"


class BadSeparator(TimebankError):
    """The separator is not one that is read. Retrying unchanged cannot help."""

    code = "bad_separator"
    kind = Kind.USAGE
    template = "not a separator: name comma, semicolon, tab or pipe"


class WrongLayout(TimebankError):
    """The columns are not those of the export that was named. Retrying unchanged cannot help."""

    code = "wrong_layout"
    kind = Kind.USAGE
    template = "not a {layout} export: it has {expected}"


class LayoutWithoutMembers(TimebankError):
    """That system's exports hold no names. Import the members from another file."""

    code = "layout_without_members"
    kind = Kind.USAGE
    template = "a {layout} export names no members: import them from a CSV file with numbers and names"


class MappingNotForLayout(TimebankError):
    """A mapping is for files of no known system. Leave out either the mapping or the layout."""

    code = "mapping_not_for_layout"
    kind = Kind.USAGE
    template = "the columns of a {layout} export are known: leave out the mapping, or read the file as csv"


class BadMapping(TimebankError):
    """A mapping is not FIELD=COLUMN, or names a field twice. Retrying unchanged cannot help."""

    code = "bad_mapping"
    kind = Kind.USAGE
    template = "not a mapping: write FIELD=COLUMN, once for each field"


class UnknownField(TimebankError):
    """A mapping names a field that these rows do not have. Retrying unchanged cannot help."""

    code = "unknown_field"
    kind = Kind.USAGE
    template = "no such field: map one of {fields}"


class UnknownColumn(TimebankError):
    """A mapping names a column that the file does not have. Retrying unchanged cannot help."""

    code = "unknown_column"
    kind = Kind.USAGE
    template = "the file has no column of the title mapped to {field}: {columns}"


class ColumnMissing(TimebankError):
    """No column of the file is recognised as one that is needed. Name it by a mapping."""

    code = "column_missing"
    kind = Kind.USAGE
    template = "no column is recognised as {field}: map {option} to one, {columns}"


class RepeatedTitle(TimebankError):
    """Two columns have the same title, and one of them is needed. Rename one of them."""

    code = "repeated_title"
    kind = Kind.USAGE
    template = "two columns have the title of {field}: rename one"


class AmbiguousLength(TimebankError):
    """Several columns could be the length of time. Name one by a mapping."""

    code = "ambiguous_length"
    kind = Kind.USAGE
    template = "several columns could be the length of time: map minutes, hours or duration to one"


class ImportRefused(TimebankError):
    """Rows of the file are at fault: `faults` lists every one; nothing was written. Mend them and retry."""

    code = "import_refused"
    faults: tuple[Any, ...]
    template = "{count} of the file's rows cannot be imported, so nothing was written"


class NotABranchFile(TimebankError):
    """The file is not an export of a branch. Retrying unchanged cannot help."""

    code = "not_a_branch_file"
    kind = Kind.USAGE
    template = "not an export of a branch: the first line does not say {format}"


class BranchFileNewer(TimebankError):
    """A newer timebank wrote the file. Upgrade timebank; nothing was changed."""

    code = "branch_file_newer"
    template = "a newer timebank wrote this file ({found}); this one reads {known}"


class BranchFileCut(TimebankError):
    """The file ends before its last line. Get the whole file; nothing was changed."""

    code = "branch_file_cut"
    template = "the file has no last line: it was cut short"


class BranchFileChanged(TimebankError):
    """The file is not as it was written. Get another copy of it; nothing was changed."""

    code = "branch_file_changed"
    template = "the file was damaged or changed: it does not match its own SHA-256"


class BranchFileFaulty(TimebankError):
    """The file says what no timebank wrote. Retrying unchanged cannot help; nothing was changed."""

    code = "branch_file_faulty"
    template = "the file cannot be a branch's books, {place}: {what}"


class RestoreRefused(TimebankError):
    """The audit of the restored books finds faults: `faults` lists every one. Nothing was changed."""

    code = "restore_refused"
    kind = Kind.BROKEN
    template = "the books in the file do not hold ({count} faults), {place}: {first}"
    faults: tuple[Any, ...]


class RestoreUnreconciled(TimebankError):
    """The branch and one that is here do not agree (I-7): `faults` lists every point. Nothing was changed.

    Restoring both from exports of the same moment can help.
    """

    code = "restore_unreconciled"
    template = "the branch and those that are here do not agree ({count} faults), {place}: {first}"
    faults: tuple[Any, ...]


class ExportInconsistent(TimebankError):
    """The books changed under the export or do not hold. Run the audit, then try again."""

    code = "export_inconsistent"
    kind = Kind.BROKEN
    template = "{table} of {branch} has {counted} rows, {written} belong together: run `timebank audit`"


class NotABackup(TimebankError):
    """The file is neither a timebank database nor a backup as JSON Lines. Retrying unchanged cannot help."""

    code = "not_a_backup"
    kind = Kind.USAGE
    template = "not a backup: neither a timebank database, nor does its first line say {format}"


class BackupOlder(TimebankError):
    """The books here go on where the backup ends. Restore it into another database; nothing was changed."""

    code = "backup_older"
    template = (
        "the backup is older than the books: branch {branch} has {count} entries more, from number {seq} on, "
        "since {since}; nothing was changed, restore it into another database"
    )


class BackupNewer(TimebankError):
    """The backup goes on where the books here end. Restore it into an empty database; nothing was changed."""

    code = "backup_newer"
    template = (
        "the books of {branch} are behind the backup by {count} entries, and rows are never added to a "
        "branch that is here: restore it into an empty database"
    )


class BackupDiverged(TimebankError):
    """Backup and books differ: both were written to. Restore it elsewhere; nothing was changed."""

    code = "backup_diverged"
    template = (
        "backup and books of {branch} went different ways from entry {seq} on; nothing was changed, restore "
        "it into another database and compare"
    )


class BackupLacksBranch(TimebankError):
    """The books here have a branch that the backup lacks. Restore it elsewhere; nothing was changed."""

    code = "backup_lacks_branch"
    template = "branch {branch} is here and not in the backup, and would be lost: restore it elsewhere"


class BackupDamaged(TimebankError):
    """The backup is a database with damaged pages. Take another one; nothing was changed."""

    code = "backup_damaged"
    template = "the backup is damaged: SQLite finds faults in its pages, so take another one"


class BackupUnsound(TimebankError):
    """The backup that was just written is not what the books say. Run the audit, then try again."""

    code = "backup_unsound"
    kind = Kind.BROKEN
    template = "the backup does not pass its check, so it was thrown away: {what}"


class CopyRefused(TimebankError):
    """The books to be copied do not hold. Run the audit on them; nothing was changed."""

    code = "copy_refused"
    kind = Kind.BROKEN
    template = "{branch} was not copied, its books do not hold, {place}: {what}"


class SameDatabase(TimebankError):
    """Source and target are the same database or file. Name another one."""

    code = "same_database"
    kind = Kind.USAGE
    template = "source and target are the same: name another one"


class LogInTheWay(TimebankError):
    """A file beside the target belongs to a database of that name. Close or move it, or name another file."""

    code = "log_in_the_way"
    template = "{file} stands there: a database of that name is open or was not closed, so name another file"


class OneFormOnly(TimebankError):
    """A copy of the database file is made of an SQLite database only. Use --format jsonl."""

    code = "one_form_only"
    kind = Kind.USAGE
    template = "a database on a server is backed up as JSON Lines only: use --format jsonl"


class FileExists(TimebankError):
    """There is a file of that name. Name another one, or add --force to replace it."""

    code = "file_exists"
    template = "{file} exists already: name another file, or add --force to replace it"


class OutputMissing(TimebankError):
    """`--json` describes the file that was written, and there is none. Name one with `--output`."""

    code = "output_missing"
    kind = Kind.USAGE
    template = "--json says what was written to a file: name one with --output"


class NotALifeTable(TimebankError):
    """The file is not a life table. Write an age and a probability such as 0.0123 on each line."""

    code = "not_a_life_table"
    kind = Kind.USAGE
    template = "line {line} is not an age up to 119 and a probability, or repeats an age"


class NotBirthYears(TimebankError):
    """The file is not a list of years of birth. Write a reference, a comma and a year on each line."""

    code = "not_birth_years"
    kind = Kind.USAGE
    template = "line {line} is not a member's reference and a year of birth, or repeats a member"


# --- Matching -----------------------------------------------------------------------------------------
class BadPlace(TimebankError):
    """The place lies beyond a pole, or more than half way round. Retrying unchanged cannot help."""

    code = "bad_place"
    kind = Kind.USAGE
    template = "not a place: latitudes go from -90 to 90 degrees, longitudes from -180 to 180"


class SpanReversed(TimebankError):
    """A time does not end a minute or more after it begins. Retrying unchanged cannot help."""

    code = "span_reversed"
    kind = Kind.USAGE
    template = "a time must end at least one minute after it begins"


class BadCapacity(TimebankError):
    """Visits, minutes, metres or rest below zero. Retrying unchanged cannot help."""

    code = "bad_capacity"
    kind = Kind.USAGE
    template = "visits, minutes, metres and rest cannot be less than none"


class UnknownKind(TimebankError):
    """A request or an offer names a kind of help that does not exist. Add the kind, or change it."""

    code = "unknown_kind"
    kind = Kind.USAGE
    template = "there is no kind of help with the code {of}"


class TwiceInPool(TimebankError):
    """Two requests, or two helpers, to be matched have the same id. Retrying unchanged cannot help."""

    code = "twice_in_pool"
    kind = Kind.USAGE
    template = "{id} is there twice"


class UnknownToPool(TimebankError):
    """A match names a request or a helper that is not among those to be matched. Add it, or leave it out."""

    code = "unknown_to_pool"
    kind = Kind.USAGE
    template = "{id} is not among the requests and helpers"


class PinsContradict(TimebankError):
    """Accepted matches contradict: two helpers for a request, or too many for a helper. Withdraw one."""

    code = "pins_contradict"
    template = "the match of {request} and {helper} contradicts others that were accepted"


class WeightOutOfRange(TimebankError):
    """A weight for matching is below or above what scores are made for. Retrying unchanged cannot help."""

    code = "weight_out_of_range"
    kind = Kind.USAGE
    template = "the weight {name} must lie from {least} to {most}"


class TooManyCandidates(TimebankError):
    """More helpers are possible for these requests than fit into memory. Match fewer requests at once."""

    code = "too_many_candidates"
    template = "more than {most} pairs of requests and helpers are possible: match fewer requests at once"


class NotInExchange(TimebankError):
    """Help is accepted from or by a member who does not take part. Add them, or leave it out."""

    code = "not_in_exchange"
    kind = Kind.USAGE
    template = "{id} does not take part in the exchange"


class HelpsThemselves(TimebankError):
    """A member would exchange hours with themselves. Retrying unchanged cannot help."""

    code = "helps_themselves"
    kind = Kind.USAGE
    template = "{id} cannot exchange help with themselves"


class ExchangeTooLarge(TimebankError):
    """More members or more accepted help than are exchanged at once. Exchange in several groups."""

    code = "exchange_too_large"
    template = "{count} is more than the {most} that are exchanged at once: do it in several groups"


class PointsOutOfRange(TimebankError):
    """Points of candidates, or what loads are weighed with, are too many. Retrying unchanged cannot help."""

    code = "points_out_of_range"
    template = "points must lie between -{most} and {most}, those of a load must not be negative"


class UnknownPriority(TimebankError):
    """A request to be matched has a class of priority that does not exist. Retrying unchanged cannot help."""

    code = "unknown_priority"
    template = "there is no class of priority {priority}: they go from 0, the most urgent, to {most}"


class MatchingTooLarge(TimebankError):
    """A plan has more requests or helpers than it can hold. Plan for parts of it."""

    code = "matching_too_large"
    template = "one plan holds at most {most} requests and as many helpers"


class TimesNotKept(TimebankError):
    """A plan that changes one by one cannot keep requests apart in time. Plan such requests together."""

    code = "times_not_kept"
    template = "request {id} has times or a block: plan it together with the others"


class NotACandidate(TimebankError):
    """Two are no candidates of one another, or there is no accepted match. Retrying unchanged cannot help."""

    code = "not_a_candidate"
    template = "request {request} cannot be matched like that: it is no candidate, or not matched"


# --- Storage and services ---------------------------------------------------------------------------


class UnknownBranch(TimebankError):
    """No branch has that code. Retrying unchanged cannot help."""

    code = "unknown_branch"
    kind = Kind.NOT_FOUND
    template = "there is no branch {branch}"


class UnknownAccount(TimebankError):
    """The branch has no such account. Retrying unchanged cannot help."""

    code = "unknown_account"
    kind = Kind.NOT_FOUND
    template = "there is no account {path} in {branch}"


class UnknownMember(TimebankError):
    """The branch has no such member. Retrying unchanged cannot help."""

    code = "unknown_member"
    kind = Kind.NOT_FOUND
    template = "there is no member {member} in {branch}"


class UnknownEntry(TimebankError):
    """The branch has no such entry. Retrying unchanged cannot help."""

    code = "unknown_entry"
    kind = Kind.NOT_FOUND
    template = "there is no entry {entry} in {branch}"


class UnknownHold(TimebankError):
    """The branch has no such hold. Retrying unchanged cannot help."""

    code = "unknown_hold"
    kind = Kind.NOT_FOUND
    template = "there is no hold {hold} in {branch}"


class UnknownRecord(TimebankError):
    """The branch has no such service record. Retrying unchanged cannot help."""

    code = "unknown_record"
    kind = Kind.NOT_FOUND
    template = "there is no service record {record} in {branch}"


class BranchExists(TimebankError):
    """A branch with that code is there already. Retrying unchanged cannot help."""

    code = "branch_exists"
    template = "branch {branch} exists already"


class MemberExists(TimebankError):
    """A member with that reference is there already. Retrying unchanged cannot help."""

    code = "member_exists"
    template = "member {member} exists already in {branch}"


class BadKey(TimebankError):
    """An idempotency key is empty or too long. Retrying unchanged cannot help."""

    code = "bad_key"
    kind = Kind.USAGE
    template = "not an idempotency key: use 1 to {most} characters"


class KeyReused(TimebankError):
    """The idempotency key was used for another request (I-9). Use a new key."""

    code = "key_reused"
    template = "this idempotency key was used before for a different request"


class TryAgain(TimebankError):
    """Somebody else was writing, or the connection was lost. Nothing was changed; try again."""

    code = "try_again"
    kind = Kind.TRANSIENT
    template = "the database is busy: nothing was changed, try again"


class ServerLost(TimebankError):
    """The connection to the database was lost before anything was changed. Try again."""

    code = "server_lost"
    kind = Kind.TRANSIENT
    template = "the connection to the database was lost: nothing was changed, try again"


class OutcomeUnknown(TimebankError):
    """The connection was lost while the change was being kept. The same request with the same key is safe."""

    code = "outcome_unknown"
    kind = Kind.TRANSIENT
    template = (
        "the connection to the database was lost at the last moment, and nobody knows whether the change was "
        "kept: repeat it with the same idempotency key ({key})"
    )


class ServerUnreachable(TimebankError):
    """No database server answers at the address. It may be starting, or the address is wrong. Try again."""

    code = "server_unreachable"
    kind = Kind.TRANSIENT
    template = "the database server does not answer: check the address, or wait for the server and try again"


class ServerRefused(TimebankError):
    """The server does not let this user in, or has no such database. Retrying unchanged cannot help."""

    code = "server_refused"
    template = "the database server refuses: check user, password, database and their rights in the address"


class ServerReadOnly(TimebankError):
    """The server only reads: it is a replica, or set to read-only. Name the primary in the address."""

    code = "server_read_only"
    template = "the database server only reads: it is a replica or read-only, so name the primary"


class ServerTooOld(TimebankError):
    """The server is older than this timebank supports. Retrying unchanged cannot help."""

    code = "server_too_old"
    template = "the server is PostgreSQL {found}, which is too old: timebank needs {least} or newer"


class ServerNotUnicode(TimebankError):
    """The database does not keep its text as UTF-8. Make another one; retrying unchanged cannot help."""

    code = "server_not_unicode"
    template = "the database keeps its text as {found}: make one with ENCODING 'UTF8'"


class UpgradeNotAllowed(TimebankError):
    """The schema is older than this timebank and the role may not upgrade it. Retry after its owner did."""

    code = "upgrade_not_allowed"
    template = (
        "the database has schema {found}, this timebank needs {known}: its owner runs `timebank migrate`"
    )


class RolesUnsupported(TimebankError):
    """An SQLite file has no roles: whoever may read and write the file may. Retrying cannot help."""

    code = "roles_unsupported"
    kind = Kind.USAGE
    template = "rights are granted on PostgreSQL only: an SQLite file has those of the file"


class UnknownDatabaseRole(TimebankError):
    """The server has no such role. Create it first, with a password that timebank has no need to know."""

    code = "unknown_database_role"
    kind = Kind.NOT_FOUND
    template = "the server has no role {role}: create it first, like this: CREATE ROLE name LOGIN"


class RoleOwnsTables(TimebankError):
    """Nothing can be kept from the owner of the tables. Name another role; retrying unchanged cannot help."""

    code = "role_owns_tables"
    template = "{role} owns the tables, so nothing can be kept from it: name another role"


class GrantNotAllowed(TimebankError):
    """Only the owner of the tables, or a superuser, can grant rights on them. Retry as one of these."""

    code = "grant_not_allowed"
    template = "only the owner of the tables can grant rights on them"


class DriverMissing(TimebankError):
    """The driver for the database is not installed. Install it; retrying unchanged cannot help."""

    code = "driver_missing"
    kind = Kind.USAGE
    template = "the driver for PostgreSQL is not installed: pip install 'timebank[postgres]'"


class QueueFull(TimebankError):
    """More requests wait to be written than the queue holds. Nothing was changed; try again."""

    code = "queue_full"
    kind = Kind.TRANSIENT
    template = "too many requests are waiting: nothing was changed, try again"


class WriterClosed(TimebankError):
    """The writer is shutting down and takes no more requests. Nothing was changed; try again elsewhere."""

    code = "writer_closed"
    kind = Kind.TRANSIENT
    template = "the writer is closing: nothing was changed, try again"


class StorageFull(TimebankError):
    """The disk or the database is full. Nothing was changed; try again after making room."""

    code = "storage_full"
    kind = Kind.TRANSIENT
    template = "no room left on the disk: nothing was changed, make room and try again"


class ErasureUnfinished(TimebankError):
    """The person is erased, but somebody still reads the database as it was. Repeating it finishes that."""

    code = "erasure_unfinished"
    kind = Kind.TRANSIENT
    template = "the person is erased, but the log beside the database is not wiped yet: erase them again"


class StorageReadOnly(TimebankError):
    """The database file or its folder cannot be written. Retrying unchanged cannot help."""

    code = "storage_read_only"
    template = "the database cannot be written: check the permissions of the file and its folder"


class StorageUnusable(TimebankError):
    """The database cannot be opened: no such folder, or not readable. Retrying unchanged cannot help."""

    code = "storage_unusable"
    template = "the database cannot be opened: check the address, the folder and the permissions"


class NotADatabase(TimebankError):
    """The file is not a timebank database, or not one any more. Retrying unchanged cannot help."""

    code = "not_a_database"
    template = "the file is not a timebank database, or it is damaged"


class DatabaseDamaged(TimebankError):
    """The database's own structure is broken. Restore the last backup; `audit` says what can be read."""

    code = "database_damaged"
    kind = Kind.BROKEN
    template = "the database is damaged: restore the last backup"


class ValueOutOfRange(TimebankError):
    """A number or a text is more than the database can keep. Retrying unchanged cannot help."""

    code = "value_out_of_range"
    kind = Kind.USAGE
    template = "a number is too large, or a text has characters that no text can have"


class BadDatabaseUrl(TimebankError):
    """The address of the database is malformed or of a kind not supported. Retrying cannot help."""

    code = "bad_database_url"
    kind = Kind.USAGE
    template = "not a database address: write sqlite:///FILE"


class DatabaseNewer(TimebankError):
    """The database was made by a newer timebank. Upgrade timebank; nothing was changed."""

    code = "database_newer"
    template = "this database was made by a newer timebank (schema {found}, this one knows {known})"


class StorageRefused(TimebankError):
    """The database itself refused a write that breaks an invariant. Retrying unchanged cannot help."""

    code = "storage_refused"
    kind = Kind.BROKEN
    template = "the database refused the write: {rule}"


class NoDatabase(TimebankError):
    """The database file does not exist. Create a branch to create it, or correct the address."""

    code = "no_database"
    kind = Kind.NOT_FOUND
    template = "there is no database at that address: `timebank branch create` makes one"


class StatementTooLong(TimebankError):
    """The period has more lines than are shown at once. A shorter period, or its pages, can be had."""

    code = "statement_too_long"
    kind = Kind.USAGE
    template = "the statement has more than {most} lines: ask for a shorter period"


class UnknownMandate(TimebankError):
    """The branch has no such mandate. Retrying unchanged cannot help."""

    code = "unknown_mandate"
    kind = Kind.NOT_FOUND
    template = "there is no mandate {mandate} in {branch}"


class UnknownHelpRequest(TimebankError):
    """The branch has no request of that number. Retrying unchanged cannot help."""

    code = "unknown_help_request"
    kind = Kind.NOT_FOUND
    template = "there is no request {request} in {branch}"


class UnknownHelpOffer(TimebankError):
    """The branch has no offer of that number. Retrying unchanged cannot help."""

    code = "unknown_help_offer"
    kind = Kind.NOT_FOUND
    template = "there is no offer {offer} in {branch}"


class UnknownMatch(TimebankError):
    """The branch has no match of that number. Retrying unchanged cannot help."""

    code = "unknown_match"
    kind = Kind.NOT_FOUND
    template = "there is no match {match} in {branch}"


class UnknownBeneficiary(TimebankError):
    """The branch has no such beneficiary. Retrying unchanged cannot help."""

    code = "unknown_beneficiary"
    kind = Kind.NOT_FOUND
    template = "there is no beneficiary {beneficiary} in {branch}"


class UnknownRedemption(TimebankError):
    """The branch has no such redemption. Retrying unchanged cannot help."""

    code = "unknown_redemption"
    kind = Kind.NOT_FOUND
    template = "there is no redemption {redemption}"


class NotARedemption(TimebankError):
    """The text is not the reference of a redemption. Retrying unchanged cannot help."""

    code = "not_a_redemption"
    kind = Kind.USAGE
    template = "not a redemption: write the sponsor's branch and the number, such as lille-3"


class MemberErased(TimebankError):
    """The person behind the reference was erased. Retrying unchanged cannot help."""

    code = "member_erased"
    template = "member {member} was erased"


class MemberHasOpenMatters(TimebankError):
    """Minutes of the member are held. Settle or release the holds first."""

    code = "member_has_open_matters"
    template = "member {member} has pending holds: settle or release them first"


class ConfirmationClosed(TimebankError):
    """The branch's policy does not let this side confirm. Retrying unchanged cannot help."""

    code = "confirmation_closed"
    template = "the policy does not let this side confirm service record {record}"


class ConfirmationLate(TimebankError):
    """The days in which the other side can confirm are over. A coordinator decides about the record."""

    code = "confirmation_late"
    template = "service record {record} could be confirmed within {days} days of the help"


class EarningCapReached(TimebankError):
    """The policy lets a member earn no more in that day or week. Retrying unchanged cannot help."""

    code = "earning_cap_reached"
    template = "member {member} can earn {most} min in {days} days by the policy's rule on earning"


class CountOnlyKind(TimebankError):
    """The policy counts this kind of help and never credits it. Log it as service minutes (svc)."""

    code = "count_only_kind"
    template = "this kind of help is logged as service minutes (svc) only, by the policy's rule on count_only"


class GiftsNotAllowed(TimebankError):
    """The policy lets no hours move from one member to another. Use a sponsored redemption."""

    code = "gifts_not_allowed"
    template = "the policy's rule on gifts lets no hours move from one member to another"


class EarnedTooLittle(TimebankError):
    """The sponsor has not given enough help yet to spend hours. It may succeed once they have."""

    code = "earned_too_little"
    template = "member {member} has given {given} min of the {least} min that come before a redemption"


class KindNotOffered(TimebankError):
    """The branch's policy does not list this kind of help. Retrying unchanged cannot help."""

    code = "kind_not_offered"
    template = "the policy does not know this kind of help; it has {offered}"


class ModeNotOffered(TimebankError):
    """The branch's policy does not list this mode of help. Retrying unchanged cannot help."""

    code = "mode_not_offered"
    template = "the policy does not know this mode of help; it has {offered}"


class CoordinatorOnly(TimebankError):
    """Only a coordinator does this. Retrying unchanged cannot help."""

    code = "coordinator_only"
    template = "only a coordinator can do this, not {actor}"


class AccountNotEmpty(TimebankError):
    """An account with a balance is not closed. Move the balance first."""

    code = "account_not_empty"
    template = "{path} still has a balance of {balance_minutes} min"


class AccountManaged(TimebankError):
    """The account moves by its own rules only (holds, clearing). Retrying unchanged cannot help."""

    code = "account_managed"
    template = "{path} moves only through holds and redemptions"


class KindManaged(TimebankError):
    """Only transfers are posted by hand; a use case of its own posts the rest. Retrying cannot help."""

    code = "kind_managed"
    template = "an entry of kind {kind} is posted by what it belongs to, not by hand"


class EntrySettled(TimebankError):
    """The entry belongs to a service record or a redemption. Correct that instead, so both stay in step."""

    code = "entry_settled"
    template = "entry {entry} belongs to {cause}: use `timebank hours correct` or `timebank hours decide`"


class PolicyDatedInPast(TimebankError):
    """A policy takes effect today or later. Retrying unchanged cannot help."""

    code = "policy_dated_in_past"
    template = "a policy takes effect today or later: what is booked keeps the rules it was booked under"


class UnknownPolicyVersion(TimebankError):
    """The branch has no such policy version. Retrying unchanged cannot help."""

    code = "unknown_policy_version"
    kind = Kind.NOT_FOUND
    template = "there is no policy version {version} in {branch}"


# --- Access ------------------------------------------------------------------------------------------


class TokenRefused(TimebankError):
    """The access token is malformed, unknown, expired or revoked. Ask a coordinator for a new one."""

    code = "token_refused"
    template = "the access token opens nothing here"


class UnknownToken(TimebankError):
    """The branch has no access token of that number. Retrying unchanged cannot help."""

    code = "unknown_token"
    kind = Kind.NOT_FOUND
    template = "there is no access token {token} in {branch}"


class DaysOutOfRange(TimebankError):
    """An access token is for less than a day, or for longer than is wise. Retrying unchanged cannot help."""

    code = "days_out_of_range"
    kind = Kind.USAGE
    template = "{days} days is outside 1 to {most} days"


class RequestInProgress(TimebankError):
    """The same request, with its key, is being worked on. Ask again in a moment for its answer."""

    code = "request_in_progress"
    kind = Kind.TRANSIENT
    template = "the request with this idempotency key is being worked on"


class BadCursor(TimebankError):
    """The cursor was not given to whoever asks, for this list and its filters. Begin with its first page."""

    code = "bad_cursor"
    kind = Kind.USAGE
    template = "this cursor is none of this list: begin with its first page"


class VersionChanged(TimebankError):
    """Somebody changed it since it was read. Read it again and decide anew."""

    code = "version_changed"
    template = "somebody changed it since it was read"


class TooManyRequests(TimebankError):
    """Too many requests came from the same side within a short time. Nothing was changed; ask more slowly."""

    code = "too_many_requests"
    kind = Kind.TRANSIENT
    template = "too many requests within a short time: wait {retry_seconds} s"


class ScopeMissing(TimebankError):
    """The access token is for less than that. Ask a coordinator for one with the scope."""

    code = "scope_missing"
    template = "this access token is not for that: it lacks the scope {scope}"


class ScopesExceeded(TimebankError):
    """Nobody gives a token more than their own may do. Leave the scopes out."""

    code = "scopes_exceeded"
    template = "nobody gives more than they have: {scopes}"


class InvitationRefused(TimebankError):
    """The invitation's code is unknown, used, revoked or expired. Ask a coordinator for a new one."""

    code = "invitation_refused"
    template = "the invitation opens nothing here"


class UnknownInvitation(TimebankError):
    """The branch has no invitation of that number. Retrying unchanged cannot help."""

    code = "unknown_invitation"
    kind = Kind.NOT_FOUND
    template = "there is no invitation {invitation} in {branch}"


class SignInRefused(TimebankError):
    """Nobody signs in with that; which part is wrong is not said. Retrying unchanged cannot help."""

    code = "sign_in_refused"
    template = "nobody signs in with that"


class TooManyAttempts(TimebankError):
    """Too many attempts failed for this person from this place. The same request may succeed later."""

    code = "too_many_attempts"
    kind = Kind.TRANSIENT
    template = "too many attempts from here: wait {retry_seconds} seconds"


class CredentialMissing(TimebankError):
    """Neither a password nor an e-mail address nor a code was said. Retrying with one can help."""

    code = "credential_missing"
    kind = Kind.USAGE
    template = "say with what to sign in: a password, an e-mail address or a code"


class WeakPassword(TimebankError):
    """The password is too short, too long or easily guessed. Retrying unchanged cannot help."""

    code = "weak_password"
    kind = Kind.USAGE
    template = (
        "not a good password: use {least} to {most} characters, not the usual ones, not one over and over"
    )


class BadEmail(TimebankError):
    """The text is no e-mail address; it is never repeated (I-10). Retrying unchanged cannot help."""

    code = "bad_email"
    kind = Kind.USAGE
    template = "not an e-mail address: write NAME@HOST, at most {most} characters"


class NoMail(TimebankError):
    """The service cannot send mail, so nobody signs in by mail. Whoever runs it sets it up."""

    code = "no_mail"
    template = "this service sends no mail: sign in in another way"


class CsrfRefused(TimebankError):
    """A browser's session changes something only with its own CSRF token. Retrying with it can help."""

    code = "csrf_refused"
    template = "send the session's own token in the header X-CSRF-Token"


class SessionNeeded(TimebankError):
    """Only somebody who signed in does this, not a program with an issued token. Sign in first."""

    code = "session_needed"
    template = "sign in first: an issued token is not for that"


class ProviderRefused(TimebankError):
    """The OpenID provider said nothing that lets somebody in. Begin again."""

    code = "provider_refused"
    template = "the OpenID provider lets nobody in with that"


class ProviderUnreachable(TimebankError):
    """The OpenID provider does not answer as it should. The same request may succeed later."""

    code = "provider_unreachable"
    kind = Kind.TRANSIENT
    template = "the OpenID provider does not answer"


class UnknownWebhook(TimebankError):
    """The branch has no webhook of that number, or it was removed. Retrying unchanged cannot help."""

    code = "unknown_webhook"
    kind = Kind.NOT_FOUND
    template = "there is no webhook {webhook} in {branch}"


class UnknownDeadLetter(TimebankError):
    """The webhook has taken that event, or was not yet sent it. Retrying unchanged cannot help."""

    code = "unknown_dead_letter"
    kind = Kind.NOT_FOUND
    template = "event {event} was not given up for webhook {webhook}"


class BadWebhookUrl(TimebankError):
    """A webhook needs an https address with a host, and nothing secret in it. Retrying unchanged cannot help.

    Where private addresses are allowed, http is, too, for this machine only.
    """

    code = "bad_webhook_url"
    kind = Kind.USAGE
    template = "not an address for a webhook: {what}"


class TooManyWebhooks(TimebankError):
    """The branch has as many webhooks as it can have. Remove one first."""

    code = "too_many_webhooks"
    template = "the branch has {most} webhooks already, no more are possible"


class TooManyStreams(TimebankError):
    """Somebody follows events in too many places at once. Close one, then try again."""

    code = "too_many_streams"
    kind = Kind.TRANSIENT
    template = "events are followed in {most} places already"


# --- Log and proofs ----------------------------------------------------------------------------------


class BeyondLog(TimebankError):
    """The log has no such entry, or not so many yet. It may have later."""

    code = "beyond_log"
    kind = Kind.NOT_FOUND
    template = "the log has {size} entries; {asked} was asked for"


class ProofRefused(TimebankError):
    """A proof does not show what it should, or is no proof at all. Retrying unchanged cannot help."""

    code = "proof_refused"
    kind = Kind.BROKEN
    template = "the proof does not hold: {reason}"


class NoteRefused(TimebankError):
    """A signed note is not written as notes are, or not signed by the key. Retrying unchanged cannot help."""

    code = "note_refused"
    kind = Kind.BROKEN
    template = "the signed note does not hold: {reason}"


class CheckpointRefused(TimebankError):
    """A checkpoint is not written as checkpoints are. Retrying unchanged cannot help."""

    code = "checkpoint_refused"
    kind = Kind.BROKEN
    template = "the checkpoint does not hold: {reason}"


class BundleRefused(TimebankError):
    """A bundle of entries is not written as bundles are. Retrying unchanged cannot help."""

    code = "bundle_refused"
    kind = Kind.BROKEN
    template = "the bundle of entries does not hold: {problem}"


class BadLogKey(TimebankError):
    """The text is not a key of a log or witness. Retrying unchanged cannot help."""

    code = "bad_log_key"
    kind = Kind.USAGE
    template = "not a key of a log: write NAME+KEYID+BASE64 as it was published"


class WitnessAnswerRefused(TimebankError):
    """A witness refused the checkpoint, or what it sent is no cosignature by its key. Ask it again later."""

    code = "witness_answer_refused"
    kind = Kind.TRANSIENT
    template = "the witness gave no cosignature (status {status})"


class WitnessUnreachable(TimebankError):
    """A witness did not answer, or not in time. Ask it again later."""

    code = "witness_unreachable"
    kind = Kind.TRANSIENT
    template = "the witness {witness} cannot be reached: {problem}"


class WitnessAhead(TimebankError):
    """A witness saw more of this log than there is: the books are older than what was shown. Say so."""

    code = "witness_ahead"
    kind = Kind.BROKEN
    template = "the witness {witness} saw {seen} entries of the log of {branch}, which has {size}"


class WitnessSawAnother(TimebankError):
    """A witness holds another history of this log than the books do: one of the two was changed. Say so."""

    code = "witness_saw_another"
    kind = Kind.BROKEN
    template = "the witness {witness} holds another history of the log of {branch} (status {status})"


class BadWitnessUrl(TimebankError):
    """The text is not the address of a witness. Retrying unchanged cannot help."""

    code = "bad_witness_url"
    kind = Kind.USAGE
    template = "not the address of a witness: write https://HOST/PATH, without a password"


class NoLogKey(TimebankError):
    """The branch has no key that signs checkpoints. Make one; writing works without."""

    code = "no_log_key"
    template = "{branch} has no key to sign its log: timebank log key new --branch {branch}"


class LogKeyExists(TimebankError):
    """The branch has a key already. Rotate it instead."""

    code = "log_key_exists"
    template = "{branch} signs its log with key {no} already: timebank log key rotate --branch {branch}"


class UnknownLogKey(TimebankError):
    """The branch has no key of that number, or it is retired. Retrying unchanged cannot help."""

    code = "unknown_log_key"
    kind = Kind.NOT_FOUND
    template = "{branch} has no key {no} that signs"


class LogKeyMissing(TimebankError):
    """The private key is in no file and in no variable. Bring it back, or rotate with --lost."""

    code = "log_key_missing"
    template = (
        "the private key {no} of {branch} is neither in {place} nor in {variable}: bring it back, or, if it "
        "is lost, timebank log key rotate --branch {branch} --lost"
    )


class LogKeyUnreadable(TimebankError):
    """The file of a private key cannot be read or written. It may be later."""

    code = "log_key_unreadable"
    template = "the key in {place} cannot be used: {problem}"


class LogKeyExposed(TimebankError):
    """Others than its owner may read a private key or its folder. Take their rights away, and rotate."""

    code = "log_key_exposed"
    template = "{place} is open to other users of the machine: it should be {mode}; then rotate the key"


class LogKeyMalformed(TimebankError):
    """A private key is not written as signed-note writes keys. Retrying unchanged cannot help."""

    code = "log_key_malformed"
    template = "the key in {place} is no private key of a log"


class LogKeyDiffers(TimebankError):
    """A private key is not the one that signs this log. Find the right one."""

    code = "log_key_differs"
    template = "the key in {place} is not key {no} of {branch}"


class NoKeyFolder(TimebankError):
    """Nobody said where private keys are kept, and the database is no file. Set the variable."""

    code = "no_key_folder"
    template = "say where private keys are kept: set TIMEBANK_LOG_KEYS to a folder of your own"


class LogForked(TimebankError):
    """The entries are not those that a checkpoint was signed of (I-11). Audit the books."""

    code = "log_forked"
    kind = Kind.BROKEN
    template = "the log of {branch} does not go on from the checkpoint of {size} entries: nothing is signed"


class DetailsUnreadable(TimebankError):
    """The text is not written as the details of an entry are. Retrying unchanged cannot help."""

    code = "details_unreadable"
    template = "not the details of an entry: they are not written as timebank writes them"


class NoDetails(TimebankError):
    """The entry had no details, or they were erased. Retrying cannot help."""

    code = "no_details"
    template = "entry {entry} of {branch} has no details, or they were erased"


class NotAnErasureList(TimebankError):
    """The file is no list of erasures. Retrying unchanged cannot help."""

    code = "not_an_erasure_list"
    template = "not a list of erasures ({format}), as `timebank member erasures --json` writes it"


class ReceiptRefused(TimebankError):
    """A receipt that was just made does not verify: what is stored does not hold. Run `timebank audit`."""

    code = "receipt_refused"
    kind = Kind.BROKEN
    template = "no receipt: {why} ({reason}); run the audit"


class NotACheckpoint(TimebankError):
    """The file is neither a receipt nor a checkpoint of this log. Retrying unchanged cannot help."""

    code = "not_a_checkpoint"
    kind = Kind.USAGE
    template = "the older file is neither a receipt nor a checkpoint, or of none of these logs"


class NotCosigned(TimebankError):
    """No checkpoint that covers the entry was cosigned by these witnesses. Ask them first."""

    code = "not_cosigned"
    template = (
        "no checkpoint with entry {entry} of {branch} was cosigned: timebank log cosign URL -b {branch}"
    )


class HistoryRewritten(TimebankError):
    """A checkpoint that somebody kept is not the beginning of this log: its past was changed. Say so."""

    code = "history_rewritten"
    kind = Kind.BROKEN
    template = "the checkpoint of {size} entries of {origin} that was kept is not the beginning of this log"


class NothingToProve(TimebankError):
    """The redemption has no entry in any book. Retrying unchanged cannot help."""

    code = "nothing_to_prove"
    kind = Kind.NOT_FOUND
    template = "{redemption} has no entry in the books"


class NoSuchFile(TimebankError):
    """A file that was named is not there. Retrying unchanged cannot help."""

    code = "no_such_file"
    kind = Kind.NOT_FOUND
    template = "there is no file {file}"


class NothingSigned(TimebankError):
    """No log has a checkpoint that could be mirrored. Make a key and sign the log first."""

    code = "nothing_signed"
    template = "{what} was never signed: timebank log key new, then timebank log checkpoint"


class NotAMirror(TimebankError):
    """The folder holds something other than the files of a log. Name another folder; nothing was written."""

    code = "not_a_mirror"
    template = "{folder} holds something other than a mirror of a log: name another folder"


class MirrorOfAnother(TimebankError):
    """The folder is the mirror of another log. Name another folder; nothing was written."""

    code = "mirror_of_another"
    template = "{folder} is the mirror of {found}, and this is the log {origin}: name another folder"


class MirrorDiverged(TimebankError):
    """The log does not go on from its mirror, so its past was changed. Keep the mirror, and say so."""

    code = "mirror_diverged"
    kind = Kind.BROKEN
    template = (
        "the log of {branch} does not go on from its mirror, which has {size} entries: keep the mirror, and "
        "run the audit"
    )


class MirrorHasEntries(TimebankError):
    """The mirror holds entries, too, and was to go on without them. Say so, or name another folder."""

    code = "mirror_has_entries"
    template = "{folder} holds entries, too: add --entries, or name another folder"


class MirrorBusy(TimebankError):
    """Another export is writing to the mirror. Wait until it has ended, and do it again."""

    code = "mirror_busy"
    kind = Kind.TRANSIENT
    template = "another export is writing to {folder}: wait until it has ended"


class MirrorUnfounded(TimebankError):
    """An entry does not hash to what the log says of it, so it is not mirrored. Run `timebank audit`."""

    code = "mirror_unfounded"
    kind = Kind.BROKEN
    template = "entry {entry} of {branch} is not the one in the log: run the audit"


# --- Command line -----------------------------------------------------------------------------------


class ServiceMissing(TimebankError):
    """The libraries of an extra are not installed. Install timebank with the extra that is named."""

    code = "service_missing"
    kind = Kind.USAGE
    template = "this needs more libraries: pip install 'timebank[{extra}]'"


class ServiceEnding(TimebankError):
    """The service was told to end and takes nothing new. Ask again in a moment, it may be back."""

    code = "service_ending"
    kind = Kind.TRANSIENT
    template = "the service is about to end"


class UnknownSetting(TimebankError):
    """The settings file or the environment names a setting that does not exist. Correct the name."""

    code = "unknown_setting"
    kind = Kind.USAGE
    template = "there is no setting {name} (in {place}){hint}"


class SettingInvalid(TimebankError):
    """A setting is of another kind, or outside its bounds. Retrying unchanged cannot help."""

    code = "setting_invalid"
    kind = Kind.USAGE
    template = "the setting {name} ({place}) is not {wanted}"


class BadSettingsFile(TimebankError):
    """The settings file is not TOML. Retrying unchanged cannot help."""

    code = "bad_settings_file"
    kind = Kind.USAGE
    template = "{file} is not TOML: look at line {line}"


class SecretExposed(TimebankError):
    """A settings file holds a secret that every user of the machine can read. Tighten its permissions."""

    code = "secret_exposed"
    template = "{file} holds a secret, and every user of this machine can read it: chmod o-r it"


class PortTaken(TimebankError):
    """Another program listens there already, perhaps another instance. End it, or choose another port."""

    code = "port_taken"
    template = "another program listens on {host} port {port} already: end it, or say another --port"


class CannotListen(TimebankError):
    """The machine does not let the service listen there. Choose its own host and a port above 1023."""

    code = "cannot_listen"
    kind = Kind.USAGE
    template = "cannot listen on {host} port {port}: it is not this machine's, or you may not"


class NoAddress(TimebankError):
    """Nothing says where the database is. Give `--db` or set `TIMEBANK_DB`."""

    code = "no_address"
    kind = Kind.USAGE
    template = "where are the books? Say --db sqlite:///FILE, or set TIMEBANK_DB"


class UnreadableFile(TimebankError):
    """A file is missing, unreadable, too large, or not text in UTF-8. Retrying unchanged cannot help."""

    code = "unreadable_file"
    kind = Kind.USAGE
    template = "cannot read {file}: it is missing, not readable, too large or not UTF-8 text"


class UnwritableFile(TimebankError):
    """A file cannot be written: no folder, no permission, no room. Nothing is left half-written."""

    code = "unwritable_file"
    kind = Kind.USAGE
    template = "cannot write {file}: check the folder, its permissions and the room on the disk"


class Declined(TimebankError):
    """Somebody answered no, or there was nobody to ask. Add --yes to go ahead without being asked."""

    code = "declined"
    template = "nothing was changed; add --yes to go ahead without being asked"


class UsageFault(TimebankError):
    """The command line names no such command or option, or lacks one. Retrying unchanged cannot help."""

    code = "usage"
    kind = Kind.USAGE
    template = "{problem} (see {command} --help)"


class BadArgument(TimebankError):
    """An argument has bytes that are no text, or a null character. Retrying unchanged cannot help."""

    code = "bad_argument"
    kind = Kind.USAGE
    template = "word {position} of the command line is not text in UTF-8"


class NotAnAmount(TimebankError):
    """The text is not an amount of money. Retrying unchanged cannot help."""

    code = "not_an_amount"
    kind = Kind.USAGE
    template = "not an amount of money: write 12 or 12.50"


class ResultNotWritten(TimebankError):
    """The disk that the result goes to is full. What was asked is done; ask with the same key to see it."""

    code = "result_not_written"
    template = "the result could not be written out; a change that was asked for is made"


class NotTheSampleWorld(TimebankError):
    """The database holds other branches than the sample world's. Give the demo a database of its own."""

    code = "not_the_sample_world"
    template = "this database holds other branches: give the demo one of its own, --db sqlite:///demo.db"
