from datetime import date

import pytest

from timebank.care.member import Identity, Member, MemberKind, is_called, require_active
from timebank.errors import BadReference, BadText, MemberLeft, PeriodReversed


def a_member(*, ref: str = "m1", branch: str = "lille", left_on: date | None = None) -> Member:
    """Return a member since March 2026."""
    return Member(branch=branch, ref=ref, kind=MemberKind.PERSON, joined_on=date(2026, 3, 1), left_on=left_on)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2026, 5, 31), True),
        (date(2026, 6, 1), False),
    ],
)
def test_first_and_last_day_belong_to_a_membership(on: date, *, expected: bool) -> None:
    """Both days are printed on the paper, so both count."""
    member = a_member(left_on=date(2026, 5, 31))

    assert expected is member.is_active(on)
    if expected:
        require_active(member, on=on)
    else:
        with pytest.raises(MemberLeft):
            require_active(member, on=on)


def test_membership_without_an_end_lasts() -> None:
    """Hours are given now and received in thirty years."""
    assert a_member().is_active(date(2056, 3, 1))


def test_membership_does_not_end_before_it_starts() -> None:
    """A slip of the pen in a date."""
    with pytest.raises(PeriodReversed):
        a_member(left_on=date(2026, 2, 28))


def test_member_is_known_by_opaque_references_only() -> None:
    """What looks like a name is no reference (I-10)."""
    with pytest.raises(BadReference):
        a_member(ref="Marie Dupont")
    with pytest.raises(BadReference):
        a_member(branch="Lille!")


def test_identity_keeps_cleaned_texts() -> None:
    """An empty contact counts as none."""
    identity = Identity(branch="lille", ref="m1", name=" Zoe\u0301 Sample ", email="", phone="03 00 00 00 00")

    assert ("Zoé Sample", None, "03 00 00 00 00", None) == (
        identity.name,
        identity.email,
        identity.phone,
        identity.note,
    )


def test_identity_needs_a_name() -> None:
    """Whoever has none is written down without an identity."""
    with pytest.raises(BadText):
        Identity(branch="lille", ref="m1", name="  ")


def test_identity_texts_have_limits() -> None:
    """Each text has its own."""
    for what, most in {"email": 254, "phone": 40, "note": 2_000}.items():
        with pytest.raises(BadText):
            Identity(branch="lille", ref="m1", name="Zoé Sample", **{what: "a" * (most + 1)})


def test_identity_hides_its_texts() -> None:
    """A repr ends up in logs and tracebacks (I-10)."""
    identity = Identity(branch="lille", ref="m1", name="Zoé Sample", email="zoe@example.org", note="Allergy")

    assert "Identity(branch='lille', ref='m1')" == repr(identity)


@pytest.mark.parametrize(
    ("words", "expected"),
    [("lea", True), ("LÉA d", True), ("dupré léa", True), ("lea m", False), ("", False), (" ", False)],
)
def test_a_name_is_found_without_its_accents_and_capitals(words: str, *, expected: bool) -> None:
    """Whoever looks for somebody at a desk types what they heard."""
    assert expected is is_called(Identity(branch="lille", ref="m1", name="Léa Dupré"), words)
