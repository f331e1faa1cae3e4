"""The audit on PostgreSQL: whatever a superuser did to the schema or the journal, it says where."""

from collections.abc import Iterator
from datetime import timedelta
from importlib.resources import files

import pytest
from tests.builders import NOW
from tests.catalogue import made_on
from tests.integration.copies import a_copy
from tests.integration.roles import a_role, as_role
from tests.postgres import a_database, raw

import timebank
from timebank.clock import SteppingClock
from timebank.ledger.audit import Fault
from timebank.ledger.chart import available
from timebank.services.migrations import migrate
from timebank.storage import catalogue


@pytest.fixture(scope="module")
def template(postgres_server: str) -> Iterator[str]:
    """Return a database with a small bank, to be copied."""
    with a_database(postgres_server) as address:
        clock = SteppingClock(NOW, timedelta(seconds=1))
        bank = timebank.open(address, clock=clock)
        bank.branches.create("lille", name="Lille")
        for ref in ("m1", "m2"):
            bank.members.add("lille", name=f"Sample {ref}", ref=ref)
        for minutes in (60, 45, 30):
            bank.transfers.transfer(
                "lille",
                debit_path=available("m1"),
                credit_path=available("m2"),
                minutes=minutes,
                reason="sample",
            )
        bank.close()
        yield address


@pytest.fixture
def books(postgres_server: str, template: str) -> Iterator[str]:
    """Return the address of a copy of the small bank."""
    with a_copy(postgres_server, template) as address:
        yield address


def faults_in(address: str) -> tuple[Fault, ...]:
    """Audit a database."""
    bank = timebank.open(address)
    try:
        return bank.audits.run().faults
    finally:
        bank.close()


def test_the_catalogue_is_what_the_migrations_make(postgres: str) -> None:
    """After changing a migration: `python -m tests.catalogue`."""
    shipped = files("timebank.storage").joinpath("postgresql", catalogue.FILE).read_text(encoding="utf-8")

    assert shipped == made_on(postgres)


def test_untouched_books_have_no_fault(books: str) -> None:
    """In any schema, and beside what an extension brings."""
    assert () == faults_in(books)
    with raw(books) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
        connection.execute("CREATE TABLE pg_temp.mine (no bigint)")
        connection.execute("CREATE SCHEMA other CREATE TABLE other.theirs (no bigint)")
    assert () == faults_in(books)


TAMPERING: dict[str, tuple[str, str]] = {
    "DROP TRIGGER posting_follows ON posting": (
        "database trigger posting_follows on posting",
        "schema_missing",
    ),
    "ALTER TABLE posting DISABLE TRIGGER posting_follows": (
        "database trigger posting_follows on posting",
        "schema_differs",
    ),
    "ALTER TABLE entry ENABLE TRIGGER entry_balances": (
        "database trigger entry_balances on entry",
        "schema_differs",
    ),
    "CREATE OR REPLACE FUNCTION guard_never_changed() RETURNS trigger LANGUAGE plpgsql AS "
    "'BEGIN RETURN NULL; END'": ("database function guard_never_changed()", "schema_differs"),
    "ALTER FUNCTION guard_entry_balances() SET search_path = pg_temp": (
        "database function guard_entry_balances()",
        "schema_differs",
    ),
    "ALTER FUNCTION guard_entry_balances() SECURITY DEFINER": (
        "database function guard_entry_balances()",
        "schema_differs",
    ),
    "CREATE FUNCTION extra() RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint'": (
        "database function extra()",
        "schema_foreign",
    ),
    "CREATE TABLE extra (no bigint)": ("database table extra", "schema_foreign"),
    "CREATE VIEW extra AS SELECT * FROM identity_person": ("database view extra", "schema_foreign"),
    "CREATE SEQUENCE extra": ("database sequence extra", "schema_foreign"),
    "CREATE TABLE extra () INHERITS (posting)": ("database table extra", "schema_foreign"),
    "CREATE INDEX extra ON entry (actor)": ("database index extra", "schema_foreign"),
    "DROP INDEX ix_hold_pending": ("database index ix_hold_pending", "schema_missing"),
    "CREATE RULE extra AS ON INSERT TO posting DO INSTEAD NOTHING": (
        "database rule extra on posting",
        "schema_foreign",
    ),
    "CREATE POLICY extra ON entry": ("database policy extra on entry", "schema_foreign"),
    "ALTER TABLE entry ENABLE ROW LEVEL SECURITY": ("database table entry", "schema_differs"),
    "ALTER TABLE request_key SET UNLOGGED": ("database table request_key", "schema_differs"),
    "ALTER TABLE posting DROP CONSTRAINT ck_posting_amount": (
        "database constraint ck_posting_amount on posting",
        "schema_missing",
    ),
    "ALTER TABLE posting ALTER amount DROP NOT NULL": ("database column amount of posting", "schema_differs"),
    "ALTER TABLE branch_head ALTER revision SET DEFAULT 7": (
        "database column revision of branch_head",
        "schema_differs",
    ),
    'ALTER TABLE entry ALTER actor TYPE text COLLATE "POSIX"': (
        "database column actor of entry",
        "schema_differs",
    ),
    "ALTER TABLE entry ADD extra bigint": ("database column extra of entry", "schema_foreign"),
    "CREATE DOMAIN extra AS bigint": ("database type extra", "schema_foreign"),
    "CREATE OPERATOR === (FUNCTION = int8eq, LEFTARG = bigint, RIGHTARG = bigint)": (
        "database operator === (bigint, bigint)",
        "schema_foreign",
    ),
    "ALTER TABLE posting DISABLE TRIGGER ALL": (
        "database",
        "damaged",
    ),
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ix_hold_pending'::regclass": (
        "database",
        "damaged",
    ),
    "SET session_replication_role = replica; INSERT INTO account_balance VALUES (1, 99, 0, 0, 0, 0)": (
        "database",
        "damaged",
    ),
}


