"""Beneficiaries: for whom a sponsor may spend hours, and what has to be in place first.

Relation, consent and a coordinator's check, as NALC's list of relatives has them, plus one or more
named persons where the policy says so. Pure: the policy's rules arrive as plain arguments.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from timebank.care.inputs import optional_reason_of, reason_of
from timebank.care.mandate import Act, Scope, authorise, authorise_or_coordinate, require_coordinator
from timebank.errors import (
    BeneficiaryExists,
    BeneficiaryRevoked,
    CheckMissing,
    ConsentMissing,
    RelationMismatch,
    RelationNotEligible,
    SelfDealing,
    TooManyNamed,
)
from timebank.ids import reference
from timebank.ledger.model import Actor
from timebank.policy import words

Relation: TypeAlias = words.Relation
"""What the beneficiary is to the sponsor."""


class BeneficiaryAct(StrEnum):
    """What was done about a beneficiary."""

    ADD = "add"
    CONSENT = "consent"
    CHECK = "check"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beneficiary:
    """Somebody a sponsor may spend hours on.

    Raises:
        BadReference: a reference or branch code is malformed.
        RelationMismatch: `self` names another member of the same branch, or another relation the sponsor.
    """

    branch: str
    """The sponsor's branch, which numbers the beneficiary."""
    no: int
    sponsor: str
    relation: Relation
    host_branch: str
    """Where the beneficiary is a member and receives help: `branch`, or another one."""
    member: str
    """The beneficiary's reference in `host_branch`."""
    consented_at: datetime | None = None
    checked_at: datetime | None = None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be a beneficiary."""
        for code in (self.branch, self.host_branch):
            reference(code, what="branch code")
        for ref in (self.sponsor, self.member):
            reference(ref, what="member reference")
        if self.branch == self.host_branch and (self.relation is Relation.SELF) != self.is_sponsor:
            raise RelationMismatch(relation=self.relation.value)

    @property
    def is_sponsor(self) -> bool:
        """Whether beneficiary and sponsor are one member: nobody to ask, nothing to check."""
        return (self.branch, self.sponsor) == (self.host_branch, self.member)


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryEvent:
    """One line of a beneficiary's history; the reason itself is kept with the identities (I-10)."""

    act: BeneficiaryAct
    actor: Actor
    at: datetime
    has_reason: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BeneficiaryOutcome:
    """What an act leads to."""

    beneficiary: Beneficiary
    event: BeneficiaryEvent
    reason: str | None = field(default=None, repr=False)
    """Cleaned text for the identity store; never for the books."""


def add(
    act: Act,
    *,
    no: int,
    sponsor: str,
    relation: Relation,
    host_branch: str,
    member: str,
    others: Iterable[Beneficiary],
    reason: str | None = None,
) -> BeneficiaryOutcome:
    """Add a beneficiary: by the sponsor, a proxy with scope `sponsor`, or a coordinator with a reason.

    Args:
        act: done in the sponsor's branch.
        no: the number the branch gives it.
        sponsor: member reference in the act's branch.
        relation: what the beneficiary is to the sponsor.
        host_branch: the beneficiary's branch.
        member: the beneficiary's reference there.
        others: the sponsor's beneficiaries, any order.
        reason: required of a coordinator.

    Raises:
        NotAllowed, MandateNotInForce, ReasonMissing, BadText, BadReference, RelationMismatch,
        BeneficiaryExists: in this order.
    """
    cleaned = authorise_or_coordinate(
        act, branch=act.branch, member=sponsor, scope=Scope.SPONSOR, reason=reason
    )
    beneficiary = Beneficiary(
        branch=act.branch, no=no, sponsor=sponsor, relation=relation, host_branch=host_branch, member=member
    )
    for other in others:
        is_same = (other.sponsor, other.host_branch, other.member) == (sponsor, host_branch, member)
        if is_same and other.revoked_at is None:
            raise BeneficiaryExists(beneficiary=other.no)
    return _outcome(beneficiary, BeneficiaryAct.ADD, act, cleaned)


