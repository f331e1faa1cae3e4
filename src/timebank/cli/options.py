"""Options that many commands share, named and explained once."""

from typing import Annotated, Final

import typer

from timebank.care.record import Mode

NUMBER_MOST: Final = 2**53
"""Largest number of an entry or a record that is looked for; JSON readers keep no larger one exactly."""
ROWS_MOST: Final = 1_000_000

No = Annotated[
    int, typer.Argument(help="Its number.", metavar="NO", min=0, max=NUMBER_MOST, show_default=False)
]
Limit = Annotated[
    int, typer.Option("--limit", help="How many, newest first.", metavar="N", min=1, max=ROWS_MOST)
]
Before = Annotated[
    int | None,
    typer.Option(
        "--before",
        help="Only what has a smaller number: the next page.",
        metavar="NO",
        min=1,
        max=NUMBER_MOST,
        show_default=False,
    ),
]
Path = Annotated[str, typer.Argument(help="Account path, such as member:m1:available.", metavar="PATH")]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        help="When, local time of the branch: 2026-03-01T14:00; now by default.",
        metavar="INSTANT",
        show_default=False,
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        help="Leave out what was recorded later: a day to its end, or 2026-03-31T14:00.",
        metavar="INSTANT",
        show_default=False,
    ),
]
Branch = Annotated[str, typer.Option("--branch", "-b", help="Code of the branch.", metavar="CODE")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, minutes as whole numbers.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check everything and print the result, but change nothing.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key",
        help="Idempotency key: the same key never takes effect twice.",
        metavar="TEXT",
        show_default=False,
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        help="Who acts: member:REF, coordinator:REF, with @BRANCH if not of this branch, "
        "with +PRINCIPAL#MANDATE if for somebody else.  [default: TIMEBANK_ACTOR or coordinator:desk]",
        metavar="ACTOR",
        show_default=False,
    ),
]
Minutes = Annotated[
    str,
    typer.Option(
        "--minutes", "-m", help="How long: 90, 1:30, 1h30, 1 h 30 min, 1,5 h, PT1H30M.", metavar="TIME"
    ),
]
Unit = Annotated[str, typer.Option("--unit", help="min, svc or a money code.", metavar="UNIT")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why; kept with the names, erased with them.", metavar="TEXT")
]
HelpMode = Annotated[Mode, typer.Option("--mode", help="How the help reached the recipient.")]
ServiceKind = Annotated[
    str, typer.Option("--kind", "-k", help="Kind of help, e.g. shopping.", metavar="CODE")
]
