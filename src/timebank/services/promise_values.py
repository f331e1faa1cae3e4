"""A solvency report as plain values, for JSON: whole minutes and counts, quotients to three places."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypeAlias

from timebank.reports.solvency.projection import assumptions_told

if TYPE_CHECKING:
    from timebank.reports.solvency.projection import Projection, Spread
    from timebank.services.promises import SolvencyReport


JsonObject: TypeAlias = dict[str, Any]


def quotient(value: Fraction | None) -> float | None:
    """Write a quotient, or None."""
    return round(float(value), 3) if value is not None else None


def solvency(found: "SolvencyReport") -> JsonObject:
    """Write whether a branch can keep its promise."""
    cover, way = found.cover, found.redeemability
    return {
        "branch": found.branch,
        "on": found.on.isoformat(),
        "since_on": found.since_on.isoformat(),
        "members": found.members,
        "owed_minutes": cover.owed_minutes,
        "funds_minutes": cover.funds_minutes,
        "given_minutes": cover.given_minutes,
        "redeemed_minutes": cover.redeemed_minutes,
        "cover_years": quotient(cover.years),
        "reserves": [
            {
                "unit": each.unit,
                "held": each.held,
                "per_hour_owed": quotient(each.per_hour_owed),
                "per_hour_at_most": quotient(each.per_hour_at_most),
            }
            for each in found.reserves
        ],
        "is_age_known": found.is_age_known,
        "cohorts": [
            {
                "ages": each.ages,
                "people": each.people,
                "owed_minutes": each.owed_minutes,
                "given_minutes": each.given_minutes,
            }
            for each in found.cohorts
        ],
        "redeemability": {
            "helpers": way.helpers,
            "requests": way.past.requests,
            "found_percent": way.past.found_percent,
            "wait_minutes": way.past.wait_minutes,
        },
        "seed": found.seed,
        "assumptions": list(assumptions_told(found.projections[0].assumptions)) if found.projections else [],
        "projections": [projection(each) for each in found.projections],
    }


def projection(value: "Projection") -> JsonObject:
    """Write the years to come under one set of assumptions."""
    return {
        "name": value.name,
        "kept_percent": value.kept_percent,
        "unmet_minutes": spread(value.unmet),
        "owed_after_minutes": spread(value.owed_after),
        "lapsed_minutes": spread(value.lapsed),
        "years": [
            {
                "year": each.year,
                "asked_minutes": spread(each.asked),
                "capacity_minutes": spread(each.capacity),
                "unmet_minutes": spread(each.unmet),
                "met_percent": each.met_percent,
            }
            for each in value.years
        ],
    }


def spread(value: "Spread") -> JsonObject:
    """Write percentiles."""
    return {"low": value.low, "middle": value.middle, "high": value.high}


def figures(value: object, name: str = "") -> Iterator[tuple[str, str | int | None]]:
    """Yield every figure of a report by its name, such as `projections.0.kept_percent`, for a spreadsheet."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from figures(part, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for number, part in enumerate(value):
            yield from figures(part, f"{name}.{number}")
    elif isinstance(value, float):
        yield name, f"{value:.3f}".rstrip("0").rstrip(".")
    elif value is None or isinstance(value, str | int):
        yield name, value
