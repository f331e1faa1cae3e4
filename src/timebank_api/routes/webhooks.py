"""Webhooks: where a branch's events are sent."""

from litestar import Controller, delete, get
from litestar.params import JSONBody
from msgspec import Struct

from timebank.care.events import EventKind
from timebank.care.webhook import DeadLetter
from timebank.instants import write_instant
from timebank.services.webhooks import NewWebhook, WebhookView
from timebank_api.acts import desk_act
from timebank_api.guards import require_books, require_coordinator
from timebank_api.inputs import Asking, Key, No, bank_of
from timebank_api.keys import key_for


class WebhookIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to send events."""

    url: str
    """An https address, without a user, a password or a fragment."""
    kinds: tuple[EventKind, ...] = ()
    """Which; all if left out."""


class RedeliveryIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send again."""

    event: int | None = None
    """Number of the event; every dead letter if left out."""


class DeadLetterOut(Struct, frozen=True, kw_only=True):
    """An event that a webhook did not take in all the time there was."""

    event: int
    attempts: int
    said: str
    """What came of the last attempt: a status, or a code of ours such as `timeout`."""
    given_up_at: str
    asked_at: str | None
    delivered_at: str | None


class WebhookOut(Struct, frozen=True, kw_only=True):
    """A webhook, and how that goes."""

    branch: str
    no: int
    url: str
    kinds: tuple[EventKind, ...]
    state: str
    created_at: str
    told: int
    """The last event that it was told of, that did not interest it, or that was given up."""
    waiting: int
    """Events after that."""
    attempts: int
    """How often the next one was sent in vain."""
    next_at: str
    said: str | None
    dead_letters: tuple[DeadLetterOut, ...]


class NewWebhookOut(Struct, frozen=True, kw_only=True):
    """A new webhook, with what its messages are signed with."""

    branch: str
    no: int
    url: str
    kinds: tuple[EventKind, ...]
    secret: str | None
    """For the receiver, said once; null if the same request, with its key, was answered before."""


class WebhookRoutes(Controller):
    """Where events of the branch are sent: for its coordinators; auditors look."""

    path = "/v1/webhooks"
    tags = ("webhooks",)

    @desk_act("/", "webhooks_add")
    def add(self, request: Asking, data: JSONBody[WebhookIn], key: Key) -> NewWebhookOut:
        """Send everything that happens from now on to an address, signed; the secret is said once."""
        added = bank_of(request).webhooks.add(
            request.user.branch,
            url=data.url,
            kinds=data.kinds,
            reach=request.app.state.sender.reach,
            by=request.user.actor,
            key=key_for(request, key),
        )
        return _new(added)

    @get("/", operation_id="webhooks_list", sync_to_thread=True, guards=[require_books])
    def list_(self, request: Asking) -> list[WebhookOut]:
        """List them; never their secrets."""
        return [_out(each) for each in bank_of(request).webhooks.list(request.user.branch)]

    @get("/{no:int}", operation_id="webhooks_show", sync_to_thread=True, guards=[require_books])
    def show(self, request: Asking, no: No) -> WebhookOut:
        """Show one, with what it did not take."""
        return _out(bank_of(request).webhooks.show(request.user.branch, no))

    @desk_act("/{no:int}/disable", "webhooks_disable")
    def disable(self, request: Asking, no: No, key: Key) -> WebhookOut:
        """Send nothing for now; what happens meanwhile waits."""
        use_case, token = bank_of(request).webhooks.disable, request.user
        return _out(use_case(token.branch, no, by=token.actor, key=key_for(request, key, _out)))

    @desk_act("/{no:int}/enable", "webhooks_enable")
    def enable(self, request: Asking, no: No, key: Key) -> WebhookOut:
        """Send again, everything from where it was."""
        use_case, token = bank_of(request).webhooks.enable, request.user
        return _out(use_case(token.branch, no, by=token.actor, key=key_for(request, key, _out)))

    @desk_act("/{no:int}/redeliver", "webhooks_redeliver")
    def redeliver(self, request: Asking, no: No, data: JSONBody[RedeliveryIn], key: Key) -> WebhookOut:
        """Send a dead letter again, or all of them."""
        use_case, token = bank_of(request).webhooks.redeliver, request.user
        return _out(
            use_case(token.branch, no, event=data.event, by=token.actor, key=key_for(request, key, _out))
        )

    @delete(
        "/{no:int}",
        operation_id="webhooks_remove",
        sync_to_thread=True,
        guards=[require_coordinator],
    )
    def remove(self, request: Asking, no: No) -> None:
        """Send nothing there any more, and forget the secret."""
        token = request.user
        bank_of(request).webhooks.remove(token.branch, no, by=token.actor)


def _new(added: NewWebhook) -> NewWebhookOut:
    webhook = added.webhook
    kinds = tuple(sorted(webhook.kinds))
    return NewWebhookOut(
        branch=webhook.branch, no=webhook.no, url=webhook.url, kinds=kinds, secret=added.secret
    )


def _out(view: WebhookView) -> WebhookOut:
    webhook = view.webhook
    return WebhookOut(
        branch=webhook.branch,
        no=webhook.no,
        url=webhook.url,
        kinds=tuple(sorted(webhook.kinds)),
        state=webhook.state.value,
        created_at=write_instant(webhook.created_at),
        told=webhook.told_no,
        waiting=view.waiting,
        attempts=webhook.attempts,
        next_at=write_instant(webhook.next_at),
        said=webhook.said,
        dead_letters=tuple(map(_letter, view.letters)),
    )


def _letter(letter: DeadLetter) -> DeadLetterOut:
    return DeadLetterOut(
        event=letter.event_no,
        attempts=letter.attempts,
        said=letter.said,
        given_up_at=write_instant(letter.given_up_at),
        asked_at=write_instant(letter.asked_at) if letter.asked_at is not None else None,
        delivered_at=write_instant(letter.delivered_at) if letter.delivered_at is not None else None,
    )
