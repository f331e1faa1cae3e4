"""What people write about themselves and their help, made safe: texts and reasons.

Texts are personal data (I-10): no error repeats them. Pure.
"""

import unicodedata
from typing import Final

from timebank.errors import BadText, ReasonMissing

REASON_MOST: Final = 500
"""Most characters of a reason."""
REFUSED_CATEGORIES: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters (line breaks too), lone surrogates, line and paragraph separators."""
INVISIBLE_INITIALS: Final = frozenset("CZ")
DECOMPOSED_MOST: Final = 4
"""Characters that NFC may join into one; bounds the work before it starts."""


def clean_text(text: str, *, what: str, most: int) -> str:
    """Return the text without outer white space, in Unicode's composed form (NFC).

    Raises:
        BadText: nothing visible is left, it is longer than `most`, or it holds a character that is
            refused; see `REFUSED_CATEGORIES`.
    """
    if len(text) > DECOMPOSED_MOST * most:
        raise BadText(what=what, most=most)
    cleaned = unicodedata.normalize("NFC", text.strip())
    categories = {unicodedata.category(character) for character in cleaned}
    is_visible = any(category[0] not in INVISIBLE_INITIALS for category in categories)
    if not is_visible or len(cleaned) > most or categories & REFUSED_CATEGORIES:
        raise BadText(what=what, most=most)
    return cleaned


def reason_of(text: str | None) -> str:
    """Return a reason, cleaned.

    Raises:
        ReasonMissing: there is none, or only blanks.
        BadText: longer than `REASON_MOST`, or with characters no text can have.
    """
    if text is None or not text.strip():
        raise ReasonMissing
    return clean_text(text, what="reason", most=REASON_MOST)


def optional_reason_of(text: str | None) -> str | None:
    """Return a reason, cleaned, or None where none was given.

    Raises:
        BadText: longer than `REASON_MOST`, or with characters no text can have.
    """
    return None if text is None or not text.strip() else reason_of(text)
