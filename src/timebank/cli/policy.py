"""`timebank policy`: the rules of a branch."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.cli import wire
from timebank.cli.files import read_text
from timebank.cli.inputs import day_in
from timebank.cli.options import NUMBER_MOST, Branch, By, DryRun, Json, Key
from timebank.cli.output import emit, table_of
from timebank.cli.session import session_of
from timebank.errors import Kind, PolicyInvalid
from timebank.ledger.canonical import instant_of
from timebank.policy.changes import Change, changes_between
from timebank.policy.document import parse_policy
from timebank.policy.writing import DEFAULT_POLICY_TEXT

if TYPE_CHECKING:
    from timebank.storage.policies import PolicyVersion

app = typer.Typer(name="policy", help="The rules of a branch: show, check, compare, set.", no_args_is_help=True)
File = Annotated[Path, typer.Argument(help="The rules, a TOML file.", metavar="FILE", dir_okay=False)]
UNUSABLE = 2


def _version(flag: str, what: str) -> typer.models.OptionInfo:
    return typer.Option(  # type: ignore[no-any-return]
        flag, help=f"{what}; the one in force today by default.", metavar="NO", min=1, max=NUMBER_MOST,
        show_default=False,
    )
