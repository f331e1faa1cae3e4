import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import NotAnErasureList
from timebank.reports.erasures import Erasure, erasures_value, read_erasures

AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
refs = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?", fullmatch=True)


@given(st.lists(st.builds(Erasure, refs, refs), unique=True))
def test_what_is_written_can_be_read(erasures: list[Erasure]) -> None:
    """In the order of branches and references."""
    text = json.dumps(erasures_value((each, AT) for each in erasures))

    assert tuple(sorted(erasures)) == read_erasures(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        '{"format":"timebank-erasures/2","erasures":[]}',
        '{"format":"timebank-erasures/1"}',
        '{"format":"timebank-erasures/1","erasures":[5]}',
        '{"format":"timebank-erasures/1","erasures":[{"branch":"lille"}]}',
        '{"format":"timebank-erasures/1","erasures":[{"branch":"lille","ref":"M 1"}]}',
    ],
)
def test_another_file_is_refused(text: str) -> None:
    """Nobody is left in the books because a list could not be read."""
    with pytest.raises(NotAnErasureList):
        read_erasures(text)
