"""The doctor: what is wrong with a database or with the set-up around it, and what to do.

Every check reads; none changes anything. It looks at what surrounds the books; `audit` proves the books.
"""

import difflib
import sqlite3
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DatabaseError, DBAPIError

from timebank.clock import Clock
from timebank.errors import (
    BadDatabaseUrl,
    DriverMissing,
    NotADatabase,
    ServerTooOld,
    TimebankError,
    UnknownZone,
)
from timebank.instants import write_instant, zone_of
from timebank.ledger.canonical import instant_of
from timebank.services.checks import Check, Verdict, failed, warned, well
from timebank.services.log_places import FOLDER_VARIABLE, KEY_VARIABLE
from timebank.services.server_checks import address_check, book_checks, connection_check, server_checks
from timebank.storage import inspection
from timebank.storage.engine import POSTGRES_LEAST, WRITES, engine_of, meaning_of, sqlite_file_of, url_of
from timebank.storage.schema import HEAD, version_of

PREFIX: Final = "TIMEBANK_"
ENVIRONMENT: Final = {
    "TIMEBANK_DB": "where the books are, as `--db` says it",
    "TIMEBANK_ACTOR": "who acts, as `--as` says it",
    FOLDER_VARIABLE: "folder of the private keys that sign logs; beside an SQLite database by default",
    f"{KEY_VARIABLE}BRANCH": "the private key itself, for a branch in capitals, - as _",
    "TIMEBANK_DEBUG": "anything: show the traceback of a bug",
}
"""Every variable that timebank reads, with what it means."""
MEGABYTE: Final = 1_000_000
FREE_LEAST: Final = 20 * MEGABYTE
FREE_WISHED: Final = 200 * MEGABYTE
LOG_MOST: Final = 256 * MEGABYTE
SQLITE_LEAST: Final = (3, 37, 0)
"""The first SQLite with STRICT tables."""
CLOCK_SLACK: Final = timedelta(minutes=1)


def diagnose(
    address: str | None,
    *,
    environment: Mapping[str, str],
    now: datetime,
    clock: Clock | None = None,
    known: Collection[str] = (),
) -> tuple[Check, ...]:
    """Check the set-up and, as far as it can be opened, the database.

    Args:
        address: of the database; None if nothing says where it is.
        environment: the variables of the process.
        now: the machine's clock, aware UTC.
        clock: to compare a server's clock with; None leaves that out.
        known: variables that the service reads beside those of `ENVIRONMENT`.
    """
    checks = [_environment(environment, {*ENVIRONMENT, *known})]
    if address is None:
        return (*checks, failed("address", "none", "say --db sqlite:///FILE, or set TIMEBANK_DB"))
    try:
        url = url_of(address)
        engine_of(url).dispose()
    except BadDatabaseUrl:
        advice = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        return (*checks, failed("address", "not an address that this timebank can open", advice))
    except DriverMissing:
        advice = "run: pip install 'timebank[postgres]', with the pip of the Python that runs timebank"
        return (*checks, failed("driver", "psycopg, which talks to PostgreSQL, is not installed", advice))
    file = sqlite_file_of(url)
    checks.append(well("address", str(url)) if file is not None else address_check(url))
    try:
        if file is not None:
            checks += _file(file)
        if not any(check.verdict is Verdict.FAIL for check in checks):
            checks += _database(url, now) if file is not None else _server(url, now, clock)
    except TimebankError as error:
        checks.append(failed("database", str(error), "correct the address, or bring back a backup"))
    return tuple(checks)


def _environment(environment: Mapping[str, str], known: Collection[str]) -> Check:
    known = {*known, *(name for name in environment if name.startswith(KEY_VARIABLE))}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in known)
    if not unknown:
        read = sorted(name for name in environment if name in known)
        return well("environment", ", ".join(read) or f"no {PREFIX}… variable is set")
    meant = [difflib.get_close_matches(name, known, n=1) for name in unknown]
    hints = [
        f"{name} (is it {close[0]}?)" if close else name for name, close in zip(unknown, meant, strict=True)
    ]
    return warned(
        "environment", f"timebank does not read {', '.join(hints)}", "correct the name, or unset the variable"
    )


