"""Deliveries: send events to webhooks, at least once each and in their order, by one process at a time.

A webhook is claimed for a while by a lease in the database. Each message is marked as taken after it was: who
is killed in between leaves it to be sent again, under the same name, when the lease is over.
"""

import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final, Protocol, TypeVar

from timebank.care import webhook as care
from timebank.care.events import Event
from timebank.care.webhook import Answer, DeadLetter, Message, Webhook
from timebank.instants import write_instant
from timebank.ledger.canonical import micros_of
from timebank.services.service import Service
from timebank.storage.books import Books
from timebank.storage.webhooks import due_in

Result = TypeVar("Result")
PAGE: Final = 50
BATCH_MOST: Final = 500
"""Messages to one webhook before others have their turn."""


class Send(Protocol):
    """Sends a message to an address."""

    def __call__(self, url: str, message: Message) -> Answer:
        """Send, and say what came of it; raises nothing that a receiver can cause."""


class Deliveries(Service):
    """Use cases of whoever delivers."""

    def due(self) -> Sequence[tuple[str, int]]:
        """Return (branch, number) of the webhooks that something can be sent to now."""
        with self.store.read() as tx:
            return due_in(tx.connection, tx.now)

    def deliver_all(self, send: Send) -> int:
        """Send everything that can be sent now; returns how many messages were taken."""
        taken, seen = 0, set()
        while due := [each for each in self.due() if each not in seen]:
            for branch, no in due:
                sent = self.deliver(branch, no, send)
                taken += sent
                if sent < BATCH_MOST:
                    seen.add((branch, no))
        return taken

    def deliver(
        self, branch: str, no: int, send: Send, *, is_over: Callable[[], bool] = lambda: False
    ) -> int:
        """Send a webhook what waits for it, until it does not take a message or nothing is left.

        Args:
            branch: of the webhook.
            no: its number.
            send: sends a message.
            is_over: asked before each message whether to leave the rest for later.

        Returns:
            How many messages were taken; 0 also if somebody else delivers to it.
        """
        lease = secrets.token_hex(8)
        webhook = self._write(branch, lambda books: books.webhooks.claim(no, lease))
        if webhook is None:
            return 0
        run = _Run(self, webhook, lease, send, is_over)
        run.send_letters_again()
        run.send_events()
        return run.taken

    def test(self, branch: str, no: int, send: Send) -> Answer:
        """Send a webhook a message that says nothing, whatever its state.

        Raises:
            UnknownBranch, UnknownWebhook: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            webhook, secret = books.webhooks.get(no), books.webhooks.secret(no)
        at = tx.now
        said = {"type": "webhook.test", "timestamp": write_instant(at), "branch": branch, "data": {}}
        body = json.dumps(said, separators=(",", ":")).encode()
        name = f"evt_{branch}_test_{micros_of(at)}"
        return send(webhook.url, Message(id=name, at=at, body=body, secret=secret))

    def _write(self, branch: str, do: Callable[[Books], Result]) -> Result:
        """Write without the branch's head: see `storage.webhooks`."""

        def run() -> Result:
            with self.store.write() as tx:
                return do(tx.books(branch))

        return self.store.retry.run(run, key=None)


class _Run:
    """One process's turn with one webhook."""

    def __init__(
        self, service: Deliveries, webhook: Webhook, lease: str, send: Send, is_over: Callable[[], bool]
    ) -> None:
        self.service = service
        self.webhook = webhook
        self.lease = lease
        self.send = send
        self.is_over = is_over
        self.taken = 0
        with service.store.read() as tx:
            self.secret = tx.books(webhook.branch).webhooks.secret(webhook.no)

    def send_letters_again(self) -> None:
        """Try the dead letters that somebody asked for, each once."""
        with self.service.store.read() as tx:
            books = tx.books(self.webhook.branch)
            letters = books.webhooks.letters(self.webhook.no, is_asked=True)
            events = [books.outbox.get(letter.event_no) for letter in letters]
        for letter, event in zip(letters, events, strict=True):
            if self.is_over():
                return
            assert event is not None, "what was given up was an event"
            answer = self._sent(event)
            at = self.service.store.clock.now()
            tried = replace(letter, attempts=letter.attempts + 1, said=answer.said, asked_at=None)
            self.taken += answer.is_taken
            self._keep(replace(tried, delivered_at=at if answer.is_taken else None), is_done=False)

    def send_events(self) -> None:
        """Send what happened since, in its order; then let go of the webhook."""
        branch = self.webhook.branch
        while True:
            with self.service.store.read() as tx:
                page = tx.books(branch).outbox.after(
                    self.webhook.told_no, limit=PAGE, kinds=self.webhook.kinds
                )
            for event in page.events:
                if self.is_over() or self.taken >= BATCH_MOST:
                    self._keep(None, is_done=True)
                    return
                if not self._told(event):
                    return
            self.webhook = care.passed_over(self.webhook, through=page.through)
            if page.through >= page.end:
                self._keep(None, is_done=True)
                return

    def _told(self, event: Event) -> bool:
        """Send an event and note what came of it; returns whether to go on."""
        answer = self._sent(event)
        at = self.service.store.clock.now()
        letter: DeadLetter | None = None
        if answer.is_taken:
            self.webhook = care.took(self.webhook, event_no=event.no, said=answer.said, at=at)
            self.taken += 1
        else:
            jitter = secrets.randbelow(care.JITTER_PERCENT_MOST + 1)
            self.webhook, letter = care.refused(
                self.webhook, event_no=event.no, said=answer.said, at=at, jitter_percent=jitter
            )
        goes_on = answer.is_taken
        return self._keep(letter, is_done=not goes_on, is_new=True) and goes_on

    def _sent(self, event: Event) -> Answer:
        at = self.service.store.clock.now()
        message = Message(id=event.id, at=at, body=event.text.encode(), secret=self.secret)
        return self.send(self.webhook.url, message)

    def _keep(self, letter: DeadLetter | None, *, is_done: bool, is_new: bool = False) -> bool:
        """Store how far it went; returns False if the webhook is somebody else's by now."""

        def do(books: Books) -> bool:
            if not books.webhooks.keep(self.webhook, self.lease, is_done=is_done):
                return False
            if letter is not None:
                (books.webhooks.give_up if is_new else books.webhooks.change)(letter)
            return True

        return self.service._write(self.webhook.branch, do)  # noqa: SLF001 - one room
