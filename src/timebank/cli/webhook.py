"""`timebank webhook`: where a branch's events are sent."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.care.events import EventKind
from timebank.care.webhook import DeadLetter, Reach
from timebank.cli.exits import Exit
from timebank.cli.options import NUMBER_MOST, Branch, By, DryRun, Json, Key, No
from timebank.cli.output import JsonObject, Shown, emit, local_time, table_of
from timebank.cli.session import session_of
from timebank.cli.wire import instant
from timebank.errors import ServiceMissing
from timebank.instants import write_instant

if TYPE_CHECKING:
    from timebank.services.sending import Sender
    from timebank.services.webhooks import WebhookView

app = typer.Typer(name="webhook", help="Webhooks: where a branch's events are sent.", no_args_is_help=True)
ReachOption = Annotated[
    Reach,
    typer.Option(
        "--reach",
        help="How far messages may go: public addresses over https, or private networks, too.",
    ),
]
EventNo = Annotated[
    int | None,
    typer.Option(
        "--event",
        help="Number of the event; every one if left out.",
        metavar="NO",
        min=1,
        max=NUMBER_MOST,
        show_default=False,
    ),
]


@app.command("add", epilog="Example:  timebank webhook add https://receiver.example/ --branch lille")
def add(
    ctx: typer.Context,
    url: Annotated[str, typer.Argument(help="An https address.", metavar="URL")],
    branch: Branch,
    kind: Annotated[
        list[EventKind] | None,
        typer.Option(
            "--kind",
            help="Only these events, such as hours.logged; all if left out.",
            metavar="KIND",
            show_default=False,
        ),
    ] = None,
    reach: ReachOption = Reach.PUBLIC,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Send everything that happens from now on to an address.

    Messages are signed as Standard Webhooks has it, with a secret that is printed once, for the receiver.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    added = bank.webhooks.add(branch, url=url, kinds=kind or (), reach=reach, key=key)
    webhook = added.webhook
    value = {
        "branch": branch,
        "no": webhook.no,
        "url": webhook.url,
        "kinds": sorted(webhook.kinds),
        "secret": added.secret,
    }
    text = added.secret or "It was added before; its secret is said only then."
    emit(value, as_json=json_, table=[f"Webhook {webhook.no} is told what happens from now on.", text])


@app.command("list", epilog="Example:  timebank webhook list --branch lille")
def list_(ctx: typer.Context, branch: Branch, json_: Json = False) -> None:
    """List the webhooks of a branch, and how far each is behind."""
    views = session_of(ctx).open().webhooks.list(branch)
    rows = [
        (each.webhook.no, each.webhook.url, each.webhook.state.value, each.waiting, len(each.letters))
        for each in views
    ]
    columns = ["no", "address", "state", "waiting", "given up"]
    right = ["no", "waiting", "given up"]
    emit(
        [_wire(each) for each in views],
        as_json=json_,
        table=table_of(f"Webhooks of {branch}", columns, rows, right=right),
    )


@app.command("show", epilog="Example:  timebank webhook show 1 --branch lille")
def show(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Show a webhook, and what came of the last message."""
    bank = session_of(ctx).open()
    view = bank.webhooks.show(branch, no)
    emit(_wire(view), as_json=json_, table=_shown(view, bank.branches.show(branch).zone))


