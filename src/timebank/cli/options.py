"""Options that many commands share, named and explained once."""

from typing import Annotated

import typer

from timebank.care.record import Mode

Branch = Annotated[str, typer.Option("--branch", "-b", help="Code of the branch.", metavar="CODE")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, minutes as whole numbers.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Check everything and print the result, but change nothing.")
]
Key = Annotated[
    str | None,
    typer.Option(
        "--key", help="Idempotency key: the same key never takes effect twice.", metavar="TEXT", show_default=False
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
    str, typer.Option("--minutes", "-m", help="How long: 90, 1:30, 1h30, 1 h 30 min, 1,5 h, PT1H30M.", metavar="TIME")
]
Unit = Annotated[str, typer.Option("--unit", help="min, svc or a money code.", metavar="UNIT")]
Reason = Annotated[
    str, typer.Option("--reason", help="Why; kept with the names, erased with them.", metavar="TEXT")
]
HelpMode = Annotated[Mode, typer.Option("--mode", help="How the help reached the recipient.")]
ServiceKind = Annotated[str, typer.Option("--kind", "-k", help="Kind of help, e.g. shopping.", metavar="CODE")]
