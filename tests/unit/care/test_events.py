import base64
import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.builders import NOW, a_book, an_exchange

from timebank.care.beneficiary import BeneficiaryAct
from timebank.care.events import (
    DATA,
    MEANING,
    OF_BENEFICIARY,
    OF_RECORD,
    OF_REDEMPTION,
    Event,
    EventKind,
    MandateData,
    News,
    of_branch,
    of_entry,
    of_mandate,
    of_member,
    of_policy,
    write_data,
)
from timebank.care.mandate import Mandate, Scope
from timebank.care.record import RecordAct
from timebank.care.redemption import RedemptionAct
from timebank.care.webhook import (
    ATTEMPTS_MOST,
    FAILING_DAYS_MOST,
    JITTER_PERCENT_MOST,
    WAITS_SECONDS,
    Message,
    Webhook,
    WebhookState,
    enabled,
    passed_over,
    refused,
    secret_of,
    signature,
    took,
)

MANDATE = Mandate(
    branch="lille",
    no=3,
    principal="m1",
    holder="m7",
    holder_branch="locmine",
    basis="family-authorisation",
    scopes=frozenset({Scope.VIEW, Scope.CONFIRM}),
    from_on=date(2026, 3, 1),
    revoked_at=NOW,
)


def an_event(**changes: object) -> Event:
    """Return an event."""
    facts = {"branch": "lille", "no": 7, "kind": EventKind.MEMBER_JOINED, "at": NOW, "members": ("m1",)}
    return Event(**{**facts, "data": '{"member":"m1"}', **changes})  # type: ignore[arg-type]


def a_webhook(**changes: object) -> Webhook:
    """Return an active webhook that was told of ten events."""
    facts = {
        "branch": "lille",
        "no": 1,
        "url": "https://receiver.example/",
        "kinds": frozenset(),
        "state": WebhookState.ACTIVE,
        "created_at": NOW,
        "told_no": 10,
        "attempts": 0,
        "next_at": NOW,
    }
    return Webhook(**{**facts, **changes})  # type: ignore[arg-type]


def test_every_act_has_its_kind_and_every_kind_its_words_and_its_data() -> None:
    """Nothing that the house does is forgotten, and nothing is sent that nobody can read about."""
    assert set(RecordAct) == OF_RECORD.keys()
    assert set(RedemptionAct) == OF_REDEMPTION.keys()
    assert set(BeneficiaryAct) == OF_BENEFICIARY.keys()
    assert set(EventKind) == MEANING.keys()
    assert {kind.partition(".")[0] for kind in EventKind} == DATA.keys()


def test_an_event_is_written_the_same_way_for_everybody() -> None:
    """One text for pages, streams and webhooks: type, instant, branch, number, then what happened."""
    text = an_event().text

    assert ["type", "timestamp", "branch", "no", "data"] == list(json.loads(text))
    assert text == (
        '{"type":"member.joined","timestamp":"2026-06-15T12:00:00Z","branch":"lille","no":7,"data":{"member":"m1"}}'
    )


