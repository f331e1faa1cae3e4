"""What can be an invitation's code, a password or an address."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW

from timebank.care.access import AccessRole
from timebank.care.sign_in import (
    ALPHABET,
    PASSWORD_MOST,
    SECRET_CHARACTERS,
    Invitation,
    clean_email,
    clean_password,
    comparable_password,
    invitation_code,
    read_invitation_code,
)
from timebank.errors import BadEmail, BadReference, InvitationRefused, WeakPassword

SECRETS = st.text(ALPHABET, min_size=SECRET_CHARACTERS, max_size=SECRET_CHARACTERS)
BRANCHES = st.from_regex(r"[a-z0-9][a-z0-9-]{0,39}", fullmatch=True)


def an_invitation(**changes: object) -> Invitation:
    """An invitation of m1 for a day."""
    facts: dict[str, object] = {
        "branch": "lille",
        "no": 1,
        "role": AccessRole.MEMBER,
        "ref": "m1",
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=1),
    }
    return Invitation(**{**facts, **changes})  # type: ignore[arg-type]


def test_an_invitation_is_open_until_it_ends_is_used_or_revoked() -> None:
    """Its end is no longer inside."""
    assert an_invitation().is_open(NOW)
    assert not an_invitation().is_open(NOW + timedelta(days=1))
    assert not an_invitation(used_at=NOW).is_open(NOW)
    assert not an_invitation(revoked_at=NOW).is_open(NOW)


def test_an_invitation_of_nobody_is_none() -> None:
    """Branch and reference are references."""
    with pytest.raises(BadReference):
        an_invitation(branch="no branch")
    with pytest.raises(BadReference):
        an_invitation(ref="no reference")


@given(branch=BRANCHES, secret=SECRETS)
def test_a_code_is_read_however_it_is_typed(branch: str, secret: str) -> None:
    """In small letters, with blanks, with O for 0 and l for 1; a branch may have hyphens."""
    code = invitation_code(branch, secret)

    assert (branch, secret) == read_invitation_code(code)
    assert (branch, secret) == read_invitation_code(f"  {code.lower()} ")
    typed = code.removeprefix(branch).replace("0", "O").replace("1", "l").replace("-", "- ")
    assert (branch, secret) == read_invitation_code(branch + typed)


@pytest.mark.parametrize("text", ["", "lille", "lille-0000-0000-0000-0000", "lille-0000-0000-0000-0000-000U"])
def test_what_is_no_code_is_refused_as_any_wrong_one(text: str) -> None:
    """Nobody learns what a code looks like."""
    with pytest.raises(InvitationRefused):
        read_invitation_code(text)


@given(st.text(max_size=400))
def test_reading_a_code_ends_in_a_code_or_a_refusal(text: str) -> None:
    """Whatever is typed."""
    try:
        _, secret = read_invitation_code(text)
    except InvitationRefused:
        return
    assert SECRET_CHARACTERS == len(secret)


@pytest.mark.parametrize(
    "text",
    ["zebra crossing 7", "Ein Café in Straßburg", "correct horse battery", "東京で待ち合わせする約束だよ"],
)
def test_a_long_password_is_taken_as_it_is(text: str) -> None:
    """Blanks and any script included."""
    assert text == clean_password(text, ref="m1")


@pytest.mark.parametrize(
    "text",
    [
        "elevenchars",
        "x" * (PASSWORD_MOST + 1),
        "aaaaaaaaaaaaaaaa",
        "password1234!",
        "Timebank1234Timebank",
        "volunteer-7volunteer-7!",
        "zebra crossing\n7",
    ],
)
def test_a_password_that_is_easily_guessed_is_refused(text: str) -> None:
    """Too short or too long, one sign over and over, what guessers begin with, one's own reference."""
    with pytest.raises(WeakPassword) as refused:
        clean_password(text, ref="volunteer-7")
    assert text not in str(refused.value)


def test_a_password_is_the_same_from_every_keyboard() -> None:
    """Composed or not; and one that is too long is no prefix of itself."""
    assert comparable_password("cafe\u0301 au lait 12") == clean_password("café au lait 12", ref="m1")
    assert len(comparable_password("ab" * PASSWORD_MOST)) > PASSWORD_MOST


def test_an_address_is_one_that_mail_can_be_sent_to() -> None:
    """No second header can hide in it, and no error repeats it."""
    assert "m1@mail.example" == clean_email(" m1@mail.example ")
    for text in (
        "",
        "m1",
        "m1@mail",
        "m1@mail.example\nBcc: x@y.example",
        "a@b@c.example",
        "x" * 300,
        "é@a.fr",
    ):
        with pytest.raises(BadEmail):
            clean_email(text)
