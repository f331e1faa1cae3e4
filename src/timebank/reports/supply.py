"""Time supply: where the hours of a branch come from and where they are, as one exact identity. Pure.

Every entry balances (I-1), so all balances of a branch sum to zero. Sorted by what the accounts are, that
says where every hour is:

    issued = positive balances + funds + waiting + owed to other branches - negative balances

Over all branches of a bank what they owe one another cancels out (I-7), and the identity is the one of the
care schemes: issued = positive balances + funds - negative balances.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from timebank.ledger.chart import AccountKind, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSupply:
    """The parts of the identity, in minutes."""

    issued: int = 0
    """Net of what came back: what issuance accounts have given out."""
    positive: int = 0
    """Balances of members in credit, held minutes and grants included; never below zero."""
    negative: int = 0
    """What members in debt owe, as a number that is not below zero."""
    funds: int = 0
    """Balances of all funds; a fund in debt counts as less than zero."""
    waiting: int = 0
    """Suspense: hours that wait for a decision."""
    clearing: int = 0
    """What is owed to other branches, less what they owe."""

    @property
    def placed(self) -> int:
        """The right side of the identity."""
        return self.positive + self.funds + self.waiting + self.clearing - self.negative

    @property
    def is_exact(self) -> bool:
        """Whether both sides are the same."""
        return self.issued == self.placed

    def __add__(self, other: "TimeSupply") -> "TimeSupply":
        """Return the supply of both."""
        return TimeSupply(
            **{each.name: getattr(self, each.name) + getattr(other, each.name) for each in fields(self)}
        )


def time_supply_of(balances: Iterable[tuple[str, int]]) -> TimeSupply:
    """Return the parts of a branch's supply.

    Args:
        balances: path and balance (credits minus debits) of every account of minutes. A member's available,
            held and granted minutes count together.
    """
    members: dict[str, int] = {}
    parts = dict.fromkeys(AccountKind, 0)
    for path, balance in balances:
        place = place_of(path)
        if place.kind is AccountKind.MEMBER:
            members[place.name] = members.get(place.name, 0) + balance
        else:
            parts[place.kind] += balance
    return TimeSupply(
        issued=-parts[AccountKind.ISSUANCE],
        positive=sum(balance for balance in members.values() if balance > 0),
        negative=-sum(balance for balance in members.values() if balance < 0),
        funds=parts[AccountKind.FUND],
        waiting=parts[AccountKind.SUSPENSE],
        clearing=parts[AccountKind.CLEARING],
    )
