"""How a branch brings help and helpers together: what counts how much, and how often who is asked. Pure.

A document that was set before these keys existed has their defaults, and so means what it meant.
"""

from dataclasses import dataclass, field
from typing import Final

from timebank.policy.sections import Metadata, Section, part, whole

WEIGHT_MOST: Final = 10_000
OUR_CHOICE: Final = "our choice"
DAYS_MOST: Final = 3660


def _weight(doc: str) -> Metadata:
    return whole(least=0, most=WEIGHT_MOST, doc=doc, source=OUR_CHOICE)


def _days(doc: str) -> Metadata:
    return whole(least=0, most=DAYS_MOST, doc=doc, source=OUR_CHOICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightRules(Section):
    """How much each term of a score counts; 0 is nothing."""

    near: int = field(default=4, metadata=_weight("Lives near the place of the help."))
    continuity: int = field(default=5, metadata=_weight("Has helped this member before."))
    lived_experience: int = field(default=4, metadata=_weight("Shares the experience that is wished for."))
    preferred_language: int = field(default=2, metadata=_weight("Speaks a language that is preferred."))
    preference: int = field(
        default=6, metadata=_weight("Is whom the side that asks would like most, or would rather not have.")
    )
    recency: int = field(default=2, metadata=_weight("Was not asked for long, or never."))
    travel_mode: int = field(default=1, metadata=_weight("Gets there easily, the way this helper goes."))


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRules(Section):
    """For how many days two members are not brought together after a no, by its reason."""

    no_time_days: int = field(
        default=14,
        metadata=_days("The helper has no time. 0, here and below, is no longer than to the end of the day."),
    )
    not_this_time_days: int = field(
        default=14, metadata=_days("The helper would rather not, this time, and need not say why.")
    )
    too_far_days: int = field(default=366, metadata=_days("It is too far."))
    not_my_kind_days: int = field(default=366, metadata=_days("It is not the kind of help they give."))
    did_not_suit_days: int = field(default=366, metadata=_days("The two did not suit each other."))
    coordinator_days: int = field(default=90, metadata=_days("A coordinator thinks so."))


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchingRules(Section):
    """Whom a branch suggests, whom it asks, and how often."""

    answer_hours: int = field(
        default=48,
        metadata=whole(
            least=1,
            most=8760,
            doc=(
                "How long somebody who is asked can answer; never longer than the request waits. What was"
                " asked before a change keeps its deadline."
            ),
            source=OUR_CHOICE,
        ),
    )
    asked_at_once: int = field(
        default=3,
        metadata=whole(
            least=1,
            most=100,
            doc=(
                "How many helpers are asked at once about help that is urgent, or needs no way; the first yes"
                " has it. About other help it is one at a time."
            ),
            source=OUR_CHOICE,
        ),
    )
    asked_most: int = field(
        default=3,
        metadata=whole(
            least=1,
            most=100,
            doc="How often a member can be asked within the days of the next key.",
            source=f"{OUR_CHOICE}: who is asked more often soon says no to all",
        ),
    )
    asked_days: int = field(
        default=7,
        metadata=whole(least=1, most=366, doc="In how many days that is counted.", source=OUR_CHOICE),
    )
    load_points: int = field(
        default=0,
        metadata=whole(
            least=0,
            most=WEIGHT_MOST,
            doc=(
                "Fairness, in a plan for all requests: to be asked for the n-th time within these days costs"
                " 2n - 1 times as many points, so that a plan rather asks somebody else. No request stays"
                " unserved for it. 0 is off."
            ),
            source=OUR_CHOICE,
        ),
    )
    weights: WeightRules = field(
        default=WeightRules(),
        metadata=part("How often the points of each term of a score, up to 100, are counted; 0 is never."),
    )
    parked: ParkedRules = field(
        default=ParkedRules(),
        metadata=part("For how many days two members are not brought together after a no, by its reason."),
    )
