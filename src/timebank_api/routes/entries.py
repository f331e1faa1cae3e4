"""Entries: the journal of the branch; coordinators post to it, nobody changes it."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final

from litestar import Controller, get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Struct
from msgspec.structs import asdict

from timebank.instants import write_instant
from timebank.ledger.batch import Posted, PostRequest
from timebank.ledger.model import MINUTES, JournalEntry, Posting, Side
from timebank.services.writer import Writer
from timebank_api.acts import desk_act
from timebank_api.guards import require_books, require_coordinator
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.keys import key_for
from timebank_api.pages import Cursor, page_of, place_in

CAUSE: Final = "^[a-z0-9][a-z0-9-]* [a-z0-9][a-z0-9-]*$"
"""Kind and reference, such as `service 3`."""


class PostingIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of an entry."""

    path: str
    """Of the account, such as `member:m1:available`."""
    side: Side
    amount: int
    """Above zero, in the smallest quantity of the unit: minutes, or cents."""
    unit: str = MINUTES


class EntryIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An entry to post; debits equal credits in each unit."""

    postings: list[PostingIn]
    effective_at: datetime | None = None
    """When it takes effect, with a time zone; now, if it is left out."""


class TransferIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Minutes to move between two accounts."""

    debit_path: str
    """The account that pays."""
    credit_path: str
    """The account that receives."""
    minutes: int
    reason: str
    """Kept with the names, erased with them."""
    unit: str = MINUTES
    effective_at: datetime | None = None


class ReversalIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an entry should not be there."""

    reason: str


class PostedOut(Struct, frozen=True, kw_only=True):
    """What was posted."""

    branch: str
    entry: int


class PostingOut(Struct, frozen=True, kw_only=True):
    """One line of an entry."""

    path: str
    side: str
    amount: int
    unit: str
    balance_after: int


class EntryOut(Struct, frozen=True, kw_only=True):
    """A journal entry."""

    branch: str
    entry: int
    kind: str
    cause: str
    """What led to it, such as `service 3`."""
    effective_at: str
    effective_on: str
    recorded_at: str
    policy_version: int
    by: str
    reverses: int | None
    postings: tuple[PostingOut, ...]


class EntryShown(EntryOut, frozen=True, kw_only=True):
    """A journal entry, what reversed it, and the words about it."""

    reversed_by: int | None
    notes: tuple[str, ...]
    """None once erased."""


class EntryRoutes(Controller):
    """The journal of the branch, for those who run or audit it."""

    path = "/v1/entries"
    tags = ("entries",)
    guards = (require_books,)

    @post("/", operation_id="entries_post", guards=[require_coordinator])
    async def post_(self, request: Asking, data: JSONBody[EntryIn], key: Key) -> PostedOut:
        """Post an entry, as a coordinator; help and redemptions post theirs themselves."""
        token = request.user
        writer: Writer = request.app.state.writer
        wish = PostRequest(
            postings=tuple(_posting(each) for each in data.postings),
            effective_at=data.effective_at,
            key=key_for(request, key, partial(_posted, token.branch)),
        )
        posted = await writer.apost(token.branch, wish, by=token.actor)
        return _posted(token.branch, posted)

    @get("/", operation_id="entries_list", sync_to_thread=True)
    def list_(
        self,
        request: Asking,
        path: Annotated[str | None, QueryParameter(max_length=100)] = None,
        cause: Annotated[str | None, QueryParameter(max_length=201, pattern=CAUSE)] = None,
        cursor: Cursor = None,
        limit: Limit = PAGE_USUAL,
    ) -> list[EntryOut]:
        """List entries, newest first: all, those of an account, or those of a cause such as `service 3`."""
        found = bank_of(request).entries.list(
            request.user.branch,
            path=path,
            cause=_cause(cause) if cause is not None else None,
            before=place_in(request, cursor, int),
            limit=limit + 1,
        )
        return [_out(each) for each in page_of(request, found, limit=limit, place=lambda each: each.seq)]

    @get("/{no:int}", operation_id="entries_show", sync_to_thread=True)
    def show(self, request: Asking, no: No) -> EntryShown:
        """Show an entry."""
        view = bank_of(request).entries.show(request.user.branch, no)
        return EntryShown(**asdict(_out(view.entry)), reversed_by=view.reversed_by, notes=view.notes)

    @desk_act("/{no:int}/reverse", "entries_reverse")
    def reverse(self, request: Asking, no: No, data: JSONBody[ReversalIn], key: Key) -> EntryOut:
        """Undo an entry by posting its opposite, as a coordinator."""
        token = request.user
        use_case = bank_of(request).entries.reverse
        name = key_for(request, key, _out)
        return _out(use_case(token.branch, no, reason=data.reason, by=token.actor, key=name))


class TransferRoutes(Controller):
    """Minutes moved by a coordinator's decision."""

    path = "/v1/transfers"
    tags = ("entries",)

    @desk_act("/", "transfers_post")
    def post_(self, request: Asking, data: JSONBody[TransferIn], key: Key) -> EntryOut:
        """Move minutes between two accounts, with a reason; it does not count as help."""
        token = request.user
        entry = bank_of(request).transfers.transfer(
            token.branch,
            debit_path=data.debit_path,
            credit_path=data.credit_path,
            minutes=data.minutes,
            reason=data.reason,
            unit=data.unit,
            effective_at=data.effective_at,
            by=token.actor,
            key=key_for(request, key, _out),
        )
        return _out(entry)


def _posted(branch: str, posted: Posted) -> PostedOut:
    return PostedOut(branch=branch, entry=posted.seq)


def _posting(line: PostingIn) -> Posting:
    return Posting(path=line.path, side=line.side, amount=line.amount, unit=line.unit)


def _cause(text: str) -> tuple[str, str]:
    kind, _, ref = text.partition(" ")
    return kind, ref


def _out(entry: JournalEntry) -> EntryOut:
    draft = entry.draft
    return EntryOut(
        branch=entry.branch,
        entry=entry.seq,
        kind=draft.kind.value,
        cause=f"{draft.cause.kind} {draft.cause.ref}",
        effective_at=write_instant(draft.effective_at),
        effective_on=draft.effective_on.isoformat(),
        recorded_at=write_instant(entry.recorded_at),
        policy_version=draft.policy_version,
        by=str(draft.actor),
        reverses=draft.reverses,
        postings=tuple(
            PostingOut(
                path=line.posting.path,
                side=line.posting.side.value,
                amount=line.posting.amount,
                unit=line.posting.unit,
                balance_after=line.balance_after,
            )
            for line in entry.lines
        ),
    )
