"""Webhooks, against a real receiver: nothing is lost, nothing is out of order, whatever the receiver does."""

import json
import random
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook as Judge
from tests.builders import NOW, a_branch, address_in, help_given
from tests.integration.receiving import Receiver, a_receiver

import timebank
from timebank.care.events import EventKind
from timebank.care.webhook import ATTEMPTS_MOST, FAILING_DAYS_MOST, Answer, Message, Reach, WebhookState
from timebank.clock import SteppingClock, SystemClock
from timebank.errors import (
    BadWebhookUrl,
    KeyReused,
    NotAllowed,
    TooManyWebhooks,
    UnknownDeadLetter,
    UnknownWebhook,
)
from timebank.services.bank import Bank
from timebank.services.deliverer import Deliverer
from timebank.services.sending import Sender
from timebank.services.webhooks import WEBHOOKS_MOST

SOON = timedelta(seconds=90)
"""Longer than a lease, and than the first wait."""
LONG = timedelta(hours=31)
"""Longer than any wait."""
NEAR = Sender(Reach.PRIVATE, seconds=0.5)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with a_receiver() as found:
        yield found


@pytest.fixture
def clock() -> SteppingClock:
    """Return a clock that stands still until it is moved."""
    return SteppingClock(NOW)


@pytest.fixture
def bank(tmp_path: Path, clock: SteppingClock) -> Iterator[Bank]:
    """Open a branch with members and nothing told yet."""
    found = a_branch(tmp_path, clock=clock)
    yield found
    found.close()


def add(bank: Bank, url: str, *kinds: EventKind) -> tuple[int, str]:
    """Add a webhook; returns its number and secret."""
    added = bank.webhooks.add("lille", url=url, kinds=kinds, reach=Reach.PRIVATE)
    assert added.secret is not None
    return added.webhook.no, added.secret


def happened(bank: Bank, *, after: int = 0) -> list[str]:
    """Return the names of what happened."""
    return [event.id for event in bank.events.page("lille", after=after, limit=1000).events]


def test_every_event_is_delivered_once_and_in_its_order(bank: Bank, receiver: Receiver) -> None:
    """From the moment the webhook was added; nothing of before."""
    before = bank.events.end("lille")
    add(bank, receiver.url)
    for minutes in (30, 45, 60):
        help_given(bank, minutes=minutes, ago=timedelta(hours=minutes))

    taken = bank.deliveries.deliver_all(NEAR)

    assert happened(bank, after=before) == receiver.ids
    assert len(receiver.ids) == taken == 9  # logged, confirmed and posted, three times
    assert 0 == bank.deliveries.deliver_all(NEAR)


def test_an_outside_judge_verifies_what_is_sent(tmp_path: Path, receiver: Receiver) -> None:
    """The library of Standard Webhooks takes our messages, and refuses them once a byte is changed."""
    clock = SteppingClock(SystemClock().now())  # the judge looks at the clock of the machine
    bank = a_branch(tmp_path, clock=clock)
    _, secret = add(bank, receiver.url, EventKind.POLICY_SET)
    bank.policies.set("lille", bank.policies.show("lille").document + "\n# é\n")

    bank.deliveries.deliver_all(NEAR)
    bank.close()

    [(headers, body)] = receiver.messages
    said = Judge(secret).verify(body.decode(), headers)
    assert ("policy.set", "lille", {"version": 2}) == (
        said["type"],
        said["branch"],
        {"version": said["data"]["version"]},
    )
    assert "application/json" == headers["content-type"]
    assert f"127.0.0.1:{receiver.port}" == headers["host"]
    for changed in (body + b" ", body.replace(b"2", b"3", 1)):
        with pytest.raises(Exception, match="No matching signature"):
            Judge(secret).verify(changed.decode(), headers)


