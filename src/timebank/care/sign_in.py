"""Signing in: invitations, and what can be a password, an e-mail address or a code. Pure.

Passwords, codes and addresses are secrets or personal data: no error and no `repr` repeats them (I-10).
"""

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from timebank.care.access import AccessRole
from timebank.errors import BadEmail, InvitationRefused, WeakPassword
from timebank.ids import reference

PASSWORD_LEAST: Final = 12
PASSWORD_MOST: Final = 128
CHARACTERS_LEAST: Final = 5
"""Different characters in a password."""
USUAL_PARTS: Final = ("password", "passwort", "motdepasse", "timebank", "qwerty", "azerty", "1234", "abcd")
"""What guessers begin with; a password is none of these with a few characters around it."""
EMAIL_MOST: Final = 254
"""The longest address that SMTP can carry (RFC 5321)."""
EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", re.ASCII)
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no two characters that look alike on paper."""
ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1"})
GROUPS: Final = 5
GROUP: Final = 4
SECRET_CHARACTERS: Final = GROUPS * GROUP
"""Of an invitation's code: 100 bits, beyond guessing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """The right to choose, once, how somebody will sign in; its code is nowhere kept.

    Raises:
        BadReference: a reference or code is malformed.
    """

    branch: str
    no: int
    role: AccessRole
    ref: str
    """Who is invited: a member reference, or how somebody in another role is called."""
    created_at: datetime
    expires_at: datetime
    """First instant at which it opens nothing any more, aware UTC."""
    used_at: datetime | None = None
    revoked_at: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what is no reference."""
        reference(self.branch, what="branch code")
        reference(self.ref)

    def is_open(self, at: datetime) -> bool:
        """Tell whether somebody can still come with it."""
        return at < self.expires_at and self.used_at is None and self.revoked_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class WaysIn:
    """How somebody signs in, as far as they are told it; never what opens a door."""

    email: str | None = field(default=None, repr=False)
    """Where one-time codes go."""
    password_changed_at: datetime | None = None
    """None if there is no password."""
    linked_at: tuple[datetime, ...] = ()
    """When an account elsewhere was linked."""
    invitations: tuple[Invitation, ...] = ()


def invitation_code(branch: str, secret: str) -> str:
    """Return the code of an invitation as people copy it: `lille-7K3M-…`.

    Args:
        branch: its code.
        secret: `SECRET_CHARACTERS` of `ALPHABET`.
    """
    groups = [secret[at : at + GROUP] for at in range(0, SECRET_CHARACTERS, GROUP)]
    return "-".join([branch, *groups])


def read_invitation_code(text: str) -> tuple[str, str]:
    """Return branch and secret of a code as somebody typed it; small letters, blanks, O for 0 are forgiven.

    Raises:
        InvitationRefused: it is no code.
    """
    branch, *groups = text.strip().rsplit("-", GROUPS)
    secret = "".join("".join(groups).upper().split()).translate(ALIKE)
    if len(secret) != SECRET_CHARACTERS or not set(secret) <= set(ALPHABET):
        raise InvitationRefused
    return branch.strip().lower(), secret


def clean_password(text: str, *, ref: str) -> str:
    """Return a password in the one form in which it is compared: Unicode's composed one (NFC, RFC 8265).

    Any character will do, blanks too; long is better than mixed, as NIST SP 800-63B says.

    Args:
        text: as typed.
        ref: of whose password it is; the reference with something around it is easily guessed.

    Raises:
        WeakPassword: shorter than `PASSWORD_LEAST`, longer than `PASSWORD_MOST`, made of hardly any different
            characters, or little more than what guessers begin with.
    """
    weak = WeakPassword(least=PASSWORD_LEAST, most=PASSWORD_MOST)
    if len(text) > PASSWORD_MOST:
        raise weak
    cleaned = comparable_password(text)
    rest = cleaned.casefold()
    for part in (*USUAL_PARTS, ref):
        rest = rest.replace(part, "")
    is_readable = not any(unicodedata.category(character) in {"Cc", "Cs"} for character in cleaned)
    if (
        not is_readable
        or not PASSWORD_LEAST <= len(cleaned) <= PASSWORD_MOST
        or len(set(rest)) < CHARACTERS_LEAST
    ):
        raise weak
    return cleaned


def comparable_password(text: str) -> str:
    """Return the form in which a password is compared; one that is too long is cut, and so is none."""
    return unicodedata.normalize("NFC", text[: PASSWORD_MOST + 1])


def clean_email(text: str) -> str:
    """Return an e-mail address without outer blanks.

    Raises:
        BadEmail: it is none that mail can be sent to.
    """
    cleaned = text.strip()
    if len(cleaned) > EMAIL_MOST or EMAIL.fullmatch(cleaned) is None:
        raise BadEmail(most=EMAIL_MOST)
    return cleaned
