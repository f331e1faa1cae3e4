"""The service's role on PostgreSQL: it can do its work, and nothing that would undo somebody's hours."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql
from tests.cli.running import run
from tests.integration.roles import a_role, as_role
from tests.postgres import a_database, raw

import timebank
from timebank.errors import (
    GrantNotAllowed,
    RoleOwnsTables,
    RolesUnsupported,
    UnknownDatabaseRole,
    UpgradeNotAllowed,
)
from timebank.services.migrations import migrate
from timebank.storage import schema
from timebank.storage.engine import engine_of, url_of
from timebank.storage.roles import APPEND_ONLY, excesses, rights

FORBIDDEN = (
    "UPDATE entry SET actor = actor",
    "UPDATE posting SET amount = 1",
    "DELETE FROM posting",
    "TRUNCATE posting",
    "TRUNCATE identity_note",
    "DELETE FROM hold",
    "DELETE FROM account",
    "UPDATE request_key SET outcome = ''",
    "UPDATE alembic_version SET version_num = '0001'",
    "INSERT INTO alembic_version VALUES ('0001')",
    "ALTER TABLE posting DROP CONSTRAINT ck_posting_amount",
    "ALTER TABLE posting DISABLE TRIGGER posting_follows",
    "ALTER TABLE entry DISABLE TRIGGER ALL",
    "DROP TRIGGER posting_follows ON posting",
    "DROP TABLE posting",
    "CREATE TABLE foreign_table (no bigint)",
    "CREATE TRIGGER mine BEFORE INSERT ON entry EXECUTE FUNCTION guard_never_changed()",
    "CREATE OR REPLACE FUNCTION guard_posting_follows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'",
    "DROP FUNCTION guard_posting_follows CASCADE",
    "ALTER FUNCTION guard_posting_follows SECURITY DEFINER",
    "SET session_replication_role = replica",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "REINDEX TABLE posting",
    "ALTER SCHEMA public RENAME TO elsewhere",
)


@pytest.fixture(scope="module")
def shared(postgres_server: str) -> Iterator[tuple[str, str]]:
    """Return the address of a database and a role that was granted the service's rights in it."""
    with a_database(postgres_server) as address, a_role(address) as role:
        migrate(address, grant_to=role)
        yield address, role


@pytest.fixture
def role(postgres: str) -> Iterator[str]:
    """Return the name of a role without any rights."""
    with a_role(postgres) as name:
        yield name


def excesses_of(address: str, role: str | None = None) -> list[str]:
    """Ask for the excesses of a role, or of whom the address names."""
    engine = engine_of(url_of(address))
    try:
        with engine.connect() as connection:
            return excesses(connection, role)
    finally:
        engine.dispose()


def privileges_in(address: str, role: str) -> dict[str, set[str]]:
    """Return what was granted to a role and to PUBLIC, by table."""
    query = (
        "SELECT relname, array_agg(privilege_type) FROM pg_class CROSS JOIN aclexplode(relacl) AS given "
        "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        "AND grantee IN (0, %s::regrole) GROUP BY relname"
    )
    with raw(address) as connection:
        rows: list[Any] = connection.execute(query, [role]).fetchall()
    return {name: set(found) for name, found in rows}


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_service_role_is_refused(shared: tuple[str, str], statement: str) -> None:
    """Whoever breaks into the service still cannot rewrite the journal, nor take a guard away (I-2)."""
    address, role = shared
    with raw(as_role(address, role)) as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement)


def test_the_service_role_can_do_no_more_than_its_work(shared: tuple[str, str]) -> None:
    """What `doctor` prints is empty for it, and not for whoever made the database."""
    address, role = shared

    assert [] == excesses_of(as_role(address, role))
    assert [] != excesses_of(address)


def test_rights_are_those_of_each_kind_of_table(shared: tuple[str, str]) -> None:
    """The journal is only read and added to; nothing but who somebody is, and comes in, is deleted."""
    address, role = shared

    found = privileges_in(address, role)

    assert rights() == found
    assert {"SELECT", "INSERT"} == found["posting"] == found["entry"] == found["request_key"]
    assert {"SELECT", "INSERT", "UPDATE"} == found["branch_head"] == found["hold"]
    assert {name for name, granted in found.items() if "DELETE" in granted} == {
        "identity_person",
        "identity_note",
        "identity_detail",
        "identity_alias",
        "identity_address",
        "identity_profile",
        "identity_wish",
        "identity_experience",
        "identity_clearance",
        "identity_exclusion",
        "identity_parking",
        "credential",
        "mail_code",
        "openid_subject",
    }


def test_what_is_never_updated_by_grant_is_never_updated_by_trigger(shared: tuple[str, str]) -> None:
    """Two lists of append-only tables, one in a migration and one in the grants, say the same."""
    query = (
        "SELECT relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
        "WHERE tgname = relname || '_never_updated'"
    )
    with raw(shared[0]) as connection:
        assert set(APPEND_ONLY) == {name for (name,) in connection.execute(query)}