def test_only_kinds_that_were_asked_for_are_sent(bank: Bank, receiver: Receiver) -> None:
    """The others count as told: they are not looked at again."""
    no, _ = add(bank, receiver.url, EventKind.HOURS_CONFIRMED, EventKind.ENTRY_POSTED)
    help_given(bank)

    bank.deliveries.deliver_all(NEAR)

    assert ["hours.confirmed", "entry.posted"] == [json.loads(body)["type"] for _, body in receiver.messages]
    assert 0 == bank.webhooks.show("lille", no).waiting
    assert () == tuple(bank.deliveries.due())


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (500, "500"),
        (404, "404"),
        (302, "302"),
        ("redirect", "302"),
        ("hang", "timeout"),
        ("drip", "timeout"),
        ("vanish", "broken_off"),
    ],
)
def test_what_is_not_taken_is_sent_again_with_the_same_name(
    bank: Bank, clock: SteppingClock, receiver: Receiver, how: int | str, said: str
) -> None:
    """Whatever the receiver does; nothing behind it is sent before it, and no redirect is followed."""
    no, _ = add(bank, receiver.url)
    before = bank.events.end("lille")
    receiver.answers = lambda count: how if count == 1 else 200
    help_given(bank)

    assert 0 == bank.deliveries.deliver_all(NEAR)
    view = bank.webhooks.show("lille", no)
    assert (1, said, 3) == (view.webhook.attempts, view.webhook.said, view.waiting)
    assert 0 == bank.deliveries.deliver_all(NEAR)  # its time has not come
    clock.advance(SOON)
    assert 3 == bank.deliveries.deliver_all(NEAR)

    first, *rest = receiver.ids
    assert first == rest[0]
    assert happened(bank, after=before) == rest


def test_an_answer_without_end_is_read_no_further(bank: Bank, receiver: Receiver) -> None:
    """The status says all there is to know."""
    no, _ = add(bank, receiver.url)
    receiver.answers = lambda _: "huge"
    help_given(bank)

    assert 3 == bank.deliveries.deliver_all(NEAR)
    assert "200" == bank.webhooks.show("lille", no).webhook.said


def test_nobody_there_is_tried_again(bank: Bank, clock: SteppingClock, receiver: Receiver) -> None:
    """A receiver that was away gets everything when it is back."""
    with closing(socket.create_server(("127.0.0.1", 0))) as unused:
        port = unused.getsockname()[1]
    no, _ = add(bank, f"http://127.0.0.1:{port}/")
    help_given(bank)

    assert 0 == bank.deliveries.deliver_all(NEAR)
    assert "unreachable" == bank.webhooks.show("lille", no).webhook.said


def test_who_is_gone_is_told_nothing_any_more(bank: Bank, clock: SteppingClock, receiver: Receiver) -> None:
    """410 stops a webhook at once; enabled again, it goes on where it was."""
    no, _ = add(bank, receiver.url)
    receiver.answers = lambda count: 410 if count == 1 else 200
    help_given(bank)

    bank.deliveries.deliver_all(NEAR)
    clock.advance(LONG)
    assert 0 == bank.deliveries.deliver_all(NEAR)
    assert WebhookState.STOPPED is bank.webhooks.show("lille", no).webhook.state
    bank.webhooks.enable("lille", no)
    assert 3 == bank.deliveries.deliver_all(NEAR)

    assert receiver.ids[0] == receiver.ids[1]
    assert 4 == len(receiver.ids)


