"""The doctor on PostgreSQL: why there is no way in, and what a server lacks that a ledger needs."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError
from tests.builders import NOW
from tests.cli.running import run
from tests.integration.false_server import (
    a_closed_port,
    a_false_server,
    a_silent_server,
    an_error,
)
from tests.postgres import raw

from timebank.clock import Clock, SteppingClock, SystemClock
from timebank.services import server_checks
from timebank.services.bank import open_bank
from timebank.services.checks import Check, Verdict
from timebank.services.doctor import diagnose
from timebank.storage.server import ServerFacts, server_facts

OK, WARN, FAIL = Verdict.OK, Verdict.WARN, Verdict.FAIL


def checks(address: str, *, clock: Clock | None = None) -> dict[str, Check]:
    """Return the doctor's checks by name; what did not come out well says what to do."""
    found = diagnose(address, environment={}, now=SystemClock().now(), clock=clock)
    assert len(found) == len({check.name for check in found}), "every check has its own name"
    assert [] == [check for check in found if (check.advice is None) != (check.verdict is OK)]
    assert [] == [check for check in found if check.advice and check.advice.endswith(".")]
    return {check.name: check for check in found}


@pytest.fixture
def books(postgres: str) -> str:
    """The address of a database with the branch lille."""
    bank = open_bank(postgres, clock=SteppingClock(NOW))
    bank.branches.create("lille", name="Sample branch")
    bank.close()
    return postgres


def test_a_server_for_tests_has_nothing_that_fails(books: str) -> None:
    """It has no standby and lets everybody be superuser, which somebody should know; the rest is well."""
    found = checks(books, clock=SystemClock())
    done = run("--db", books, "doctor", "--json")

    assert {"standby", "rights"} == {name for name, check in found.items() if check.verdict is WARN}
    assert {OK, WARN} == {check.verdict for check in found.values()}
    assert (0, True) == (done.status, done.json["ok"])
    assert list(found) == [check["check"] for check in done.json["checks"]]
    assert {"check", "verdict", "found", "advice"} == set(done.json["checks"][0])


def test_the_table_fits_eighty_columns(books: str) -> None:
    """It is read in a terminal."""
    assert [] == [line for line in run("--db", books, "doctor", width=80).out.splitlines() if len(line) > 80]


def test_looking_changes_nothing(books: str) -> None:
    """Nor is anything kept from others afterwards."""
    with raw(books) as connection:
        before = connection.execute("SELECT * FROM branch_head").fetchall()
        checks(books)
        assert before == connection.execute("SELECT * FROM branch_head FOR UPDATE NOWAIT").fetchall()


# --- No way in --------------------------------------------------------------------------------------------


def why(address: str) -> Check:
    """Return why there is no connection; nothing further was looked at."""
    found = checks(address)
    assert ["environment", "address", "connection"] == list(found)
    assert "secret" not in str(found)
    assert 1 == run("--db", address, "doctor").status
    return found["connection"]


def there(server: str, *, database: str | None = None, username: str | None = None) -> str:
    """Return the address of a server with parts changed."""
    url = make_url(server).set(database=database, username=username)
    return url.render_as_string(hide_password=False)


def test_a_host_that_nobody_knows() -> None:
    """A slip in its name; `.invalid` is nobody's (RFC 2606)."""
    check = why("postgresql://sample@db.invalid/bank")

    assert check.found.startswith("the name of the host is not known (")
    assert "db.invalid" in check.found


def test_a_port_and_a_socket_that_nobody_listens_on() -> None:
    """The server is not started, or elsewhere."""
    assert "nobody listens" in why(f"postgresql://sample@127.0.0.1:{a_closed_port()}/bank").found
    assert "nobody listens" in why("postgresql://sample@/bank?host=/tmp/no-such-folder").found


def test_several_hosts_of_which_none_answers() -> None:
    """Each is named."""
    ports = [a_closed_port(), a_closed_port()]
    found = why(f"postgresql://sample@/bank?host=127.0.0.1:{ports[0]}&host=127.0.0.1:{ports[1]}").found

    assert all(f"{port}" in found for port in ports), found


def test_a_server_that_never_answers() -> None:
    """Nobody waits for ever."""
    with a_silent_server() as address:
        assert "no answer" in why(address).found


def test_a_database_a_user_and_a_login_that_are_not_there(postgres_server: str) -> None:
    """A real server says so; the name is repeated."""
    assert "no such database" in why(there(postgres_server, database="no_bank")).found
    assert "no such user" in why(there(postgres_server, username="nobody_here")).found
    with raw(postgres_server) as connection:
        connection.execute("CREATE ROLE timebank_no_login NOLOGIN")
        try:
            assert "may not log in" in why(there(postgres_server, username="timebank_no_login")).found
        finally:
            connection.execute("DROP ROLE timebank_no_login")


