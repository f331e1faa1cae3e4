"""What the documentation says about imports is what there is."""

from pathlib import Path

import pytest

from timebank import errors
from timebank.reports.importers.headers import (
    ACCOUNT_TITLES,
    EXCHANGE_TITLES,
    MEMBER_TITLES,
    plain,
)
from timebank.reports.importers.model import FaultCode, Layout, NoticeCode

DOCS = Path(__file__).parents[4] / "docs"
RAISED = (
    errors.NotATable,
    errors.NoHeader,
    errors.TableEmpty,
    errors.TableTooLarge,
    errors.UnknownEncoding,
    errors.WrongEncoding,
    errors.BadSeparator,
    errors.WrongLayout,
    errors.LayoutWithoutMembers,
    errors.MappingNotForLayout,
    errors.BadMapping,
    errors.UnknownField,
    errors.UnknownColumn,
    errors.ColumnMissing,
    errors.RepeatedTitle,
    errors.AmbiguousLength,
)


WORDS = {
    *(code.value for codes in (FaultCode, NoticeCode, Layout) for code in codes),
    *(error.code for error in RAISED),
    *(field for titles in (EXCHANGE_TITLES, MEMBER_TITLES, ACCOUNT_TITLES) for field in titles),
}


@pytest.mark.parametrize("word", sorted(WORDS))
def test_every_code_and_field_is_explained(word: str) -> None:
    """Whoever meets one searches for it."""
    assert f"`{word}`" in (DOCS / "imports.md").read_text(encoding="utf-8")


def test_titles_in_the_documentation_are_recognised() -> None:
    """The table of titles is an excerpt, not a wish."""
    known = {plain(title) for titles in EXCHANGE_TITLES.values() for title in titles}
    lines = (DOCS / "imports.md").read_text(encoding="utf-8").splitlines()
    rows = [line.strip("|").split("|") for line in lines if line.startswith("| `") and line.count("|") == 6]

    titles = [title.strip() for row in rows for cell in row[2:] for title in cell.split(",")]

    assert 8 == len(rows)
    assert [] == [title for title in titles if plain(title) not in known]