GIVEN = {
    "GRANT UPDATE ON posting TO {0}": "has UPDATE on posting",
    "GRANT UPDATE (amount) ON posting TO {0}": "has UPDATE on posting, on some columns",
    "GRANT DELETE ON hold TO {0}": "has DELETE on hold",
    "GRANT TRUNCATE ON entry TO {0}": "has TRUNCATE on entry",
    "GRANT REFERENCES ON entry TO {0}": "has REFERENCES on entry",
    "GRANT TRIGGER ON entry TO {0}": "has TRIGGER on entry",
    "GRANT INSERT ON alembic_version TO {0}": "has INSERT on alembic_version",
    "GRANT DELETE ON account TO PUBLIC": "has DELETE on account",
    "GRANT SELECT ON entry TO {0} WITH GRANT OPTION": "may hand on its rights on entry",
    "GRANT CREATE ON SCHEMA public TO {0}": "may create objects in the schema",
    "GRANT CREATE ON SCHEMA public TO PUBLIC": "may create objects in the schema",
    "GRANT CREATE ON DATABASE {1} TO {0}": "may create schemas in the database",
}
"""What a keeper might grant in passing, and what is said of it."""
BEYOND = {
    "ALTER ROLE {0} SUPERUSER": "is a superuser: nothing can be kept from it",
    "ALTER ROLE {0} BYPASSRLS": "has BYPASSRLS",
    "ALTER ROLE {0} CREATEROLE": "has CREATEROLE: it can make itself a member of other roles",
    "ALTER ROLE {0} CREATEDB": "has CREATEDB",
    "ALTER ROLE {0} REPLICATION": "has REPLICATION: it can copy every file of the server",
    "GRANT pg_write_all_data TO {0}": "is a member of pg_write_all_data",
    "GRANT pg_execute_server_program TO {0}": "is a member of pg_execute_server_program",
    "GRANT SET ON PARAMETER session_replication_role TO {0}": "may set session_replication_role",
}
"""What belongs to the role or to the server: said, but not taken away."""
OWNED = {
    "ALTER TABLE posting OWNER TO {0}": "owns posting",
    "ALTER FUNCTION guard_never_changed() OWNER TO {0}": "owns guard_never_changed()",
    "ALTER SCHEMA public OWNER TO {0}": "owns the schema",
    "ALTER DATABASE {1} OWNER TO {0}": "owns the database",
}


def give(address: str, statement: str, role: str) -> None:
    """Run a statement about a role and its database."""
    database = url_of(address).database
    with raw(address) as connection:
        names = sql.Identifier(role), sql.Identifier(str(database))
        connection.execute(sql.SQL(statement).format(*names))


def test_every_excess_is_named_and_undone(postgres: str, role: str) -> None:
    """A right given in passing is found, and granting again leaves exactly what the service needs."""
    migrate(postgres, grant_to=role)
    for statement, sentence in GIVEN.items():
        give(postgres, statement, role)
        assert [sentence] == excesses_of(postgres, role), statement

        granted = migrate(postgres, grant_to=role).granted

        assert granted is not None
        assert (True, ()) == (granted.is_needed, granted.excesses), statement
    assert rights() == privileges_in(postgres, role)
    assert [] == excesses_of(postgres, role)


def test_what_cannot_be_taken_is_said(postgres: str, role: str) -> None:
    """Attributes, memberships and settings are the server's; the keeper is told of them."""
    migrate(postgres, grant_to=role)
    for statement, sentence in BEYOND.items():
        with a_role(postgres) as another:
            give(postgres, statement, another)
            granted = migrate(postgres, grant_to=another).granted
            assert granted is not None
            assert sentence in granted.excesses, statement
            if "PARAMETER" in statement:
                give(postgres, statement.replace("GRANT", "REVOKE").replace(" TO ", " FROM "), another)


@pytest.mark.parametrize("statement", OWNED)
def test_nothing_is_kept_from_an_owner(postgres: str, role: str, statement: str) -> None:
    """Granting to the owner would only look as if something were kept from it."""
    migrate(postgres)
    give(postgres, statement, role)

    with pytest.raises(RoleOwnsTables):
        migrate(postgres, grant_to=role)

    assert OWNED[statement] in excesses_of(postgres, role)
    with raw(postgres) as connection:
        connection.execute(sql.SQL("REASSIGN OWNED BY {} TO CURRENT_USER").format(sql.Identifier(role)))


