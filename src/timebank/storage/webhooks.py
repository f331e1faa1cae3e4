"""Webhooks of a branch: who is told of events, who delivers right now, and what was given up.

What is changed by delivering is changed without the branch's head: nobody who posts waits for a receiver,
and no book that is in hand grows cold. A lease, taken row by row, keeps two processes from one webhook.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import update
from sqlalchemy.engine import Connection
from sqlalchemy.engine import Row as Found

from timebank.care.events import EventKind
from timebank.care.webhook import DeadLetter, Webhook, WebhookState
from timebank.errors import UnknownDeadLetter, UnknownWebhook
from timebank.ledger.canonical import instant_of, micros_of
from timebank.storage.columns import table_of
from timebank.storage.driver import query
from timebank.storage.repository import Repository
from timebank.storage.tables_events import DeadLetterRow, WebhookRow

WEBHOOK = table_of(WebhookRow)
LETTER = table_of(DeadLetterRow)
DUE: Final = (
    "SELECT b.code, w.no FROM webhook AS w JOIN branch AS b ON b.branch_id = w.branch_id "
    "JOIN branch_head AS h ON h.branch_id = w.branch_id "
    "WHERE w.state = 'active' AND w.lease_us <= ? AND w.next_us <= ? "
    "AND (w.told_no < h.entry_seq + COALESCE((SELECT o.seq FROM outbox AS o WHERE o.branch_id = w.branch_id "
    "ORDER BY o.no DESC LIMIT 1), 0) OR EXISTS (SELECT 1 FROM dead_letter AS d "
    "WHERE d.branch_id = w.branch_id AND d.webhook_no = w.no AND d.asked_us IS NOT NULL)) "
    "ORDER BY w.next_us, b.code, w.no"
)
LEASE: Final = timedelta(seconds=60)
"""How long a webhook is somebody's, from each message on: longer than any message can take."""
FREE: Final = {"lease": None, "lease_us": 0}