def _file(file: Path) -> Iterator[Check]:
    """Check an SQLite file from outside; after a failure nothing more is looked at."""
    try:
        is_there, has_folder = file.exists(), file.parent.is_dir()
    except OSError:
        yield failed(
            "file", "its name is too long, or you cannot look into the folder", "correct the address"
        )
        return
    if not is_there:
        if not has_folder:
            yield failed(
                "file", "neither the file nor its folder is there", "correct the address, or make the folder"
            )
        else:
            yield failed("file", "there is none", "`timebank migrate` or `timebank branch create` makes it")
        return
    if not file.is_file():
        yield failed("file", "it is a folder or a device", "name a file")
        return
    facts = inspection.facts_of(file)
    yield well("file", f"{_bytes(facts.size_bytes)}, {_bytes(facts.log_bytes)} in its log")
    yield _permissions(facts)
    if facts.is_readable:
        yield _room(facts)
        yield _drive(facts)
        yield from _inside(file, facts)


def _permissions(facts: inspection.FileFacts) -> Check:
    if not facts.is_readable:
        return failed("permissions", "you cannot read the file", "run timebank as the user who owns the file")
    if not facts.is_writable:
        advice = "SQLite writes the file and a log beside it: run as the owner, or correct the permissions"
        return failed("permissions", "you cannot write the file or its folder", advice)
    if facts.is_read_by_others:
        advice = "the file holds names: chmod o-rwx it and the files beside it"
        return warned("permissions", "every user of this machine can read the file", advice)
    return well("permissions", "you can read and write the file, others cannot")


def _room(facts: inspection.FileFacts) -> Check:
    free = f"{_bytes(facts.free_bytes)} free"
    if facts.free_bytes < FREE_LEAST:
        return failed("disk", free, "make room: without it nothing can be written")
    if facts.free_bytes < max(FREE_WISHED, 2 * facts.size_bytes):
        return warned("disk", free, "make room: an upgrade and a backup each copy the whole file")
    return well("disk", free)


def _drive(facts: inspection.FileFacts) -> Check:
    if facts.file_system in inspection.NETWORK_DRIVES:
        advice = "move the file to a drive of this machine, or use PostgreSQL"
        return failed(
            "drive", f"a network drive ({facts.file_system}), where SQLite's log is not safe", advice
        )
    return well("drive", facts.file_system or "not known on this system")


def _inside(file: Path, facts: inspection.FileFacts) -> Iterator[Check]:
    """Check an SQLite file through SQLite, without the settings of ours that would touch it."""
    if sqlite3.sqlite_version_info < SQLITE_LEAST:
        found = f"version {sqlite3.sqlite_version}"
        yield failed("SQLite", found, "use a Python with SQLite 3.37 or newer")
        return
    yield well("SQLite", f"version {sqlite3.sqlite_version}")
    with inspection.read_only(file) as raw:
        try:
            yield _schema(version_of(raw))
        except NotADatabase:
            yield failed("schema", "it holds tables of another program", "correct the address")
            return
        damages = inspection.damages_of(raw)
    if damages:
        yield failed("pages", "; ".join(damages), "stop writing, copy the file, bring back a backup")
    else:
        yield well("pages", "SQLite finds no damage")
    if facts.log_bytes > LOG_MOST:
        found = f"{_bytes(facts.log_bytes)} not yet merged into the file"
        yield warned("log", found, "look for a program that keeps the file open, and end it")


def _schema(found: str | None) -> Check:
    if found is None:
        return warned("schema", "the database is empty", "`timebank migrate` fills it")
    if found > HEAD:
        return failed(
            "schema", f"{found}, made by a newer timebank", f"upgrade timebank: this one knows {HEAD}"
        )
    if found < HEAD:
        return warned("schema", f"{found}, {HEAD} is current", "`timebank migrate` upgrades it")
    return well("schema", f"{found}, current")