def test_what_is_never_taken_becomes_a_dead_letter_that_can_be_sent_again(
    bank: Bank, clock: SteppingClock, receiver: Receiver
) -> None:
    """One message that a receiver chokes on does not keep the others for ever."""
    no, _ = add(bank, receiver.url, EventKind.HOURS_CONFIRMED)
    receiver.answers = lambda count: 422 if count <= ATTEMPTS_MOST else 200
    help_given(bank, minutes=30)
    help_given(bank, minutes=40, ago=timedelta(hours=9))
    for _ in range(ATTEMPTS_MOST):
        bank.deliveries.deliver_all(NEAR)
        clock.advance(LONG)

    [letter] = bank.webhooks.show("lille", no).letters
    assert (ATTEMPTS_MOST, "422", None) == (letter.attempts, letter.said, letter.delivered_at)
    assert 1 == bank.deliveries.deliver_all(NEAR)
    bank.webhooks.redeliver("lille", no, event=letter.event_no)
    assert 1 == bank.deliveries.deliver_all(NEAR)
    bank.webhooks.redeliver("lille", no)  # what was taken is not sent again
    assert 0 == bank.deliveries.deliver_all(NEAR)

    [letter] = bank.webhooks.show("lille", no).letters
    assert clock.now() == letter.delivered_at
    first, second = receiver.ids[0], receiver.ids[ATTEMPTS_MOST]
    assert [first] * ATTEMPTS_MOST + [second, first] == receiver.ids
    with pytest.raises(UnknownDeadLetter):
        bank.webhooks.redeliver("lille", no, event=letter.event_no + 1)


def test_a_dead_letter_that_is_refused_again_stays_one(bank: Bank, clock: SteppingClock) -> None:
    """It can be asked for as often as somebody likes."""
    no, _ = add(bank, "https://receiver.example/", EventKind.HOURS_LOGGED)
    help_given(bank)
    for _ in range(ATTEMPTS_MOST):
        bank.deliveries.deliver_all(Fake([False]))
        clock.advance(LONG)
    bank.webhooks.redeliver("lille", no)

    assert 0 == bank.deliveries.deliver_all(Fake([False]))

    [letter] = bank.webhooks.show("lille", no).letters
    assert (ATTEMPTS_MOST + 1, None, None) == (letter.attempts, letter.asked_at, letter.delivered_at)
    assert () == tuple(bank.deliveries.due())


def test_who_takes_nothing_for_two_weeks_is_stopped_and_loses_nothing(
    bank: Bank, clock: SteppingClock
) -> None:
    """Nobody sends for ever into the void; what was not given up by then waits."""
    no, _ = add(bank, "https://receiver.example/")
    for hours in range(3, 30, 3):
        help_given(bank, minutes=30, ago=timedelta(hours=hours))
    days = 0
    while bank.webhooks.show("lille", no).webhook.state is WebhookState.ACTIVE:
        bank.deliveries.deliver_all(Fake([False]))
        clock.advance(timedelta(hours=6))
        days += 1
        assert days < 100

    stopped = bank.webhooks.show("lille", no)
    assert FAILING_DAYS_MOST * 4 < days
    bank.webhooks.enable("lille", no)
    bank.webhooks.redeliver("lille", no)
    sent = Fake([True])
    bank.deliveries.deliver_all(sent)
    assert stopped.waiting + len(stopped.letters) == len(sent.ids)
    assert 27 == len(set(sent.ids))


class Fake:
    """Sends nowhere; takes by turns what it is told to."""

    def __init__(self, takes: Sequence[bool]) -> None:
        self.takes = takes
        self.ids: list[str] = []
        self.taken: list[str] = []

    def __call__(self, url: str, message: Message) -> Answer:  # noqa: ARG002 - as `Send` has it
        takes = self.takes[len(self.ids) % len(self.takes)]
        self.ids.append(message.id)
        self.taken += [message.id] if takes else []
        return Answer(said="200" if takes else "503", is_taken=takes)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(takes=st.lists(st.booleans(), min_size=1, max_size=8).filter(any), disabled=st.sets(st.integers(0, 5)))
