"""How redemptions look on the terminal: a sentence after an act, tables for lists and whole stories."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from timebank.care.redemption import Redemption
from timebank.cli import wire_care
from timebank.cli.output import Shown, amount, emit, local_time, note, table_of, warn
from timebank.instants import zone_of
from timebank.ledger.model import JournalEntry, Side
from timebank.minutes import format_minutes

if TYPE_CHECKING:
    from timebank.services.settling import RedemptionDone
    from timebank.services.stories import RedemptionStory

MINUTE = "%Y-%m-%d %H:%M"


def show_done(done: "RedemptionDone", *, as_json: bool) -> None:
    """Print what an act on a redemption led to."""
    redemption = done.redemption
    charged = redemption.charged_minutes
    facts = [
        f"{format_minutes(redemption.held_minutes)} held"
        if charged is None
        else f"{format_minutes(charged)} charged"
    ]
    if done.entries:
        noun = "entry" if len(done.entries) == 1 else "entries"
        facts.append(f"{noun} {', '.join(f'{branch} {seq}' for branch, seq in done.entries)}")
    line = f"Redemption {redemption.ref} is {redemption.state.value}: {'; '.join(facts)}."
    emit(wire_care.redemption_done(done), as_json=as_json, table=line)
    show_remarks(done)


def show_remarks(done: "RedemptionDone") -> None:
    """Print what else happened on stderr: soft limits passed, other redemptions ended by their deadline."""
    for warning in done.warnings:
        warn(
            f"{warning.path} is at {format_minutes(warning.balance)}, beyond {format_minutes(warning.level)}"
        )
    for ref in done.expired:
        note(f"Redemption {ref} was past its deadline; its hours went back to the sponsor.")


def redemption_table(title: str, redemptions: Sequence[Redemption], *, zone: str) -> Table:
    """Return a table of redemptions, with instants in the time zone of whoever looks."""
    rows = [
        (
            each.ref,
            each.state.value,
            each.sponsor,
            f"{each.beneficiary}@{each.host_branch}",
            each.provider or "-",
            local_time(each.planned_at, zone),
            amount(each.held_minutes),
            amount(each.charged_minutes) if each.charged_minutes is not None else "-",
        )
        for each in redemptions
    ]
    columns = ["no", "state", "sponsor", "for", "provider", "planned", "held", "charged"]
    return table_of(title, columns, rows, right=["held", "charged"])


def shown(story: "RedemptionStory") -> list[Shown]:
    """Return the whole story: the redemption, what happened, its entries, and whether the books agree."""
    return [_facts_table(story), _events_table(story), _entries_table(story), _verdict(story)]


def _facts_table(story: "RedemptionStory") -> Table:
    redemption = story.redemption
    zone = zone_of(story.host_zone)
    charged = redemption.charged_minutes
    rows = [
        ("state", redemption.state.value + (", past its deadline" if story.is_due else "")),
        ("sponsor", f"{redemption.sponsor} of {redemption.branch}"),
        ("beneficiary", f"{redemption.beneficiary} of {redemption.host_branch}"),
        ("provider", redemption.provider or "nobody yet"),
        ("help", f"{redemption.kind}, {redemption.mode.value}, {format_minutes(redemption.planned_minutes)}"),
        ("planned", f"{redemption.planned_at.astimezone(zone).strftime(MINUTE)} ({zone})"),
        ("deadline", f"{redemption.expires_at.astimezone(zone).strftime(MINUTE)} ({zone})"),
        ("held", f"{format_minutes(redemption.held_minutes)}, hold {story.hold.no} {story.hold.state.value}"),
        ("charged", format_minutes(charged) if charged is not None else "nothing yet"),
    ]
    if story.record is not None:
        rows.append(("record", f"{story.record.no} of {story.record.branch}, {story.record.state.value}"))
    return table_of(f"Redemption {redemption.ref}", ["fact", "value"], rows)


def _events_table(story: "RedemptionStory") -> Table:
    rows = [
        (
            local_time(event.at, story.host_zone),
            event.acted_in,
            event.act,
            event.actor,
            amount(event.minutes) if event.minutes is not None else "",
            reason or "",
        )
        for event, reason in story.events
    ]
    columns = ["at", "in", "act", "by", "minutes", "reason"]
    return table_of("What happened", columns, rows, right=["minutes"])


def _entries_table(story: "RedemptionStory") -> Table:
    rows = [
        (
            each.branch,
            each.seq,
            each.draft.kind.value,
            _path_on(each, Side.DEBIT),
            _path_on(each, Side.CREDIT),
            amount(each.lines[0].posting.amount),
        )
        for each in story.entries
    ]
    columns = ["book", "entry", "what", "debit", "credit", "minutes"]
    return table_of("Entries in both books", columns, rows, right=["entry", "minutes"])


def _path_on(entry: JournalEntry, side: Side) -> str:
    return next(line.posting.path for line in entry.lines if line.posting.side is side)


def _verdict(story: "RedemptionStory") -> str:
    redemption = story.redemption
    figures = (
        f"sponsor paid {format_minutes(story.paid_minutes)}",
        f"provider earned {format_minutes(story.earned_minutes)}",
        f"{format_minutes(story.held_minutes)} held",
        f"clearing {format_minutes(story.clearing_minutes)}",
    )
    books = {redemption.branch: None, redemption.host_branch: None}
    verdict = "Reconciled" if story.is_reconciled else "NOT RECONCILED"
    return f"\n{verdict} ({' and '.join(books)}): {', '.join(figures)}."
