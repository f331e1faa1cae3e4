"""The log: checkpoints, receipts, and what anybody may read of it as C2SP tlog-tiles has it."""

from typing import Any, Final

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from msgspec import Struct

from timebank.care.access import AccessRole, AccessToken
from timebank.errors import NotAllowed, UnknownBranch
from timebank.instants import write_instant
from timebank.ledger.chart import available
from timebank.ledger.model import JournalEntry
from timebank.services.bank import Bank
from timebank.services.log import SignedCheckpoint
from timebank.services.receipts import Receipt
from timebank.translog.tiles import ENTRIES, tile_at
from timebank_api.acting import Visiting
from timebank_api.acts import desk_act
from timebank_api.description import PUBLIC
from timebank_api.guards import require_books
from timebank_api.inputs import PAGE_USUAL, Asking, Key, Limit, No, bank_of
from timebank_api.keys import key_for
from timebank_api.pages import Cursor, page_of, place_in
from timebank_api.routes.accounts import receipt_at
from timebank_api.sight import seen_member

FORM: Final = "application/vnd.timebank.receipt+json"
SAID: Final = {
    200: ResponseSpec(dict[str, Any], generate_examples=False, media_type=FORM, description="The receipt.")
}
PLAIN: Final = "text/plain; charset=utf-8"
BYTES: Final = "application/octet-stream"
SHORT: Final = {"Cache-Control": "public, max-age=5", "Cross-Origin-Resource-Policy": "cross-origin"}
"""Of what changes with the log."""
FOR_EVER: Final = {**SHORT, "Cache-Control": "public, max-age=31536000, immutable"}
"""Of tiles, partial ones too: what a path names never changes."""
Anybody = Request[AccessToken, None, State]


class CheckpointOut(Struct, frozen=True, kw_only=True):
    """A checkpoint as it was signed."""

    size: int
    """How many entries it covers."""
    signing_key: int
    """Number of the key."""
    signed_at: str
    checkpoint: str
    """The signed note, byte for byte: keep it outside."""


class ReceiptLinkOut(Struct, frozen=True, kw_only=True):
    """An entry that moved hours of whoever asks, and where its receipt is."""

    entry: int
    effective_on: str
    recorded_at: str
    kind: str
    cause: str
    receipt: str | None
    """Path of the receipt."""


class CheckpointRoutes(Controller):
    """What was signed of the branch's log, for whoever keeps it."""

    path = "/v1/checkpoints"
    tags = ("log",)

    @get("/", operation_id="checkpoints_list", sync_to_thread=True)
    def list_(self, request: Asking, cursor: Cursor = None, limit: Limit = PAGE_USUAL) -> list[CheckpointOut]:
        """List the checkpoints of the branch, newest first; for its members, too."""
        token = request.user
        if token.role is AccessRole.OPERATOR:
            raise NotAllowed(actor=f"{token.role}:{token.ref}")
        after = place_in(request, cursor, tuple[int, int])
        found = bank_of(request).log.checkpoints(token.branch, after=after, limit=limit + 1)
        return [_checkpoint(each) for each in page_of(request, found, limit=limit, place=_place)]

    @desk_act("/", "checkpoints_sign")
    def sign(self, request: Asking, key: Key) -> CheckpointOut:
        """Sign the log as it is now, as a coordinator, unless that was done since it grew."""
        token = request.user
        name = key_for(request, key, _checkpoint)
        return _checkpoint(bank_of(request).log.sign(token.branch, by=token.actor, key=name))


class ReceiptRoutes(Controller):
    """Receipts of any entry of the branch, for those who run or audit it."""

    path = "/v1/receipts"
    tags = ("log",)
    guards = (require_books,)

    @get("/{no:int}", operation_id="receipts_show", sync_to_thread=True, responses=SAID)
    def show(self, request: Asking, no: No) -> Response[bytes]:
        """Give the proof that an entry is in the books, to be verified without us.

        Signs the log, if it has grown since it was last signed.
        """
        branch = request.user.branch
        return _sent(bank_of(request).receipts.make(branch, seq=no), branch, no)


