"""Writes exchanges as other systems would, so that laws can read them back."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from timebank.reports.importers.headers import PLAIN_LEFT, TIMEOVERFLOW_TRANSFERS, plain
from timebank.reports.importers.model import ExchangeRow, Party, PartyKind

PARIS = ZoneInfo("Europe/Paris")
WAYS_IN_FRENCH = {
    "inactive": "L'utilisateur·rice n'est pas actif·ive",
    "deleted": "Cet·te utilisateur·rice n'existe plus",
}
KOMUNITIN_TITLES = (
    "id",
    "created",
    "updated",
    "state",
    "amount",
    "description",
    "hash",
    "authorization",
    "payer.id",
    "payer.code",
    "payee.id",
    "payee.code",
    "user.id",
)

Cells = list[list[str]]


def texts(codec: str, *, lines: bool = False) -> st.SearchStrategy[str]:
    """Free text in an encoding as it comes back: composed, no space around it; on one line or several."""
    letters = st.characters(codec=codec, exclude_categories=("Cc", "Cs", "Zs", "Zl", "Zp"))
    breaks = ("\n", "\r\n", "\r") if lines else ()
    words = st.lists(letters | st.sampled_from((" ", '"', ",", ";", "(", "=", *breaks)), max_size=12)
    return words.map("".join).map(composed if lines else on_one_line).filter(lambda text: fits(text, codec))


def composed(text: str) -> str:
    """Return text as NFC without space around it."""
    return unicodedata.normalize("NFC", text).strip()


def on_one_line(text: str) -> str:
    """Return text as NFC with single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def fits(text: str, codec: str) -> bool:
    """Tell whether composing left the text in the encoding."""
    return text == text.encode(codec, errors="replace").decode(codec)


def is_visible(text: str) -> bool:
    """Tell whether there is anything to see in text: what is invisible counts as empty."""
    return any(unicodedata.category(letter)[0] not in "CZ" for letter in text)


def members() -> st.SearchStrategy[Party]:
    """A member by number."""
    return st.integers(0, 999).map(lambda number: Party(kind=PartyKind.MEMBER, key=str(number)))


def timeoverflow_parties(codec: str) -> st.SearchStrategy[Party]:
    """Whoever can stand in a transfers report: mostly members."""
    organisations = texts(codec).filter(
        lambda name: is_visible(name) and plain(name) not in PLAIN_LEFT and not re.search(r"\(\d+\)$", name)
    )
    return st.one_of(
        st.builds(
            lambda number, name: Party(kind=PartyKind.MEMBER, key=str(number), label=name),
            st.integers(0, 999),
            texts(codec),
        ),
        organisations.map(lambda name: Party(kind=PartyKind.ORGANISATION, key=name, label=name)),
        st.sampled_from(sorted(WAYS_IN_FRENCH)).map(lambda way: Party(kind=PartyKind.LEFT, key=way)),
    )


def exchanges(
    parties: st.SearchStrategy[Party], *, codec: str, minutes: st.SearchStrategy[int] | None = None
) -> st.SearchStrategy[list[ExchangeRow]]:
    """Exchanges as they are read, but for the line: 1 to 6 of them, between different parties."""
    instants = st.datetimes(datetime(1971, 1, 1), datetime(2190, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
    pairs = st.tuples(parties, parties).filter(lambda pair: pair[0] != pair[1])
    rows = st.builds(
        lambda when, amount, pair, text: ExchangeRow(
            line=0,
            occurred_at=when.replace(microsecond=0),
            minutes=amount,
            provider=pair[0],
            recipient=pair[1],
            description=text,
        ),
        instants,
        minutes if minutes is not None else st.integers(1, 100_000),
        pairs,
        texts(codec, lines=True),
    )
    return st.lists(rows, min_size=1, max_size=6)


def timeoverflow_cells(
    rows: Iterable[ExchangeRow], titles: Sequence[str] = TIMEOVERFLOW_TRANSFERS[1]
) -> Cells:
    """The cells of a transfers report, header first."""
    return [
        list(titles),
        *(
            [
                row.occurred_at.strftime("%Y-%m-%d %H:%M:%S UTC"),
                timeoverflow_name(row.recipient),
                timeoverflow_name(row.provider),
                row.description,
                f"{row.minutes // 60}:{row.minutes % 60:02}",
            ]
            for row in rows
        ),
    ]


def timeoverflow_name(party: Party) -> str:
    """How TimeOverflow names a party."""
    if party.kind is PartyKind.LEFT:
        return WAYS_IN_FRENCH[party.key]
    if party.kind is PartyKind.ORGANISATION:
        return party.key
    return f"{party.label} ({party.key})"


def komunitin_cells(rows: Iterable[ExchangeRow]) -> Cells:
    """The cells of a transfers export, header first. Minutes must be multiples of 3: two decimals."""
    return [
        list(KOMUNITIN_TITLES),
        *(
            [
                f"id-{number}",
                row.occurred_at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                "",
                "committed",
                f"{row.minutes * 100 // 60 // 100}.{row.minutes * 100 // 60 % 100:02}",
                row.description,
                "",
                "",
                "",
                row.recipient.key,
                "",
                row.provider.key,
                "",
            ]
            for number, row in enumerate(rows)
        ),
    ]


def generic_cells(rows: Iterable[ExchangeRow]) -> Cells:
    """The cells of a file of somebody's own, header first."""
    return [
        ["Date", "Aidant", "Bénéficiaire", "Minutes", "Libellé"],
        *(
            [
                row.occurred_at.strftime("%d/%m/%Y %H:%M:%S +00:00"),
                row.provider.key,
                row.recipient.key,
                str(row.minutes),
                row.description,
            ]
            for row in rows
        ),
    ]


def csv_text(cells: Cells, *, separator: str = ",", newline: str = "\n") -> str:
    """Write cells as CSV (RFC 4180); Python's own writer leaves a lone CR or LF unquoted."""
    return "".join(separator.join(quoted(cell, separator) for cell in row) + newline for row in cells)


def quoted(cell: str, separator: str) -> str:
    """Quote a cell that needs it."""
    if any(letter in cell for letter in (separator, '"', "\r", "\n")):
        doubled = cell.replace('"', '""')
        return f'"{doubled}"'
    return cell


def line_of(cells: Cells, row: int) -> int:
    """Return the line on which the cells of `row` start (0 is the header), as an editor counts."""
    before = csv_text(cells[:row])
    return len(re.split("\r\n|\r|\n", before))
