"""The rules of a branch, with their defaults: one class per section of the policy document.

Rules are stated here and nowhere else: type, range, default, meaning and source. The defaults of a document
format never change, because documents that leave a key out rely on them. Pure.

Balances are credits minus debits: a member in credit has a positive balance, issuance a negative one.
Sources name the scheme whose published rules say so; "our choice" is a default no scheme attests.
"""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Final

from timebank.errors import FaultCode, PolicyFault
from timebank.minutes import MINUTES_MAX
from timebank.policy.economy import (
    CountOnlyRules,
    EarningRules,
    GiftRules,
    JoiningRules,
    LevyRules,
    SurplusRules,
    TravelRules,
)
from timebank.policy.life import ClearingRules, DeathRules, DormancyRules, FundRules, LeavingRules
from timebank.policy.matching import MatchingRules
from timebank.policy.rates import RateRules
from timebank.policy.sections import Section, choice, codes, flag, limit, part, several, whole
from timebank.policy.words import (
    Confirmer,
    FreeUntil,
    NoShow,
    Overlap,
    Relation,
    RoundingMode,
    ServiceMode,
)

FORMAT: Final = 1
"""Format of the document; another number means other keys or other defaults."""
DAY_MINUTES: Final = 1440


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounding(Section):
    """How measured minutes become counted minutes (I-15)."""

    step_minutes: int = field(
        default=15,
        metadata=whole(
            least=1,
            most=60,
            doc="Help is counted in steps of this many minutes.",
            source="1: Figeac; 15: NorCal; 30: Zanica, family support in Japan; 60: Zeitbank 55+, Guangzhou",
        ),
    )
    mode: RoundingMode = field(
        default=RoundingMode.NEAREST,
        metadata=choice(
            RoundingMode,
            doc="A length between two steps counts as the nearer one (halfway up), the upper or the lower.",
            source="up: NorCal, where 1 h 10 counts 1 h 15; nearest: our choice, it favours neither side",
        ),
    )
    least_minutes: int = field(
        default=15,
        metadata=whole(
            least=1,
            most=DAY_MINUTES,
            doc="The least that any help counts, taken up to whole steps. Help is never rounded to nothing.",
            source="60, with steps of 30 up: Tohto Co-op, family support in Japan; 15: our choice",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRule(Section):
    """Limits of an account's balance, in minutes; None is no limit.

    Invariants:
        I-5: floor <= warning floor <= warning ceiling <= ceiling, as far as they are set; an empty account
            is within its limits.
    """

    floor_minutes: int | None = field(
        default=None,
        metadata=limit(
            least=-MINUTES_MAX,
            most=0,
            doc="A balance never falls below this; reaching it is allowed.",
            source="none: Volunteer Labour Bank; 0: ZeitBank e.V.; -600: NorCal, Vilassar; -2000: Figeac",
        ),
    )
    warn_floor_minutes: int | None = field(
        default=None,
        metadata=limit(
            least=-MINUTES_MAX,
            most=MINUTES_MAX,
            doc="Below this the coordinator is told; nothing is refused.",
            source=(
                "our choice: two hours before the floor, one visit of usual length at NALC;"
                " the coordinator of Dane County calls members in debt"
            ),
        ),
    )
    warn_ceiling_minutes: int | None = field(
        default=None,
        metadata=limit(
            least=-MINUTES_MAX,
            most=MINUTES_MAX,
            doc="Above this the member and the coordinator are told; nothing is refused.",
            source="our choice: 30 h before the ceiling, five weeks at the weekly cap of KISS",
        ),
    )
    ceiling_minutes: int | None = field(
        default=None,
        metadata=limit(
            least=0,
            most=MINUTES_MAX,
            doc="A balance never rises above this; reaching it is allowed.",
            source="1200: Vilassar; 43200: KISS; 45000: St. Gallen; 90000: Nanjing, Guangzhou",
        ),
    )

    def contradictions(self) -> tuple[PolicyFault, ...]:
        """Return a fault for each pair of levels in the wrong order."""
        rising = (
            ("floor_minutes", self.floor_minutes),
            ("warn_floor_minutes", self.warn_floor_minutes),
            ("warn_ceiling_minutes", self.warn_ceiling_minutes),
            ("ceiling_minutes", self.ceiling_minutes),
        )
        levels = [(name, minutes) for name, minutes in rising if minutes is not None]
        return tuple(
            PolicyFault(
                key=low, code=FaultCode.CONTRADICTION, text=f"{least} is above {high}, {most}", also=(high,)
            )
            for (low, least), (high, most) in combinations(levels, 2)
            if least > most
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Section):
    """Limits by kind of account."""

    member: LimitRule = field(
        default=LimitRule(
            floor_minutes=-600,
            warn_floor_minutes=-480,
            warn_ceiling_minutes=43_200,
            ceiling_minutes=45_000,
        ),
        metadata=part("A member's own hours."),
    )
    fund: LimitRule = field(
        default=LimitRule(), metadata=part("Funds, such as solidarity, clubs and respite.")
    )
    issuance: LimitRule = field(
        default=LimitRule(),
        metadata=part("Where hours come from that nobody gave. Balances are zero or negative."),
    )
    clearing: LimitRule = field(
        default=LimitRule(),
        metadata=part("What this branch owes another (positive) or is owed by it (negative)."),
    )
    suspense: LimitRule = field(default=LimitRule(), metadata=part("Hours that wait for a decision."))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRules(Section):
    """Which service records can be logged."""

    longest_minutes: int = field(
        default=DAY_MINUTES,
        metadata=whole(
            least=1,
            most=DAY_MINUTES,
            doc="The longest one record can be, as measured; it can be exactly that long.",
            source=(
                "240 a day: Tohto Co-op; 300 a day: Give & Take Care;"
                " 1440: our choice, longer help is several records"
            ),
        ),
    )
    oldest_days: int = field(
        default=366,
        metadata=whole(
            least=0,
            most=36_525,
            doc="How many days ago the help can have been given when it is logged; 0 is the same day only.",
            source="7: Vilassar; 30: Macherio; 366: our choice, NALC writes passbooks up once a year",
        ),
    )
    kinds: tuple[str, ...] = field(
        default=(),
        metadata=codes(
            doc="The kinds of help that can be logged, as codes. An empty list allows any code.",
            source="any: NALC and KISS, where help counts the same whatever it is",
        ),
    )
    modes: tuple[ServiceMode, ...] = field(
        default=tuple(ServiceMode),
        metadata=several(
            ServiceMode,
            least=1,
            doc="How help can reach the recipient.",
            source="the telephone counts: Elderplan; all: our choice",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationRules(Section):
    """Who confirms a service record."""

    by: tuple[Confirmer, ...] = field(
        default=tuple(Confirmer),
        metadata=several(
            Confirmer,
            least=1,
            doc=(
                "Who can confirm: the side that did not log the record, a coordinator (who gives a reason),"
                " or either. A record that nobody confirms is never posted."
            ),
            source="the recipient signs: KISS; the other side can correct: Lyttelton; else our choice",
        ),
    )
    within_days: int | None = field(
        default=None,
        metadata=limit(
            least=0,
            most=3660,
            doc="How many days after the help the other side can confirm it; then a coordinator decides.",
            source="7: Vilassar; 30: Macherio",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlapRules(Section):
    """Hours of one provider that overlap (I-8)."""

    rule: Overlap = field(
        default=Overlap.REFUSE,
        metadata=choice(
            Overlap,
            doc=(
                "A record that overlaps another of the same provider is refused, or kept and flagged for the"
                " coordinator, or allowed."
            ),
            source="our choice: nobody is in two places at once",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RedemptionRules(Section):
    """For whom hours can be spent, and how long they stay reserved."""

    relations: tuple[Relation, ...] = field(
        default=tuple(Relation),
        metadata=several(
            Relation,
            least=0,
            doc=(
                'What a beneficiary can be to the sponsor. "named" is a person the sponsor designates. An'
                " empty list closes sponsored redemption."
            ),
            source=(
                "self, spouse, parent, child: NALC; direct kin: Nanjing;"
                " a designated person: Japan Care System Association"
            ),
        ),
    )
    named_persons_most: int = field(
        default=1,
        metadata=whole(
            least=1,
            most=20,
            doc='How many named persons a sponsor can have at a time. No effect without "named" above.',
            source="1: Japan Care System Association",
        ),
    )
    earned_least_minutes: int = field(
        default=0,
        metadata=whole(
            least=0,
            most=MINUTES_MAX,
            doc="How much a sponsor has given before hours can be spent by redemption.",
            source="1200: Nanjing before 2019; 6000: Guangzhou",
        ),
    )
    needs_consent: bool = field(
        default=True,
        metadata=flag(
            doc="The beneficiary, or the holder of their mandate, consents before hours are spent for them.",
            source="our choice",
        ),
    )
    needs_check: bool = field(
        default=True,
        metadata=flag(
            doc="A coordinator checks the relation before hours are spent for the beneficiary.",
            source="our choice",
        ),
    )
    hold_days: int = field(
        default=90,
        metadata=whole(
            least=1,
            most=3660,
            doc="Reserved hours return to the sponsor this many days after they were reserved.",
            source="our choice: time to find a helper far away, and forgotten hours come back",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CancellationRules(Section):
    """What a cancelled or missed visit costs."""

    free_until: FreeUntil = field(
        default=FreeUntil.DAY_BEFORE,
        metadata=choice(
            FreeUntil,
            doc=(
                "Cancelling is free until the end of the day before the visit, in the branch's time zone, or"
                " until its planned start."
            ),
            source="day-before: family support in Japan",
        ),
    )
    late_minutes: int = field(
        default=60,
        metadata=whole(
            least=0,
            most=DAY_MINUTES,
            doc="What a later cancellation costs; never more than was planned.",
            source="60: family support in Japan",
        ),
    )
    no_show: NoShow = field(
        default=NoShow.PLANNED,
        metadata=choice(
            NoShow,
            doc=(
                "A visit that nobody cancelled, and where the beneficiary was not there, costs its planned"
                " time, or nothing."
            ),
            source="planned: family support in Japan",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Section):
    """The rules of a branch. `Policy()` is the default."""

    rounding: Rounding = field(
        default=Rounding(), metadata=part("How measured minutes become counted minutes.")
    )
    rates: RateRules = field(
        default=RateRules(),
        metadata=part("What a minute of help counts, as exact fractions, once its length is rounded."),
    )
    travel: TravelRules = field(default=TravelRules(), metadata=part("The way to the help and back."))
    limits: Limits = field(
        default=Limits(),
        metadata=part('Limits of balances by kind of account, in minutes; "none" is no limit.'),
    )
    earning: EarningRules = field(
        default=EarningRules(), metadata=part("How much a member can earn in a time.")
    )
    surplus: SurplusRules = field(
        default=SurplusRules(), metadata=part("What happens to earnings beyond a cap.")
    )
    joining: JoiningRules = field(default=JoiningRules(), metadata=part("What a new member begins with."))
    levy: LevyRules = field(default=LevyRules(), metadata=part("What members give to the branch in hours."))
    gifts: GiftRules = field(
        default=GiftRules(), metadata=part("Hours that one member gives another without help.")
    )
    count_only: CountOnlyRules = field(
        default=CountOnlyRules(), metadata=part("Work that is counted and never earns hours to spend.")
    )
    service: ServiceRules = field(
        default=ServiceRules(), metadata=part("Which service records can be logged.")
    )
    confirmation: ConfirmationRules = field(
        default=ConfirmationRules(),
        metadata=part("Who confirms a service record. Silence is never consent: there is no key for it."),
    )
    overlap: OverlapRules = field(
        default=OverlapRules(), metadata=part("Hours of one provider that overlap.")
    )
    redemption: RedemptionRules = field(
        default=RedemptionRules(),
        metadata=part("For whom hours can be spent, and how long they stay reserved."),
    )
    cancellation: CancellationRules = field(
        default=CancellationRules(),
        metadata=part(
            "What a cancelled or missed visit costs: charged to the sponsor, credited to the helper."
        ),
    )
    matching: MatchingRules = field(
        default=MatchingRules(),
        metadata=part("Whom the branch suggests for a request, whom it asks, and how often."),
    )
    leaving: LeavingRules = field(
        default=LeavingRules(), metadata=part("What happens to the balance of a member who leaves.")
    )
    death: DeathRules = field(
        default=DeathRules(), metadata=part("What happens to the hours that somebody left behind.")
    )
    dormancy: DormancyRules = field(
        default=DormancyRules(), metadata=part("When a member is listed as dormant. Nothing is ever deleted.")
    )
    funds: FundRules = field(
        default=FundRules(), metadata=part("What one coordinator's decision takes out of a fund.")
    )
    clearing: ClearingRules = field(
        default=ClearingRules(), metadata=part("Who bears hours that another branch owes and will not give.")
    )