def consent(beneficiary: Beneficiary, act: Act, *, reason: str | None = None) -> BeneficiaryOutcome:
    """Record that the beneficiary agrees; a second consent keeps the first one's instant.

    It is the beneficiary's word, a proxy's with scope `request`, or a signed paper that a coordinator of
    the host branch records with a reason. The sponsor's word counts only where both are one person.

    Raises:
        SelfDealing: the sponsor, or a coordinator who is the sponsor, speaks for somebody else.
        NotAllowed, MandateNotInForce, ReasonMissing, BadText, BeneficiaryRevoked: after that, in this order.
    """
    is_own_will = beneficiary.relation is Relation.SELF
    if act.person == (beneficiary.branch, beneficiary.sponsor) and not is_own_will:
        raise SelfDealing(actor=act.actor)
    if is_own_will and act.is_by(beneficiary.branch, beneficiary.sponsor):
        cleaned = optional_reason_of(reason)
    else:
        cleaned = authorise_or_coordinate(
            act,
            branch=beneficiary.host_branch,
            member=beneficiary.member,
            scope=Scope.REQUEST,
            reason=reason,
        )
    _require_valid(beneficiary)
    agreed = beneficiary.consented_at or act.at
    return _outcome(replace(beneficiary, consented_at=agreed), BeneficiaryAct.CONSENT, act, cleaned)


def check(beneficiary: Beneficiary, act: Act) -> BeneficiaryOutcome:
    """Record that a coordinator of either branch has checked relation and consent.

    A second check keeps the first one's instant.

    Raises:
        NotAllowed: no coordinator of either branch.
        SelfDealing: the coordinator is the sponsor or the beneficiary.
        BeneficiaryRevoked: it was revoked.
    """
    parties = ((beneficiary.branch, beneficiary.sponsor), (beneficiary.host_branch, beneficiary.member))
    require_coordinator(act, beneficiary.branch, beneficiary.host_branch, parties=parties)
    _require_valid(beneficiary)
    checked = beneficiary.checked_at or act.at
    return _outcome(replace(beneficiary, checked_at=checked), BeneficiaryAct.CHECK, act, None)


def revoke(beneficiary: Beneficiary, act: Act, *, reason: str | None = None) -> BeneficiaryOutcome:
    """End it: by the sponsor, the beneficiary, a proxy of either, or a coordinator with a reason.

    Raises:
        NotAllowed, MandateNotInForce, ReasonMissing, BadText, BeneficiaryRevoked: in this order.
    """
    if act.is_for(beneficiary.host_branch, beneficiary.member):
        authorise(act, branch=beneficiary.host_branch, member=beneficiary.member, scope=Scope.REQUEST)
        cleaned = optional_reason_of(reason)
    elif act.is_by_coordinator_of(beneficiary.host_branch):
        cleaned = reason_of(reason)
    else:
        cleaned = authorise_or_coordinate(
            act,
            branch=beneficiary.branch,
            member=beneficiary.sponsor,
            scope=Scope.SPONSOR,
            reason=reason,
        )
    _require_valid(beneficiary)
    return _outcome(replace(beneficiary, revoked_at=act.at), BeneficiaryAct.REVOKE, act, cleaned)


def require_eligible(
    beneficiary: Beneficiary,
    *,
    relations: Collection[Relation],
    needs_consent: bool,
    needs_check: bool,
    named_most: int,
    others: Iterable[Beneficiary],
) -> None:
    """Refuse to spend hours on somebody for whom the policy's conditions are not met.

    Consent and check are not asked of a sponsor who is the beneficiary. Named persons count in the order
    in which they were added.

    Args:
        beneficiary: for whom hours are to be spent.
        relations: the relations the policy allows.
        needs_consent: whether the beneficiary must have consented.
        needs_check: whether a coordinator must have checked.
        named_most: how many named persons a sponsor may have.
        others: the sponsor's beneficiaries, any order; this one may be among them.

    Raises:
        BeneficiaryRevoked, RelationNotEligible, TooManyNamed, ConsentMissing, CheckMissing: in this order.
    """
    _require_valid(beneficiary)
    if beneficiary.relation not in relations:
        raise RelationNotEligible(relation=beneficiary.relation.value)
    if beneficiary.relation is Relation.NAMED:
        earlier = sum(
            other.relation is Relation.NAMED and other.revoked_at is None and other.no < beneficiary.no
            for other in others
        )
        if earlier >= named_most:
            raise TooManyNamed(most=named_most)
    if beneficiary.is_sponsor:
        return
    if needs_consent and beneficiary.consented_at is None:
        raise ConsentMissing(beneficiary=beneficiary.no)
    if needs_check and beneficiary.checked_at is None:
        raise CheckMissing(beneficiary=beneficiary.no)


def _require_valid(beneficiary: Beneficiary) -> None:
    if beneficiary.revoked_at is not None:
        raise BeneficiaryRevoked(beneficiary=beneficiary.no)


def _outcome(
    beneficiary: Beneficiary, done: BeneficiaryAct, act: Act, reason: str | None
) -> BeneficiaryOutcome:
    event = BeneficiaryEvent(act=done, actor=act.actor, at=act.at, has_reason=reason is not None)
    return BeneficiaryOutcome(beneficiary=beneficiary, event=event, reason=reason)
