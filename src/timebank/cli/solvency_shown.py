"""How a report on solvency looks on the terminal: what is, what may come, and what is assumed."""

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from timebank.cli.output import Shown, amount, facts_of, table_of, written_amount
from timebank.reports.solvency.projection import assumptions_told

if TYPE_CHECKING:
    from timebank.reports.solvency.projection import Projection
    from timebank.services.promises import SolvencyReport


def shown(found: "SolvencyReport", near: str | None, within: str) -> Iterator[Shown]:
    """Yield what a coordinator reads; `near` and `within` are as they were asked for."""
    cover, way = found.cover, found.redeemability
    facts: list[tuple[str, object]] = [
        ("owed to members", amount(cover.owed_minutes)),
        ("beside it, in funds", amount(cover.funds_minutes)),
        ("help given since " + found.since_on.isoformat(), amount(cover.given_minutes)),
        ("of help, paid with hours", amount(cover.redeemed_minutes)),
        ("years of cover", _decimal(cover.years, 1, "nothing was given")),
    ]
    for each in found.reserves:
        facts.append((f"money in funds, {each.unit}", written_amount(each.held, each.unit)))
        facts.append(("  for each hour owed", _money(each.per_hour_owed, each.unit)))
        facts.append(("  if everybody had saved all", _money(each.per_hour_at_most, each.unit)))
    if not found.reserves:
        facts.append(("money in funds", "none held"))
    where = f"within {within} of {near}" if near is not None else "in the branch"
    helpers = "1 to 4" if way.helpers is None else str(way.helpers)
    facts.append((f"offer help {where}", f"{helpers} members"))
    facts.append(("requests that ended", _requests(found)))
    yield facts_of(f"Can {found.branch} keep its promise? {found.on}, {found.members} members", facts)
    if found.is_age_known:
        yield table_of(
            "By age",
            ("age", "people", "owed", "given"),
            [
                (each.ages, each.people, amount(each.owed_minutes), amount(each.given_minutes))
                for each in found.cohorts
            ],
            right=("people", "owed", "given"),
        )
    if found.projections:
        yield from _ahead(found)


def _ahead(found: "SolvencyReport") -> Iterator[Shown]:
    usual = found.projections[0]
    yield table_of(
        f"The years to come, in hours: middle of {usual.assumptions.runs} draws (seed {found.seed})",
        ("year", "asked for", "can be given", "unmet", "unmet, worst 5 %", "all met"),
        [
            (
                each.year,
                _hours(each.asked.middle),
                _hours(each.capacity.middle),
                _hours(each.unmet.middle),
                _hours(each.unmet.high),
                f"{each.met_percent} %",
            )
            for each in usual.years
        ],
        right=("year", "asked for", "can be given", "unmet", "unmet, worst 5 %", "all met"),
    )
    yield table_of(
        f"Put to the test, over {usual.assumptions.years} years, in hours",
        ("if", "unmet in the worst year", "still owed", "lapsed", "promise kept"),
        [_test(each) for each in found.projections],
        right=("unmet in the worst year", "still owed", "lapsed", "promise kept"),
    )
    lines = list(assumptions_told(usual.assumptions))
    if not found.is_age_known:
        lines.append("No years of birth were handed in (--births), so nobody's age is known.")
    yield facts_of("What is assumed", [(str(number), line) for number, line in enumerate(lines, 1)])


def _test(each: "Projection") -> tuple[object, ...]:
    low, high = _hours(each.unmet.middle), _hours(each.unmet.high)
    return (
        each.name,
        low if low == high else f"{low} to {high}",
        _hours(each.owed_after.middle),
        _hours(each.lapsed.middle),
        f"{each.kept_percent} %",
    )


def _requests(found: "SolvencyReport") -> str:
    past = found.redeemability.past
    if past.requests is None:
        return "fewer than 5 within twelve months"
    wait = written_amount(past.wait_minutes) if past.wait_minutes is not None else "not told"
    return f"{past.requests}; {past.found_percent} % found somebody; median wait {wait}"


def _hours(minutes: int) -> str:
    """Write whole hours, half up: a projection has no minutes."""
    return str((2 * minutes + 60) // 120)


def _decimal(value: Fraction | None, places: int, none: str) -> str:
    return f"{float(value):.{places}f}" if value is not None else none


def _money(cents: Fraction | None, unit: str) -> str:
    return f"{float(cents) / 100:.2f} {unit}" if cents is not None else "not known"
