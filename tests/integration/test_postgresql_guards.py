"""PostgreSQL guards the books itself: plain SQL is refused there as it is on SQLite, in the same words."""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from tests.integration.pairs import (
    BEGINNING,
    PREPARE,
    Pair,
    Rows,
    fill,
    journal,
    judged_by_postgresql,
    judged_by_sqlite,
)
from tests.postgres import a_database, raw

from timebank.storage.engine import engine_of, url_of
from timebank.storage.schema import upgrade


@pytest.fixture(scope="module")
def pair(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Return two databases with the same rows."""
    file = tmp_path_factory.mktemp("guards") / "bank.db"
    with a_database(postgres_server) as address:
        for each in (address, f"sqlite:///{file}"):
            engine = engine_of(url_of(each))
            upgrade(engine)
            engine.dispose()
        with closing(sqlite3.connect(file, isolation_level=None)) as embedded, raw(address) as served:
            embedded.execute("PRAGMA foreign_keys = ON")
            found = Pair(embedded, served)
            fill(found)
            yield found


NEVER_CHANGED = {
    "entry": "actor = 'x'",
    "posting": "amount = 1",
    "policy_version": "document = 'x'",
    "account_limit": "floor = 1",
    "account_override": "floor = 1",
    "request_key": "outcome = 'x'",
    "import_batch": "rows_new = 2",
    "service_event": "act = 'x'",
    "redemption_event": "act = 'x'",
    "beneficiary_event": "act = 'x'",
    "outbox": "data = 'x'",
}
NEVER_DELETED = (*NEVER_CHANGED, "branch", "branch_head", "account", "account_balance", "member", "hold")
NEVER_DELETED += ("service_record", "redemption")


@pytest.mark.parametrize("table", NEVER_CHANGED)
def test_a_row_that_is_only_added_is_never_changed(pair: Pair, table: str) -> None:
    """I-2, in the same words on both engines."""
    change = f"UPDATE {table} SET {NEVER_CHANGED[table]}"
    expected = f"I-2: a row of {table} is never changed"

    assert (expected, expected) == pair.said(change)


@pytest.mark.parametrize("table", NEVER_DELETED)
def test_a_row_of_the_books_is_never_deleted(pair: Pair, table: str) -> None:
    """I-2; on PostgreSQL a whole table could go at once."""
    expected = f"I-2: a row of {table} is never deleted"

    assert (expected, expected) == pair.said(f"DELETE FROM {table}")
    refusal = pair.said_by_postgresql(f"TRUNCATE {table} CASCADE")
    assert refusal is not None
    assert re.fullmatch("I-2: a row of [a-z_]+ is never deleted", refusal)  # of the first that depends on it


def test_a_row_is_not_changed_by_inserting_it_again(pair: Pair) -> None:
    """I-2: an upsert is an UPDATE, whether there is a conflict or not."""
    upsert = (
        "INSERT INTO posting VALUES (1, 9, 9, 1, 'debit', 1, 9, 9) "
        "ON CONFLICT (branch_id, entry_seq, line) DO UPDATE SET amount = 2"
    )

    assert "I-2: a row of posting is never changed" == pair.said_by_postgresql(upsert)


@pytest.mark.parametrize(
    "change", ["path = 'fund:x'", "unit = 'svc'", "no = 9", "branch_id = 2", "opened_us = 1"]
)
def test_an_account_keeps_its_name(pair: Pair, change: str) -> None:
    """I-2: postings name it by number."""
    expected = "I-2: an account keeps its path and unit"

    assert (expected, expected) == pair.said(f"UPDATE account SET {change} WHERE branch_id = 1 AND no = 5")
    assert (None, None) == pair.said("UPDATE account SET closed_us = 1 WHERE branch_id = 1 AND no = 5")


CAPTURE = "state = 'captured', captured_minutes = 30"


@pytest.mark.parametrize(
    ("no", "change", "is_refused"),
    [
        (1, CAPTURE, False),
        (1, "state = 'released'", False),
        (1, "state = 'expired'", False),
        (1, "state = 'captured'", True),
        (1, "state = 'released', captured_minutes = 30", True),
        (1, f"{CAPTURE}, minutes = 90", True),
        (1, f"{CAPTURE}, member = 'm2'", True),
        (1, f"{CAPTURE}, expires_us = 10", True),
        (1, f"{CAPTURE}, cause_ref = '9'", True),
        (1, "expires_us = 10", True),
        (1, "minutes = minutes", True),
        (2, "state = 'released', captured_minutes = 0", True),
        (2, "state = 'pending', captured_minutes = 0", True),
    ],
)
def test_a_hold_resolves_once(pair: Pair, no: int, change: str, is_refused: bool) -> None:  # noqa: FBT001
    """I-6, and nothing else of it changes."""
    expected = "I-6: a hold resolves once and changes in nothing else" if is_refused else None

    assert (expected, expected) == pair.said(f"UPDATE hold SET {change} WHERE branch_id = 1 AND no = {no}")


def posting(*row: object) -> str:
    """Return the insertion of a posting of branch 1: entry, line, account, side, amount, version, balance."""
    return f"INSERT INTO posting VALUES (1, {', '.join(repr(each) for each in row)})"


def header(*numbers: int) -> str:
    """Return the insertion of headers of branch 1 in one statement."""
    rest = "'transfer', 'transfer', '{0}', 0, 0, '2026-01-01', 0, 1, 'coordinator:desk', NULL, 0"
    rows = (f"(1, {seq}, {rest.format(seq)}, CAST('x' AS {{bytes}}), NULL)" for seq in numbers)
    return f"INSERT INTO entry VALUES {', '.join(rows)}"


GOOD = (posting(3, 1, 1, "debit", 5, 2, -65), posting(3, 2, 3, "credit", 5, 2, 20))
LATER = (posting(5, 1, 1, "debit", 5, 3, -70), posting(5, 2, 3, "credit", 5, 3, 25))
FOLLOWS = "I-4: the running balance does not follow"
DIFFER = "I-1: debits and credits differ"
LONELY = "I-1: an entry has at least two postings"
GAP = "I-13: the entry does not follow the last one"
JOINS = "I-2: a posting cannot join a written entry"


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ((*GOOD, header(3)), None),
        ((*GOOD,), None),
        ((header(3),), LONELY),
        ((GOOD[0], header(3)), LONELY),
        ((posting(3, 1, 1, "debit", 5, 2, -65), posting(3, 2, 3, "credit", 6, 2, 21), header(3)), DIFFER),
        ((posting(3, 1, 1, "debit", 5, 2, -65), posting(3, 2, 4, "credit", 5, 1, 5), header(3)), DIFFER),
        ((posting(3, 1, 1, "debit", 5, 2, -65), posting(3, 2, 3, "debit", 5, 2, 10), header(3)), DIFFER),
        ((*GOOD, header(4)), GAP),
        ((*GOOD, *LATER, header(3, 5)), GAP),
        ((*GOOD, header(0)), GAP),
        ((*GOOD, header(-1)), GAP),
        ((posting(2, 3, 1, "debit", 5, 2, -65),), JOINS),
        ((posting(1, 3, 1, "debit", 5, 2, -65),), JOINS),
        ((posting(3, 1, 1, "debit", 5, 2, -64),), FOLLOWS),
        ((posting(3, 1, 1, "debit", 5, 3, -65),), FOLLOWS),
        ((posting(3, 1, 5, "debit", 5, 1, -6),), FOLLOWS),
        ((posting(3, 1, 5, "debit", 5, 2, -5),), FOLLOWS),
        ((posting(3, 1, 5, "debit", 5, 0, -5),), FOLLOWS),
        ((posting(3, 1, 5, "debit", 5, -1, -5),), FOLLOWS),
        ((posting(3, 1, 5, "credit", 5, 1, -5),), FOLLOWS),
        ((posting(3, 1, 5, "credit", 0, 1, 0),), "key"),
        ((posting(3, 1, 5, "credit", 100_000_001, 1, 100_000_001),), "key"),
        ((posting(3, 1, 9, "credit", 5, 1, 5),), "key"),
    ],
)
def test_an_entry_that_does_not_hold_is_refused(
    pair: Pair, statements: tuple[str, ...], expected: str | None
) -> None:
    """I-1, I-2, I-4, I-13, statement by statement, in the same words on both engines."""
    found = (
        pair.said_by_sqlite(*(each.format(bytes="BLOB") for each in statements)),
        pair.said_by_postgresql(*(each.format(bytes="bytea") for each in statements)),
    )

    assert (expected, expected) == found


# --- Statements of many rows ---------------------------------------------------------------------------

amounts = st.integers(1, 100)
new_entries = st.lists(
    st.tuples(st.sampled_from([1, 2]), st.sampled_from([(1, 2), (2, 3), (3, 1), (4, 5), (5, 4)]), amounts),
    min_size=1,
    max_size=12,
)
changes = st.tuples(
    st.sampled_from(["posting", "entry"]),
    st.integers(0, 200),
    st.sampled_from([0, 1, 2, 3, 4, 5, 6, 7, 99]),
    st.integers(-3, 3),
)


@given(entries=new_entries, change=st.none() | changes, data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_statement_of_many_rows_is_judged_as_its_rows_one_by_one(
    pair: Pair,
    entries: list[tuple[int, tuple[int, int], int]],
    change: tuple[str, int, int, int] | None,
    data: st.DataObject,
) -> None:
    """Several entries, branches and lines of one account at once; one number is wrong, or a row missing."""
    added = ((branch, *sides, amount) for branch, sides, amount in entries)
    postings, headers = journal(*BEGINNING, *added)
    postings, headers = postings[len(BEGINNING) * 2 :], headers[len(BEGINNING) :]
    if change is not None:
        table, number, column, by = change
        bend(postings if table == "posting" else headers, number, column, by)
    shuffled = data.draw(st.permutations(postings)), data.draw(st.permutations(headers))

    expected = judged_by_sqlite(pair, postings, headers)
    found = judged_by_postgresql(pair, *shuffled)

    assert (expected is None) == (found is None)
    if "key" not in {expected, found}:
        assert expected == found
    if change is None:
        assert expected is None


def bend(rows: Rows, number: int, column: int, by: int) -> None:
    """Change a number in a row, or turn the side of a posting, or leave a row out."""
    place = number % len(rows)
    row = list(rows[place])
    if column == 99:
        del rows[place]
    elif isinstance(row[column % len(row)], int):
        row[column % len(row)] += by
        rows[place] = tuple(row)
    elif row[column % len(row)] in {"debit", "credit"}:
        row[column % len(row)] = "debit" if row[column % len(row)] == "credit" else "credit"
        rows[place] = tuple(row)


def test_a_temporary_table_does_not_hide_the_journal_from_the_guards(pair: Pair) -> None:
    """Anybody may make one of the same name, and it would come first."""
    hidden = tuple(f"CREATE TEMPORARY TABLE {name} (LIKE {name})" for name in ("posting", "account", "entry"))
    lonely = header(3).format(bytes="bytea").replace("INTO entry", "INTO public.entry")
    wrong = "INSERT INTO public.posting VALUES (1, 3, 1, 1, 'debit', 5, 2, -64)"

    assert LONELY == pair.said_by_postgresql(*hidden, lonely)
    assert FOLLOWS == pair.said_by_postgresql(*hidden, wrong)


def test_nobody_writes_between_the_lines_of_another_writer(postgres: str) -> None:
    """I-13: two sessions that take no head themselves still take turns, so neither sees half of the other."""
    engine = engine_of(url_of(postgres))
    upgrade(engine)
    engine.dispose()
    with raw(postgres) as first, raw(postgres) as second:
        for statement in PREPARE[:12]:
            first.execute(statement)
        second.execute("SET lock_timeout = '50ms'")
        with first.transaction():
            first.execute("INSERT INTO posting VALUES (1, 1, 1, 1, 'debit', 5, 1, -5)")
            for statement in (
                "INSERT INTO posting VALUES (1, 1, 2, 2, 'credit', 5, 1, 5)",
                header(1).format(bytes="bytea"),
            ):
                with pytest.raises(errors.LockNotAvailable):
                    second.execute(statement)
            second.execute("INSERT INTO posting VALUES (2, 1, 1, 1, 'debit', 5, 1, -5)")
