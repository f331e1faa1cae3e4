"""What the doctor looks at on PostgreSQL: how to get in, and what a ledger needs of its server.

Every check reads; none changes anything. Heads of branches are taken for a moment, to see if they can be.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError

from timebank.clock import Clock
from timebank.instants import write_instant
from timebank.services.checks import Check, Verdict, failed, warned, well
from timebank.storage.engine import POSTGRES_LEAST, meaning_of
from timebank.storage.roles import excesses, shortages
from timebank.storage.server import (
    ServerFacts,
    held_branches,
    idle_sessions,
    server_facts,
    server_now,
    words_of,
)

CLOCKS_APART_MOST: Final = timedelta(seconds=2)
IDLE_SECONDS: Final = 10
"""Who does nothing in a transaction for so long has forgotten it."""
BUSY_OF_100: Final = 80
"""From how many connections in use of 100 on somebody should look."""
SHORT_MILLISECONDS: Final = 600_000
"""An audit or a backup of a large branch may run as long as this in one statement."""
EXCESSES_SHOWN: Final = 3
SHOWN_OPTIONS: Final = frozenset(
    {"application_name", "connect_timeout", "host", "port", "service", "sslmode", "target_session_attrs"}
)
"""Options of an address that tell nobody a secret."""
REASONS: Final = (
    (
        r"resolve host|translate host name|Name or service not known|name resolution",
        "the name of the host is not known",
        "correct the host in the address, or ask who runs your network",
    ),
    (
        r"Connection refused|No such file or directory",
        "nobody listens there",
        "start the server, or correct host and port; does it listen on that address (listen_addresses)?",
    ),
    (
        r"timeout expired|timed out|connection timeout|No route to host|unreachable",
        "no answer",
        "is the host right, and does a firewall let you through to the port?",
    ),
    (
        r"password authentication failed|no password supplied|passfile",
        "the password is missing or wrong",
        "write it into the address, or better into ~/.pgpass (PGPASSFILE), which only you can read",
    ),
    (
        r"database \".*\" does not exist",
        "there is no such database",
        "correct the name, or let an administrator run: createdb --encoding=UTF8 NAME",
    ),
    (
        r"role \".*\" does not exist",
        "there is no such user",
        "correct the user, or let an administrator run: createuser --pwprompt NAME",
    ),
    (
        r"is not permitted to log in",
        "this user may not log in",
        "let an administrator run: ALTER ROLE NAME LOGIN",
    ),
    (
        r"permission denied for database",
        "this user may not use the database",
        "let an administrator run: GRANT CONNECT ON DATABASE NAME TO USER",
    ),
    (
        r"no pg_hba\.conf entry",
        "the server lets nobody in from here, as this user, or without TLS",
        "let an administrator add a line to pg_hba.conf; try ?sslmode=require at the end of the address",
    ),
    (
        r"(Peer|Ident|GSSAPI|LDAP|RADIUS|PAM|certificate) authentication failed",
        "the server does not accept who you are",
        "connect as the user that the server expects, or let an administrator correct pg_hba.conf",
    ),
    (
        r"starting up|not yet accepting connections|not accepting connections|in recovery mode",
        "the server is starting",
        "wait a minute and try again; if it stays so, read the server's log",
    ),
    (r"shutting down", "the server is shutting down", "wait for it to come back, or ask who stopped it"),
    (
        r"too many clients|too many connections|connection slots are reserved",
        "all connections of the server are taken",
        "close programs that keep connections, or raise max_connections or the limit of this user",
    ),
    (
        r"read-only|in hot standby mode",
        "none of the servers is the primary",
        "name the primary in the address; is a failover going on?",
    ),
    (
        r"SSL|TLS|certificate|sslmode",
        "no agreement on encryption (TLS)",
        "correct sslmode and sslrootcert in the address; the server may not offer TLS",
    ),
    (
        r"invalid (connection option|integer value|port|URI)|unexpected spaces",
        "an option of the address is not one",
        "correct what stands behind the question mark",
    ),
)
"""What libpq and the server say when connecting fails, what it means, what to do. The first match counts."""


def address_check(url: URL) -> Check:
    """Say where an address leads, without its password and options that may be secret."""
    query = {name: value for name, value in url.query.items() if name in SHOWN_OPTIONS}
    left_out = len(url.query) - len(query)
    shown = url.set(query=query).render_as_string(hide_password=True).replace("%2F", "/")
    return well("address", shown + (f" and {left_out} more options" if left_out else ""))


def connection_check(error: DBAPIError) -> Check:
    """Say why there is no connection, in the words of who runs a server."""
    said = words_of(error)
    for pattern, meaning, advice in REASONS:
        if re.search(pattern, said, re.IGNORECASE):
            return failed("connection", f"{meaning} ({said})", advice)
    meaning_there = meaning_of(error)
    sentence = str(meaning_there) if meaning_there is not None else "it failed"
    return failed("connection", f"{sentence} ({said})", "check host, port, database, user and password")


def server_checks(connection: Connection, clock: Clock | None) -> Iterator[Check]:
    """Check the server behind a connection."""
    facts = server_facts(connection)
    yield well(
        "PostgreSQL",
        f"{facts.settings['server_version'].split()[0]} ({POSTGRES_LEAST} or newer is needed), database "
        f"{facts.database} as {facts.role}",
    )
    yield _primary(facts)
    yield from _durability(facts)
    yield _encoding(facts)
    yield _encryption(facts)
    yield _settings(facts)
    yield _connections(facts)
    yield well("disk", f"the database takes {facts.size_bytes:,} bytes; look on the server for what is free")
    if clock is not None:
        yield _server_clock(connection, clock)
    yield well("time zone", f"{facts.zone} on the server; no instant of timebank depends on it")


def book_checks(connection: Connection) -> Iterator[Check]:
    """Check what our own tables allow: rights of the role, and branches that somebody keeps others from."""
    rights = _rights(connection)
    yield rights
    can_write = connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "off"
    if can_write and rights.verdict is not Verdict.FAIL:
        yield _heads(connection)


def _primary(facts: ServerFacts) -> Check:
    if facts.is_replica:
        return failed(
            "primary",
            "this server is a replica: it only reads",
            "name the primary; with several hosts, add target_session_attrs=read-write to the address",
        )
    if facts.settings["default_transaction_read_only"] == "on":
        return failed(
            "primary",
            "transactions are read-only (default_transaction_read_only)",
            f"let an administrator run: ALTER DATABASE {facts.database} RESET default_transaction_read_only "
            f"(or ALTER ROLE {facts.role} …)",
        )
    return well("primary", "it reads and writes")


def _durability(facts: ServerFacts) -> Iterator[Check]:
    settings = facts.settings
    listed = ", ".join(
        f"{name} {settings[name]}" for name in ("fsync", "full_page_writes", "synchronous_commit")
    )
    if "off" in (settings["fsync"], settings["full_page_writes"], settings["synchronous_commit"]):
        yield failed(
            "durability", listed, "switch them on: a power cut would lose entries that were promised"
        )
    else:
        yield well("durability", listed)
    names, commit = settings["synchronous_standby_names"], settings["synchronous_commit"]
    if not names:
        yield warned(
            "standby",
            "no synchronous standby",
            "fine for one machine with backups; to survive its loss, set synchronous_standby_names",
        )
    elif commit == "local":
        yield warned(
            "standby",
            f"synchronous_standby_names {names}, but synchronous_commit local does not wait for it",
            "set synchronous_commit to on",
        )
    else:
        yield well("standby", f"{names}; {facts.standbys} connected, as far as {facts.role} may see")
    if settings["data_checksums"] == "on":
        yield well("checksums", "on")
    else:
        yield warned(
            "checksums",
            f"data_checksums {settings['data_checksums']}: the server would not notice a damaged disk",
            "stop the server once and run: pg_checksums --enable",
        )


def _encoding(facts: ServerFacts) -> Check:
    encoding = facts.settings["server_encoding"]
    if encoding != "UTF8":
        return failed("encoding", encoding, "make the database anew with ENCODING 'UTF8'")
    return well("encoding", encoding)


def _encryption(facts: ServerFacts) -> Check:
    if facts.is_encrypted:
        return well("encryption", "the connection is encrypted")
    if facts.is_same_machine:
        return well("encryption", "none, and none needed: the server is on this machine")
    return warned(
        "encryption",
        "names and words go over the network in the clear",
        "add ?sslmode=verify-full to the address, and sslrootcert with the server's certificate",
    )


def _settings(facts: ServerFacts) -> Check:
    settings = facts.settings
    shown = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    listed = ", ".join(f"{name} {settings[name]}" for name in shown)
    isolation = settings["default_transaction_isolation"]
    if isolation != "read committed":
        return warned(
            "settings",
            f"default_transaction_isolation {isolation}; {listed}",
            "set it to read committed: branches are kept apart by their heads, and it only adds repeats",
        )
    if 0 < _milliseconds(settings["statement_timeout"]) < SHORT_MILLISECONDS:
        return warned(
            "settings",
            listed,
            "raise statement_timeout, or set it to 0: it may end an audit or a backup before its time",
        )
    return well("settings", f"isolation {isolation}; {listed}")


def _milliseconds(setting: str) -> int:
    """Read a time as `SHOW` writes it: `0`, `500ms`, `30s`, `5min`, `1h`, `1d`."""
    found = re.fullmatch(r"(\d+)(ms|s|min|h|d)?", setting)
    if found is None:
        return 0
    factors = {None: 1, "ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
    return int(found[1]) * factors[found[2]]


def _connections(facts: ServerFacts) -> Check:
    listed = f"{facts.connections} of {facts.connections_most} in use"
    if facts.connections * 100 > BUSY_OF_100 * facts.connections_most:
        return warned("connections", listed, "close programs that keep connections, or raise max_connections")
    return well("connections", listed)


def _server_clock(connection: Connection, clock: Clock) -> Check:
    before = clock.now()
    there = server_now(connection)
    after = clock.now()
    apart = max(before - there, there - after, timedelta(0))
    if apart > CLOCKS_APART_MOST:
        return warned(
            "server's clock",
            f"it is {_second(there)} there and {_second(after)} here",
            "let both machines follow a time server: entries carry the instant of this one",
        )
    return well("server's clock", f"{_second(there)}, as here")


def _second(at: datetime) -> str:
    return write_instant(at.replace(microsecond=0))


def _rights(connection: Connection) -> Check:
    role = str(connection.exec_driver_sql("SELECT current_user").scalar_one())
    lacking = shortages(connection, role)
    if lacking:
        found = _first_of(lacking)
        advice = f"let the owner of the tables run: timebank migrate --grant {role}"
        return failed("rights", f"{role} {found}", advice)
    too_many = excesses(connection, role)
    if too_many:
        advice = (
            "fine to begin with; let the service work as a role of its own: timebank migrate --grant ROLE"
        )
        return warned("rights", f"{role} {_first_of(too_many)}", advice)
    return well("rights", f"{role} can do what the service needs, and no more")


def _first_of(sentences: list[str]) -> str:
    shown = "; ".join(sentences[:EXCESSES_SHOWN])
    return (
        shown if len(sentences) <= EXCESSES_SHOWN else f"{shown}; and {len(sentences) - EXCESSES_SHOWN} more"
    )


def _heads(connection: Connection) -> Check:
    """Say who keeps others from writing."""
    idle = idle_sessions(connection, seconds=IDLE_SECONDS)
    held = held_branches(connection)
    connection.rollback()
    if idle:
        longest = idle[0]
        found = f"{longest.program} (process {longest.pid}) has done nothing in a transaction for "
        found += f"{longest.seconds} s"
        if held:
            found += f", and branches are held: {', '.join(held)}"
        advice = f"end that program, or let an administrator run: SELECT pg_terminate_backend({longest.pid})"
        return (failed if held else warned)("locks", found, advice)
    if held:
        return well("locks", f"somebody is writing to {', '.join(held)} right now, and nobody waits idly")
    return well("locks", "nobody holds the head of a branch")