class MyReceiptRoutes(Controller):
    """Receipts of the entries that moved hours of whoever asks."""

    path = "/v1/me/receipts"
    tags = ("me",)

    @get("/", operation_id="me_receipts", sync_to_thread=True)
    def list_(
        self, request: Asking, visitor: Visiting, cursor: Cursor = None, limit: Limit = PAGE_USUAL
    ) -> list[ReceiptLinkOut]:
        """List the entries that moved my hours, newest first, with receipts; 404 for who is no member."""
        ref = seen_member(visitor)
        found = bank_of(request).entries.of_member(
            visitor.branch, ref, before=place_in(request, cursor, int), limit=limit + 1
        )
        page = page_of(request, found, limit=limit, place=lambda each: each.seq)
        return [_link(request, available(ref), each) for each in page]

    @get("/{no:int}", operation_id="me_receipt", sync_to_thread=True, responses=SAID)
    def show(self, request: Asking, visitor: Visiting, no: No) -> Response[bytes]:
        """Give the proof that an entry that moved my hours is in the books, to be verified without the bank.

        Signs the log, if it has grown since it was last signed.
        """
        ref, bank = seen_member(visitor), bank_of(request)
        bank.entries.require_own(visitor.branch, ref, no)
        return _sent(bank.receipts.make(visitor.branch, seq=no), visitor.branch, no)


class LogFiles(Controller):
    """The log as files, to anybody, as C2SP has them: no part of the description."""

    path = "/log/{branch:str}"
    opt = {PUBLIC: True}  # noqa: RUF012 - the framework's form
    include_in_schema = False

    @get("/checkpoint", operation_id="log_checkpoint", sync_to_thread=True)
    def checkpoint(self, request: Anybody, branch: FromPath[str]) -> Response[str]:
        """Give the last checkpoint, with the cosignatures of witnesses."""
        note = _public(request, branch).log.published(branch)
        assert note is not None, "it is published, so there is one"
        return Response(note, media_type=PLAIN, headers=SHORT)

    @get("/cosigned", operation_id="log_cosigned", sync_to_thread=True)
    def cosigned(self, request: Anybody, branch: FromPath[str]) -> Response[str]:
        """Give the last checkpoint that a witness cosigned; the log may have grown since.

        Raises:
            NotFoundException: none was, or the log is not for everybody.
        """
        note = _public(request, branch).log.cosigned(branch)
        if note is None:
            raise NotFoundException
        return Response(note, media_type=PLAIN, headers=SHORT)

    @get("/key", operation_id="log_key", sync_to_thread=True)
    def key(self, request: Anybody, branch: FromPath[str]) -> Response[str]:
        """Give the public keys of the log, one a line, the oldest first."""
        keys = _public(request, branch).log.keys(branch)
        return Response("".join(f"{each.vkey}\n" for each in keys), media_type=PLAIN, headers=SHORT)

    @get("/tile/{rest:path}", operation_id="log_tile", sync_to_thread=True)
    def tile(self, request: Anybody, branch: FromPath[str], rest: FromPath[str]) -> Response[bytes]:
        """Give a tile of hashes; a bundle of entries, if the settings let everybody read those.

        Raises:
            NotFoundException: the last checkpoint's tree has none there, or it is not for everybody.
        """
        bank, tile = _public(request, branch), tile_at(f"tile{rest}")
        if tile is None or (tile.level == ENTRIES and request.app.state.settings.log_files != "entries"):
            raise NotFoundException
        found = bank.log.tile(branch, tile)
        if found is None:
            raise NotFoundException
        return Response(found, media_type=BYTES, headers=FOR_EVER)


def _public(request: Anybody, branch: str) -> Bank:
    """Return the bank, if the log of that branch is for everybody: what was never signed is not.

    Raises:
        NotFoundException: it is not, or there is no such branch: nobody is told which.
    """
    bank: Bank = request.app.state.bank
    try:
        is_signed = bank.log.published(branch) is not None
    except UnknownBranch:
        is_signed = False
    if not is_signed or request.app.state.settings.log_files == "off":
        raise NotFoundException
    return bank


def _sent(receipt: Receipt, branch: str, no: int) -> Response[bytes]:
    name = f'attachment; filename="{branch}-{no}.receipt.json"'
    return Response(receipt.data, media_type=FORM, headers={"Content-Disposition": name})


def _place(each: SignedCheckpoint) -> tuple[int, int]:
    return each.size, each.key_no


def _checkpoint(each: SignedCheckpoint) -> CheckpointOut:
    return CheckpointOut(
        size=each.size,
        signing_key=each.key_no,
        signed_at=write_instant(each.signed_at),
        checkpoint=each.note,
    )


def _link(request: Asking, path: str, entry: JournalEntry) -> ReceiptLinkOut:
    draft = entry.draft
    return ReceiptLinkOut(
        entry=entry.seq,
        effective_on=draft.effective_on.isoformat(),
        recorded_at=write_instant(entry.recorded_at),
        kind=draft.kind.value,
        cause=f"{draft.cause.kind} {draft.cause.ref}",
        receipt=receipt_at(request, path, entry.seq),
    )
