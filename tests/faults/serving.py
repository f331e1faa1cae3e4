"""The service under load, told to end or killed: what was answered is kept, nothing is doubled.

Clients log hours and confirm them, each request under a key of its own. Whoever gets no answer asks again,
with the same key, once the service is back. A service that is told to end answers everything that it did.
"""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

from tests.faults.processes import LOOPBACK, ROOT, free_port, wait_for
from tests.faults.scores import Say, Score, silent

import timebank
from timebank.care.access import AccessRole
from timebank.care.record import RecordState
from timebank.clock import SystemClock
from timebank.services.bank import Bank

CLIENTS: Final = 16
ANSWER_SECONDS: Final = 30
"""Who waits longer for an answer hangs."""
LOAD_SECONDS: Final = (0.5, 2.0)
"""How long there is load before the end comes, at least and at most."""
DRAIN_SECONDS: Final = 1
GRACE_SECONDS: Final = 10
HALF: Final = "half answered"
MINUTES: Final = 15
SLACK_SECONDS: Final = 5
"""What a busy machine needs beside, to end a process."""
AGE: Final = timedelta(days=300)
"""How long ago the first hours began; older than a year, none are logged any more."""
JOINED_ON: Final = date(2025, 1, 1)


@dataclass(slots=True)
class Client:
    """Somebody who logs hours and confirms them, one request after the other."""

    no: int
    tokens: tuple[str, str]
    """The provider's, who logs, and the recipient's, who confirms."""
    port: int
    since: datetime
    answers: list[int] = field(default_factory=list)
    """The record that each answered request was about: an even one logged it, the next one confirmed it."""
    endings: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def work(self, ending: threading.Event) -> None:
        """Ask until the service is gone or it is over; what was not answered last time is asked again."""
        while not ending.is_set():
            try:
                with closing(self._connection()) as connection:
                    while self._step(connection) and not ending.is_set():
                        pass
            except ConnectionRefusedError:
                break
            except http.client.RemoteDisconnected:
                self.endings["closed unanswered"] += 1
            except (ConnectionResetError, BrokenPipeError):
                self.endings["reset unanswered"] += 1
            except (http.client.IncompleteRead, http.client.BadStatusLine):
                self.endings[HALF] += 1
            except OSError as error:
                self.wrong.append(f"no answer in time: {error!r}")

    def _step(self, connection: http.client.HTTPConnection) -> bool:
        """Send the next request; tells whether the connection is kept."""
        no = self.ask(connection, len(self.answers))
        self.answers += [no] if no is not None else []
        return connection.sock is not None

    def ask(self, connection: http.client.HTTPConnection, request: int) -> int | None:
        """Send a request; returns its record, None if it is refused for now."""
        number, is_confirming = divmod(request, 2)
        if is_confirming:
            path, body = f"/v1/hours/{self.answers[request - 1]}/confirm", ""
        else:
            path, body = "/v1/hours", json.dumps(self._hours(number))
        headers = {
            "Authorization": f"Bearer {self.tokens[is_confirming]}",
            "Content-Type": "application/json",
            "Idempotency-Key": f"{self.no}-{request}",
        }
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        if answer.status == 201:
            return int(said["no"])
        if answer.status == 503:
            self.endings[f"refused for now ({said.get('code')})"] += 1
        else:
            self.wrong.append(f"answered with {answer.status} {said.get('code')}: {said.get('detail')}")
        return None

    def again(self) -> int:
        """Send everything again, and the one that was not answered; returns how many led elsewhere."""
        with closing(self._connection()) as connection:
            others = sum(self.ask(connection, request) != no for request, no in enumerate(self.answers))
            self._step(connection)
        return others

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(LOOPBACK, self.port, timeout=ANSWER_SECONDS)

    def _hours(self, number: int) -> dict[str, object]:
        """Return hours that no other request states."""
        start_at = self.since + timedelta(minutes=MINUTES * number)
        member, other = f"m{self.no}", f"m{self.no % CLIENTS + 1}"
        return {
            "provider": member,
            "recipient": f"member:{other}",
            "minutes": MINUTES,
            "kind": "shopping",
            "start_at": start_at.isoformat(),
        }