SAID = {
    "password": ("28P01", 'password authentication failed for user "sample"', "password is missing or wrong"),
    "hba": ("28000", 'no pg_hba.conf entry for host "10.0.0.1", no encryption', "lets nobody in from here"),
    "peer": ("28000", 'Peer authentication failed for user "sample"', "does not accept who you are"),
    "connect": ("42501", 'permission denied for database "bank"', "may not use the database"),
    "starting": ("57P03", "the database system is starting up", "is starting"),
    "recovery": ("57P03", "the database system is not yet accepting connections", "is starting"),
    "stopping": ("57P03", "the database system is shutting down", "is shutting down"),
    "full": ("53300", "sorry, too many clients already", "all connections of the server are taken"),
    "reserved": ("53300", "remaining connection slots are reserved for roles", "connections of the server"),
    "odd": ("XX000", "eine Datenbank, die es nicht gibt", "check"),
}


@pytest.mark.parametrize(("code", "words", "expected"), SAID.values(), ids=SAID)
def test_a_server_that_lets_nobody_in_says_why(code: str, words: str, expected: str) -> None:
    """Its words are repeated, and what they mean."""
    with a_false_server(an_error(code, words)) as address:
        check = why(address)

    assert words in check.found
    assert expected in f"{check.found} {check.advice}"


LIBPQ = {
    "server does not support SSL, but SSL was required": "no agreement on encryption (TLS)",
    "SSL error: certificate verify failed": "no agreement on encryption (TLS)",
    'root certificate file "/x" does not exist': "no agreement on encryption (TLS)",
    "server is in hot standby mode": "none of the servers is the primary",
    "session is read-only": "none of the servers is the primary",
    'invalid connection option "colour"': "an option of the address is not one",
    "connection timeout expired": "no answer",
}


@pytest.mark.parametrize(("words", "expected"), LIBPQ.items(), ids=LIBPQ)
def test_what_the_driver_says_is_understood(words: str, expected: str) -> None:
    """What cannot be had in a test."""
    error = OperationalError("", None, Exception(f"connection failed: {words}\nIs the server running there?"))

    assert f"{expected} ({words})" == server_checks.connection_check(error).found


def test_a_secret_in_the_words_of_a_driver_is_left_out() -> None:
    """People send this list to others when they ask for help."""
    error = OperationalError("", None, Exception('bad "host=x password=hush dbname=y"'))

    assert "hush" not in server_checks.connection_check(error).found
    assert (
        "hush" not in server_checks.address_check(make_url("postgresql://u:hush@h/d?sslpassword=hush")).found
    )


def test_a_server_that_is_too_old(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says which version it is, and which is needed."""
    monkeypatch.setattr("timebank.storage.engine.POSTGRES_LEAST", 99)

    check = checks(books)["PostgreSQL"]

    assert (FAIL, True) == (check.verdict, check.found.startswith("version 1"))
    done = run("--db", books, "branch", "list")
    assert (1, "") == (done.status, done.out)
    assert done.err.endswith("[server_too_old]\n")


BLOCKED = """
import sys
class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0].startswith("psycopg"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
from timebank.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


def without_driver(*words: str) -> tuple[int, str, str]:
    """Run the command line where psycopg is not installed."""
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, *words], capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout, done.stderr


def test_a_driver_that_is_not_installed() -> None:
    """It is an extra: who works with SQLite needs none."""
    status, out, _ = without_driver("--db", "postgresql://h/d", "doctor")
    assert (1, True) == (status, "pip install 'timebank[postgres]'" in " ".join(out.split()))
    status, out, err = without_driver("--db", "postgresql://h/d", "branch", "list")
    assert (2, "") == (status, out)
    assert err.endswith("[driver_missing]\n")
    assert 1 == len(err.splitlines())


# --- What a server lacks ----------------------------------------------------------------------------------


