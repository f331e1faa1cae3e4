"""Two copies of one journal: one is the beginning of the other, or somebody wrote to both."""

from hypothesis import given
from hypothesis import strategies as st

from timebank.reports.relation import JournalCopy, Relation, RelationKind, absent, relate

LEAVES = st.lists(st.binary(min_size=2, max_size=2), max_size=6)
FOUNDED = 1_700_000_000_000_000


def a_journal(leaves: list[bytes], *, created_us: int = FOUNDED) -> JournalCopy:
    """Return a journal with these leaf hashes."""
    return JournalCopy(created_us=created_us, leaves=list(enumerate(leaves, 1)))


def related(here: list[bytes], there: list[bytes]) -> Relation:
    """Compare two journals of one branch."""
    return relate("lille", here=a_journal(here), there=a_journal(there))


@given(common=LEAVES, here=LEAVES, there=LEAVES)
def test_the_relation_is_what_the_lists_are(
    common: list[bytes], here: list[bytes], there: list[bytes]
) -> None:
    """Whatever both begin with, and however they go on."""
    ours, theirs = common + here, common + there
    same = next(
        (at for at, pair in enumerate(zip(ours, theirs, strict=False)) if pair[0] != pair[1]),
        min(len(ours), len(theirs)),
    )

    found = related(ours, theirs)

    assert (len(ours), len(theirs), same) == (found.here, found.there, found.common)
    if ours == theirs:
        assert RelationKind.SAME is found.kind
    elif same == len(theirs):
        assert RelationKind.OLDER is found.kind
    elif same == len(ours):
        assert RelationKind.NEWER is found.kind
    else:
        assert (RelationKind.DIVERGED, same + 1) == (found.kind, found.differs_at)


@given(here=LEAVES, there=LEAVES)
def test_it_turns_around_with_the_copies(here: list[bytes], there: list[bytes]) -> None:
    """What is older from here is newer from there."""
    turned = {RelationKind.OLDER: RelationKind.NEWER, RelationKind.NEWER: RelationKind.OLDER}
    kind = related(there, here).kind

    assert related(here, there).kind is turned.get(kind, kind)


def test_a_branch_that_is_not_here_is_absent() -> None:
    """Its entries are counted all the same."""
    found = absent("lille", 2)

    assert (RelationKind.ABSENT, 0, 2, 0) == (found.kind, found.here, found.there, found.common)
    assert found.differs_at is None


def test_a_branch_that_was_founded_twice_is_another_branch() -> None:
    """Two branches of one code without an entry are not one branch."""
    found = relate("lille", here=a_journal([]), there=a_journal([], created_us=FOUNDED + 1))

    assert (RelationKind.DIVERGED, 0) == (found.kind, found.differs_at)
