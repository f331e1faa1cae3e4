"""Laws of redemptions in the database: whatever people try, the books of both branches stay in step."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.family import (
    DESK,
    EARNED,
    FRIEND,
    HELPER,
    HOST_DESK,
    MOTHER,
    NEIGHBOUR,
    SON,
    SON_FOR_MOTHER,
    Family,
    copied,
    dump_of,
)

from timebank.errors import TimebankError


@settings(max_examples=settings().max_examples // 5)
@given(
    lengths=st.lists(st.sampled_from([15, 30, 45, 60, 90, 120]), min_size=1, max_size=5),
    is_annulled=st.booleans(),
)
def test_any_corrections_leave_what_the_last_one_says(
    family_file: Path, tmp_path_factory: pytest.TempPathFactory, lengths: list[int], *, is_annulled: bool
) -> None:
    """Up, down, beyond what was held and back: what was said last is charged, and nothing is held."""
    family = copied(family_file, tmp_path_factory.mktemp("corrected") / "bank.db")
    family.settled(minutes=60)

    for length in lengths:
        family.bank.hours.correct("locmine", 1, minutes=length, reason="again", by=HOST_DESK)
        family.check_quickly()
    if is_annulled:
        family.bank.hours.decide("locmine", 1, is_confirmed=False, reason="never", by=HOST_DESK)

    charged = 0 if is_annulled else lengths[-1]
    assert ((EARNED - charged, 0), charged) == (family.son, family.helper)
    family.check()
    family.bank.close()


Trying = Callable[[Family], object]
ACTORS = (SON, NEIGHBOUR, MOTHER, HELPER, FRIEND, DESK, HOST_DESK, SON_FOR_MOTHER, "system:nightly")
BEGINNINGS: tuple[Trying, ...] = (Family.assigned, Family.logged, Family.settled)


@st.composite
def an_attempt(draw: st.DrawFn) -> Trying:
    """Return something that somebody tries to do to one of the first two redemptions."""
    by = draw(st.sampled_from([SON, MOTHER, HELPER, HOST_DESK]) | st.sampled_from(ACTORS))
    ref = draw(st.sampled_from(["lille-1", "lille-2"]))
    no = draw(st.sampled_from([1, 2]))
    minutes = draw(st.sampled_from([15, 45, 60, 75, 120]))
    days = draw(st.sampled_from([1, 3, 40, 100]))
    provider = draw(st.sampled_from(["m1", "m2", "m3"]))
    reason = draw(st.sampled_from(["because", "because", ""]))
    either = draw(st.booleans())
    attempts: list[Trying] = [
        lambda f: f.request(minutes=minutes, days=days, by=by, reason=reason),
        lambda f: f.bank.redemptions.assign(ref, provider=provider, by=by),
        lambda f: f.bank.redemptions.unassign(ref, by=by),
        lambda f: f.bank.redemptions.log(ref, minutes=minutes, by=by),
        lambda f: f.bank.redemptions.confirm(ref, reason=reason, by=by),
        lambda f: f.bank.redemptions.dispute(ref, reason=reason, by=by),
        lambda f: f.bank.redemptions.cancel(ref, reason=reason, by=by),
        lambda f: f.bank.redemptions.miss(ref, is_by_provider=either, reason=reason, by=by),
        lambda f: f.bank.redemptions.expire(ref, by=by),
        lambda f: f.bank.holds.release("lille", no, reason=reason, by=by),
        lambda f: f.bank.holds.expire_due("lille", by=by),
        lambda f: f.bank.hours.correct("locmine", no, minutes=minutes, reason=reason, by=by),
        lambda f: f.bank.hours.decide("locmine", no, is_confirmed=either, reason=reason, by=by),
        lambda f: f.bank.hours.withdraw("locmine", no, by=by),
        lambda f: f.wait_until(f.clock.instant + timedelta(days=days)),
    ]
    return draw(st.sampled_from(attempts))


@settings(max_examples=settings().max_examples // 5)
@given(attempts=st.lists(an_attempt(), min_size=10, max_size=30), begin=st.sampled_from(BEGINNINGS))
def test_whatever_people_try_the_books_of_both_branches_hold(
    family_file: Path, tmp_path_factory: pytest.TempPathFactory, attempts: list[Trying], begin: Trying
) -> None:
    """Anything by anybody in any order: it is refused without a trace, or both books stay in step."""
    family = copied(family_file, tmp_path_factory.mktemp("whatever") / "bank.db")
    begin(family)
    family.request(days=2)

    for attempt in attempts:
        before = dump_of(family.file)
        try:
            attempt(family)
        except TimebankError:
            assert before == dump_of(family.file)
        family.check_quickly()

    family.check()
    family.bank.close()
