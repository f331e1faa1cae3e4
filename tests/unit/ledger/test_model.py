from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

import pytest
from tests.builders import DESK, NOW, a_draft, an_exchange, with_amount

from timebank.errors import (
    AmountNotWhole,
    AmountOutOfRange,
    BadActor,
    BadReference,
    BadUnit,
    NaiveInstant,
    TimebankError,
    TooFewPostings,
    TooManyPostings,
    UnbalancedEntry,
)
from timebank.ledger.model import (
    AMOUNT_MAX,
    POSTINGS_MAX,
    Actor,
    Cause,
    EntryKind,
    Posting,
    Role,
    Side,
    credit,
    debit,
    imbalance_by_unit,
    unit_of,
)

PAIR = (debit("fund:branch", 5), credit("fund:respite", 5))
NAIVE = NOW.replace(tzinfo=None)


class Nowhere(tzinfo):
    """A zone that knows no offset: its datetimes are naive all the same."""

    def utcoffset(self, _at: datetime | None) -> timedelta | None:
        return None

    def dst(self, _at: datetime | None) -> timedelta | None:
        return None

    def tzname(self, _at: datetime | None) -> str | None:
        return None


@pytest.mark.parametrize("unit", ["min", "svc", "EUR", "JPY"])
def test_a_unit_is_minutes_service_or_money(unit: str) -> None:
    """I-12 counts in these and no others."""
    assert unit == unit_of(unit)


@pytest.mark.parametrize("text", ["", "MIN", "SVC", "eur", "EURO", "EU", "min ", "min\n", "ÉUR", "h"])
def test_any_other_unit_is_refused(text: str) -> None:
    """A unit that differs in case, length or by a blank would split one account into two."""
    with pytest.raises(BadUnit):
        unit_of(text)


def test_the_sides_are_opposites_of_one_another() -> None:
    """A reversal turns sides, and turning twice is no change (I-3)."""
    assert [Side.CREDIT, Side.DEBIT] == [Side.DEBIT.opposite, Side.CREDIT.opposite]


def test_credits_raise_a_balance_and_debits_lower_it() -> None:
    """One convention everywhere: credits minus debits."""
    assert [7, -7] == [credit("fund:branch", 7).change, debit("fund:branch", 7).change]


@pytest.mark.parametrize(
    ("text", "speaks_for"),
    [
        ("member:m1", "m1"),
        ("coordinator:desk@lille", "desk"),
        ("member:son@lille+mother#3", "mother"),
        ("system:sweep", "sweep"),
    ],
)
def test_an_actor_is_written_as_it_is_read(text: str, speaks_for: str) -> None:
    """I-14: who acts, for whom and under which mandate survives the journal."""
    actor = Actor.parse(text)

    assert text == str(actor)
    assert speaks_for == actor.speaks_for


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("m1", BadActor),
        ("auditor:m1", BadActor),
        ("member:", BadActor),
        ("member:M1", BadActor),
        ("member:m1@", BadActor),
        ("member:m1+m2", BadActor),
        ("member:m1#3", BadActor),
        ("member:m1+m2#3333333333", BadActor),
        ("member:m1\n", BadActor),
        ("member:m1 ", BadActor),
        ("member:-m1", BadReference),
        ("member:m1@-x", BadReference),
        ("member:m1+-x#3", BadReference),
        ("member:" + "m" * 41, BadReference),
        ("member:m1+" + "m" * 41 + "#3", BadReference),
    ],
)
def test_what_is_no_actor_is_refused(text: str, error: type[TimebankError]) -> None:
    """An actor stands in the canonical text of an entry: nothing else may get there (I-14)."""
    with pytest.raises(error):
        Actor.parse(text)


@pytest.mark.parametrize(
    ("facts", "error"),
    [
        ({"ref": "m1\nreverses 5"}, BadReference),
        ({"ref": "m1", "branch": "Lille"}, BadReference),
        ({"ref": "m1", "principal": "m 2", "mandate": 1}, BadReference),
        ({"ref": "m1", "principal": "m2"}, BadActor),
        ({"ref": "m1", "mandate": 1}, BadActor),
        ({"ref": "m1", "principal": "m2", "mandate": -1}, BadActor),
        ({"ref": "m1", "principal": "m2", "mandate": 10**9}, BadActor),
    ],
)
def test_an_actor_cannot_be_built_that_could_not_be_read_back(
    facts: dict[str, Any], error: type[TimebankError]
) -> None:
    """A caller who builds one by hand writes no line into the journal's text that way."""
    with pytest.raises(error):
        Actor(role=Role.MEMBER, **facts)


@pytest.mark.parametrize("ref", ["", "17 18", "17\n", "Lille-3", "-3", "é", "x" * 101])
def test_a_cause_cannot_break_the_canonical_text(ref: str) -> None:
    """A blank or a line break in it would let one text state two things; that is a bug of ours."""
    with pytest.raises(AssertionError):
        Cause("service", ref)
    with pytest.raises(AssertionError):
        Cause(ref, "1")


