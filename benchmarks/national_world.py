"""The sample world of matching as one branch in an SQLite file: what a national office would have on disk.

The rows are what members would have written: members, profiles, clearances, experiences, offers, requests
and wishes. They are made by SQL, each table in one statement; what only matters between branches is left out.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks.matching_world import NOW, ZONE, World, world_of

import timebank
from timebank.care.profile import GRID_UDEG
from timebank.clock import Clock
from timebank.ledger.canonical import micros_of
from timebank.matching.model import Dated, Helper, Request, instant_of
from timebank.matching.place import Place
from timebank.storage.columns import Row, table_of
from timebank.storage.tables_care import MemberRow
from timebank.storage.tables_listings import HelpOfferRow, HelpRequestRow
from timebank.storage.tables_profiles import ClearanceRow, ExperienceRow, ProfileRow, WishRow

BRANCH: Final = "national"
POSTED_US: Final = micros_of(NOW - timedelta(days=30))
ENDS_US: Final = micros_of(NOW + timedelta(days=60))
BY: Final = "coordinator:desk"
TABLES: Final = tuple(
    table_of(each).name
    for each in (
        MemberRow,
        ProfileRow,
        ClearanceRow,
        ExperienceRow,
        HelpOfferRow,
        HelpRequestRow,
        WishRow,
    )
)


class AtNow(Clock):
    """A clock that stands at the instant of the sample world."""

    def now(self) -> datetime:
        """Return it."""
        return NOW


def fill(file: Path, requests: int) -> None:
    """Make an SQLite database of a branch with so many requests, and three helpers for each."""
    bank = timebank.open(f"sqlite:///{file}", clock=AtNow())
    bank.branches.create(BRANCH, name="Sample branch", zone=str(ZONE))
    bank.close()
    world = world_of(requests)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN IMMEDIATE")
        for table, rows in _tables(world):
            names = [column.name for column in table_of(table).columns]
            marks = ", ".join("?" * len(names))
            said = f"INSERT INTO {table_of(table).name} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608 - our own names
            connection.executemany(said, ([1, *map(each.get, names[1:])] for each in rows))
        connection.execute("COMMIT")
        connection.execute("ANALYZE")


def _tables(world: World) -> Iterator[tuple[type[Row], Iterator[dict[str, Any]]]]:
    helpers, requests = world.helpers, world.requests
    refs = [_ref(each.id) for each in helpers] + [_asker(each) for each in requests]
    yield MemberRow, ({"ref": ref, "kind": "person", "joined_on": "2020-01-01"} for ref in refs)
    yield ProfileRow, (_profile(each) for each in helpers)
    yield ClearanceRow, (_clearance(each) for each in helpers)
    yield ExperienceRow, (_experience(each) for each in helpers if each.experiences)
    yield HelpOfferRow, _offers(world)
    yield HelpRequestRow, (_request(no, each) for no, each in enumerate(requests, 1))
    yield WishRow, (_wish(no, each) for no, each in enumerate(requests, 1))


def _ref(id_: str) -> str:
    return id_.partition("/")[2]


def _asker(request: Request) -> str:
    (person,) = request.people
    return _ref(person)


def _grid(place: Place | None) -> dict[str, int]:
    assert place is not None, "everybody of the sample has a place"
    return {
        "lat_udeg": round(place.lat_udeg / GRID_UDEG) * GRID_UDEG,
        "lon_udeg": round(place.lon_udeg / GRID_UDEG) * GRID_UDEG,
    }


def _profile(helper: Helper) -> dict[str, Any]:
    return {
        "ref": _ref(helper.id),
        **_grid(helper.place),
        "reach_metres": helper.reach_m,
        "travel": helper.travel.value,
        "languages": " ".join(sorted(helper.languages)),
        "gender": helper.gender.value if helper.gender is not None else None,
        "rest_minutes": helper.rest_minutes,
        "teams": "",
    }


def _clearance(helper: Helper) -> dict[str, Any]:
    (held,) = helper.clearances
    assert held.ends_min is not None, "every clearance of the sample expires"
    return {
        "ref": _ref(helper.id),
        "kind": held.kind,
        "verified_on": "2020-01-01",
        "expires_on": instant_of(held.ends_min).astimezone(ZONE).date().isoformat(),
        "verified_by": BY,
    }


def _experience(helper: Helper) -> dict[str, Any]:
    (code,) = helper.experiences
    return {
        "ref": _ref(helper.id),
        "code": code,
        "declared_on": "2020-01-01",
        "consented_on": "2020-01-01",
    }


def _offers(world: World) -> Iterator[dict[str, Any]]:
    numbers = count(1)
    for helper in world.helpers:
        for offer in helper.offers:
            yield {
                **_listing(next(numbers), offer.kind, offer.mode.value),
                "member": _ref(helper.id),
                "minutes_per_week": offer.minutes_left,
                "week": offer.week.hex(),
            }


def _request(no: int, request: Request) -> dict[str, Any]:
    when = request.when
    return {
        **_listing(no, request.kind, request.mode.value),
        "member": _asker(request),
        "minutes": request.minutes,
        "earliest_us": _us(when.span.starts_min) if isinstance(when, Dated) else None,
        "latest_us": _us(when.span.ends_min) if isinstance(when, Dated) else None,
        "week": None if isinstance(when, Dated) else when.hex(),
    }


def _listing(no: int, kind: str, mode: str) -> dict[str, Any]:
    return {
        "no": no,
        "kind": kind,
        "mode": mode,
        "state": "open",
        "posted_us": POSTED_US,
        "actor": BY,
        "expires_us": ENDS_US,
    }


def _wish(no: int, request: Request) -> dict[str, Any]:
    return {
        "request_no": no,
        "ref": _asker(request),
        **_grid(request.place),
        "languages": " ".join(sorted(request.languages)),
        "wished_gender": request.gender.value if request.gender is not None else None,
        "experience": request.experience,
        "is_experience_needed": 0,
        "clearances": " ".join(sorted(request.clearances)),
        "urgency": request.urgency,
    }


def _us(minute: int) -> int:
    return micros_of(instant_of(minute).astimezone(UTC))


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]))
