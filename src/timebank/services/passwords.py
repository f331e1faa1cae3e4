"""Passwords: argon2id through pwdlib, nowhere in the clear, as much work for whoever is unknown."""

from functools import cache
from threading import BoundedSemaphore
from typing import TYPE_CHECKING, Final

from timebank.care.sign_in import comparable_password

if TYPE_CHECKING:
    from pwdlib import PasswordHash

AT_ONCE: Final = 2
"""Passwords that are looked at together: each takes 64 MiB and a processor for a moment."""
TURNS: Final = BoundedSemaphore(AT_ONCE)


def hash_of(password: str) -> str:
    """Return the salted hash of a password, in the PHC form."""
    with TURNS:
        return _argon2().hash(password)


def check(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Tell whether a password is the one, and how it should be kept from now on, if otherwise.

    Args:
        password: as typed.
        hashed: None for somebody who has none; it then takes as long, and is never right.
    """
    text, nobodys = comparable_password(password), _dummy()
    with TURNS:
        # A lone surrogate has no bytes to hash; nobody can have chosen one.
        sayable = text.encode(errors="replace").decode()
        is_right, renewed = _argon2().verify_and_update(sayable, hashed or nobodys)
    return is_right and sayable == text and hashed is not None, renewed


@cache
def _argon2() -> "PasswordHash":
    from pwdlib import PasswordHash  # noqa: PLC0415 - only the extra `service` brings it
    from pwdlib.hashers.argon2 import Argon2Hasher  # noqa: PLC0415

    return PasswordHash((Argon2Hasher(),))


@cache
def _dummy() -> str:
    return _argon2().hash("nobody's password")