def changed(facts: ServerFacts, change: dict[str, Any]) -> ServerFacts:
    """Return facts with fields or settings changed."""
    own = {field.name for field in fields(ServerFacts)}
    settings = {name: value for name, value in change.items() if name not in own}
    return replace(
        facts,
        settings={**facts.settings, **settings},
        **{name: value for name, value in change.items() if name in own},
    )


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("primary", {"is_replica": True}, FAIL),
        ("primary", {"default_transaction_read_only": "on"}, FAIL),
        ("durability", {"fsync": "off"}, FAIL),
        ("durability", {"full_page_writes": "off"}, FAIL),
        ("durability", {"synchronous_commit": "off"}, FAIL),
        ("standby", {"synchronous_standby_names": "*"}, OK),
        ("standby", {"synchronous_standby_names": "*", "synchronous_commit": "local"}, WARN),
        ("checksums", {"data_checksums": "off"}, WARN),
        ("encoding", {"server_encoding": "LATIN1"}, FAIL),
        ("encryption", {"is_same_machine": False}, WARN),
        ("encryption", {"is_same_machine": False, "is_encrypted": True}, OK),
        ("settings", {"default_transaction_isolation": "serializable"}, WARN),
        ("settings", {"statement_timeout": "30s"}, WARN),
        ("settings", {"statement_timeout": "500ms"}, WARN),
        ("settings", {"statement_timeout": "1h"}, OK),
        ("settings", {"statement_timeout": "soon"}, OK),
        ("connections", {"connections": 90, "connections_most": 97}, WARN),
    ],
)
def test_what_a_server_says_of_itself_is_judged(
    name: str, change: dict[str, Any], expected: Verdict, books: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica or a server without fsync is nothing to start for a test; what it says is."""
    monkeypatch.setattr(server_checks, "server_facts", lambda each: changed(server_facts(each), change))

    assert expected is checks(books)[name].verdict


@contextmanager
def altered(address: str, setting: str) -> Iterator[None]:
    """Set something for new connections to a database."""
    name = make_url(address).database
    with raw(address) as connection:
        connection.execute(f'ALTER DATABASE "{name}" SET {setting}')
        yield
        connection.execute("SET default_transaction_read_only = off")
        connection.execute(f'ALTER DATABASE "{name}" RESET ALL')


def test_a_database_that_is_set_to_read_only(books: str) -> None:
    """It says how to undo that; and every other check is still made."""
    with altered(books, "default_transaction_read_only = on"):
        found = checks(books)

    assert FAIL is found["primary"].verdict
    assert "RESET default_transaction_read_only" in str(found["primary"].advice)
    assert {"schema", "time zones", "rights"} <= found.keys()


def test_a_clock_that_differs_from_the_server_s(books: str) -> None:
    """By seconds it is only odd; entries carry the instant of the machine that writes."""
    late = SteppingClock(SystemClock().now() + timedelta(minutes=5))

    assert WARN is checks(books, clock=late)["server's clock"].verdict
    assert OK is checks(books, clock=SystemClock())["server's clock"].verdict


def test_who_holds_a_branch_and_does_nothing_is_found(books: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A forgotten shell stops every helper of the branch from logging hours."""
    monkeypatch.setattr(server_checks, "IDLE_SECONDS", 0)
    with raw(books) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT 1")
        assert WARN is checks(books)["locks"].verdict
        connection.execute("SELECT * FROM branch_head FOR UPDATE")
        check = checks(books)["locks"]
        connection.execute("ROLLBACK")
        assert f"pg_terminate_backend({connection.info.backend_pid})" in str(check.advice)

    assert FAIL is check.verdict
    assert "lille" in check.found
    assert OK is checks(books)["locks"].verdict


def test_who_writes_to_a_branch_is_no_fault(books: str) -> None:
    """That is what it is for."""
    with raw(books) as connection:
        connection.execute("BEGIN")
        connection.execute("SELECT * FROM branch_head FOR UPDATE")
        check = checks(books)["locks"]
        connection.execute("ROLLBACK")

    assert (OK, True) == (check.verdict, "writing to lille" in check.found)


def test_an_empty_database_and_another_program_s(postgres: str) -> None:
    """One can be filled, the other is left alone."""
    assert WARN is checks(postgres)["schema"].verdict
    with raw(postgres) as connection:
        connection.execute("CREATE TABLE shopping (item text)")

    assert FAIL is checks(postgres)["schema"].verdict


def test_a_role_that_may_too_little_or_just_enough(books: str) -> None:
    """The advice is the command that mends it."""
    role = "timebank_doctor_role"
    with raw(books) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN")
        try:
            address = there(books, username=role)
            connection.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
            little = checks(address)["rights"]
            assert 0 == run("--db", books, "migrate", "--grant", role).status
            enough = checks(address)
        finally:
            connection.execute(f"DROP OWNED BY {role}")
            connection.execute(f"DROP ROLE {role}")

    assert (FAIL, True) == (little.verdict, f"--grant {role}" in str(little.advice))
    assert {OK} == {check.verdict for name, check in enough.items() if name != "standby"}
