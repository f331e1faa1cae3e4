import tomllib

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.policy.policies import policies

from timebank.policy.changes import Change, changes_between, values_of
from timebank.policy.document import DOCUMENT_BYTES_MAX, parse_policy
from timebank.policy.model import OverlapRules, Policy, RedemptionRules, Rounding, ServiceRules
from timebank.policy.specs import LISTED_MAX
from timebank.policy.words import Overlap, Relation, RoundingMode
from timebank.policy.writing import DEFAULT_POLICY_TEXT, WIDTH, write_policy


@given(policies())
def test_what_is_written_reads_back(policy: Policy) -> None:
    """A coordinator can print the rules, edit a line and publish them."""
    assert policy == parse_policy(write_policy(policy))


def test_the_longest_policy_can_be_read() -> None:
    """No policy that can be built is too long to be a document."""
    kinds = tuple(f"{n:040}" for n in range(LISTED_MAX))
    text = write_policy(Policy(service=ServiceRules(kinds=kinds)))

    assert len(text.encode()) < DOCUMENT_BYTES_MAX
    assert kinds == parse_policy(text).service.kinds


@given(policies())
def test_writing_again_writes_the_same(policy: Policy) -> None:
    """The same rules have the same text, and so the same fingerprint."""
    text = write_policy(policy)

    assert text == write_policy(parse_policy(text))
    assert text.endswith("\n")


@given(policies())
def test_every_key_is_written(policy: Policy) -> None:
    """A reader sees the whole of the rules, also what is left at its default."""
    tree = tomllib.loads(write_policy(policy))

    assert 1 == tree["format"]
    for key, _ in values_of(policy):
        table = tree
        for name in key.split("."):
            table = table[name]


def test_the_default_text_is_the_default_policy() -> None:
    """What a new branch starts from."""
    assert Policy() == parse_policy(DEFAULT_POLICY_TEXT)
    assert DEFAULT_POLICY_TEXT == write_policy(Policy())


def test_the_text_explains_itself() -> None:
    """Comments say what a key means, once, and amounts from an hour on are given in hours."""
    lines = DEFAULT_POLICY_TEXT.splitlines()

    assert "floor_minutes = -600  # -10 h 00" in lines
    assert "step_minutes = 15" in lines
    assert "# The keys mean the same as in [limits.member]." in lines
    assert 1 == DEFAULT_POLICY_TEXT.count("A balance never falls below this")
    assert WIDTH >= max(map(len, lines))
    assert DEFAULT_POLICY_TEXT.isascii()


@given(policies())
def test_a_policy_does_not_differ_from_itself(policy: Policy) -> None:
    """Publishing the same rules again changes nothing."""
    assert () == changes_between(policy, policy)


@given(policies(), policies())
def test_changes_say_exactly_what_differs(old: Policy, new: Policy) -> None:
    """With the old rules and the changes in hand, anybody can tell the new rules; backwards too."""
    changes = changes_between(old, new)
    replayed = dict(values_of(old)) | {change.key: change.after for change in changes}

    assert dict(values_of(new)) == replayed
    assert (old == new) == (not changes)
    assert tuple(Change(key=c.key, before=c.after, after=c.before) for c in changes) == changes_between(
        new, old
    )


@given(st.permutations(list(Relation)))
def test_changes_are_shown_as_the_document_writes_them(relations: list[Relation]) -> None:
    """In the order of the document, in its spelling."""
    new = Policy(
        rounding=Rounding(mode=RoundingMode.UP),
        overlap=OverlapRules(rule=Overlap.ALLOW),
        redemption=RedemptionRules(relations=tuple(relations[:2]), needs_check=False),
    )

    assert (
        Change(key="rounding.mode", before='"nearest"', after='"up"'),
        Change(key="overlap.rule", before='"refuse"', after='"allow"'),
        Change(
            key="redemption.relations",
            before='["self", "spouse", "partner", "parent", "grandparent", "child", "sibling", "named"]',
            after=f'["{relations[0]}", "{relations[1]}"]',
        ),
        Change(key="redemption.needs_check", before="true", after="false"),
    ) == changes_between(Policy(), new)
