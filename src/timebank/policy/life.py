"""What a branch does when somebody leaves, dies or is not seen for long, and with funds and debts. Pure.

A document that was set before these keys existed has their defaults.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from timebank.minutes import MINUTES_MAX
from timebank.policy.sections import Section, choice, flag, limit, several, whole

MONTHS_MOST: Final = 1200
OUR_CHOICE: Final = "our choice"


class FundName(StrEnum):
    """A fund that a rule names."""

    BRANCH = "branch"
    SOLIDARITY = "solidarity"
    RESPITE = "respite"


class Heir(StrEnum):
    """To whom hours can go that somebody left behind, if a coordinator approves."""

    PARTNER = "partner"
    """Spouse or partner."""
    RELATIVE = "relative"
    SUCCESSOR = "successor"
    """Somebody whom the member had named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeavingRules(Section):
    """What happens to the balance of a member who leaves."""

    may_keep: bool = field(
        default=True,
        metadata=flag(
            doc="Who leaves can let the hours rest on the account; else they go to the fund.",
            source="kept after moving to a home: Zeitbank 55+; closed and balanced: Moianès",
        ),
    )
    fund: FundName = field(
        default=FundName.BRANCH,
        metadata=choice(FundName, doc="The fund that has the hours of who leaves.", source=OUR_CHOICE),
    )
    shortage_fund: FundName = field(
        default=FundName.SOLIDARITY,
        metadata=choice(
            FundName,
            doc="The fund that bears what a member owed who leaves or dies; it is written off with a reason.",
            source="the debt is to the bank, never to the helper: Tivoli; the fund: our choice",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeathRules(Section):
    """What happens to hours that somebody left behind."""

    wait_months: int = field(
        default=12,
        metadata=whole(
            least=0,
            most=MONTHS_MOST,
            doc="For so many months after the death is recorded the hours wait for an heir.",
            source="12: partners at ZeitBank e.V., others our choice",
        ),
    )
    heirs: tuple[Heir, ...] = field(
        default=tuple(Heir),
        metadata=several(
            Heir,
            least=0,
            doc="To whom they can go, if a coordinator approves. An empty list: to the fund, at once.",
            source="spouse, if the branch agrees: NALC; partner: ZeitBank e.V. and Bürgerzeitvorsorge",
        ),
    )
    fund: FundName = field(
        default=FundName.BRANCH,
        metadata=choice(FundName, doc="The fund that has them else.", source="branch: NALC"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DormancyRules(Section):
    """When a member counts as dormant: the coordinator sees it, and nothing else happens."""

    months: int = field(
        default=24,
        metadata=whole(
            least=1,
            most=MONTHS_MOST,
            doc="A member without an entry for so many months is listed as dormant; never more than that.",
            source="24: Dane County",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FundRules(Section):
    """Who spends what a fund has. A coordinator decides, with a reason, and never in their own favour."""

    most_at_once_minutes: int | None = field(
        default=None,
        metadata=limit(
            least=1,
            most=MINUTES_MAX,
            doc="The most that one decision takes out of a fund.",
            source=OUR_CHOICE,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearingRules(Section):
    """What this branch does about hours that other branches owe it; limits are under [limits.clearing]."""

    underwriter: FundName = field(
        default=FundName.SOLIDARITY,
        metadata=choice(
            FundName,
            doc="The fund that bears hours another branch owes and will not give, when both settle.",
            source=OUR_CHOICE,
        ),
    )