class Webhooks(Repository):
    """The webhooks of a branch."""

    def next_no(self) -> int:
        """Take the number of a new webhook."""
        return self._next_no("webhook")

    def add(self, webhook: Webhook, *, secret: str, actor: str) -> None:
        """Store a new webhook."""
        self._insert(
            WebhookRow,
            no=webhook.no,
            url=webhook.url,
            kinds=" ".join(sorted(webhook.kinds)),
            secret=secret,
            created_us=micros_of(webhook.created_at),
            actor=actor,
            **_progress(webhook),
            **FREE,
        )

    def list(self) -> Sequence[Webhook]:
        """Return all of them that were not removed, by number."""
        rows = self._rows(WebhookRow, WEBHOOK.c.state != WebhookState.REMOVED.value, order_by=(WEBHOOK.c.no,))
        return [self._webhook(row) for row in rows]

    def get(self, no: int) -> Webhook:
        """Return a webhook.

        Raises:
            UnknownWebhook: the branch has none of that number, or it was removed.
        """
        row = self._row(WebhookRow, no=no)
        if row is None or row.state == WebhookState.REMOVED.value:
            raise UnknownWebhook(webhook=no, branch=self.desk.branch.code)
        return self._webhook(row)

    def secret(self, no: int) -> str:
        """Return what messages to a webhook are signed with."""
        row = self._row(WebhookRow, no=no)
        assert row is not None, "the webhook was found before"
        return str(row.secret)

    def save(self, webhook: Webhook) -> None:
        """Store what was decided about a webhook; whoever delivers to it right now finds out."""
        decided = _progress(webhook)
        del decided["told_no"], decided["said"]  # known by whoever delivers, without the branch's head
        self._update(WebhookRow, {"no": webhook.no}, **decided, **FREE)

    def remove(self, no: int) -> None:
        """Forget a webhook's secret; its row keeps the number."""
        self._update(WebhookRow, {"no": no}, state=WebhookState.REMOVED.value, secret="", **FREE)

    def claim(self, no: int, lease: str) -> Webhook | None:
        """Take an active webhook in hand; None if somebody else has it, or it is not active."""
        free = (WEBHOOK.c.lease_us <= self.now_us, WEBHOOK.c.state == WebhookState.ACTIVE.value)
        is_ours = self._change(no, *free, lease=lease, lease_us=self._until())
        return self.get(no) if is_ours else None

    def keep(self, webhook: Webhook, lease: str, *, is_done: bool) -> bool:
        """Store how far a webhook has come, and let go of it if that is all.

        Returns:
            False if it is not ours any more: nothing was stored.
        """
        rest = FREE if is_done else {"lease": lease, "lease_us": self._until()}
        return self._change(webhook.no, WEBHOOK.c.lease == lease, **_progress(webhook), **rest)

    def _until(self) -> int:
        return micros_of(self.desk.now + LEASE)

    def _change(self, no: int, *where: Any, **values: object) -> bool:  # noqa: ANN401 - conditions
        ours = (WEBHOOK.c.branch_id == self.desk.branch_id, WEBHOOK.c.no == no)
        statement = update(WEBHOOK).where(*ours, *where).values(**values)
        return bool(self.desk.connection.execute(statement).rowcount)

    def letters(self, webhook_no: int | None = None, *, is_asked: bool = False) -> Sequence[DeadLetter]:
        """Return the dead letters of a webhook or of all, by event; only those to be sent again if asked."""
        where = [] if webhook_no is None else [LETTER.c.webhook_no == webhook_no]
        if is_asked:
            where.append(LETTER.c.asked_us.is_not(None))
        order = (LETTER.c.webhook_no, LETTER.c.event_no)
        return [_letter(row) for row in self._rows(DeadLetterRow, *where, order_by=order)]

    def letter(self, webhook_no: int, event_no: int) -> DeadLetter:
        """Return a dead letter.

        Raises:
            UnknownDeadLetter: there is none.
        """
        row = self._row(DeadLetterRow, webhook_no=webhook_no, event_no=event_no)
        if row is None:
            raise UnknownDeadLetter(event=event_no, webhook=webhook_no)
        return _letter(row)

    def give_up(self, letter: DeadLetter) -> None:
        """Store a new dead letter."""
        self._insert(DeadLetterRow, webhook_no=letter.webhook_no, event_no=letter.event_no, **_facts(letter))

    def change(self, letter: DeadLetter) -> None:
        """Store what became of a dead letter."""
        key: dict[str, object] = {"webhook_no": letter.webhook_no, "event_no": letter.event_no}
        self._update(DeadLetterRow, key, **_facts(letter))

    def _webhook(self, row: Found[Any]) -> Webhook:
        return Webhook(
            branch=self.desk.branch.code,
            no=row.no,
            url=row.url,
            kinds=frozenset(EventKind(kind) for kind in row.kinds.split()),
            state=WebhookState(row.state),
            created_at=instant_of(row.created_us),
            told_no=row.told_no,
            attempts=row.attempts,
            next_at=instant_of(row.next_us),
            failing_at=_instant(row.failing_us),
            said=row.said,
        )


def due_in(connection: Connection, now: datetime) -> Sequence[tuple[str, int]]:
    """Return (branch, number) of the webhooks of all branches that something can be sent to, oldest first."""
    now_us = micros_of(now)
    return [(str(code), int(no)) for code, no in query(connection, DUE, (now_us, now_us))]


def _instant(micros: int | None) -> datetime | None:
    return instant_of(micros) if micros is not None else None


def _micros(instant: datetime | None) -> int | None:
    return micros_of(instant) if instant is not None else None


def _progress(webhook: Webhook) -> dict[str, object]:
    return {
        "state": webhook.state.value,
        "told_no": webhook.told_no,
        "attempts": webhook.attempts,
        "next_us": micros_of(webhook.next_at),
        "failing_us": _micros(webhook.failing_at),
        "said": webhook.said,
    }


def _facts(letter: DeadLetter) -> dict[str, object]:
    return {
        "attempts": letter.attempts,
        "said": letter.said,
        "given_up_us": micros_of(letter.given_up_at),
        "asked_us": _micros(letter.asked_at),
        "delivered_us": _micros(letter.delivered_at),
    }


def _letter(row: Found[Any]) -> DeadLetter:
    return DeadLetter(
        webhook_no=row.webhook_no,
        event_no=row.event_no,
        attempts=row.attempts,
        said=row.said,
        given_up_at=instant_of(row.given_up_us),
        asked_at=_instant(row.asked_us),
        delivered_at=_instant(row.delivered_us),
    )
