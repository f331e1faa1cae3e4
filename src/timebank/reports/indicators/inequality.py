"""How evenly help is shared: Gini's coefficient, and how many kinds there effectively are. Pure."""

from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import exp, log


def gini(amounts: Sequence[int]) -> Fraction | None:
    """Return Gini's coefficient of amounts of zero and more: 0 if all are equal, nearly 1 if one has all.

    It is the mean difference of two people, divided by twice the mean (C. Gini, 1912): with the amounts in
    rising order, Σ (2i − n − 1) x_i ÷ (n Σ x_i). None if there is nothing to share.
    """
    assert all(each >= 0 for each in amounts), "shares are not negative"
    whole, count = sum(amounts), len(amounts)
    if whole == 0:
        return None
    weighted = sum((2 * place - count - 1) * each for place, each in enumerate(sorted(amounts), 1))
    return Fraction(weighted, count * whole)


def effective_number(counts: Iterable[int]) -> float | None:
    """Return how many equally large groups are as diverse as these: e to the power of Shannon's entropy.

    None if there is nobody.
    """
    some = [each for each in counts if each > 0]
    whole = sum(some)
    if whole == 0:
        return None
    return exp(-sum(each / whole * log(each / whole) for each in some))
