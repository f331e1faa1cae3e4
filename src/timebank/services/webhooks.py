"""Webhooks: let an address be told of a branch's events, look how that goes, end it."""

import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

from timebank.care import webhook as care
from timebank.care.events import EventKind
from timebank.care.mandate import require_coordinator
from timebank.care.webhook import DeadLetter, Reach, Webhook, WebhookState
from timebank.errors import TooManyWebhooks
from timebank.services.addresses import target_of
from timebank.services.service import Service, Who, act_in
from timebank.storage.books import Books

WEBHOOKS_MOST = 20
"""Of one branch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook with what its messages are signed with, for its receiver."""

    webhook: Webhook
    secret: str | None = field(repr=False)
    """None if the same request, with its key, added it before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookView:
    """A webhook, and how far it is behind."""

    webhook: Webhook
    waiting: int
    """Events that happened since the last one it was told of, those that do not interest it included."""
    letters: tuple[DeadLetter, ...]
    """What it did not take in all the time there was, by number of the event."""


class Webhooks(Service):
    """Use cases on webhooks; all of them are a coordinator's."""

    def add(
        self,
        branch: str,
        *,
        url: str,
        kinds: Collection[EventKind] = (),
        reach: Reach = Reach.PUBLIC,
        by: Who | None = None,
        key: str | None = None,
    ) -> NewWebhook:
        """Let an address be told of everything that happens from now on.

        Args:
            branch: its code.
            url: where messages are sent.
            kinds: of events; all if empty.
            reach: how far the operator lets messages go.
            by: a coordinator of the branch.
            key: idempotency key.

        Raises:
            BadWebhookUrl: the address is none that messages may be sent to.
            UnknownBranch: no branch has that code.
            KeyReused: the key was used for another request.
            NotAllowed: no coordinator.
            TooManyWebhooks: the branch has `WEBHOOKS_MOST`.
        """
        target_of(url, reach)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "webhook add", url, frozenset(kinds), actor)
            if request.outcome is not None:
                return NewWebhook(webhook=books.webhooks.get(int(request.outcome)), secret=None)
            require_coordinator(act_in(books, actor), branch)
            if len(books.webhooks.list()) >= WEBHOOKS_MOST:
                raise TooManyWebhooks(most=WEBHOOKS_MOST)
            now = books.desk.now
            webhook = Webhook(
                branch=branch,
                no=books.webhooks.next_no(),
                url=url,
                kinds=frozenset(kinds),
                state=WebhookState.ACTIVE,
                created_at=now,
                told_no=books.outbox.end(),
                attempts=0,
                next_at=now,
            )
            secret = care.secret_of(secrets.token_bytes(care.SECRET_BYTES))
            books.webhooks.add(webhook, secret=secret, actor=str(actor))
            request.done(webhook.no)
            return NewWebhook(webhook=webhook, secret=secret)

    def list(self, branch: str) -> Sequence[WebhookView]:
        """Return the webhooks of a branch, by number.

        Raises:
            UnknownBranch: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            return [_view(books, each) for each in books.webhooks.list()]

    def show(self, branch: str, no: int) -> WebhookView:
        """Return a webhook.

        Raises:
            UnknownBranch, UnknownWebhook: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            return _view(books, books.webhooks.get(no))

    def disable(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> WebhookView:
        """Let a webhook be told nothing for now; what happens meanwhile waits for it.

        Raises:
            UnknownBranch, UnknownWebhook, KeyReused, NotAllowed: as their names say.
        """

        def do(books: Books, webhook: Webhook) -> None:
            books.webhooks.save(replace(webhook, state=WebhookState.DISABLED))

        return self._change(branch, no, do, by, key, "webhook disable")

    def enable(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> WebhookView:
        """Let a webhook be told again, of everything from where it was.

        Raises:
            UnknownBranch, UnknownWebhook, KeyReused, NotAllowed: as their names say.
        """

        def do(books: Books, webhook: Webhook) -> None:
            books.webhooks.save(care.enabled(webhook, at=books.desk.now))

        return self._change(branch, no, do, by, key, "webhook enable")

    def redeliver(
        self,
        branch: str,
        no: int,
        *,
        event: int | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> WebhookView:
        """Send a dead letter again, or all of them; out of their order, with the names they had.

        Raises:
            UnknownBranch, UnknownWebhook, UnknownDeadLetter: there is none.
            KeyReused, NotAllowed: as their names say.
        """

        def do(books: Books, webhook: Webhook) -> None:
            webhooks, now = books.webhooks, books.desk.now
            letters = webhooks.letters(no) if event is None else [webhooks.letter(no, event)]
            for letter in letters:
                if letter.delivered_at is None:
                    webhooks.change(replace(letter, asked_at=now))
            webhooks.save(replace(webhook, next_at=now))

        return self._change(branch, no, do, by, key, "webhook redeliver", event)

    def remove(self, branch: str, no: int, *, by: Who | None = None, key: str | None = None) -> None:
        """Tell an address nothing any more, and forget its secret; removing again changes nothing.

        Raises:
            UnknownBranch, UnknownWebhook, KeyReused, NotAllowed: as their names say.
        """
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "webhook remove", no, actor)
            if request.outcome is not None:
                return
            require_coordinator(act_in(books, actor), branch)
            books.webhooks.remove(books.webhooks.get(no).no)
            request.done(no)

    def _change(
        self,
        branch: str,
        no: int,
        do: Callable[[Books, Webhook], None],
        by: Who | None,
        key: str | None,
        *payload: object,
    ) -> WebhookView:
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, *payload, no, actor)
            webhook = books.webhooks.get(no)
            if request.outcome is None:
                require_coordinator(act_in(books, actor), branch)
                do(books, webhook)
                view = _view(books, books.webhooks.get(no))
                request.done(no, view)
                return view
            return _view(books, webhook)


def _view(books: Books, webhook: Webhook) -> WebhookView:
    return WebhookView(
        webhook=webhook,
        waiting=books.outbox.end() - webhook.told_no,
        letters=tuple(books.webhooks.letters(webhook.no)),
    )
