"""The chart of accounts: which paths exist, and the normal side of each.

Paths are fixed (design: words): `member:REF:available|held|grant`, `fund:NAME`, `issuance:NAME`,
`clearing:BRANCH`, `suspense:NAME`. Pure.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from timebank.errors import BadPath
from timebank.ids import REFERENCE
from timebank.ledger.model import Side

BUCKETS: Final = ("available", "held", "grant")
GRANT: Final = "issuance:grant"
OPENING: Final = "issuance:opening"
UNFUNDED: Final = "issuance:unfunded"
MEMBER_PARTS: Final = 3
NAMED_PARTS: Final = 2


class AccountKind(StrEnum):
    """The five kinds of the chart."""

    MEMBER = "member"
    FUND = "fund"
    ISSUANCE = "issuance"
    CLEARING = "clearing"
    SUSPENSE = "suspense"

    @property
    def normal_side(self) -> Side:
        """The side that increases it: debit for issuance, credit for what the bank owes."""
        return Side.DEBIT if self is AccountKind.ISSUANCE else Side.CREDIT


@dataclass(frozen=True, slots=True)
class Place:
    """A path, read: its kind, the name in it, and for members the bucket."""

    kind: AccountKind
    name: str
    bucket: str | None = None


def place_of(path: str) -> Place:
    """Read an account path.

    Raises:
        BadPath: the path is not in the chart.
    """
    parts = path.split(":")
    named = len(parts) >= NAMED_PARTS and REFERENCE.fullmatch(parts[1]) is not None
    if named and len(parts) == MEMBER_PARTS and parts[0] == "member" and parts[2] in BUCKETS:
        return Place(AccountKind.MEMBER, parts[1], parts[2])
    if named and len(parts) == NAMED_PARTS and parts[0] in set(AccountKind) - {"member"}:
        return Place(AccountKind(parts[0]), parts[1])
    raise BadPath


def available(ref: str) -> str:
    """Return the path of the minutes a member can spend."""
    return f"member:{ref}:available"


def held(ref: str) -> str:
    """Return the path of the minutes a member has reserved (I-6)."""
    return f"member:{ref}:held"


def grant(ref: str) -> str:
    """Return the path of what a member got on joining: spent on help for themselves only."""
    return f"member:{ref}:grant"


def is_held(path: str) -> bool:
    """Tell whether a path of the chart is a member's held account, without reading it."""
    return path.endswith(":held")


def clearing(branch: str) -> str:
    """Return the path of the account for what this branch owes `branch` (I-7)."""
    return f"clearing:{branch}"
