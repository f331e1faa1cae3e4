"""Terms: what the policies of both branches say about a redemption.

The home branch says for whom hours can be spent and how long they stay reserved; the host branch says
which help is offered, how its minutes count and what a visit costs that fails.
"""

from datetime import datetime, timedelta
from typing import Final

from timebank.care import sponsorship
from timebank.care.beneficiary import require_eligible
from timebank.care.mandate import Act
from timebank.care.member import require_active
from timebank.care.record import Hours
from timebank.care.redemption import Redemption, RedemptionOutcome
from timebank.errors import EarnedTooLittle
from timebank.instants import day_of
from timebank.ledger.chart import available
from timebank.policy.model import DAY_MINUTES
from timebank.policy.rules import cancellation_charge
from timebank.services.settling import TwoBooks
from timebank.services.stating import credited, others_of, require_offered, require_parties, rules_of
from timebank.storage.books import Books
from timebank.storage.policies import PolicyVersion

LOGGING_DAYS: Final = 7
"""How many days after the planned help it can be logged, whatever the policy's deadline: a week, as at
Vilassar."""


def requested(
    books: TwoBooks, act: Act, beneficiary_no: int, planned: Hours, reason: str | None
) -> RedemptionOutcome:
    """Decide on a request; see `Redemptions.request` for what is refused.

    Who acts and what is planned is judged first: nobody else learns whether somebody consented.
    """
    home, host = books.home, books.host
    beneficiary = home.beneficiaries.get(beneficiary_no)
    rules = home.policy.policy.redemption
    end_at = planned.start_at + _length_of(planned.minutes)
    outcome = sponsorship.request(
        act,
        beneficiary,
        no=home.redemptions.next_no(),
        hold_no=home.holds.next_no(),
        planned=planned,
        held_minutes=credited(host, planned),
        expires_at=max(act.at + timedelta(days=rules.hold_days), end_at + timedelta(days=LOGGING_DAYS)),
        longest_minutes=host.policy.policy.service.longest_minutes,
        reason=reason,
    )
    require_active(home.members.get(beneficiary.sponsor), on=act.on)
    require_active(host.members.get(beneficiary.member), on=day_of(planned.start_at, host.zone))
    require_eligible(
        beneficiary,
        relations=rules.relations,
        needs_consent=rules.needs_consent,
        needs_check=rules.needs_check,
        named_most=rules.named_persons_most,
        others=home.beneficiaries.list(beneficiary.sponsor),
    )
    given = home.accounts.state(available(beneficiary.sponsor)).given
    if given < rules.earned_least_minutes:
        raise EarnedTooLittle(member=beneficiary.sponsor, given=given, least=rules.earned_least_minutes)
    require_offered(host.policy.policy, planned)
    return outcome


def stated(redemption: Redemption, *, minutes: int | None, start_at: datetime | None, now: datetime) -> Hours:
    """Return the hours as said; what is left out is as planned, or just over now where that lies ahead."""
    length = minutes if minutes is not None else redemption.planned_minutes
    as_planned = min(redemption.planned_at, now - _length_of(length))
    return Hours(
        start_at=start_at if start_at is not None else as_planned,
        minutes=length,
        kind=redemption.kind,
        mode=redemption.mode,
    )


def logged(host: Books, act: Act, redemption: Redemption, hours: Hours) -> RedemptionOutcome:
    """Decide on stated help under the host's policy; see `Redemptions.log` for what it refuses."""
    policy = host.policy.policy
    provider = redemption.provider
    if provider is not None:
        require_parties(host, provider, f"member:{redemption.beneficiary}", hours)
    return sponsorship.log(
        redemption,
        act,
        record_no=host.records.next_no(),
        hours=hours,
        credited_minutes=credited(host, hours),
        rules=rules_of(policy),
        others=others_of(host, provider, hours) if provider is not None else (),
    )


def agreed(books: TwoBooks, redemption: Redemption) -> PolicyVersion:
    """Return the host's policy on the day of the request: the terms under which the visit was agreed."""
    on = day_of(books.home.redemptions.requested_at(redemption.no), books.host.zone)
    return books.host.policies.in_force(on)


def charge(host: Books, terms: PolicyVersion, redemption: Redemption, act: Act, *, is_no_show: bool) -> int:
    """Return what a visit costs that was called off or missed, in minutes as they count; nobody, nothing."""
    if redemption.provider is None:
        return 0
    return cancellation_charge(
        terms.policy,
        planned_minutes=redemption.held_minutes,
        planned_at=redemption.planned_at,
        cancelled_at=act.at,
        zone=host.zone,
        is_no_show=is_no_show,
    )


def _length_of(minutes: int) -> timedelta:
    """Return how long that is; what no policy allows is cut to a day, and refused by the core."""
    return timedelta(minutes=max(0, min(minutes, DAY_MINUTES)))
