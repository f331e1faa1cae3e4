"""Branches spread over machines: every key names the branch, and so does every statement that writes.

What Citus needs of a table that is distributed by branch; `branch` itself is a reference table, which every
machine has a copy of. The schema is read from a real server, the statements from its own plans.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import psycopg
import pytest
from sqlalchemy import event
from tests.builders import NOW
from tests.integration import worlds
from tests.postgres import a_database, raw

import timebank
from timebank.clock import SteppingClock
from timebank.ledger.batch import PostRequest
from timebank.ledger.chart import available
from timebank.ledger.model import credit, debit

BRANCH = "branch_id"
EVERYWHERE = frozenset({"branch", "alembic_version", "witness_log"})
"""The reference tables, and the version of the schema: witnessed logs are of no branch."""


class Listening(psycopg.Cursor[Any]):
    """A cursor that keeps what is sent in transactions that may write, whoever sends it."""

    heard: ClassVar[dict[str, Any]]

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401 - as psycopg has it
        """Keep the statement with the values of one use."""
        self._hear(query, params)
        return super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Any, **options: Any) -> None:  # noqa: ANN401 - as above
        """Keep the statement with its first values."""
        rows = list(params_seq)
        self._hear(query, rows[0])
        super().executemany(query, rows, **options)

    def copy(self, statement: Any, params: Any = None, **options: Any) -> Any:  # noqa: ANN401 - as above
        """Keep the statement."""
        self._hear(statement, params)
        return super().copy(statement, params, **options)

    def _hear(self, query: object, params: object) -> None:
        if not self.connection.read_only:
            self.heard.setdefault(str(query), params)


@pytest.fixture(scope="module")
def address(postgres_server: str) -> Iterator[str]:
    """Return a database of one's own for the whole file."""
    with a_database(postgres_server) as address:
        timebank.open(address).close()
        yield address


