"""How two copies of one journal are related: by the numbers and leaf hashes of their entries. Pure.

A journal only grows at its end (I-2, I-11), and a leaf hash commits to all of an entry. So of two copies of
one journal one is the beginning of the other; if they are not, somebody wrote to both.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest


class RelationKind(StrEnum):
    """What a backup is to the books that are here."""

    ABSENT = "absent"
    """The branch is not here."""
    SAME = "same"
    """The journals are equal, entry for entry."""
    OLDER = "older"
    """The backup's journal is the beginning of the one here."""
    NEWER = "newer"
    """The journal here is the beginning of the backup's."""
    DIVERGED = "diverged"
    """Both have an entry of some number, and not the same one; or the branch was founded twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalCopy:
    """One copy of a branch's journal."""

    created_us: int
    """When the branch was founded."""
    leaves: Iterable[tuple[int, bytes]]
    """(seq, leaf hash) of every entry, in the order of the journal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """How a backup of a branch is related to the branch that is here."""

    branch: str
    kind: RelationKind
    here: int
    """Entries here; 0 if the branch is not here."""
    there: int
    """Entries in the backup."""
    common: int
    """How many entries at the beginning are the same."""

    is_one_branch: bool = True
    """Whether both were founded at the same instant."""

    @property
    def differs_at(self) -> int | None:
        """Number of the first entry that differs; 0 if already the founding does, None if none does."""
        if self.kind is not RelationKind.DIVERGED:
            return None
        return self.common + 1 if self.is_one_branch else 0


def absent(branch: str, entries: int) -> Relation:
    """Return the relation of a backup's branch that is not here, with so many entries."""
    return Relation(branch=branch, kind=RelationKind.ABSENT, here=0, there=entries, common=0)


def relate(branch: str, *, here: JournalCopy, there: JournalCopy) -> Relation:
    """Compare a backup's journal of a branch with the one here; reads both to their ends."""
    is_one_branch = here.created_us == there.created_us
    is_same = is_one_branch
    counts = {"here": 0, "there": 0, "common": 0}
    for ours, theirs in zip_longest(here.leaves, there.leaves):
        counts["here"] += ours is not None
        counts["there"] += theirs is not None
        is_same = is_same and (ours == theirs or ours is None or theirs is None)
        counts["common"] += is_same and ours is not None and theirs is not None
    if not is_same:
        kind = RelationKind.DIVERGED
    elif counts["here"] == counts["there"]:
        kind = RelationKind.SAME
    else:
        kind = RelationKind.OLDER if counts["here"] > counts["there"] else RelationKind.NEWER
    return Relation(branch=branch, kind=kind, is_one_branch=is_one_branch, **counts)