def test_whatever_fails_in_between_everything_arrives_in_order(
    tmp_path_factory: pytest.TempPathFactory, takes: list[bool], disabled: set[int]
) -> None:
    """At least once, in order, with names that do not change: for any pattern of failures and pauses."""
    clock = SteppingClock(NOW)
    bank = a_branch(tmp_path_factory.mktemp("told"), clock=clock)
    no, _ = add(bank, "https://receiver.example/")
    before = bank.events.end("lille")
    send = Fake(takes)
    for turn in range(6):
        help_given(bank, minutes=20, ago=timedelta(hours=3 * turn + 4))
        (bank.webhooks.disable if turn in disabled else bank.webhooks.enable)("lille", no)
        bank.deliveries.deliver_all(send)
        clock.advance(timedelta(minutes=1))
    bank.webhooks.enable("lille", no)
    while (view := bank.webhooks.show("lille", no)).waiting:
        clock.instant = max(clock.instant, view.webhook.next_at)
        bank.deliveries.deliver_all(send)

    assert happened(bank, after=before) == send.taken
    assert () == bank.webhooks.show("lille", no).letters
    bank.close()


KILLED = """
import os, sys
import timebank
from timebank.care.webhook import Answer
from timebank.care.webhook import Reach
from timebank.services.sending import Sender

class Dying:
    def __init__(self):
        self.send, self.count = Sender(Reach.PRIVATE), 0
    def __call__(self, url, message):
        answer = self.send(url, message)
        self.count += 1
        if self.count == 2:
            os.kill(os.getpid(), 9)
        return answer

bank = timebank.open(sys.argv[1])
bank.deliveries.deliver_all(Dying())
"""


def test_who_is_killed_between_sending_and_noting_it_has_it_sent_again(
    tmp_path: Path, receiver: Receiver
) -> None:
    """A real process, killed; the one after it waits until the lease is over, and sends the same name."""
    bank = a_branch(tmp_path, clock=SteppingClock(SystemClock().now()))
    before = bank.events.end("lille")
    add(bank, receiver.url)
    help_given(bank)
    bank.close()

    killed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), address_in(tmp_path)], check=False, timeout=60
    )

    assert -9 == killed.returncode
    clock = SteppingClock(SystemClock().now())
    bank = timebank.open(address_in(tmp_path), clock=clock)
    assert 0 == bank.deliveries.deliver_all(NEAR)  # it is still somebody's
    clock.advance(SOON)
    assert 2 == bank.deliveries.deliver_all(NEAR)
    first, second, third = happened(bank, after=before)
    bank.close()
    assert [first, second, second, third] == receiver.ids


