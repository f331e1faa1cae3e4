"""Netting: what branches owe one another in circles cancels out, without anybody losing an hour. Pure.

Owns, with `services.clearings`, the part of I-7 that nothing is settled in one book alone: each step names
what changes in every book that it touches.
"""

from collections.abc import Mapping
from typing import TypeAlias

Debts: TypeAlias = Mapping[tuple[str, str], int]
"""Debtor and creditor: minutes above zero. At most one direction of each pair."""
Circle: TypeAlias = tuple[tuple[str, ...], int]
"""Branches, each of which owes the next one, the last one the first; and the minutes that cancel out."""


def circles_in(debts: Debts) -> tuple[Circle, ...]:
    """Return circles of debts that cancel out, until none is left; the same ones on every run.

    Each circle is found from the smallest branch code on, along the smallest codes first, and takes away as
    much as its smallest debt: so at least one debt ends with each, and there are at most as many as debts.
    """
    left = {pair: minutes for pair, minutes in debts.items() if minutes > 0}
    found: list[Circle] = []
    while True:
        circle = _first_circle(left)
        if circle is None:
            return tuple(found)
        pairs = list(zip(circle, (*circle[1:], circle[0]), strict=True))
        minutes = min(left[pair] for pair in pairs)
        found.append((circle, minutes))
        for pair in pairs:
            left[pair] -= minutes
            if left[pair] == 0:
                del left[pair]


def _first_circle(debts: Debts) -> tuple[str, ...] | None:
    after: dict[str, list[str]] = {}
    for debtor, creditor in sorted(debts):
        after.setdefault(debtor, []).append(creditor)
    done: set[str] = set()
    for start in sorted(after):
        path = [start]
        ways = [iter(after[start])]
        while ways:
            following = next(ways[-1], None)
            if following is None:
                ways.pop()
                done.add(path.pop())
            elif following in path:
                return tuple(path[path.index(following) :])
            elif following not in done and following in after:
                path.append(following)
                ways.append(iter(after[following]))
    return None


def ageing(changes: list[tuple[int, int]], *, balance: int) -> tuple[tuple[int, int], ...]:
    """Return how old an open balance is: the newest changes that it still consists of, newest first.

    The oldest hours are taken to be settled first.

    Args:
        changes: (age in days, change) of every line of the account, newest first.
        balance: of the account; the changes sum to it.

    Returns:
        (age in days, minutes) with the sign of the balance; they sum to it.
    """
    sign = 1 if balance > 0 else -1
    left = abs(balance)
    parts: list[tuple[int, int]] = []
    for age, change in changes:
        part = min(left, max(0, sign * change))
        if part > 0:
            parts.append((age, sign * part))
            left -= part
    assert left == 0, f"I-4: {left} min of an open balance have no line"
    return tuple(parts)
