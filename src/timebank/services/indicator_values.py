"""Indicators as plain values, for JSON: whole minutes and counts, quotients to three places."""

from fractions import Fraction
from typing import TYPE_CHECKING

from timebank.reports.indicators.cooperation import CAVEAT
from timebank.services.promise_values import JsonObject, quotient

if TYPE_CHECKING:
    from timebank.reports.indicators.cooperation import Threshold
    from timebank.reports.indicators.impact import Indicator, Value
    from timebank.reports.indicators.network import Network
    from timebank.reports.indicators.participation import Participation, Quarter
    from timebank.services.indicators import IndicatorReport, Reconciliation


def indicators(found: "IndicatorReport") -> JsonObject:
    """Write how a branch did in a period."""
    return {
        "branch": found.branch,
        "first_on": found.first_on.isoformat(),
        "last_on": found.last_on.isoformat(),
        "participation": participation(found.participation),
        "quarters": [quarter(each) for each in found.quarters],
        "kinds": [
            {"kind": each.kind, "exchanges": each.exchanges, "minutes": each.minutes} for each in found.kinds
        ],
        "network": network(found.network),
        "asking": {
            "members_offering": found.members_offering,
            "members_asking": found.members_asking,
            "offers_per_request": quotient(found.offers_per_request),
        },
        "cooperation": {
            "caveat": CAVEAT,
            "kin": [{"relation": each.relation, "minutes": each.minutes} for each in found.kin],
            "thresholds": [threshold(each) for each in found.thresholds],
        },
        "impact": [indicator(each) for each in found.impact],
        "reconciliation": reconciliation(found.reconciliation),
    }


def participation(value: "Participation") -> JsonObject:
    """Write who takes part; null where it would tell of one to four people."""
    return {
        "members": value.members,
        "active": value.active,
        "active_share": quotient(value.active_share),
        "exchanges": value.exchanges,
        "minutes": value.minutes,
        "givers": value.givers,
        "receivers": value.receivers,
        "givers_per_receiver": quotient(value.givers_per_receiver),
        "given_gini": quotient(value.given_gini),
        "received_gini": quotient(value.received_gini),
    }


def quarter(value: "Quarter") -> JsonObject:
    """Write a quarter."""
    return {
        "quarter": value.name,
        "exchanges": value.exchanges,
        "minutes": value.minutes,
        "active": value.active,
        "exchanges_per_active": quotient(value.exchanges_per_active),
        "minutes_per_active": quotient(value.minutes_per_active),
    }


def network(value: "Network") -> JsonObject:
    """Write the shape of who helps whom."""
    return {
        "members": value.members,
        "ties": value.ties,
        "partners_mean": quotient(value.partners_mean),
        "partners_median": quotient(value.partners_median),
        "density": quotient(value.density),
        "reciprocity": quotient(value.reciprocity),
        "centralisation": quotient(value.centralisation),
    }


def threshold(value: "Threshold") -> JsonObject:
    """Write one of the rules for cooperation."""
    return {
        "rule": value.rule,
        "measured": quotient(value.measured),
        "out_of": value.out_of,
        "stable": quotient(value.stable),
        "risk_dominant": quotient(value.risk_dominant),
        "advantageous": quotient(value.advantageous),
    }


def indicator(value: "Indicator") -> JsonObject:
    """Write one of the eight indicators of impact."""
    return {
        "number": value.number,
        "name": value.name,
        "figures": {name: figure(each) for name, each in value.figures},
        "not_held": list(value.not_held),
    }


def figure(value: "Value") -> int | float | None:
    """Write a figure: a count as it is, anything else as a quotient."""
    if value is None or isinstance(value, int):
        return value
    return quotient(value) if isinstance(value, Fraction) else round(value, 3)


def reconciliation(value: "Reconciliation") -> JsonObject:
    """Write that the figures are those of the journal."""
    return {
        "is_reconciled": value.is_reconciled,
        "standing_minutes": value.standing_minutes,
        "elsewhere_minutes": value.elsewhere_minutes,
        "undone_minutes": value.undone_minutes,
        "taken_back_minutes": value.taken_back_minutes,
        "journal_minutes": value.journal_minutes,
        "movements": [{"kind": each.kind, "changes": dict(each.changes)} for each in value.movements],
    }
