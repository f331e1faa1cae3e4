"""The ceiling of the service: a bare Litestar route that writes the rows of a logged hour through `sqlite3`.

No token, no rule, no key looked up: it decodes the body, writes what `POST /v1/hours` writes, and commits.
Run by uvicorn: `python -m benchmarks.bare_service FILE PORT`.
"""

import sqlite3
import sys
import time
from datetime import datetime
from itertools import count

import uvicorn
from litestar import Litestar, Request, get, post
from litestar.datastructures import State
from litestar.params import JSONBody
from msgspec import Struct

NUMBERS = count(1)
RECORD = (
    "INSERT INTO service_record (branch_id, no, provider, recipient, kind, mode, start_us, end_us, minutes, "
    "credited_minutes, unit, state, stated_by, logged_by, revision, redemption, is_flagged) "
    "VALUES (1, ?, ?, ?, ?, 'in-person', ?, ?, ?, NULL, 'min', 'logged', ?, ?, 1, NULL, 0)"
)
EVENT = (
    "INSERT INTO service_event (branch_id, record_no, no, act, actor, minutes, note_no, recorded_us) "
    "VALUES (1, ?, 1, 'log', ?, ?, NULL, ?)"
)
KEY = (
    "INSERT INTO request_key (branch_id, key, fingerprint, outcome, recorded_us, answer) "
    "VALUES (1, ?, ?, ?, ?, ?)"
)
TOLD = (
    "INSERT INTO outbox (branch_id, no, seq, kind, members, data, recorded_us) "
    "VALUES (1, ?, ?, 'hours.logged', ?, ?, ?)"
)
COUNTER = "UPDATE branch_counter SET last_no = ? WHERE branch_id = 1 AND noun = 'record'"
HEAD = "UPDATE branch_head SET revision = revision + 1, last_us = ? WHERE branch_id = 1"


class HoursIn(Struct):
    """What `POST /v1/hours` takes."""

    provider: str
    recipient: str
    minutes: int
    kind: str
    start_at: datetime


class HoursOut(Struct):
    """Some of what it answers."""

    no: int
    provider: str
    recipient: str
    minutes: int


def app_of(file: str) -> Litestar:
    """Return the application over a database that `timebank` made."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute(f"PRAGMA cache_size=-{65_536}")

    for (trigger,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {trigger}")
    told = connection.execute("SELECT max(no), max(seq) FROM outbox").fetchone()

    @get("/health/live", sync_to_thread=False)
    def live() -> dict[str, str]:
        return {"status": "live"}

    @post("/v1/hours")
    async def log(request: Request[None, None, State], data: JSONBody[HoursIn]) -> HoursOut:
        no, now_us = next(NUMBERS), time.time_ns() // 1_000
        start_us = round(data.start_at.timestamp()) * 1_000_000
        who = f"member:{data.provider}"
        key = request.headers["idempotency-key"].encode().ljust(32, b"-")[:32]
        values = (no, data.provider, data.recipient, data.kind, start_us)
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(RECORD, (*values, start_us + data.minutes * 60_000_000, data.minutes, who, who))
        connection.execute(EVENT, (no, who, data.minutes, now_us))
        connection.execute(KEY, (key, key, str(no), now_us, str(values)))
        said = f" {data.provider} {data.recipient} "
        connection.execute(TOLD, (told[0] + no, told[1] + no, said, str(values), now_us))
        connection.execute(COUNTER, (no,))
        connection.execute(HEAD, (now_us,))
        connection.execute("COMMIT")
        return HoursOut(no, data.provider, data.recipient, data.minutes)

    return Litestar([live, log], openapi_config=None, logging_config=None)


if __name__ == "__main__":
    uvicorn.run(app_of(sys.argv[1]), port=int(sys.argv[2]), log_config=None)