@pytest.mark.parametrize("change", TAMPERING)
def test_a_changed_schema_is_found_with_its_place(books: str, change: str) -> None:
    """A superuser can take any guard away; the audit says which one is gone."""
    with raw(books) as connection:
        connection.execute(change)

    found = {(fault.place, fault.code) for fault in faults_in(books)}

    assert TAMPERING[change] in found


@pytest.mark.parametrize(
    ("table", "change", "code"),
    [
        ("posting", "UPDATE posting SET amount = amount + 1 WHERE entry_seq = 2", None),
        ("posting", "DELETE FROM posting WHERE entry_seq = 3", None),
        ("entry", "UPDATE entry SET recorded_us = recorded_us + 1 WHERE seq = 1", None),
        ("entry", "DELETE FROM entry WHERE seq = 3", "posting_orphan"),
    ],
)
def test_a_changed_journal_is_found_though_every_guard_is_back(
    books: str, table: str, change: str, code: str | None
) -> None:
    """Disabled, changed, enabled again: the schema is as it was, the leaves and balances are not."""
    with raw(books) as connection:
        connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.execute(change)
        connection.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        for (name,) in connection.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND NOT tgisinternal", [table]
        ).fetchall():
            connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")

    found = faults_in(books)

    assert not [fault for fault in found if fault.place.startswith("database")]
    assert found
    assert code is None or code in {fault.code for fault in found}


def test_whoever_only_reads_sees_the_same_schema(books: str) -> None:
    """The catalogue is readable for the least privileged role; the audit needs no more than that."""
    with a_role(books) as role:
        migrate(books, grant_to=role)
        assert () == faults_in(as_role(books, role))
        with raw(books) as connection:
            connection.execute("DROP TRIGGER posting_follows ON posting")
        found = {(fault.place, fault.code) for fault in faults_in(as_role(books, role))}
        assert {("database trigger posting_follows on posting", "schema_missing")} == found


def test_books_in_a_schema_of_their_own_are_judged_alike(postgres: str) -> None:
    """Several deployments may share a database; names inside the guards follow the schema."""
    with raw(postgres) as connection:
        connection.execute('CREATE SCHEMA "Lille 2"')
    address = f"{postgres}&options=-csearch_path%3D%22Lille%5C%202%22"

    bank = timebank.open(address)
    bank.branches.create("lille", name="Lille")
    report = bank.audits.run()
    bank.close()

    assert () == report.faults
