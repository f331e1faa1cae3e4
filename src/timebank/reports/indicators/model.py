"""What the indicators are made of: plain rows by opaque reference, and how few people are told of. Pure.

An exchange is one entry of help that stands: confirmed, posted, and not reversed. What was reversed later
counts nowhere but in the reconciliation.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product
from typing import Final, TypeVar

TOLD_FROM: Final = 5
"""Fewer people than this are not told of."""
TOO_FEW: Final = None
OTHERS: Final = "others"
TOGETHER: Final = "all together"
UNSAID: Final = "unsaid"
"""The kind of help of an exchange of which it is not known: imported ones."""
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A period, both days included."""

    first_on: date
    last_on: date

    def __contains__(self, day: date) -> bool:
        """Tell whether a day lies in it."""
        return self.first_on <= day <= self.last_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Help that stands: who gave, who received, in minutes of their accounts."""

    on: date
    givers: tuple[tuple[str, int], ...]
    """Members who were credited, at least one unless it happened in another branch."""
    receivers: tuple[tuple[str, int], ...]
    """Members who were debited; none if a fund or another branch paid."""
    kind: str = UNSAID

    @property
    def given(self) -> int:
        """Minutes credited to members."""
        return sum(minutes for _, minutes in self.givers)

    @property
    def received(self) -> int:
        """Minutes debited from members."""
        return sum(minutes for _, minutes in self.receivers)

    @property
    def minutes(self) -> int:
        """How long the help was: what was given here, or for help in another branch, what was paid here."""
        return self.given if self.givers else self.received

    @property
    def people(self) -> set[str]:
        """Members who have a part in it."""
        return {ref for ref, _ in (*self.givers, *self.receivers)}

    def ties(self) -> Iterator[tuple[str, str]]:
        """Yield (giver, receiver) for every two members it brings together."""
        for (giver, _), (receiver, _) in product(self.givers, self.receivers):
            if giver != receiver:
                yield giver, receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A member as far as the indicators look at them."""

    ref: str
    is_organisation: bool
    joined_on: date
    left_on: date | None
    teams: tuple[str, ...] = ()

    def was_there(self, span: Span) -> bool:
        """Tell whether they were a member on any day of a period."""
        return self.joined_on <= span.last_on and (self.left_on is None or self.left_on >= span.first_on)


def told(count: int) -> int | None:
    """Return a count of people as it is told: one to four are `TOO_FEW`."""
    return TOO_FEW if 0 < count < TOLD_FROM else count


def people_of(exchanges: Iterable[Exchange]) -> set[str]:
    """Return every member who has a part in any of them."""
    return {ref for each in exchanges for ref in each.people}


def grouped(rows: Iterable[tuple[str, frozenset[str], Row]]) -> tuple[tuple[str, list[Row]], ...]:
    """Join rows that would tell of too few people into one, the last; the others stand by name.

    If the joined ones are still too few together, the one with the fewest people joins them, so that a total
    gives nothing away.

    Args:
        rows: the name of each, whom it is about, and what belongs to it.
    """
    by_size: Sequence[tuple[str, frozenset[str], Row]] = sorted(rows, key=lambda row: (len(row[1]), row[0]))
    joined: list[Row] = []
    people: frozenset[str] = frozenset()
    kept = list(by_size)
    while kept and (len(kept[0][1]) < TOLD_FROM or (joined and len(people) < TOLD_FROM)):
        _, more, row = kept.pop(0)
        joined.append(row)
        people |= more
    shown = [(name, [row]) for name, _, row in sorted(kept, key=lambda row: row[0])]
    if len(people) >= TOLD_FROM:
        shown.append((OTHERS if shown else TOGETHER, joined))
    return tuple(shown)
