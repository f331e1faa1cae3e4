"""A policy in plain words, as a rule-book has it. Pure.

Every rule that a member can meet is a sentence of its own; amounts are in hours and minutes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from timebank.minutes import format_minutes
from timebank.policy.economy import CapRule
from timebank.policy.model import Policy
from timebank.policy.words import (
    Combining,
    Confirmer,
    FreeUntil,
    NoShow,
    Over,
    Overlap,
    RoundingMode,
    Surplus,
)


@dataclass(frozen=True, slots=True)
class Chapter:
    """Sentences about one matter."""

    title: str
    sentences: tuple[str, ...]


def explain(policy: Policy) -> tuple[Chapter, ...]:
    """Return what a policy means, chapter by chapter; no chapter is empty."""
    return (
        Chapter("What help counts", tuple(_counting(policy))),
        Chapter("Saving and owing", tuple(_limits(policy))),
        Chapter("Logging and confirming", tuple(_logging(policy))),
        Chapter("Spending hours, for oneself and for others", tuple(_spending(policy))),
        Chapter("Cancelled and missed visits", tuple(_cancelling(policy))),
        Chapter("Leaving, death, silence", tuple(_ends(policy))),
    )


def _counting(policy: Policy) -> Iterator[str]:
    rounding, rates = policy.rounding, policy.rates
    if rounding.step_minutes == 1:
        yield "Help counts to the minute."
    else:
        how = {RoundingMode.NEAREST: "to the nearest one", RoundingMode.UP: "up", RoundingMode.DOWN: "down"}
        yield f"Help counts in steps of {_length(rounding.step_minutes)}, rounded {how[rounding.mode]}."
    if rounding.least_minutes > 1:
        yield f"Any help counts at least {_length(rounding.least_minutes)}."
    if not rates.by_kind and not rates.bands:
        yield "An hour is an hour, whatever the help and whenever it is given."
    for kind in rates.by_kind:
        yield f"An hour of {kind.kind} counts {_hours(kind.rate)}."
    for band in rates.bands:
        days, _, rest = str(band).partition(" ")
        yield f"On {days}, {rest.split(' ')[0]}, an hour counts {_hours(band.rate)}; a visit is split there."
    if rates.by_kind and rates.bands:
        yield {
            Combining.SUM: "What the kind and the time add to an hour adds up.",
            Combining.PRODUCT: "The rates of kind and time multiply.",
            Combining.HIGHER: "Of the rates of kind and time the higher one counts.",
        }[rates.combine]
    if policy.travel.counted_minutes:
        yield f"The way to the help counts {_length(policy.travel.counted_minutes)}."
    else:
        yield "The way to the help does not count."
    if policy.count_only.kinds:
        kinds = _listed(policy.count_only.kinds)
        yield f"Counted only, and never hours that can be spent: {kinds}."


def _limits(policy: Policy) -> Iterator[str]:
    member = policy.limits.member
    if member.floor_minutes is None:
        yield "There is no limit to what a member can owe."
    elif member.floor_minutes == 0:
        yield "A member cannot owe hours."
    else:
        yield f"A member can owe up to {_length(-member.floor_minutes)}."
    if member.ceiling_minutes is None:
        yield "There is no limit to what a member can save."
    else:
        yield f"A member can save up to {_length(member.ceiling_minutes)}."
        yield (
            "Help that would lift a helper above that is refused."
            if policy.surplus.over_ceiling is Surplus.REFUSE
            else f"What a helper earns above that goes to the fund {policy.surplus.fund}."
        )
    yield from _cap(policy.earning.day, "day", policy.surplus.fund)
    yield from _cap(policy.earning.week, "week, from Monday to Sunday", policy.surplus.fund)
    if policy.joining.grant_minutes:
        grant = _length(policy.joining.grant_minutes)
        yield f"Who joins gets {grant}, for help to themselves only."
    if policy.levy.each_service_minutes:
        levy = _length(policy.levy.each_service_minutes)
        yield f"Of each help {levy} go to the fund {policy.levy.fund}."
    yield "Hours never expire, and are never money."


def _cap(cap: CapRule, when: str, fund: str) -> Iterator[str]:
    if cap.most_minutes is None:
        return
    over = "more is refused" if cap.over is Over.REFUSE else f"what is beyond goes to the fund {fund}"
    yield f"A member earns at most {_length(cap.most_minutes)} in a {when}; {over}."


def _logging(policy: Policy) -> Iterator[str]:
    service, confirmation = policy.service, policy.confirmation
    yield f"One record is of at most {_length(service.longest_minutes)}."
    yield (
        "Help is logged on the day it is given."
        if service.oldest_days == 0
        else f"Help is logged at the latest {_days(service.oldest_days)} after it was given."
    )
    if service.kinds:
        yield f"These kinds of help are known: {_listed(service.kinds)}."
    yield f"Help can be given {_listed([mode.value for mode in service.modes], 'or')}."
    who = {Confirmer.OTHER_SIDE: "the side that did not log it", Confirmer.COORDINATOR: "a coordinator"}
    yield f"Help is booked once it was confirmed by {_listed([who[each] for each in confirmation.by], 'or')}."
    if confirmation.within_days is not None:
        yield f"The other side can confirm for {_days(confirmation.within_days)}; then a coordinator decides."
    yield "Silence is never consent."
    yield {
        Overlap.REFUSE: "Hours of a helper that overlap are refused.",
        Overlap.FLAG: "Hours of a helper that overlap are flagged for the coordinator.",
        Overlap.ALLOW: "Hours of a helper may overlap.",
    }[policy.overlap.rule]


def _spending(policy: Policy) -> Iterator[str]:
    rules = policy.redemption
    if not rules.relations:
        yield "Hours cannot be spent for others."
    else:
        others = [each.value for each in rules.relations]
        yield f"Hours are spent for: {_listed(others)}."
        if "named" in others:
            persons = rules.named_persons_most
            yield f"A member names {'one person' if persons == 1 else f'up to {persons} persons'} at a time."
        if rules.earned_least_minutes:
            yield f"First, a sponsor has given {_length(rules.earned_least_minutes)} of help."
        if rules.needs_consent:
            yield "Who receives the help consents first."
        if rules.needs_check:
            yield "A coordinator checks the relation first."
        yield f"Hours that were reserved return after {_days(rules.hold_days)}."
    yield (
        "A coordinator can move hours from one member to another."
        if policy.gifts.between_members
        else "Hours cannot be given away to another member."
    )


def _cancelling(policy: Policy) -> Iterator[str]:
    rules = policy.cancellation
    until = "the day before" if rules.free_until is FreeUntil.DAY_BEFORE else "the planned start"
    yield f"Cancelling is free until {until}."
    if rules.late_minutes:
        yield f"Later it costs {_length(rules.late_minutes)}, never more than was planned."
    yield (
        "A visit where nobody was at home costs its planned time."
        if rules.no_show is NoShow.PLANNED
        else "A visit where nobody was at home costs nothing."
    )


def _ends(policy: Policy) -> Iterator[str]:
    leaving, death = policy.leaving, policy.death
    keep = "can leave their hours where they are, or they go" if leaving.may_keep else "gives their hours"
    yield f"Who leaves {keep} to the fund {leaving.fund}; what they owed is borne by {leaving.shortage_fund}."
    if death.heirs:
        heirs = _listed([each.value for each in death.heirs], "or")
        yield (
            f"Hours that somebody left behind wait {death.wait_months} months for a {heirs}"
            f" whom a coordinator approves, and then go to the fund {death.fund}."
        )
    else:
        yield f"Hours that somebody left behind go to the fund {death.fund}."
    yield f"Who has no entry for {policy.dormancy.months} months is listed as dormant; nothing is deleted."


def _length(minutes: int) -> str:
    """Return a length as people say it: whole hours without minutes."""
    hours, rest = divmod(minutes, 60)
    return format_minutes(minutes) if rest or not hours else f"{hours:,} h"


def _hours(rate: Fraction) -> str:
    return f"{rate} h"


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"


def _listed(items: Sequence[str], word: str = "and") -> str:
    return f" {word} ".join(filter(None, [", ".join(items[:-1]), items[-1]]))
