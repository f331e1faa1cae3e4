"""Bar charts as SVG: one series each, drawn from whole numbers; no fonts or scripts from elsewhere. Pure.

Every bar carries its number, so the picture can be read without its colour, and a title and description stand
in the file for those who hear it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

WIDTH: Final = 720
LABEL: Final = 190
ROW: Final = 26
BAR: Final = 16
TOP: Final = 52
BOTTOM: Final = 16
RIGHT: Final = 90
"""Room for the number behind the longest bar."""
INK, FAINT, FILL = "#1f2933", "#616e7c", "#2f6f8f"
LETTERS_MOST: Final = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: what it is of, how long it is, and what is written behind it."""

    label: str
    amount: int | None
    """None: not told, and no bar is drawn."""
    text: str


def bars_svg(title: str, subtitle: str, bars: Sequence[Bar]) -> str:
    """Return a chart of horizontal bars, one below the other.

    Args:
        title: what it shows.
        subtitle: of which branch and period, and in what.
        bars: the rows; amounts are zero and more.
    """
    height = TOP + ROW * max(1, len(bars)) + BOTTOM
    said = "; ".join(f"{each.label}: {each.text}" for each in bars)
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
            f' viewBox="0 0 {WIDTH} {height}" role="img" aria-labelledby="t d"'
            ' font-family="system-ui, sans-serif" font-size="13">'
        ),
        f'<title id="t">{escape(title)}</title>',
        f'<desc id="d">{escape(said or "nothing to show")}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(16, 22, title, ink=INK, more=' font-size="15" font-weight="600"'),
        _text(16, 40, subtitle, ink=FAINT),
        *_rows(bars),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _rows(bars: Sequence[Bar]) -> Iterator[str]:
    longest = max((each.amount or 0 for each in bars), default=0)
    room = WIDTH - LABEL - RIGHT
    if not bars:
        yield _text(16, TOP + 17, "nothing to show", ink=FAINT)
    for number, each in enumerate(bars):
        top = TOP + ROW * number
        long = room * (each.amount or 0) // longest if longest else 0
        short = each.label if len(each.label) <= LETTERS_MOST else f"{each.label[: LETTERS_MOST - 1]}…"
        yield _text(LABEL - 8, top + 17, short, ink=INK, more=' text-anchor="end"')
        if long:
            yield f'<rect x="{LABEL}" y="{top + 4}" width="{long}" height="{BAR}" rx="2" fill="{FILL}"/>'
        yield _text(LABEL + long + 6, top + 17, each.text, ink=INK)
    if bars:
        yield (f'<line x1="{LABEL}" y1="{TOP}" x2="{LABEL}" y2="{TOP + ROW * len(bars)}" stroke="{FAINT}"/>')


def _text(x: int, y: int, text: str, *, ink: str, more: str = "") -> str:
    return f'<text x="{x}" y="{y}" fill="{ink}"{more}>{escape(text)}</text>'