@app.command("disable", epilog="Example:  timebank webhook disable 1 --branch lille")
def disable(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Send a webhook nothing for now; what happens meanwhile waits for it."""
    view = session_of(ctx).open(by=by, is_dry_run=dry_run).webhooks.disable(branch, no, key=key)
    emit(_wire(view), as_json=json_, table=f"Webhook {no} is told nothing for now.")


@app.command("enable", epilog="Example:  timebank webhook enable 1 --branch lille")
def enable(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Send a webhook again everything from where it was."""
    view = session_of(ctx).open(by=by, is_dry_run=dry_run).webhooks.enable(branch, no, key=key)
    emit(_wire(view), as_json=json_, table=f"Webhook {no} is told again; {view.waiting} events wait for it.")


@app.command("remove", epilog="Example:  timebank webhook remove 1 --branch lille")
def remove(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Send nothing there any more, and forget the secret."""
    session_of(ctx).open(by=by, is_dry_run=dry_run).webhooks.remove(branch, no, key=key)
    emit({"branch": branch, "no": no}, as_json=json_, table=f"Webhook {no} is removed.")


@app.command("deliveries", epilog="Example:  timebank webhook deliveries 1 --branch lille")
def deliveries(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """List the dead letters of a webhook: events that it did not take in all the time there was."""
    bank = session_of(ctx).open()
    letters = bank.webhooks.show(branch, no).letters
    zone = bank.branches.show(branch).zone
    emit([_letter(each) for each in letters], as_json=json_, table=_letters(no, letters, zone))


@app.command("redeliver", epilog="Example:  timebank webhook redeliver 1 --branch lille --event 17")
def redeliver(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    event: EventNo = None,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Send a dead letter again, or all of them; whoever delivers next does it."""
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    view = bank.webhooks.redeliver(branch, no, event=event, key=key)
    count = sum(1 for each in view.letters if each.asked_at is not None)
    emit(_wire(view), as_json=json_, table=f"{count} dead letters of webhook {no} are sent again.")


@app.command("test", epilog="Example:  timebank webhook test 1 --branch lille")
def try_out(
    ctx: typer.Context, no: No, branch: Branch, reach: ReachOption = Reach.PUBLIC, json_: Json = False
) -> None:
    """Send a webhook a message that says nothing; exit status 1 if it is not taken."""
    answer = session_of(ctx).open().deliveries.test(branch, no, _sender(reach))
    said = f"Webhook {no} {'took it' if answer.is_taken else 'did not take it'}: {answer.said}."
    emit({"is_taken": answer.is_taken, "said": answer.said}, as_json=json_, table=said)
    if not answer.is_taken:
        raise typer.Exit(Exit.REFUSED)


@app.command("deliver", epilog="Example:  timebank webhook deliver")
def deliver(ctx: typer.Context, reach: ReachOption = Reach.PUBLIC, json_: Json = False) -> None:
    """Send everything that waits and whose time has come, of all branches, then end; for a timer.

    `timebank serve` does this by itself. Several may run at once: they do not get in each other's way.
    """
    taken = session_of(ctx).open().deliveries.deliver_all(_sender(reach))
    emit({"taken": taken}, as_json=json_, table=f"{taken} messages were taken.")


def _sender(reach: Reach) -> "Sender":
    try:
        from timebank.services.sending import Sender
    except ModuleNotFoundError as missing:
        raise ServiceMissing(extra="service") from missing
    return Sender(reach)


def _shown(view: "WebhookView", zone: str) -> list[Shown]:
    webhook = view.webhook
    said = webhook.said if webhook.said is not None else "nothing was sent yet"
    return [
        f"Webhook {webhook.no}, {webhook.state.value}, since {local_time(webhook.created_at, zone)}",
        f"address    {webhook.url}",
        f"events     {', '.join(sorted(webhook.kinds)) or 'all'}",
        f"told       up to event {webhook.told_no}; {view.waiting} wait",
        f"last       {said}",
        f"in vain    {webhook.attempts} times; next not before {local_time(webhook.next_at, zone)}",
        f"given up   {sum(1 for each in view.letters if each.delivered_at is None)}",
    ]


def _letters(no: int, letters: tuple[DeadLetter, ...], zone: str) -> Table:
    rows = [
        (
            each.event_no,
            each.attempts,
            each.said,
            local_time(each.given_up_at, zone),
            "is sent again"
            if each.asked_at is not None
            else local_time(each.delivered_at, zone)
            if each.delivered_at is not None
            else "",
        )
        for each in letters
    ]
    columns = ["event", "attempts", "said", "given up", "taken"]
    return table_of(f"Dead letters of webhook {no}", columns, rows, right=["event", "attempts"])


def _wire(view: "WebhookView") -> JsonObject:
    webhook = view.webhook
    return {
        "branch": webhook.branch,
        "no": webhook.no,
        "url": webhook.url,
        "kinds": sorted(webhook.kinds),
        "state": webhook.state.value,
        "created_at": write_instant(webhook.created_at),
        "told": webhook.told_no,
        "waiting": view.waiting,
        "attempts": webhook.attempts,
        "next_at": write_instant(webhook.next_at),
        "said": webhook.said,
        "dead_letters": [_letter(each) for each in view.letters],
    }


def _letter(letter: DeadLetter) -> JsonObject:
    return {
        "event": letter.event_no,
        "attempts": letter.attempts,
        "said": letter.said,
        "given_up_at": write_instant(letter.given_up_at),
        "asked_at": instant(letter.asked_at),
        "delivered_at": instant(letter.delivered_at),
    }
