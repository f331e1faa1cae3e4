"""Allotment: which accounts the minutes of confirmed help come from and go to.

Joining grants are spent first, what is beyond a cap goes to a fund, and a levy is taken. Every case moves the
same minutes on both sides, so that I-1 holds whatever the policy says; nothing is issued here. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from timebank.ledger.model import CREDIT, MINUTES, Posting, credit, debit
from timebank.policy.model import Policy
from timebank.policy.words import Over, Surplus


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotment:
    """What a policy and the balances say about one posting of help."""

    grant_path: str | None = None
    """The payer's joining grant."""
    grant_minutes: int = 0
    """What is left of it."""
    room_minutes: int | None = None
    """What the helper can still earn; None is without limit."""
    surplus_path: str = "fund:branch"
    levy_minutes: int = 0
    levy_path: str = "fund:branch"


def allotted(postings: Sequence[Posting], rules: Allotment) -> tuple[Posting, ...]:
    """Return the postings of help, one debit and one credit, with grant, levy and surplus apart.

    Other units than minutes are left as they are.
    """
    if any(posting.unit != MINUTES for posting in postings):
        return tuple(postings)
    helper = next(posting for posting in postings if posting.side is CREDIT)
    payer = next(posting for posting in postings if posting.side is not CREDIT)
    levy = min(rules.levy_minutes, helper.amount)
    paid, earned = payer.amount, helper.amount - levy
    kept = earned if rules.room_minutes is None else min(earned, max(0, rules.room_minutes))
    granted = min(paid, rules.grant_minutes) if rules.grant_path is not None else 0
    lines = (
        debit(rules.grant_path or payer.path, granted) if granted else None,
        debit(payer.path, paid - granted) if paid > granted else None,
        credit(helper.path, kept) if kept else None,
        credit(rules.surplus_path, earned - kept) if earned > kept else None,
        credit(rules.levy_path, levy) if levy else None,
    )
    return tuple(line for line in lines if line is not None)


def funds_paid(policy: Policy) -> frozenset[str]:
    """Return the paths of the funds that a policy lets have what is beyond a cap, or levies."""
    earning, surplus = policy.earning, policy.surplus
    caps = [cap.over for cap in (earning.day, earning.week) if cap.most_minutes is not None]
    has_surplus = Over.FUND in caps or surplus.over_ceiling is Surplus.FUND
    return frozenset(
        [f"fund:{surplus.fund}"] * has_surplus
        + [f"fund:{policy.levy.fund}"] * (policy.levy.each_service_minutes > 0)
    )
