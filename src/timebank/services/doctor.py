"""The doctor: what is wrong with a database or with the set-up around it, and what to do.

Every check reads; none changes anything. It looks at what surrounds the books; `audit` proves the books.
"""

import difflib
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DatabaseError

from timebank.errors import BadDatabaseUrl, NotADatabase, TimebankError, UnknownZone
from timebank.instants import write_instant, zone_of
from timebank.ledger.canonical import instant_of
from timebank.storage import inspection
from timebank.storage.engine import WRITES, engine_of, sqlite_file_of, url_of
from timebank.storage.schema import HEAD, version_of

PREFIX: Final = "TIMEBANK_"
ENVIRONMENT: Final = {
    "TIMEBANK_DB": "where the books are, as `--db` says it",
    "TIMEBANK_ACTOR": "who acts, as `--as` says it",
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


class Verdict(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARN = "warn"
    """It works, but somebody should look at it."""
    FAIL = "fail"
    """Timebank cannot work like this, or the books are in danger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at; `advice` says what to do unless all is well."""

    name: str
    verdict: Verdict
    found: str
    advice: str | None = None


def diagnose(address: str | None, *, environment: Mapping[str, str], now: datetime) -> tuple[Check, ...]:
    """Check the set-up and, as far as it can be opened, the database.

    Args:
        address: of the database; None if nothing says where it is.
        environment: the variables of the process.
        now: the machine's clock, aware UTC.
    """
    checks = [_environment(environment)]
    if address is None:
        return (*checks, _fail("address", "none", "say --db sqlite:///FILE, or set TIMEBANK_DB"))
    try:
        url = url_of(address)
        engine_of(url).dispose()
    except BadDatabaseUrl:
        advice = "write sqlite:///FILE or postgresql+psycopg://…, which needs the extra timebank[postgres]"
        return (*checks, _fail("address", "not an address that this timebank can open", advice))
    checks.append(_ok("address", url.render_as_string(hide_password=True)))
    file = sqlite_file_of(url)
    try:
        if file is not None:
            checks += _file(file)
        if not any(check.verdict is Verdict.FAIL for check in checks):
            checks += _database(url, now)
    except TimebankError as error:
        checks.append(_fail("database", str(error), "correct the address, or bring back a backup"))
    return tuple(checks)


def _ok(name: str, found: str) -> Check:
    return Check(name=name, verdict=Verdict.OK, found=found)


def _warn(name: str, found: str, advice: str) -> Check:
    return Check(name=name, verdict=Verdict.WARN, found=found, advice=advice)


def _fail(name: str, found: str, advice: str) -> Check:
    return Check(name=name, verdict=Verdict.FAIL, found=found, advice=advice)


def _environment(environment: Mapping[str, str]) -> Check:
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in ENVIRONMENT)
    if not unknown:
        known = sorted(name for name in environment if name in ENVIRONMENT)
        return _ok("environment", ", ".join(known) or f"no {PREFIX}… variable is set")
    meant = [difflib.get_close_matches(name, ENVIRONMENT, n=1) for name in unknown]
    hints = [
        f"{name} (is it {close[0]}?)" if close else name for name, close in zip(unknown, meant, strict=True)
    ]
    return _warn(
        "environment", f"timebank does not read {', '.join(hints)}", "correct the name, or unset the variable"
    )


def _file(file: Path) -> Iterator[Check]:
    """Check an SQLite file from outside; after a failure nothing more is looked at."""
    try:
        is_there, has_folder = file.exists(), file.parent.is_dir()
    except OSError:
        yield _fail("file", "its name is too long, or you cannot look into the folder", "correct the address")
        return
    if not is_there:
        if not has_folder:
            yield _fail(
                "file", "neither the file nor its folder is there", "correct the address, or make the folder"
            )
        else:
            yield _fail("file", "there is none", "`timebank migrate` or `timebank branch create` makes it")
        return
    if not file.is_file():
        yield _fail("file", "it is a folder or a device", "name a file")
        return
    facts = inspection.facts_of(file)
    yield _ok("file", f"{_bytes(facts.size_bytes)}, {_bytes(facts.log_bytes)} in its log")
    yield _permissions(facts)
    if facts.is_readable:
        yield _room(facts)
        yield _drive(facts)
        yield from _inside(file, facts)


def _permissions(facts: inspection.FileFacts) -> Check:
    if not facts.is_readable:
        return _fail("permissions", "you cannot read the file", "run timebank as the user who owns the file")
    if not facts.is_writable:
        advice = "SQLite writes the file and a log beside it: run as the owner, or correct the permissions"
        return _fail("permissions", "you cannot write the file or its folder", advice)
    if facts.is_read_by_others:
        advice = "the file holds names: chmod o-rwx it and the files beside it"
        return _warn("permissions", "every user of this machine can read the file", advice)
    return _ok("permissions", "you can read and write the file, others cannot")


def _room(facts: inspection.FileFacts) -> Check:
    free = f"{_bytes(facts.free_bytes)} free"
    if facts.free_bytes < FREE_LEAST:
        return _fail("disk", free, "make room: without it nothing can be written")
    if facts.free_bytes < max(FREE_WISHED, 2 * facts.size_bytes):
        return _warn("disk", free, "make room: an upgrade and a backup each copy the whole file")
    return _ok("disk", free)


def _drive(facts: inspection.FileFacts) -> Check:
    if facts.file_system in inspection.NETWORK_DRIVES:
        advice = "move the file to a drive of this machine, or use PostgreSQL"
        return _fail(
            "drive", f"a network drive ({facts.file_system}), where SQLite's log is not safe", advice
        )
    return _ok("drive", facts.file_system or "not known on this system")


def _inside(file: Path, facts: inspection.FileFacts) -> Iterator[Check]:
    """Check an SQLite file through SQLite, without the settings of ours that would touch it."""
    if sqlite3.sqlite_version_info < SQLITE_LEAST:
        found = f"version {sqlite3.sqlite_version}"
        yield _fail("SQLite", found, "use a Python with SQLite 3.37 or newer")
        return
    yield _ok("SQLite", f"version {sqlite3.sqlite_version}")
    with inspection.read_only(file) as raw:
        try:
            yield _schema(version_of(raw))
        except NotADatabase:
            yield _fail("schema", "it holds tables of another program", "correct the address")
            return
        damages = inspection.damages_of(raw)
    if damages:
        yield _fail("pages", "; ".join(damages), "stop writing, copy the file, bring back a backup")
    else:
        yield _ok("pages", "SQLite finds no damage")
    if facts.log_bytes > LOG_MOST:
        found = f"{_bytes(facts.log_bytes)} not yet merged into the file"
        yield _warn("log", found, "look for a program that keeps the file open, and end it")


def _schema(found: str | None) -> Check:
    if found is None:
        return _warn("schema", "the database is empty", "`timebank migrate` fills it")
    if found > HEAD:
        return _fail(
            "schema", f"{found}, made by a newer timebank", f"upgrade timebank: this one knows {HEAD}"
        )
    if found < HEAD:
        return _warn("schema", f"{found}, {HEAD} is current", "`timebank migrate` upgrades it")
    return _ok("schema", f"{found}, current")


def _database(url: URL, now: datetime) -> Iterator[Check]:
    """Check a database through a connection like those that the use cases have."""
    engine = engine_of(url)
    is_sqlite = url.get_backend_name() == "sqlite"
    try:
        with engine.connect() as connection:
            settings = inspection.settings_of(connection)
            yield from _sqlite_settings(settings) if is_sqlite else _postgres_settings(settings)
            found = version_of(connection)
            if not is_sqlite:
                yield _schema(found)
            if found == HEAD:
                yield _zones(inspection.zones_of(connection))
                yield _clock(inspection.last_recorded_us(connection), now)
        with engine.connect().execution_options(**{WRITES: True}) as connection:
            yield _writing(connection)
    except DatabaseError as error:
        yield _unreachable(error, is_sqlite=is_sqlite)
    except NotADatabase:
        yield _fail("schema", "it holds tables of another program", "correct the address")
    finally:
        engine.dispose()


def _sqlite_settings(settings: Mapping[str, str]) -> Iterator[Check]:
    mode = settings["journal_mode"]
    if mode == "wal":
        yield _ok("journal mode", mode)
    else:
        yield _warn(
            "journal mode", mode, "readers and writers block each other: is this drive able to do WAL?"
        )
    wrong = {
        name: settings[name] for name, value in inspection.DURABLE.items() if settings[name] != str(value)
    }
    listed = ", ".join(f"{name} {settings[name]}" for name in inspection.DURABLE)
    if wrong:
        yield _fail(
            "durability", listed, "this build of SQLite ignores settings the ledger needs: use another"
        )
    else:
        yield _ok("durability", listed)


def _postgres_settings(settings: Mapping[str, str]) -> Iterator[Check]:
    yield _ok("PostgreSQL", f"version {settings['server_version']}")
    listed = ", ".join(
        f"{name} {settings[name]}" for name in ("fsync", "synchronous_commit", "full_page_writes")
    )
    if "off" in (settings["fsync"], settings["synchronous_commit"], settings["full_page_writes"]):
        yield _fail("durability", listed, "switch them on: a power cut would lose entries that were promised")
    else:
        yield _ok("durability", listed)
    if settings["server_encoding"] != "UTF8":
        yield _fail("encoding", settings["server_encoding"], "make the database with ENCODING 'UTF8'")


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
        return _fail("time zones", f"unknown: {', '.join(unknown)} ({data})", "install a newer tzdata")
    return _ok("time zones", f"{len(zones)} branches, all known ({data})")


def _clock(last_us: int | None, now: datetime) -> Check:
    if last_us is not None and instant_of(last_us) > now + CLOCK_SLACK:
        last = instant_of(last_us)
        found = f"it is {_to_the_second(now)}, but something was entered at {_to_the_second(last)}"
        return _fail("clock", found, "set this machine's clock: new entries would seem older than they are")
    return _ok("clock", f"{_to_the_second(now)}, after everything that was entered")


def _to_the_second(at: datetime) -> str:
    return write_instant(at.replace(microsecond=0))


def _writing(connection: Connection) -> Check:
    """Take the right to write and give it back."""
    with connection.begin() as begun:
        begun.rollback()
    return _ok("writing", "nobody is in the way")


def _unreachable(error: DatabaseError, *, is_sqlite: bool) -> Check:
    if is_sqlite:
        advice = "look for a program that keeps the file open, and end it"
        return _fail("writing", f"SQLite says: {error.orig}", advice)
    advice = "is the server up? check host, port, database, user and password in the address"
    return _fail("connection", "the server does not answer, or does not let you in", advice)


def _bytes(count: int) -> str:
    """Write a size for people, rounded down: `512 bytes`, `4.0 kB`, `1.2 GB`."""
    for power, unit in ((4, "TB"), (3, "GB"), (2, "MB"), (1, "kB")):
        whole, tenths = divmod(count * 10 // 1_000**power, 10)
        if whole:
            return f"{whole}.{tenths} {unit}"
    return f"{count} bytes"