@given(st.integers(1, 2**40), st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - UTC below
def test_events_share_no_name(no: int, at: datetime) -> None:
    """Not even with one of the same number before a backup was restored; and nothing separates it in two."""
    first = an_event(no=no, at=at.replace(tzinfo=UTC))
    second = an_event(no=no, at=at.replace(tzinfo=UTC) + timedelta(microseconds=1))

    assert first.id != second.id
    assert "." not in first.id


def test_what_happened_is_said_in_plain_json() -> None:
    """Instants as RFC 3339, days as ISO 8601, lists as lists, nothing as null."""
    news = of_mandate(EventKind.MANDATE_REVOKED, MANDATE)

    assert isinstance(news.data, MandateData)
    assert {
        "branch": "lille",
        "no": 3,
        "principal": "m1",
        "holder_branch": "locmine",
        "holder": "m7",
        "scopes": ["confirm", "view"],
        "from_on": "2026-03-01",
        "until_on": None,
        "revoked_at": "2026-06-15T12:00:00Z",
    } == json.loads(write_data(news.data))


def test_each_branch_tells_its_own_members() -> None:
    """`m1` here and `m1` there are two people; nobody is told twice."""
    news = of_mandate(EventKind.MANDATE_GRANTED, MANDATE)

    assert (("m1",), ("m7",), ()) == tuple(news.members_of(each) for each in ("lille", "locmine", "brest"))
    twice = News(kind=EventKind.MEMBER_JOINED, data=news.data, concerns=(("lille", "m1"),) * 2)
    assert ("m1",) == twice.members_of("lille")
    assert ("m1",) == of_member(EventKind.MEMBER_ERASED, ("lille", "m1")).members_of("lille")
    assert () == of_branch("lille").members_of("lille")
    assert () == of_policy(2, date(2026, 7, 1)).members_of("lille")


def test_an_entry_is_an_event() -> None:
    """With what it posted; its number is where it stands among all events."""
    entry = a_book("member:m1:available", "member:m2:available").post(an_exchange(), recorded_at=NOW)

    event = of_entry(entry, no=17)

    said = json.loads(event.data)
    assert (17, EventKind.ENTRY_POSTED, (), NOW) == (event.no, event.kind, event.members, event.at)
    assert (1, "service 1", None) == (said["entry"], said["cause"], said["reverses"])
    assert [("member:m2:available", "debit", 90), ("member:m1:available", "credit", 90)] == [
        (each["path"], each["side"], each["amount"]) for each in said["postings"]
    ]


# --- Webhooks ----------------------------------------------------------------------------------------------


def test_the_signature_is_that_of_the_standard() -> None:
    """The example of the specification's own libraries, computed by them."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

    signed = signature(
        secret, id="msg_p5jXN8AQM9LWM0D4loKWxJek", seconds=1614265330, body=b'{"test": 2432232314}'
    )

    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == signed


@given(st.binary(min_size=1, max_size=64))
def test_a_secret_is_its_bytes_in_base64(key: bytes) -> None:
    """What the receiver is given decodes to the key that signs."""
    assert key == base64.b64decode(secret_of(key).removeprefix("whsec_"))


def test_a_message_says_who_it_is_and_when_and_keeps_its_secret() -> None:
    """The instant is that of the attempt, in whole seconds."""
    message = Message(id="evt_lille_7_1", at=NOW, body=b"{}", secret=secret_of(b"k"))

    assert {"webhook-id", "webhook-timestamp", "webhook-signature"} == message.headers.keys()
    assert str(int(NOW.timestamp())) == message.headers["webhook-timestamp"]
    assert "whsec" not in repr(message)


@given(st.integers(0, JITTER_PERCENT_MOST))
def test_an_event_is_sent_ten_times_over_three_days_and_then_given_up(jitter: int) -> None:
    """Each wait is longer than the one before; the next event begins anew."""
    webhook, letter, at, waits = a_webhook(), None, NOW, []
    for _ in range(ATTEMPTS_MOST):
        assert letter is None
        webhook, letter = refused(webhook, event_no=11, said="503", at=at, jitter_percent=jitter)
        waits.append((webhook.next_at - at).total_seconds())
        at = webhook.next_at

    assert letter is not None
    assert (11, ATTEMPTS_MOST, "503") == (letter.event_no, letter.attempts, letter.said)
    assert (11, 0, WebhookState.ACTIVE, NOW) == (
        webhook.told_no,
        webhook.attempts,
        webhook.state,
        webhook.failing_at,
    )
    assert [wait * (100 + jitter) // 100 for wait in WAITS_SECONDS] == waits[:-1]
    assert all(before < after for before, after in pairwise(waits[:-1]))
    assert timedelta(days=3) < at - NOW < timedelta(days=4)


@pytest.mark.parametrize("attempts", [0, ATTEMPTS_MOST - 1])
def test_who_is_gone_is_stopped_and_nothing_is_given_up(attempts: int) -> None:
    """410 is an answer, not a failure: what was to be told waits."""
    webhook, letter = refused(a_webhook(attempts=attempts), event_no=11, said="410", at=NOW, jitter_percent=0)

    assert (WebhookState.STOPPED, 10, None) == (webhook.state, webhook.told_no, letter)


def test_who_takes_nothing_for_two_weeks_is_stopped() -> None:
    """The last moment counts; a single success begins the two weeks anew."""
    late = NOW + timedelta(days=FAILING_DAYS_MOST)
    failing = a_webhook(failing_at=NOW, attempts=1)
    before, _ = refused(failing, event_no=11, said="503", at=late - timedelta(seconds=1), jitter_percent=0)
    then, _ = refused(failing, event_no=11, said="503", at=late, jitter_percent=0)
    again, _ = refused(
        took(failing, event_no=11, said="200", at=late), event_no=12, said="503", at=late, jitter_percent=0
    )

    assert [WebhookState.ACTIVE, WebhookState.STOPPED, WebhookState.ACTIVE] == [
        each.state for each in (before, then, again)
    ]
    on = enabled(then, at=late)
    assert (WebhookState.ACTIVE, 0, late, None) == (on.state, on.attempts, on.next_at, on.failing_at)


def test_what_does_not_interest_is_passed_over_and_never_back() -> None:
    """A page that is behind changes nothing."""
    assert 12 == passed_over(a_webhook(), through=12).told_no
    assert 10 == passed_over(a_webhook(), through=3).told_no