def test_a_role_can_do_what_the_roles_it_is_a_member_of_can(postgres: str, role: str) -> None:
    """Even one that does not inherit: it can SET ROLE."""
    migrate(postgres, grant_to=role)
    with a_role(postgres) as stronger:
        give(postgres, "GRANT UPDATE ON posting TO {0}", stronger)
        with raw(postgres) as connection:
            names = sql.Identifier(role), sql.Identifier(stronger)
            connection.execute(sql.SQL("ALTER ROLE {} NOINHERIT").format(names[0]))
            connection.execute(sql.SQL("GRANT {1} TO {0}").format(*names))

        assert ["has UPDATE on posting"] == excesses_of(postgres, role)


def test_granting_again_changes_nothing(postgres: str, role: str) -> None:
    """A deployment script runs it each time."""
    first = migrate(postgres, grant_to=role)
    again = migrate(postgres, grant_to=role)

    assert (True, False) == (
        first.granted and first.granted.is_needed,
        again.granted and again.granted.is_needed,
    )
    assert rights() == privileges_in(postgres, role)


def test_a_dry_run_grants_nothing(postgres: str, role: str) -> None:
    """Who looks first finds the rights as they were; of an empty database only the role is looked up."""
    assert migrate(postgres, grant_to=role, is_dry_run=True).granted is None
    migrate(postgres)

    tried = migrate(postgres, grant_to=role, is_dry_run=True)

    assert tried.granted is not None
    assert tried.granted.is_needed
    assert {} == privileges_in(postgres, role)


def test_a_role_that_cannot_be_granted_to_is_refused(postgres: str, tmp_path: Path) -> None:
    """Nobody by that name, everybody, and an engine without roles; nothing is made on the way."""
    for name in ("nobody_by_that_name", "public", "PUBLIC", "", 'x" SUPERUSER; --', "none", "é" * 40):
        with pytest.raises(UnknownDatabaseRole):
            migrate(postgres, grant_to=name)
    with pytest.raises(RolesUnsupported):
        migrate(f"sqlite:///{tmp_path}/new.db", grant_to="anybody")

    assert [] == list(tmp_path.iterdir())
    with raw(postgres) as connection:
        assert (0,) == connection.execute("SELECT count(*) FROM pg_class WHERE relname = 'entry'").fetchone()


def test_a_role_with_an_unusual_name_gets_its_rights(postgres: str, role: str) -> None:
    """Names are quoted, whatever is in them."""
    unusual = f'Sample "{role}" %s é'
    give(postgres, f'ALTER ROLE {{0}} RENAME TO "{unusual.replace(chr(34), chr(34) * 2)}"', role)
    try:
        migrate(postgres, grant_to=unusual)
        assert rights() == privileges_in(postgres, sql.Identifier(unusual).as_string())
    finally:
        give(postgres, f'ALTER ROLE {{0}} RENAME TO "{role}"', unusual)


def test_only_the_owner_grants(postgres: str, role: str) -> None:
    """The service's role can neither grant nor upgrade."""
    migrate(postgres, grant_to=role)
    with a_role(postgres) as another, pytest.raises(GrantNotAllowed):
        migrate(as_role(postgres, role), grant_to=another)


@pytest.mark.parametrize("before", [None, "0004"])
def test_a_role_that_may_not_upgrade_is_told_who_may(
    postgres: str, role: str, before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service starts before its keeper has upgraded the database: a sentence, and nothing half done."""
    if before is not None:
        monkeypatch.setattr(schema, "HEAD", before)
        migrate(postgres)
        monkeypatch.undo()
        with raw(postgres) as connection:
            connection.execute(
                sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA public TO {}").format(sql.Identifier(role))
            )

    with pytest.raises(UpgradeNotAllowed) as refusal:
        timebank.open(as_role(postgres, role))

    assert (before or "none") in str(refusal.value)


def test_the_owner_is_refused_by_the_guards(shared: tuple[str, str]) -> None:
    """Rights do not bind the owner; triggers do, even with `session_replication_role` set."""
    with raw(shared[0]) as connection:
        connection.execute("SET session_replication_role = replica")
        for statement in ("UPDATE entry SET actor = 'x'", "DELETE FROM posting", "TRUNCATE entry, posting"):
            with pytest.raises(psycopg.errors.RaiseException, match="I-2"):
                connection.execute(statement)


def test_the_command_line_says_what_was_granted(postgres: str, role: str) -> None:
    """One line for each thing done; what cannot be taken away is a warning."""
    first = run("--db", postgres, "migrate", "--grant", role)
    again = run("--db", postgres, "migrate", "--grant", role, "--json")
    give(postgres, "ALTER ROLE {0} CREATEDB", role)
    warned = run("--db", postgres, "migrate", "--grant", role, "--dry-run")
    unknown = run("--db", postgres, "migrate", "--grant", "nobody_by_that_name")

    assert f"{role} has got the rights of the service, and no others.\n" == first.out.split("\n", 1)[1]
    assert {"role": role, "is_needed": False, "excesses": []} == again.json["granted"]
    assert f"warning: {role} has CREATEDB\n" == warned.err
    assert (3, True) == (unknown.status, "[unknown_database_role]" in unknown.err)