def test_an_entry_needs_two_postings() -> None:
    """I-1: something goes somewhere."""
    with pytest.raises(TooFewPostings) as refused:
        a_draft(credit("fund:branch", 1))

    assert "an entry needs at least 2 postings, this one has 1" == str(refused.value)


def test_an_entry_has_at_most_so_many_postings() -> None:
    """Limit everything: the largest entry is still one screen of work for the database."""
    half = POSTINGS_MAX // 2
    most = (debit("fund:branch", 1), credit("fund:respite", 1)) * half

    assert POSTINGS_MAX == len(a_draft(*most).postings)
    with pytest.raises(TooManyPostings):
        a_draft(*most, *PAIR)


@pytest.mark.parametrize("amount", [0, -1, -AMOUNT_MAX, AMOUNT_MAX + 1, 2**63, 2**64])
def test_an_amount_lies_between_one_and_the_maximum(amount: int) -> None:
    """I-1, at both ends and far beyond them."""
    with pytest.raises(AmountOutOfRange):
        with_amount(an_exchange(), amount)


@pytest.mark.parametrize("amount", [1, AMOUNT_MAX])
def test_the_smallest_and_the_largest_amount_are_allowed(amount: int) -> None:
    """Bounds are included."""
    assert amount == with_amount(an_exchange(), amount).postings[0].amount


@pytest.mark.parametrize("amount", [1.0, 90.5, float("nan"), float("inf"), True, "90", None])
def test_an_amount_is_a_whole_number(amount: Any) -> None:  # noqa: ANN401
    """I-15: no float reaches the books, not even one that looks whole, and no truth value."""
    with pytest.raises(AmountNotWhole):
        with_amount(an_exchange(), amount)


def test_debits_equal_credits_in_each_unit() -> None:
    """I-1 and I-12: minutes never pay for cents."""
    with pytest.raises(UnbalancedEntry) as refused:
        a_draft(debit("fund:branch", 5, "EUR"), credit("fund:respite", 5))

    assert "debits and credits differ by 5 EUR" == str(refused.value)


def test_imbalance_is_credits_minus_debits() -> None:
    """The sign says which side is short."""
    postings = (debit("fund:branch", 5), credit("fund:respite", 7), credit("fund:branch", 1, "EUR"))

    assert {"min": 2, "EUR": 1} == imbalance_by_unit(postings)


@pytest.mark.parametrize("at", [NAIVE, NOW.replace(tzinfo=Nowhere())])
def test_an_entry_takes_effect_at_an_instant(at: datetime) -> None:
    """Local time without an offset is nobody's instant."""
    with pytest.raises(NaiveInstant):
        a_draft(*PAIR, effective_at=at)


BAD_UNIT = debit("fund:branch", 5, "hours")
FRACTION: Any = 5.5
FAULTS: list[tuple[type[TimebankError], tuple[Posting, ...]]] = [
    (TooFewPostings, (debit("fund:branch", 0, "hours"),)),
    (TooManyPostings, (debit("fund:branch", 0, "hours"),) * (POSTINGS_MAX + 1)),
    (AmountNotWhole, (debit("fund:branch", FRACTION), debit("fund:branch", 0, "hours"))),
    (AmountOutOfRange, (debit("fund:branch", 5), debit("fund:branch", 0, "hours"))),
    (BadUnit, (debit("fund:branch", 5), BAD_UNIT)),
    (UnbalancedEntry, (debit("fund:branch", 5), debit("fund:branch", 5))),
]


@pytest.mark.parametrize(("error", "postings"), FAULTS, ids=[error.code for error, _ in FAULTS])
def test_the_first_failure_wins_in_a_fixed_order(
    error: type[TimebankError], postings: tuple[Posting, ...]
) -> None:
    """Each case has every later fault too: the answer to a bad request never depends on chance."""
    with pytest.raises(error):
        a_draft(*postings, effective_at=NAIVE)


def test_only_a_reversal_names_an_original() -> None:
    """I-3: one kind of entry undoes another, and always says which."""
    with pytest.raises(AssertionError, match="I-3"):
        a_draft(*PAIR, reverses=1)
    with pytest.raises(AssertionError, match="I-3"):
        a_draft(*PAIR, kind=EntryKind.REVERSAL)


def test_a_draft_keeps_what_it_was_told() -> None:
    """Frozen: a decision is a value, and `replace` checks it again."""
    draft = an_exchange(minutes=45)

    assert (45, 45) == tuple(posting.amount for posting in draft.postings)
    assert DESK == draft.actor
    with pytest.raises(TooFewPostings):
        replace(draft, postings=())