def both(tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> str:
    """Return an empty database of an engine."""
    return address_in(tmp_path) if engine == "sqlite" else str(request.getfixturevalue("postgres"))


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_many_who_deliver_at_once_send_everything_once(
    tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    """The lease in the database keeps two of them from one webhook, while others go on posting."""
    address = both(tmp_path, engine, request)
    bank = timebank.open(address)
    bank.branches.create("lille", name="Lille")
    for number in (1, 2):
        bank.members.add("lille", name=f"Sample Member {number}", joined_on=NOW.date())
    numbers = [add(bank, f"https://receiver.example/{each}")[0] for each in range(3)]
    before = bank.events.end("lille")
    sent: dict[str, list[str]] = {}

    def send(url: str, message: Message) -> Answer:
        sent.setdefault(url, []).append(message.id)
        return Answer(said="200", is_taken=True)

    def deliver(seed: int) -> None:
        chance = random.Random(seed)
        own = timebank.open(address)
        for _ in range(25):
            own.deliveries.deliver("lille", chance.choice(numbers), send)
        own.close()

    def post() -> None:
        for number in range(20):
            bank.members.rename("lille", "m1", name=f"Sample Member {number}")
            bank.policies.set("lille", bank.policies.show("lille").document + f"\n# {number}\n")

    with ThreadPoolExecutor(4) as crew:
        work = [crew.submit(deliver, seed) for seed in range(3)] + [crew.submit(post)]
        for each in work:
            each.result()
    bank.deliveries.deliver_all(send)

    expected = happened(bank, after=before)
    bank.close()
    assert 20 == len(expected)
    assert {f"https://receiver.example/{each}": expected for each in range(3)} == sent


def test_delivering_keeps_nobody_from_posting_ahead(bank: Bank) -> None:
    """The branch's head stays as it is: books in hand stay warm (see `storage.webhooks`)."""
    add(bank, "https://receiver.example/")
    help_given(bank)
    with bank.store.read() as tx:
        before = tx.connection.exec_driver_sql("SELECT revision FROM branch_head").scalar()

    bank.deliveries.deliver_all(Fake([True]))

    with bank.store.read() as tx:
        assert before == tx.connection.exec_driver_sql("SELECT revision FROM branch_head").scalar()


def test_the_thread_delivers_until_it_is_stopped(bank: Bank, receiver: Receiver) -> None:
    """What the service runs beside its requests; one receiver that hangs keeps no other waiting."""
    with a_receiver() as hanging:
        hanging.answers = lambda _: "hang"
        add(bank, hanging.url)
        add(bank, receiver.url)
        done = threading.Event()

        def answer(count: int) -> int:
            if count == 3:
                done.set()
            return 200

        receiver.answers = answer
        deliverer = Deliverer(bank.deliveries, Sender(Reach.PRIVATE, seconds=2), pause_seconds=0.01)
        help_given(bank)
        deliverer.start()
        was_delivered = done.wait(20)
        deliverer.stop()

    assert was_delivered
    assert 3 == len(receiver.ids)


# --- Who may set one up ------------------------------------------------------------------------------------


def test_only_a_coordinator_has_webhooks(bank: Bank) -> None:
    """They send what happened in the branch out of the house."""
    with pytest.raises(NotAllowed):
        bank.webhooks.add("lille", url="https://receiver.example/", by="member:m1")
    no, _ = add(bank, "https://receiver.example/")
    for act in (bank.webhooks.disable, bank.webhooks.enable, bank.webhooks.remove, bank.webhooks.redeliver):
        with pytest.raises(NotAllowed):
            act("lille", no, by="member:m1")


def test_the_same_request_adds_one_webhook_and_says_its_secret_once(bank: Bank) -> None:
    """I-9."""
    added = bank.webhooks.add("lille", url="https://receiver.example/", key="k")
    again = bank.webhooks.add("lille", url="https://receiver.example/", key="k")

    assert (added.webhook, None) == (again.webhook, again.secret)
    assert "whsec_" not in repr(added)
    with pytest.raises(KeyReused):
        bank.webhooks.add("lille", url="https://receiver.example/other", key="k")


def test_a_removed_webhook_is_not_there_any_more(bank: Bank, tmp_path: Path) -> None:
    """Nor is its secret, and its number is not given again."""
    no, secret = add(bank, "https://receiver.example/")
    bank.webhooks.remove("lille", no, key="k")
    bank.webhooks.remove("lille", no, key="k")

    assert [] == bank.webhooks.list("lille")
    with pytest.raises(UnknownWebhook):
        bank.webhooks.show("lille", no)
    with pytest.raises(UnknownWebhook):
        bank.webhooks.remove("lille", no)
    assert no + 1 == add(bank, "https://receiver.example/")[0]
    bank.store.wipe_log()
    assert secret.encode() not in (tmp_path / "bank.db").read_bytes()


def test_a_branch_has_a_bounded_number_of_webhooks(bank: Bank) -> None:
    """Each of them is sent every event."""
    for _ in range(WEBHOOKS_MOST):
        add(bank, "https://receiver.example/")

    with pytest.raises(TooManyWebhooks):
        add(bank, "https://receiver.example/")


def test_a_webhook_can_be_tried_out(bank: Bank, receiver: Receiver) -> None:
    """The message says nothing, and moves nothing on."""
    no, _ = add(bank, receiver.url)

    assert "200" == bank.deliveries.test("lille", no, NEAR).said
    assert "webhook.test" == json.loads(receiver.messages[0][1])["type"]
    with pytest.raises(UnknownWebhook):
        bank.deliveries.test("lille", 9, NEAR)


# --- Where messages may go ---------------------------------------------------------------------------------

INSIDE = (
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.8",
    "172.16.3.4",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",  # noqa: S104 - refused
    "255.255.255.255",
    "224.0.0.1",
    "::1",
    "::",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
)


@pytest.mark.parametrize("address", INSIDE)
def test_nothing_is_sent_into_the_house(bank: Bank, address: str, receiver: Receiver) -> None:
    """Whether it is named as it is, or by a name that means it, alone or beside a public one."""
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(BadWebhookUrl):
        bank.webhooks.add("lille", url=f"https://{literal}/")
    for found in ([address], ["93.184.216.34", address], []):
        send = Sender(Reach.PUBLIC, seconds=0.5, resolve=lambda *_, found=found: found)
        message = Message(id="evt_lille_1_1", at=NOW, body=b"{}", secret="whsec_eHh4")
        assert "not_allowed" == send("https://receiver.example/", message).said


@pytest.mark.parametrize(
    "url",
    [
        "http://receiver.example/",
        "ftp://receiver.example/",
        "https:///hours",
        "https://",
        "receiver.example",
        "https://user:secret@receiver.example/",
        "https://receiver.example/#here",
        "https://receiver.example:99999/",
        "https://receiver.example:0/",
        "https://[::1",
        "https://receiver.example/a b",
        "https://réception.example/",
        "https://receiver.example/\r\nx: y",
        "https://receiver.example/" + "a" * 2_000,
        "",
    ],
)
def test_what_is_no_address_for_a_webhook_is_refused(bank: Bank, url: str) -> None:
    """With one sentence that repeats none of it."""
    with pytest.raises(BadWebhookUrl) as caught:
        bank.webhooks.add("lille", url=url)

    assert "receiver" not in str(caught.value)


def test_link_local_addresses_are_out_of_reach_even_where_private_ones_are_not(bank: Bank) -> None:
    """There are the keys of the machine, on many clouds; http is for this machine only."""
    for url in ("https://169.254.169.254/", "http://10.0.0.8/", "http://93.184.216.34/"):
        with pytest.raises(BadWebhookUrl):
            bank.webhooks.add("lille", url=url, reach=Reach.PRIVATE)
    bank.webhooks.add("lille", url="https://10.0.0.8/", reach=Reach.PRIVATE)


def test_a_name_that_changes_its_mind_is_asked_once(receiver: Receiver) -> None:
    """The connection goes to the address that was judged: DNS rebinding gains nothing."""
    asked: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.8"]

    send = Sender(Reach.PRIVATE, seconds=2, resolve=resolve)
    message = Message(id="evt_lille_1_1", at=NOW, body=b"{}", secret="whsec_eHh4")

    assert "200" == send(f"http://receiver.example:{receiver.port}/", message).said
    assert ["receiver.example"] == asked
    assert f"receiver.example:{receiver.port}" == receiver.messages[0][0]["host"]


def test_a_receiver_must_show_a_certificate(receiver: Receiver) -> None:
    """Of the host that is named; plain http behind https is nobody we know."""
    send = Sender(Reach.PRIVATE, seconds=2, tls=ssl.create_default_context)
    message = Message(id="evt_lille_1_1", at=NOW, body=b"{}", secret="whsec_eHh4")

    assert "unreachable" == send(f"https://127.0.0.1:{receiver.port}/", message).said
    assert [] == receiver.messages


def test_waits_grow_and_are_not_the_same_for_all(bank: Bank, clock: SteppingClock) -> None:
    """Ten attempts over three days and a bit."""
    no, _ = add(bank, "https://receiver.example/", EventKind.HOURS_LOGGED)
    help_given(bank)
    at = [clock.now()]
    while not bank.webhooks.show("lille", no).letters:
        bank.deliveries.deliver_all(Fake([False]))
        clock.instant = max(bank.webhooks.show("lille", no).webhook.next_at, clock.instant)
        at.append(clock.instant)

    waits = [(after - before).total_seconds() for before, after in pairwise(at)]
    assert ATTEMPTS_MOST == len(waits)
    assert waits[:-1] == sorted(waits[:-1])
    assert timedelta(days=3) < at[-1] - at[0] < timedelta(days=4)
