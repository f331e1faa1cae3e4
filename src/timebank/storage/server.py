"""A PostgreSQL server looked at from outside, without changing it: for `doctor`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError

SETTINGS: Final = (
    "server_version",
    "server_encoding",
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "synchronous_standby_names",
    "data_checksums",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
)
FACTS: Final = """
SELECT pg_is_in_recovery() AS is_replica,
       current_database() AS database, current_user AS role,
       pg_database_size(current_database()) AS size_bytes,
       inet_server_addr() IS NULL OR inet_server_addr() = inet_client_addr() AS is_same_machine,
       coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS is_encrypted,
       (SELECT reset_val FROM pg_settings WHERE name = 'TimeZone') AS zone,
       (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
       current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
           AS connections_most,
       (SELECT count(*) FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')) AS standbys
"""
IDLE_QUERY: Final = """
SELECT pid, coalesce(nullif(application_name, ''), 'a program without a name') AS program,
       floor(extract(epoch FROM clock_timestamp() - state_change))::int AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'
  AND state_change < clock_timestamp() - make_interval(secs => :seconds)
ORDER BY state_change
"""
HELD_QUERY: Final = """
SELECT b.code FROM branch AS b JOIN branch_head AS h ON h.branch_id = b.branch_id
WHERE h.branch_id NOT IN (SELECT branch_id FROM branch_head FOR UPDATE SKIP LOCKED)
"""
SECRET: Final = re.compile(r"(password|passwd)\s*=\s*\S+", re.IGNORECASE)
PREFIX: Final = re.compile(r"^connection (?:failed|is bad): ")
QUESTION: Final = re.compile(r"Is the server running|Multiple connection attempts failed")
WORDS_MOST: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What a server says about itself and about the connection."""

    settings: Mapping[str, str]
    """By name, as `SHOW` writes them; of a new connection of ours."""
    is_replica: bool
    database: str
    role: str
    size_bytes: int
    is_same_machine: bool
    is_encrypted: bool
    zone: str
    connections: int
    connections_most: int
    """For everybody but superusers."""
    standbys: int
    """Synchronous standbys that are connected, as far as the role may see them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleSession:
    """Somebody who has begun a transaction and does nothing."""

    pid: int
    program: str
    seconds: int


def server_facts(connection: Connection) -> ServerFacts:
    """Ask a server about itself."""
    settings = {name: str(connection.exec_driver_sql(f"SHOW {name}").scalar()) for name in SETTINGS}
    row = connection.execute(text(FACTS)).mappings().one()
    return ServerFacts(settings=settings, **row)


def server_now(connection: Connection) -> datetime:
    """Return the instant by the server's clock, aware."""
    now = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    assert isinstance(now, datetime), "a timestamp with time zone"
    return now


def idle_sessions(connection: Connection, *, seconds: int) -> list[IdleSession]:
    """Return who has done nothing in a transaction for so long; of other roles only if we may see them."""
    rows = connection.execute(text(IDLE_QUERY), {"seconds": seconds}).mappings()
    return [IdleSession(**row) for row in rows]


def held_branches(connection: Connection) -> list[str]:
    """Return the branches whose heads somebody has taken right now, by code; takes those of the others."""
    return sorted(connection.execute(text(HELD_QUERY)).scalars())


def words_of(error: DBAPIError) -> str:
    """Return what the server or the driver said when connecting failed: one line, without a secret."""
    lines = [line.strip() for line in str(error.orig).splitlines()]
    kept = (PREFIX.sub("", line) for line in lines if line and not QUESTION.match(line))
    said = "; ".join(dict.fromkeys(kept))
    plain = "".join(each if each.isprintable() else " " for each in SECRET.sub(r"\1=…", said))
    return plain if len(plain) <= WORDS_MOST else f"{plain[: WORDS_MOST - 1]}…"
