"""Keys: the same file twice changes nothing."""

import dataclasses
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st
from tests.unit.reports.importers.writing import exchanges, members, timeoverflow_parties

from timebank.reports.importers.keys import RowKeys
from timebank.reports.importers.model import ExchangeRow, Layout, Party, PartyKind

Rows = list[ExchangeRow]
LAYOUTS = st.sampled_from(Layout)
# Few values, so that equal rows and equal instants are common.
FEW = st.builds(
    lambda second, minutes, provider, text: ExchangeRow(
        line=0,
        occurred_at=datetime(2023, 5, 4, 10, 0, second, tzinfo=UTC),
        minutes=minutes,
        provider=Party(kind=PartyKind.MEMBER, key=str(provider)),
        recipient=Party(kind=PartyKind.MEMBER, key="9"),
        description=text,
    ),
    st.integers(0, 2),
    st.sampled_from((30, 60)),
    st.integers(1, 2),
    st.sampled_from(("", "a")),
)
SEVERAL = st.lists(FEW, max_size=12)


def keys_of(rows: Rows, *, layout: Layout = Layout.GENERIC, source: str = "sample") -> list[bytes]:
    """Return the keys of a file."""
    keys = RowKeys(source=source, layout=layout)
    return [keys.key_of(row) for row in rows]


@given(SEVERAL, LAYOUTS)
def test_every_row_has_a_key_of_its_own(rows: Rows, layout: Layout) -> None:
    """Two equal exchanges on one day are two exchanges."""
    keys = keys_of(rows, layout=layout)

    assert len(rows) == len(set(keys))
    assert {16} >= {len(key) for key in keys}


@given(st.data(), SEVERAL, LAYOUTS)
def test_order_does_not_matter(data: st.DataObject, rows: Rows, layout: Layout) -> None:
    """One export has the newest row first, another the oldest."""
    shuffled = data.draw(st.permutations(rows))

    assert Counter(keys_of(rows, layout=layout)) == Counter(keys_of(shuffled, layout=layout))


@given(st.data(), SEVERAL, SEVERAL, LAYOUTS)
def test_a_longer_report_adds_only_what_is_new(
    data: st.DataObject, rows: Rows, more: Rows, layout: Layout
) -> None:
    """Wherever the new rows stand in it."""
    longer = data.draw(st.permutations([*rows, *more]))

    added = set(keys_of(longer, layout=layout)) - set(keys_of(rows, layout=layout))

    assert len(more) == len(added)


@given(exchanges(timeoverflow_parties("utf-8"), codec="utf-8"), st.sampled_from(("inactive", "deleted")))
def test_a_member_who_leaves_changes_no_key(rows: Rows, way: str) -> None:
    """TimeOverflow then rewrites the old rows; imported again, the hours would be there twice."""
    left = Party(kind=PartyKind.LEFT, key=way)
    later = [dataclasses.replace(row, provider=left, description="a new title") for row in rows]

    assert keys_of(rows, layout=Layout.TIMEOVERFLOW) == keys_of(later, layout=Layout.TIMEOVERFLOW)


@given(exchanges(members(), codec="utf-8"), st.text(min_size=1), st.text(min_size=1))
def test_an_identifier_makes_the_key_alone(rows: Rows, external_id: str, text: str) -> None:
    """What else is corrected in the other system is still the same exchange."""
    row = dataclasses.replace(rows[0], external_id=external_id)
    corrected = dataclasses.replace(row, minutes=row.minutes + 1, description=text)
    moved = dataclasses.replace(row, occurred_at=row.occurred_at + timedelta(days=1))

    assert keys_of([row]) == keys_of([corrected]) == keys_of([moved])
    assert keys_of([row]) != keys_of([dataclasses.replace(row, external_id=external_id + "x")])


@given(FEW, st.text(), st.text())
def test_two_banks_have_different_keys(row: ExchangeRow, one: str, other: str) -> None:
    """The same values in two banks are two exchanges, and so are those of two layouts."""
    assume(one != other)

    assert keys_of([row], source=one) != keys_of([row], source=other)
    assert 3 == len({keys_of([row], layout=layout)[0] for layout in Layout})


@given(FEW)
def test_in_a_generic_file_every_value_counts(row: ExchangeRow) -> None:
    """A file with dates alone has many rows of one instant and one length."""
    changed = [
        dataclasses.replace(row, minutes=row.minutes + 1),
        dataclasses.replace(row, occurred_at=row.occurred_at.replace(microsecond=1)),
        dataclasses.replace(row, provider=Party(kind=PartyKind.MEMBER, key="8")),
        dataclasses.replace(row, provider=Party(kind=PartyKind.ORGANISATION, key=row.provider.key)),
        dataclasses.replace(row, recipient=Party(kind=PartyKind.MEMBER, key="8")),
        dataclasses.replace(row, description=row.description + "x"),
    ]

    assert 1 + len(changed) == len({keys_of([one])[0] for one in [row, *changed]})
    # The name as displayed and the place in the file are not the exchange.
    renamed = dataclasses.replace(row.provider, label="another")
    assert keys_of([row]) == keys_of([dataclasses.replace(row, provider=renamed, line=99)])


@given(exchanges(members(), codec="utf-8"), LAYOUTS)
def test_keys_sort_by_time(rows: Rows, layout: Layout) -> None:
    """So that new rows go to one end of the index."""
    ordered = sorted(rows, key=lambda row: row.occurred_at)

    keys = keys_of(ordered, layout=layout)

    for (first, one), (second, other) in pairwise(zip(ordered, keys, strict=True)):
        assert first.occurred_at == second.occurred_at or one < other


def test_keys_never_change() -> None:
    """A key is kept for ever (I-9): with other bytes, a file imported years ago would be imported again."""
    row = ExchangeRow(
        line=2,
        occurred_at=datetime(2023, 5, 4, 10, 11, 12, tzinfo=UTC),
        minutes=90,
        provider=Party(kind=PartyKind.MEMBER, key="12"),
        recipient=Party(kind=PartyKind.LEFT, key="inactive"),
        description="Thé 🫨 介護",
    )
    named = dataclasses.replace(row, external_id="é-1")

    expected = {
        Layout.TIMEOVERFLOW: [
            "0187e63e8e0060c146d6dc8845f0f817",
            "0187e63e8e00d04a5262e8b513f7ee79",
            "5e780d14e038b03d20563d3fba5d7c59",
        ],
        Layout.KOMUNITIN: [
            "0187e63e8e0007131eac618a82d35efe",
            "0187e63e8e0080130cac0a44a1bfb0bd",
            "01411229f5991e070389a7bb2d3c2a53",
        ],
        Layout.GENERIC: [
            "0187e63e8e00b7a5a619958be01fd9fc",
            "0187e63e8e00baaf57a6ac29101602c1",
            "a093bd79e1039fec1696981e5fc0ddf8",
        ],
    }

    for layout, keys in expected.items():
        found = RowKeys(source="sample", layout=layout)
        assert keys == [found.key_of(each).hex() for each in (row, row, named)]
