import csv
import io
import json
import zipfile
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from timebank.reports.member_csv import tables_of, write_archive

VALUE: dict[str, Any] = {
    "profile": {"ref": "m1", "name": "=Sample"},
    "accounts": [
        {"path": "member:m1:available", "limits": {"floor": -60}, "lines": [{"entry": 1}, {"entry": 2}]},
        {"path": "member:m1:held", "limits": {"floor": None}, "lines": [{"entry": 3}]},
    ],
    "matching": {"languages": ["fr", "ja"], "parkings": []},
    "notes": [],
}
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
)


def test_tables_have_what_the_object_has() -> None:
    """Objects in lists are rows; objects in objects are columns; lists of objects in rows are tables."""
    tables = tables_of(VALUE)

    assert [{"ref": "m1", "name": "=Sample"}] == tables["profile"]
    assert [-60, None] == [row["limits.floor"] for row in tables["accounts"]]
    lines = [{"row": 1, "entry": 1}, {"row": 1, "entry": 2}, {"row": 2, "entry": 3}]
    assert lines == tables["accounts_lines"]
    assert "fr; ja" == tables["matching"][0]["languages"]
    assert [] == tables["notes"] == tables["matching_parkings"]


def test_the_archive_is_the_same_again_and_safe_to_open() -> None:
    """No clock is in it, and a cell that looks like a formula does not run."""
    one, other = io.BytesIO(), io.BytesIO()

    count = write_archive(VALUE, one)
    write_archive(VALUE, other)

    assert one.getvalue() == other.getvalue()
    with zipfile.ZipFile(one) as archive:
        assert count == len(archive.namelist())
        (row,) = csv.DictReader(io.StringIO(archive.read("profile.csv").decode("utf-8-sig")))
    assert {"ref": "m1", "name": "'=Sample"} == row


@given(st.dictionaries(st.sampled_from(["one", "two"]), values, max_size=2))
def test_no_text_is_lost(value: dict[str, Any]) -> None:
    """Whatever an object holds stands in some cell."""
    found = json.dumps(tables_of(value), ensure_ascii=False)

    for text in texts_in(value):
        assert json.dumps(text, ensure_ascii=False)[1:-1] in found


def texts_in(value: Any) -> list[str]:  # noqa: ANN401 - whatever JSON has
    """Return every text in a value but keys, those of lists within lists aside: Python writes those."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_in(each)]
    if isinstance(value, list) and not any(isinstance(each, list) for each in value):
        is_mixed = len({isinstance(each, dict) for each in value}) > 1
        return [] if is_mixed else [text for each in value for text in texts_in(each)]
    return []
