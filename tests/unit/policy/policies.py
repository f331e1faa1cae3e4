"""Any policy, for tests: built from the specifications, so a new key is drawn as soon as it exists."""

from dataclasses import fields
from typing import Any, Final

from hypothesis import strategies as st

from timebank.minutes import MINUTES_MAX
from timebank.policy.model import LimitRule, Policy
from timebank.policy.rates import KindRate, Rates, band_of
from timebank.policy.sections import ENTRY, Part, Section
from timebank.policy.specs import Choice, Code, Flag, Several, Spec, Whole

CODES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)


BANDS: Final = tuple(
    tuple(band for text in texts if (band := band_of(text)) is not None)
    for texts in (
        (),
        ("mon-fri 17:00-21:00 8/7",),
        ("mon-sun 22:00-06:00 3/2", "sat,sun 06:00-22:00 5/4"),
        ("sun 00:00-24:00 2", "mon-fri 09:00-17:00 1"),
    )
)


def values(spec: Spec) -> st.SearchStrategy[Any]:  # noqa: PLR0911 - one for each form
    """Any value that a key takes."""
    match spec:
        case Whole():
            numbers = st.integers(spec.least, spec.most)
            return st.none() | numbers if spec.or_none else numbers
        case Flag():
            return st.booleans()
        case Choice():
            return st.sampled_from(list(spec.words))
        case Code():
            return CODES
        case Rates(is_bands=False):
            rates = st.builds(KindRate, CODES, st.fractions(1, 10, max_denominator=12))
            return st.lists(rates, unique_by=lambda each: each.kind, max_size=5).map(tuple)
        case Rates():
            return st.sampled_from(BANDS)
        case Several(words=None):
            return st.lists(CODES, unique=True, max_size=30).map(tuple)
        case Several(words=words):
            return st.lists(st.sampled_from(list(words or ())), unique=True, min_size=spec.least).map(tuple)
    raise AssertionError(spec)


@st.composite
def limit_rules(draw: st.DrawFn) -> LimitRule:
    """Levels in rising order around zero, any of them unset."""
    floor = draw(st.integers(-MINUTES_MAX, 0))
    ceiling = draw(st.integers(0, MINUTES_MAX))
    low, high = sorted(draw(st.tuples(*[st.integers(floor, ceiling)] * 2)))
    unset = draw(st.tuples(*[st.booleans()] * 4))
    levels = [
        None if is_unset else level
        for is_unset, level in zip(unset, (floor, low, high, ceiling), strict=True)
    ]
    return LimitRule(
        floor_minutes=levels[0],
        warn_floor_minutes=levels[1],
        warn_ceiling_minutes=levels[2],
        ceiling_minutes=levels[3],
    )


def sections(default: Section) -> st.SearchStrategy[Any]:
    """Any section of the same class."""
    if isinstance(default, LimitRule):
        return limit_rules()
    inside = {}
    for each in fields(default):
        entry = each.metadata[ENTRY]
        inside[each.name] = (
            sections(getattr(default, each.name)) if isinstance(entry, Part) else values(entry)
        )
    return st.builds(type(default), **inside)


def policies() -> st.SearchStrategy[Policy]:
    """Any policy."""
    return sections(Policy())
