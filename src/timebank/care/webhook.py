"""Webhooks: who is told of events, how a message is signed, and when it is sent again.

The form is that of Standard Webhooks (https://www.standardwebhooks.com): a message has a name that stays the
same however often it is sent, and is signed together with that name and the instant it was sent at. Pure.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from timebank.care.events import EventKind
from timebank.ledger.canonical import micros_of

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - what every secret begins with
SECRET_BYTES: Final = 32
WAITS_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After each attempt in vain, the last one of them excepted: three days in all, as the standard suggests."""
ATTEMPTS_MOST: Final = len(WAITS_SECONDS) + 1
JITTER_PERCENT_MOST: Final = 25
"""How much longer than that a wait may be, by chance: so that not all come back at the same time."""
FAILING_DAYS_MOST: Final = 14
"""A webhook that took nothing for so long is told nothing any more, until somebody looks at it."""
GONE: Final = "410"
"""The receiver's way to say that nothing shall be sent there any more."""


class Reach(StrEnum):
    """How far messages may go."""

    PUBLIC = "public"
    """To public addresses, over https."""
    PRIVATE = "private"
    """To private networks and this machine, too; to this machine also over http."""


class WebhookState(StrEnum):
    """Whether a webhook is told of events."""

    ACTIVE = "active"
    DISABLED = "disabled"
    """A coordinator paused it; it hears of everything that happened meanwhile when it is enabled again."""
    STOPPED = "stopped"
    """It said that it is gone, or took nothing for two weeks; enabling it goes on where it stopped."""
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that is told of a branch's events, in their order."""

    branch: str
    no: int
    url: str
    kinds: frozenset[EventKind]
    """Which events; empty: all."""
    state: WebhookState
    created_at: datetime
    told_no: int
    """The last event that it was told of, that did not interest it, or that was given up."""
    attempts: int
    """How often the next event was sent in vain."""
    next_at: datetime
    """The next event is not sent before."""
    failing_at: datetime | None = None
    """Since when nothing was taken."""
    said: str | None = None
    """What came of the last attempt: a status, or a code of ours such as `timeout`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of sending a message."""

    said: str
    """The status as text, or a code of ours: `timeout`, `unreachable`, `not_allowed` …"""
    is_taken: bool
    """Whether the receiver has it: a status from 200 to 299."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """An event that a webhook did not take in all the time there was."""

    webhook_no: int
    event_no: int
    attempts: int
    said: str
    given_up_at: datetime
    asked_at: datetime | None = None
    """Somebody asked to send it again, which was not tried yet."""
    delivered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is sent: a body with the headers that prove where it is from."""

    id: str
    at: datetime
    body: bytes
    secret: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """Name, instant and signature, as Standard Webhooks has them."""
        seconds = micros_of(self.at) // 1_000_000
        return {
            "webhook-id": self.id,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(self.secret, id=self.id, seconds=seconds, body=self.body),
        }


def signature(secret: str, *, id: str, seconds: int, body: bytes) -> str:
    """Return the signature of a message: `v1,` and the base64 of HMAC-SHA256 over `id.seconds.body`."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    digest = hmac.digest(key, f"{id}.{seconds}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def secret_of(key: bytes) -> str:
    """Return random bytes as the text that a receiver is given."""
    return SECRET_PREFIX + base64.b64encode(key).decode()


def took(webhook: Webhook, *, event_no: int, said: str, at: datetime) -> Webhook:
    """Return the webhook after it took an event."""
    return replace(webhook, told_no=event_no, attempts=0, next_at=at, failing_at=None, said=said)


def passed_over(webhook: Webhook, *, through: int) -> Webhook:
    """Return the webhook after events that do not interest it."""
    return replace(webhook, told_no=max(webhook.told_no, through))


def refused(
    webhook: Webhook, *, event_no: int, said: str, at: datetime, jitter_percent: int
) -> tuple[Webhook, DeadLetter | None]:
    """Return the webhook after it did not take an event, with the dead letter where that is given up.

    The event is sent again after a while, and those behind it wait: order is kept. What was sent in vain
    for three days becomes a dead letter, and the next one has its turn. Who says 410 is stopped at once, and
    who took nothing for two weeks, too: nothing is lost by that.

    Args:
        webhook: as it was.
        event_no: the event that was sent.
        said: what came of it.
        at: now.
        jitter_percent: 0 to `JITTER_PERCENT_MOST`, by chance.
    """
    attempts = webhook.attempts + 1
    since = webhook.failing_at if webhook.failing_at is not None else at
    is_stopped = said == GONE or at - since >= timedelta(days=FAILING_DAYS_MOST)
    state = WebhookState.STOPPED if is_stopped else webhook.state
    failing = replace(webhook, state=state, failing_at=since, said=said)
    if attempts >= ATTEMPTS_MOST and said != GONE:
        letter = DeadLetter(
            webhook_no=webhook.no, event_no=event_no, attempts=attempts, said=said, given_up_at=at
        )
        return replace(failing, told_no=event_no, attempts=0, next_at=at), letter
    wait = WAITS_SECONDS[min(attempts, len(WAITS_SECONDS)) - 1] * (100 + jitter_percent) // 100
    return replace(failing, attempts=attempts, next_at=at + timedelta(seconds=wait)), None


def enabled(webhook: Webhook, *, at: datetime) -> Webhook:
    """Return the webhook, to be told of everything from where it was, beginning now."""
    return replace(webhook, state=WebhookState.ACTIVE, attempts=0, next_at=at, failing_at=None)
