"""`timebank entry`: look at the journal, reverse what should not be there."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from timebank.cli import wire
from timebank.cli.options import Before, Branch, By, DryRun, Json, Key, Limit, No, Reason
from timebank.cli.output import amount, emit, facts_of, local_time, table_of
from timebank.cli.session import session_of
from timebank.errors import UsageFault
from timebank.ledger.canonical import instant_of
from timebank.ledger.model import JournalEntry, Side

if TYPE_CHECKING:
    from timebank.services.entries import EntryView

app = typer.Typer(name="entry", help="Journal entries: look at them, reverse them.", no_args_is_help=True)


@app.command("show", epilog="Example:  timebank entry show 1 --branch lille")
def show(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Show one entry with its postings."""
    bank = session_of(ctx).open()
    view = bank.entries.show(branch, no)
    zone = bank.branches.show(branch).zone
    emit(wire.entry_view(view), as_json=json_, table=[_facts_table(view, zone), _postings_table(view.entry)])


@app.command("details", epilog="Example:  timebank entry details 1 --branch lille --json")
def details(ctx: typer.Context, no: No, branch: Branch, json_: Json = False) -> None:
    """Reveal what an entry has committed itself to, so that somebody else can check it against its receipt.

    The commitment in the entry is HMAC-SHA-256 of the text under the secret. Both are personal data, kept
    with the names: who gets them learns what help it was. Once a member is erased they are gone.
    """
    bank = session_of(ctx).open()
    shown = bank.entries.details(branch, no)
    known = shown.details
    zone = bank.branches.show(branch).zone
    facts: list[tuple[str, object]] = [
        ("help", known.help),
        ("mode", known.mode),
        ("start", None if known.start is None else local_time(instant_of(known.start), zone)),
        ("minutes", known.minutes),
        ("words", known.words),
        ("secret", shown.secret.hex()),
        ("commitment", shown.commitment.hex()),
    ]
    known_facts = [(name, fact) for name, fact in facts if fact is not None]
    emit(
        wire.details(shown), as_json=json_, table=facts_of(f"Details of entry {no} of {branch}", known_facts)
    )


@app.command(
    "list", epilog="Example:  timebank entry list --branch lille --path member:m1:available --limit 20"
)
def list_(
    ctx: typer.Context,
    branch: Branch,
    path: Annotated[
        str | None,
        typer.Option("--path", help="Only what touches this account.", metavar="PATH", show_default=False),
    ] = None,
    cause: Annotated[
        str | None,
        typer.Option(
            "--cause", help="Only what it led to, such as 'service 3'.", metavar="TEXT", show_default=False
        ),
    ] = None,
    before: Before = None,
    limit: Limit = 50,
    json_: Json = False,
) -> None:
    """List entries, newest first."""
    wanted = _cause(cause) if cause is not None else None
    entries = session_of(ctx).open().entries.list(branch, path=path, cause=wanted, before=before, limit=limit)
    emit([wire.entry(each) for each in entries], as_json=json_, table=_table(f"Entries of {branch}", entries))


@app.command("reverse", epilog='Example:  timebank entry reverse 7 --branch lille --reason "wrong account"')
def reverse(
    ctx: typer.Context,
    no: No,
    branch: Branch,
    reason: Reason,
    by: By = None,
    key: Key = None,
    dry_run: DryRun = False,
    json_: Json = False,
) -> None:
    """Undo an entry by posting its opposite.

    Hours and redemptions have their own ways of correcting, which keep record and books in step.
    """
    bank = session_of(ctx).open(by=by, is_dry_run=dry_run)
    reversal = bank.entries.reverse(branch, no, reason=reason, key=key)
    line = f"Entry {no} of {branch} is reversed by entry {reversal.seq}."
    emit(wire.entry(reversal), as_json=json_, table=line)


def _cause(text: str) -> tuple[str, str]:
    kind, _, ref = text.strip().partition(" ")
    if not ref.strip():
        raise UsageFault(problem="a cause has two words, such as 'service 3'", command="timebank entry list")
    return kind, ref.strip()


def _links(entry: JournalEntry, reversed_by: int | None = None) -> str:
    links = [f"reverses entry {entry.draft.reverses}"] if entry.draft.reverses is not None else []
    links += [f"reversed by entry {reversed_by}"] if reversed_by is not None else []
    return ", ".join(links)


def _facts_table(view: "EntryView", zone: str) -> Table:
    entry, draft = view.entry, view.entry.draft
    facts: list[tuple[str, object]] = [
        ("what", draft.kind.value),
        ("cause", f"{draft.cause.kind} {draft.cause.ref}"),
        ("effective", local_time(draft.effective_at, zone)),
        ("recorded", local_time(entry.recorded_at, zone)),
        ("by", draft.actor),
        ("under policy", f"version {draft.policy_version}"),
    ]
    links = _links(entry, view.reversed_by)
    facts += [("linked", links)] if links else []
    facts += [("words", words) for words in view.notes]
    return facts_of(f"Entry {entry.seq} of {entry.branch}", facts)


def _postings_table(entry: JournalEntry) -> Table:
    rows = [
        (
            line.posting.path,
            amount(line.posting.amount, line.posting.unit) if line.posting.side is Side.DEBIT else "",
            amount(line.posting.amount, line.posting.unit) if line.posting.side is Side.CREDIT else "",
            amount(line.balance_after, line.posting.unit),
        )
        for line in entry.lines
    ]
    columns = ["account", "debit", "credit", "balance after"]
    return table_of("Postings", columns, rows, right=columns[1:])


def _table(title: str, entries: Sequence[JournalEntry]) -> Table:
    columns = ["entry", "on", "what", "account", "change"]
    rows = [row for entry in entries for row in _rows(entry)]
    return table_of(title, columns, rows, right=["entry", "change"])


def _rows(entry: JournalEntry) -> Iterator[tuple[object, ...]]:
    """Yield a row for each posting; what counts for the whole entry stands in the first."""
    draft = entry.draft
    what = f"{draft.cause.kind} {draft.cause.ref}"
    what = what if draft.kind.value == draft.cause.kind else f"{draft.kind.value}, {what}"
    head: tuple[object, ...] = (entry.seq, draft.effective_on, _links(entry) or what)
    for line in entry.lines:
        posting = line.posting
        change = posting.amount if posting.side is Side.CREDIT else -posting.amount
        yield (*head, posting.path, amount(change, posting.unit, is_change=True))
        head = ("", "", "")
