"""Where hours come from and where they go: caps, surplus, grants, levies, travel. Pure.

Everything here is off by default, so that a document from before these keys means what it meant. The
ready-made policy `recommended` has the values that we would start from.
"""

from dataclasses import dataclass, field
from typing import Final

from timebank.policy.sections import Metadata, Section, choice, code, codes, flag, limit, part, whole
from timebank.policy.words import Over, Surplus

DAY_MINUTES: Final = 1440
WEEK_MINUTES: Final = 7 * DAY_MINUTES
YEAR_MINUTES: Final = 366 * DAY_MINUTES
OUR_CHOICE: Final = "our choice"


def _fund(doc: str) -> Metadata:
    return code(doc=doc, source="the club's fund: Zanica; the community treasure chest: Lyttelton")


@dataclass(frozen=True, slots=True, kw_only=True)
class CapRule(Section):
    """How much a member can earn in a time."""

    most_minutes: int | None = field(
        default=None,
        metadata=limit(
            least=1,
            most=WEEK_MINUTES,
            doc="The most a member earns by helping, as it counts, by the branch's calendar.",
            source="a day: 240 Tohto Co-op, 300 Give & Take Care; a week: 360 KISS",
        ),
    )
    over: Over = field(
        default=Over.REFUSE,
        metadata=choice(
            Over,
            doc="Help beyond it cannot be confirmed, or what is beyond goes to a fund.",
            source="refuse: KISS; the surplus is given away: Nanjing",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class EarningRules(Section):
    """How much a member can earn in a day and in a week."""

    day: CapRule = field(default=CapRule(), metadata=part("How much a member can earn in a day."))
    week: CapRule = field(
        default=CapRule(), metadata=part("How much a member can earn in a week, from Monday to Sunday.")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SurplusRules(Section):
    """What happens to earnings beyond a cap."""

    over_ceiling: Surplus = field(
        default=Surplus.REFUSE,
        metadata=choice(
            Surplus,
            doc="Help that would lift a helper over the ceiling is refused, or the rest goes to a fund.",
            source="fund: Nanjing, where what is beyond 1,500 h can only be given away",
        ),
    )
    fund: str = field(default="branch", metadata=_fund("The fund that gets what is beyond a cap."))


@dataclass(frozen=True, slots=True, kw_only=True)
class JoiningRules(Section):
    """What a new member begins with."""

    grant_minutes: int = field(
        default=0,
        metadata=whole(
            least=0,
            most=YEAR_MINUTES,
            doc="What a person gets on joining, in an account of its own: spent first on help for the member,"
            " never on others. Organisations get nothing.",
            source="0: NALC; 120: NorCal, for the orientation; 300: Zeitbank 55+, ZEITBANKplus; 2000: Figeac",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LevyRules(Section):
    """What members give to the branch in hours."""

    each_service_minutes: int = field(
        default=0,
        metadata=whole(
            least=0,
            most=60,
            doc="What is taken out of each confirmed help in the branch for the fund; at most all of it.",
            source="0: NALC; 3: zeitbank.net Munich",
        ),
    )
    fund: str = field(default="branch", metadata=_fund("The fund that gets levies."))


@dataclass(frozen=True, slots=True, kw_only=True)
class TravelRules(Section):
    """The way to the help and back."""

    counted_minutes: int = field(
        default=0,
        metadata=whole(
            least=0,
            most=240,
            doc="What counts for the way, whatever it was, on top of help in person.",
            source="0: NALC, which pays costs only; counted: Macherio",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class GiftRules(Section):
    """Hours that one member gives another without help."""

    between_members: bool = field(
        default=True,
        metadata=flag(
            doc="A coordinator can move hours from one member's account to another's.",
            source="false: NALC, where hours are used for others and not given away; true: Shanghai",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CountOnlyRules(Section):
    """Work that is counted and never earns hours that can be spent."""

    kinds: tuple[str, ...] = field(
        default=(),
        metadata=codes(
            doc="Kinds of help that can be logged as service minutes (svc) only.",
            source="meetings of the board: Accorderies; hours of juniors: NALC; paid peers: our choice",
        ),
    )