def _database(url: URL, now: datetime) -> Iterator[Check]:
    """Check an SQLite file through a connection like those that the use cases have."""
    engine = engine_of(url)
    try:
        with engine.connect() as connection:
            yield from _sqlite_settings(inspection.settings_of(connection))
            if version_of(connection) == HEAD:
                yield from _contents(connection, now)
        with engine.connect().execution_options(**{WRITES: True}) as connection:
            yield _writing(connection)
    except (DatabaseError, sqlite3.Error) as error:
        said = error.orig if isinstance(error, DatabaseError) else error
        advice = "look for a program that keeps the file open, and end it"
        yield failed("writing", f"SQLite says: {said}", advice)
    finally:
        engine.dispose()


def _server(url: URL, now: datetime, clock: Clock | None) -> Iterator[Check]:
    """Check a database on a server."""
    engine = engine_of(url)
    try:
        try:
            connection = engine.connect()
        except DBAPIError as error:
            yield connection_check(error)
            return
        except ServerTooOld as error:
            advice = f"ask for a server with PostgreSQL {POSTGRES_LEAST} or newer"
            yield failed("PostgreSQL", f"version {error.found}", advice)
            return
        with connection:
            yield well("connection", "the server lets you in")
            yield from server_checks(connection, clock)
            yield from _tables(connection, now)
    except DBAPIError as error:
        meaning = meaning_of(error)
        found = str(meaning) if meaning is not None else "the server ended the conversation"
        yield failed("server", found, "try again; if it stays so, read the server's log")
    finally:
        engine.dispose()


def _tables(connection: Connection, now: datetime) -> Iterator[Check]:
    try:
        found = version_of(connection)
    except NotADatabase:
        yield failed("schema", "it holds tables of another program", "name a database of timebank's own")
        return
    yield _schema(found)
    if found == HEAD:
        yield from _contents(connection, now)
        yield from book_checks(connection)


def _contents(connection: Connection, now: datetime) -> Iterator[Check]:
    yield _zones(inspection.zones_of(connection))
    yield _clock(inspection.last_recorded_us(connection), now)


def _sqlite_settings(settings: Mapping[str, str]) -> Iterator[Check]:
    mode = settings["journal_mode"]
    if mode == "wal":
        yield well("journal mode", mode)
    else:
        yield warned(
            "journal mode", mode, "readers and writers block each other: is this drive able to do WAL?"
        )
    wrong = {
        name: settings[name] for name, value in inspection.DURABLE.items() if settings[name] != str(value)
    }
    listed = ", ".join(f"{name} {settings[name]}" for name in inspection.DURABLE)
    if wrong:
        yield failed(
            "durability", listed, "this build of SQLite ignores settings the ledger needs: use another"
        )
    else:
        yield well("durability", listed)


def _zones(zones: Mapping[str, str]) -> Check:
    unknown = []
    for branch, zone in zones.items():
        try:
            zone_of(zone)
        except UnknownZone:
            unknown.append(f"{zone} of {branch}")
    try:
        data = f"tzdata {version('tzdata')}"
    except PackageNotFoundError:
        data = "the system's data"
    if unknown:
        return failed("time zones", f"unknown: {', '.join(unknown)} ({data})", "install a newer tzdata")
    return well("time zones", f"{len(zones)} branches, all known ({data})")


def _clock(last_us: int | None, now: datetime) -> Check:
    if last_us is not None and instant_of(last_us) > now + CLOCK_SLACK:
        last = instant_of(last_us)
        found = f"it is {_to_the_second(now)}, but something was entered at {_to_the_second(last)}"
        return failed("clock", found, "set this machine's clock: new entries would seem older than they are")
    return well("clock", f"{_to_the_second(now)}, after everything that was entered")


def _to_the_second(at: datetime) -> str:
    return write_instant(at.replace(microsecond=0))


def _writing(connection: Connection) -> Check:
    """Take the right to write and give it back."""
    with connection.begin() as begun:
        begun.rollback()
    return well("writing", "nobody is in the way")


def _bytes(count: int) -> str:
    """Write a size for people, rounded down: `512 bytes`, `4.0 kB`, `1.2 GB`."""
    for power, unit in ((4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        whole, tenths = divmod(count * 10 // 1_000**power, 10)
        if whole:
            return f"{whole}.{tenths} {unit}"
    return f"{count} bytes"