def end_service(ends: int, *, seed: int, folder: Path, how: signal.Signals, say: Say = silent) -> Score:
    """End the service again and again in the middle of its work, and look what was kept.

    Args:
        ends: how many.
        seed: of the moments.
        folder: where the books are made.
        how: SIGTERM, after which every effect must have been answered, or SIGKILL.
        say: told how far it is.
    """
    score = Score(f"services ended by {how.name}")
    chance = random.Random(seed)
    address = f"sqlite:///{folder / f'served-{how.name}.db'}"
    clients = _found(address)
    for number in range(1, ends + 1):
        with a_service(address, clients[0].port) as process, _at_work(clients):
            time.sleep(chance.uniform(*LOAD_SECONDS))
            process.send_signal(how)
            told_at = time.monotonic()
            status = process.wait(timeout=ANSWER_SECONDS + GRACE_SECONDS)
            seconds = time.monotonic() - told_at
        unanswered = _kept(address) - sum(len(client.answers) for client in clients)
        score.counts["ends"] += 1
        score.counts["kept but not answered"] += unanswered
        score.expect(unanswered >= 0, f"end {number}: {-unanswered} effects were acknowledged and are lost")
        if how is signal.SIGTERM:
            score.expect(status == 0, f"end {number}: exit status {status}")
            score.expect(unanswered == 0, f"end {number}: {unanswered} effects were not answered")
            is_in_time = seconds < DRAIN_SECONDS + GRACE_SECONDS + SLACK_SECONDS
            score.expect(is_in_time, f"end {number}: it took {seconds:.0f} seconds")
        say(f"{score.name}: {number} of {ends}")
    _look_again(score, address, clients)
    score.expect(how is signal.SIGKILL or not score.counts[HALF], "answers were broken off")
    return score


def _look_again(score: Score, address: str, clients: list[Client]) -> None:
    """Send everything again, and count what is there."""
    with a_service(address, clients[0].port) as process:
        for client in clients:
            others = client.again()
            score.expect(others == 0, f"{others} repeated requests of client {client.no} got another answer")
        process.terminate()
        process.wait(timeout=ANSWER_SECONDS)
    acknowledged = sum(len(client.answers) for client in clients)
    score.counts["acknowledged"] = acknowledged
    kept = _kept(address)
    score.counts["lost"], score.counts["doubled"] = max(0, acknowledged - kept), max(0, kept - acknowledged)
    score.expect(kept == acknowledged, f"{acknowledged} requests led to {kept} effects")
    score.expect(acknowledged >= score.counts["ends"] * CLIENTS, "too little was done to show anything")
    bank = timebank.open(address)
    report = bank.audits.run()
    bank.close()
    score.counts["faults"] = len(report.faults)
    score.expect(report.ok, f"the audit found {[fault.code for fault in report.faults]}")
    for client in clients:
        score.wrong += client.wrong
        score.counts += client.endings


def _found(address: str) -> list[Client]:
    """Found a branch with a member for each client, who come as coordinators."""
    bank = timebank.open(address)
    bank.branches.create("lille", name="Sample branch")
    tokens = []
    for no in range(1, CLIENTS + 1):
        bank.members.add("lille", name=f"Sample Member {no}", joined_on=JOINED_ON)
        issued = bank.tokens.issue("lille", role=AccessRole.MEMBER, ref=f"m{no}")
        tokens.append(issued.text or "")
    bank.close()
    port, since = free_port(), SystemClock().now().replace(microsecond=0) - AGE
    return [Client(no, (tokens[no - 1], tokens[no % CLIENTS]), port, since) for no in range(1, CLIENTS + 1)]


def _kept(address: str) -> int:
    """Return how many requests had their effect: records, and among them those that were confirmed."""
    bank: Bank = timebank.open(address)
    records = bank.hours.list("lille")
    bank.close()
    stated = {(record.provider, record.start_at) for record in records}
    confirmed = sum(record.state is RecordState.CONFIRMED for record in records)
    assert len(stated) == len(records), "the same hours are there twice"
    return len(records) + confirmed


@contextmanager
def _at_work(clients: list[Client]) -> Iterator[None]:
    """Let the clients work until the service is gone."""
    ending = threading.Event()
    threads = [threading.Thread(target=client.work, args=(ending,)) for client in clients]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()


@contextmanager
def a_service(
    address: str, port: int, *words: str, log: Path | None = None, **settings: str
) -> Iterator["subprocess.Popen[str]"]:
    """Run `timebank serve` as somebody would, until it is ended or the block is over.

    Args:
        address: of the books.
        port: where it listens.
        words: further ones of the command line.
        log: takes what it says on stderr; None lets it go.
        settings: by the names they have in the environment, without `TIMEBANK_`.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TIMEBANK_")}
    environment |= {f"TIMEBANK_{name.upper()}": value for name, value in settings.items()}
    program = "from timebank.cli.main import run; run()"
    command = [sys.executable, "-W", "error", "-c", program, "serve", "--db", address, "--port", str(port)]
    with (log or Path(os.devnull)).open("ab") as errors:
        process = subprocess.Popen(
            [*command, *words], cwd=ROOT, env=environment, text=True, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
        )  # fmt: skip
    try:
        wait_for("the service", lambda: is_there(port) or process.poll() is not None)
        assert process.poll() is None, "the service did not start"
        yield process
    finally:
        process.kill()
        process.communicate()


def is_there(port: int) -> bool:
    """Tell whether the service is ready."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
    with suppress(OSError, http.client.HTTPException), closing(connection):
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    return False
