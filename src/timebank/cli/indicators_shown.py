"""How indicators look on the terminal and as pictures."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Final

from timebank.cli.files import write_text
from timebank.cli.output import Shown, amount, facts_of, note, table_of
from timebank.minutes import format_minutes
from timebank.reports.charts import Bar, bars_svg
from timebank.reports.indicators.cooperation import CAVEAT

if TYPE_CHECKING:
    from timebank.reports.indicators.impact import Indicator
    from timebank.services.indicators import IndicatorReport

BAR_MOST: Final = 24
"""Signs in the longest bar on the terminal."""
TOO_FEW: Final = "-"


def shown(found: "IndicatorReport") -> Iterator[Shown]:
    """Yield what a coordinator reads, one part after another."""
    yield _participation(found)
    yield _quarters(found)
    yield table_of(
        "By kind of help",
        ("kind", "exchanges", "hours", ""),
        [
            (each.kind, each.exchanges, amount(each.minutes), _bar(each.minutes, top))
            for top in (max((each.minutes for each in found.kinds), default=0),)
            for each in found.kinds
        ],
        right=("exchanges", "hours"),
    )
    yield _network(found)
    yield from _cooperation(found)
    yield from _impact(found.impact)
    yield _reconciled(found)


def _participation(found: "IndicatorReport") -> Shown:
    who = found.participation
    facts: list[tuple[str, object]] = [
        ("members", _count(who.members)),
        ("active: gave or received", f"{_count(who.active)} ({_percent(who.active_share)})"),
        ("exchanges", who.exchanges),
        ("hours", amount(who.minutes)),
        ("gave : received", f"{_count(who.givers)} : {_count(who.receivers)} members"),
        ("givers for each receiver", _decimal(who.givers_per_receiver)),
        ("offered : asked", f"{_count(found.members_offering)} : {_count(found.members_asking)} members"),
        ("offers for each request", _decimal(found.offers_per_request)),
        ("Gini of giving, of receiving", f"{_decimal(who.given_gini)}, {_decimal(who.received_gini)}"),
    ]
    return facts_of(f"How {found.branch} is doing, {found.first_on} to {found.last_on}", facts)


def _quarters(found: "IndicatorReport") -> Shown:
    top = max((each.minutes for each in found.quarters), default=0)
    rows = [
        (
            each.name,
            _count(each.active),
            each.exchanges,
            amount(each.minutes),
            _minutes(each.minutes_per_active),
            _bar(each.minutes, top),
        )
        for each in found.quarters
    ]
    columns = ("quarter", "active", "exchanges", "hours", "each", "")
    return table_of("By quarter", columns, rows, right=("active", "exchanges", "hours", "each"))


def _network(found: "IndicatorReport") -> Shown:
    net = found.network
    facts: list[tuple[str, object]] = [
        ("members with a partner", _count(net.members)),
        ("ties: one gave, one received", _count(net.ties)),
        ("partners, mean and median", f"{_decimal(net.partners_mean)}, {_decimal(net.partners_median)}"),
        ("density", _decimal(net.density, 3)),
        ("reciprocity", _decimal(net.reciprocity)),
        ("centralisation", _decimal(net.centralisation)),
    ]
    return facts_of("Who helps whom", facts)


def _cooperation(found: "IndicatorReport") -> Iterator[Shown]:
    rows = [
        (
            each.rule,
            _decimal(each.measured),
            each.out_of,
            _decimal(each.stable),
            _decimal(each.risk_dominant),
            _decimal(each.advantageous),
        )
        for each in found.thresholds
    ]
    yield table_of(
        "Rules for cooperation: it can last where benefit over cost is above",
        ("rule", "measured", "out of", "stable", "dominant", "advantage"),
        rows,
        right=("measured", "out of", "stable", "dominant", "advantage"),
    )
    if found.kin:
        kin = [(each.relation, amount(each.minutes)) for each in found.kin]
        yield table_of("Redeemed, by relation", ("relation", "hours"), kin, right=("hours",))
    yield facts_of("With care", [("", CAVEAT)])


def _impact(eight: Sequence["Indicator"]) -> Iterator[Shown]:
    for each in eight:
        facts = [(name.replace("_", " "), _figure(name, value)) for name, value in each.figures]
        facts.append(("not held", ", ".join(each.not_held)))
        yield facts_of(f"{each.number}. {each.name}", facts)


def _reconciled(found: "IndicatorReport") -> Shown:
    sums = found.reconciliation
    rows: list[tuple[str, object]] = [
        ("help that stands", amount(sums.standing_minutes)),
        ("and was taken back", amount(sums.undone_minutes)),
        ("less what was taken back in the period", amount(sums.taken_back_minutes)),
        ("the journal has", amount(sums.journal_minutes)),
        ("paid here, given in another branch", amount(sums.elsewhere_minutes)),
        ("verdict", "reconciled" if sums.is_reconciled else "NOT RECONCILED"),
    ]
    return facts_of("Credited to members for help", rows)


def draw(folder: Path, found: "IndicatorReport") -> None:
    """Draw the charts.

    Raises:
        UnwritableFile: the folder is not there, or cannot be written to.
    """
    where = f"{found.branch}, {found.first_on} to {found.last_on}"
    (asked,) = [dict(each.figures) for each in found.impact if each.number == 8]
    charts = {
        "hours-by-quarter": (
            "Hours of help by quarter",
            [_minutes_bar(each.name, each.minutes) for each in found.quarters],
        ),
        "active-by-quarter": (
            "Active members by quarter",
            [Bar(label=each.name, amount=each.active, text=_count(each.active)) for each in found.quarters],
        ),
        "hours-by-kind": (
            "Hours of help by kind",
            [_minutes_bar(each.kind, each.minutes) for each in found.kinds],
        ),
        "requests": (
            "What became of requests",
            [
                Bar(label=name.replace("_", " "), amount=int(asked[name] or 0), text=str(asked[name]))
                for name in ("requests", "somebody_asked", "agreed", "concluded", "open", "unserved")
            ],
        ),
    }
    for name, (title, bars) in charts.items():
        write_text(folder / f"{name}.svg", bars_svg(title, where, bars))
        note(f"drawn: {folder / name}.svg")


def _minutes_bar(label: str, minutes: int) -> Bar:
    return Bar(label=label, amount=minutes, text=format_minutes(minutes))


def _bar(value: int, top: int) -> str:
    return "█" * (BAR_MOST * value // top) if top else ""


def _count(value: int | None) -> str:
    return TOO_FEW if value is None else str(value)


def _decimal(value: Fraction | float | None, places: int = 2) -> str:
    return f"{float(value):.{places}f}" if value is not None else TOO_FEW


def _percent(share: Fraction | float | None) -> str:
    return f"{round(100 * share)} %" if share is not None else TOO_FEW


def _minutes(value: Fraction | None) -> str:
    return format_minutes(round(value)) if value is not None else TOO_FEW


def _figure(name: str, value: Fraction | float | None) -> str:
    if value is not None and "minutes" in name:
        return format_minutes(round(value))
    if name.endswith("_share"):
        return _percent(value)
    return str(value) if isinstance(value, int) else _decimal(value)
