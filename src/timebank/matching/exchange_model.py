"""What a time exchange is made of: who takes part and what they accept, who helps whom in the end. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self

from timebank.errors import (
    ExchangeTooLarge,
    HelpsThemselves,
    MinutesOutOfRange,
    NotInExchange,
    TwiceInPool,
)
from timebank.matching.precedence import Cut
from timebank.minutes import MINUTES_MAX

MEMBERS_MOST: Final = 200_000
ACCEPTANCES_MOST: Final = 4_000_000


class Standing(StrEnum):
    """Whether the theorem speaks of an exchange."""

    WITHIN_THEOREM = "within-theorem"
    """Nobody can gain by saying anything but the truth."""
    OUTSIDE_THEOREM = "outside-theorem"
    """Beneficiaries are merged into their sponsors: still maximum, balanced and rational, but nobody has
    proved that members gain nothing by saying something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A member who takes part.

    Raises:
        MinutesOutOfRange: time below zero, or beyond what is ever counted.
    """

    id: str
    priority: int
    """The lowest comes first; among equals, the smaller id. It must not rest on what members can choose."""
    minutes: int
    """The time they have: the most they give, and so the most they get."""

    def __post_init__(self) -> None:
        """Refuse less than no time."""
        _require_minutes(self.minutes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A member accepts help of a provider, and no rule keeps the two apart.

    Raises:
        HelpsThemselves: a member, or the one they sponsor, would be their own provider.
        MinutesOutOfRange: less than nothing, or beyond what is ever counted.
    """

    provider: str
    member: str
    """Whose hours pay for it, and who gets it unless there is a beneficiary."""
    minutes: int
    """The most that they accept."""
    beneficiary: str | None = None
    """Who is helped instead, sponsored by the member; an id of any kind."""

    def __post_init__(self) -> None:
        """Refuse what is no help, or less than none."""
        if self.provider in {self.member, self.beneficiary} or self.member == self.beneficiary:
            raise HelpsThemselves(id=self.member)
        _require_minutes(self.minutes)


@dataclass(frozen=True, slots=True)
class ExchangePool:
    """All who take part and all they accept, in order: the same pool whatever order it came in."""

    participants: tuple[Participant, ...]
    """First the one who comes first."""
    acceptances: tuple[Acceptance, ...]
    """By provider, then member, in the order of the participants; a member before their beneficiaries."""

    @classmethod
    def of(cls, participants: Iterable[Participant], acceptances: Iterable[Acceptance]) -> Self:
        """Return a pool; it may be empty.

        Raises:
            ExchangeTooLarge: more members or acceptances than are exchanged at once.
            TwiceInPool: a member takes part twice, or the same help is accepted twice.
            NotInExchange: an acceptance names a provider or a member who does not take part.
        """
        ordered = sorted(participants, key=lambda each: (each.priority, each.id))
        accepted = tuple(acceptances)
        for count, most in ((len(ordered), MEMBERS_MOST), (len(accepted), ACCEPTANCES_MOST)):
            if count > most:
                raise ExchangeTooLarge(count=count, most=most)
        places = {each.id: place for place, each in enumerate(ordered)}
        if len(places) < len(ordered):
            ids = sorted(each.id for each in ordered)
            raise TwiceInPool(id=next(one for one, other in pairwise(ids) if one == other))
        for missing in sorted(
            {id_ for each in accepted for id_ in (each.provider, each.member)} - set(places)
        ):
            raise NotInExchange(id=missing)
        in_order = sorted(accepted, key=lambda each: _order_of(each, places))
        for one, other in pairwise(in_order):
            if _order_of(one, places) == _order_of(other, places):
                raise TwiceInPool(id=f"{one.provider} for {one.beneficiary or one.member}")
        return cls(tuple(ordered), tuple(in_order))


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a member gives and gets."""

    id: str
    offered_minutes: int
    exchanged_minutes: int
    """Given, and received."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """Help that one member gives to another, or to whom the other sponsors."""

    provider: str
    member: str
    beneficiary: str | None
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Who helps whom, and the proof that no exchange moves more, or serves members better in their order.

    How much each member exchanges follows from the rule alone. Who helps whom for it often does not: then it
    follows from the order of the pool, and no member minds, for all that they get is acceptable to them.
    """

    shares: tuple[Share, ...]
    """Of every member, in order of priority."""
    legs: tuple[Leg, ...]
    """Help above zero, in the order of the pool."""
    left_out: tuple[Acceptance, ...]
    """Help for beneficiaries that was not looked at, because they were not merged."""
    standing: Standing
    prices: tuple[int, ...]
    """Of each member as a giver, then of each as a taker; see `circulation`."""
    cuts: tuple[Cut, ...]
    """Why nobody gets more without somebody before them getting less; see `precedence`."""

    @property
    def exchanged_minutes(self) -> int:
        """Help in all, each minute counted once."""
        return sum(each.minutes for each in self.legs)


def _order_of(each: Acceptance, places: dict[str, int]) -> tuple[int, int, str]:
    return places[each.provider], places[each.member], each.beneficiary or ""


def _require_minutes(minutes: int) -> None:
    if not 0 <= minutes <= MINUTES_MAX:
        raise MinutesOutOfRange(minutes=minutes, least=0, most=MINUTES_MAX)
