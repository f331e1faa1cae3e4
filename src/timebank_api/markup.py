"""HTML, written so that a text can only ever be a text: whatever is no `Markup` is escaped."""

from html import escape
from typing import Final

VOID: Final = frozenset({"br", "hr", "link", "meta"})


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


Part = str | tuple["Part", ...]
"""What stands in an element: text, markup, or several."""


def markup_of(part: Part) -> Markup:
    """Return a part as HTML."""
    if isinstance(part, tuple):
        return Markup("".join(map(markup_of, part)))
    return part if isinstance(part, Markup) else Markup(escape(part))


def tag(name: str, /, *parts: Part, **attributes: str) -> Markup:
    """Return an element; `class_` is the attribute `class`, and `aria_label` is `aria-label`."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items()
    )
    return Markup(f"<{name}{said}>" if name in VOID else f"<{name}{said}>{markup_of(parts)}</{name}>")


def words(text: str) -> Markup:
    """Return a text in which what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them opens nothing
        return markup_of(text)
    return markup_of(tuple(tag("code", part) if at % 2 else part for at, part in enumerate(parts)))