@pytest.fixture(scope="module")
def heard(address: str, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """Return every statement sent in a writing transaction while a world is made, with values of one use."""
    clock = SteppingClock(NOW, timedelta(seconds=1))
    bank = timebank.open(address, clock=clock, key_folder=tmp_path_factory.mktemp("keys"))
    bank.store.close()  # connections made from now on listen

    class Here(Listening):
        heard: ClassVar[dict[str, Any]] = {}

    def listen(connection: "psycopg.Connection[Any]", _record: object) -> None:
        connection.cursor_factory = Here

    event.listen(bank.store.engine, "connect", listen)
    worlds._fill(bank, clock)
    everybody = [available(f"m{number}") for number in range(1, 8)]
    for count in (1, 20, 200):
        bank.entries.post_many(
            "lille",
            [
                PostRequest(
                    postings=(debit(everybody[-1], 1), credit(everybody[no % 6], 1)), key=f"{count} {no}"
                )
                for no in range(count)
            ],
        )
    bank.close()
    return Here.heard


def tables_in(address: str) -> set[str]:
    """Return the tables of a branch."""
    with raw(address) as connection:
        rows = connection.execute("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND " + OURS)
        return {str(name) for (name,) in rows} - EVERYWHERE


OURS = "relnamespace = 'public'::regnamespace"
KEYS = (
    "SELECT relname, conname, contype::text, {of}(conkey, conrelid), confrelid::regclass::text, "
    "{of}(confkey, confrelid) FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid "
    f"WHERE contype IN ('p', 'u', 'f', 'x') AND {OURS}"
)
COLUMNS_OF = (
    "CREATE OR REPLACE FUNCTION pg_temp.names_of(numbers smallint[], of oid) RETURNS text[] LANGUAGE sql AS "
    "'SELECT array_agg(attname::text ORDER BY place) FROM unnest(numbers) WITH ORDINALITY AS key (no, place) "
    "JOIN pg_attribute ON attrelid = of AND attnum = key.no'"
)


def keys_in(address: str) -> list[tuple[str, str, str, list[str], str, list[str]]]:
    """Return table, name, kind and columns of every key, and what a foreign key points to."""
    with raw(address) as connection:
        connection.execute(COLUMNS_OF)
        found: Any = connection.execute(KEYS.format(of="pg_temp.names_of")).fetchall()
        return [row for row in found if row[0] not in EVERYWHERE]


def test_every_key_of_a_branch_begins_with_the_branch(address: str) -> None:
    """Primary keys, unique constraints and foreign keys; a foreign key stays within its branch."""
    keys = keys_in(address)

    assert {"p", "u", "f"} == {kind for _, _, kind, *_ in keys}
    assert tables_in(address) == {table for table, _, kind, *_ in keys if kind == "p"}
    for _, name, kind, columns, parent, theirs in keys:
        assert BRANCH == columns[0], name
        assert kind != "f" or (theirs[0] == BRANCH and parent != "alembic_version"), name


def test_every_unique_index_of_a_branch_begins_with_the_branch(address: str) -> None:
    """An index may be unique without being a constraint."""
    query = (
        "SELECT i.relname, attname FROM pg_index JOIN pg_class AS i ON i.oid = indexrelid "
        "JOIN pg_class AS c ON c.oid = indrelid "
        "LEFT JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0] "
        "WHERE (indisunique OR indisexclusion) AND c.relname = ANY (%s) AND c." + OURS
    )
    with raw(address) as connection:
        found = connection.execute(query, [sorted(tables_in(address))]).fetchall()

    assert found
    assert {BRANCH} == {column for _, column in found}


def test_nothing_is_numbered_by_the_server(address: str) -> None:
    """No sequence, no identity column, no default that calls for one: numbers are the branch's own."""
    query = (
        "SELECT count(*) FILTER (WHERE relkind = 'S'), count(*) FILTER (WHERE attidentity <> ''), "
        "count(*) FILTER (WHERE pg_get_expr(adbin, adrelid) ~ '[(]') FROM pg_class "
        "LEFT JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 "
        "LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE " + OURS
    )
    with raw(address) as connection:
        assert (0, 0, 0) == connection.execute(query).fetchone()


def scans_of(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the tables that a plan looks into, each with the conditions it has there."""
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        parts = ("Index Cond", "Recheck Cond", "Filter")
        yield plan["Relation Name"], " ".join(str(plan[part]) for part in parts if part in plan)
    for below in plan.get("Plans", ()):
        yield from scans_of(below)


def lacks_of(
    connection: "psycopg.Connection[Any]",
    statement: str,
    values: Mapping[str, Any] | None,
    ours: set[str],
) -> list[str]:
    """Return the tables that a statement writes or looks into without naming the branch."""
    written = re.match(r"(?:INSERT INTO|COPY) (\w+) \(([^)]*)\)", statement)
    if written is not None and written[1] in ours and BRANCH not in written[2]:
        return [written[1]]
    if statement.startswith("COPY"):
        return []
    row = connection.execute(f"EXPLAIN (FORMAT JSON) {statement}", values).fetchone()
    assert row is not None
    return sorted(
        table
        for table, words in scans_of(row[0][0]["Plan"])
        if table in ours and not re.search(rf"\b{BRANCH} = ", words)
    )


def test_every_statement_that_writes_names_its_branch(address: str, heard: Mapping[str, Any]) -> None:
    """Else a write in one branch would have to ask every machine."""
    ours = tables_in(address)
    with raw(address) as connection:
        lacks = {
            statement: found
            for statement, values in heard.items()
            if re.match("SELECT|INSERT|UPDATE|DELETE|COPY|WITH", statement) and "pg_" not in statement
            if (found := lacks_of(connection, statement, values, ours))
        }

    assert {} == lacks
    assert {"SELECT", "INSERT", "UPDATE", "DELETE", "COPY"} <= {each.split()[0] for each in heard}


def test_the_check_bites(address: str) -> None:
    """A statement that forgets the branch is found, in any of its parts."""
    ours = tables_in(address)
    forgetful: Sequence[tuple[str, list[str]]] = (
        ("SELECT * FROM posting WHERE account_no = 1", ["posting"]),
        ("SELECT * FROM posting WHERE branch_id > 0", ["posting"]),
        ("UPDATE hold SET state = 'expired' WHERE no = 1", ["hold"]),
        ("DELETE FROM identity_note WHERE no = 1", ["identity_note"]),
        ("INSERT INTO hold (no) VALUES (1)", ["hold"]),
        ("COPY entry (seq) FROM STDIN", ["entry"]),
        ("SELECT 1 FROM entry JOIN hold ON hold.no = entry.seq WHERE entry.branch_id = 1", ["hold"]),
        ("SELECT 1 FROM entry JOIN hold USING (branch_id) WHERE branch_id = 1", []),
        ("SELECT 1 FROM branch WHERE code = 'lille'", []),
    )
    with raw(address) as connection:
        for statement, expected in forgetful:
            assert expected == lacks_of(connection, statement, None, ours), statement
