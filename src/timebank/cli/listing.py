"""What `timebank request` and `timebank offer` share: options, and how a week is read and shown."""

from collections.abc import Iterable, Sequence
from typing import Annotated

import typer

from timebank.care.listing import ListingState
from timebank.care.week import Week, Window

Member = Annotated[str, typer.Option("--member", help="Whose it is: member reference.", metavar="REF")]
SLOT_HELP = "A time of every week, on the half hour: 'mon 09:00-12:00'; repeat it for more."
Until = Annotated[
    str | None,
    typer.Option(
        "--until", help="Last day of a weekly one; in 90 days by default.", metavar="DAY", show_default=False
    ),
]
Note = Annotated[
    str | None,
    typer.Option(
        "--note", help="In words; kept with the names, erased with them.", metavar="TEXT", show_default=False
    ),
]
Why = Annotated[
    str | None,
    typer.Option(
        "--reason",
        help="Why; needed of a coordinator, kept with the names.",
        metavar="TEXT",
        show_default=False,
    ),
]
State = Annotated[ListingState | None, typer.Option("--state", help="Only these.", show_default=False)]
OnlyMember = Annotated[
    str | None, typer.Option("--member", help="Only of this member.", metavar="REF", show_default=False)
]


def week_in(slots: Iterable[str]) -> Week:
    """Read the times of a week.

    Raises:
        BadWindow: one is no time of a week.
    """
    return Week.of(map(Window.parse, slots))


def week_shown(week: Week) -> str:
    """Write the times of a week in a line."""
    return ", ".join(map(str, week.windows))


def words_of(note: str | None, reasons: Sequence[str]) -> list[str]:
    """Write the words about a request or an offer, a line for each."""
    return [f"\n{words}" for words in (note, *reasons) if words is not None]
