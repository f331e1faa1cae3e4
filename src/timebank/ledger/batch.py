"""Batches: requests to post, decided in their order, with a result or a typed refusal for each.

Whatever a batch is given, the same requests lead to the same results as one after the other. A request
is refused by the first of these that holds (fixed precedence, a refusal changes nothing):

1. its key is malformed (`BadKey`), or was used for another payload (`KeyReused`);
2. the key was used for this very payload: not a refusal, but the earlier result again;
3. it is for a kind or an account that is not posted to by hand (`KindManaged`, `AccountManaged`);
4. its postings are malformed: see `EntryDraft`;
5. an account is unknown or closed, in posting order; a balance would become too large; a limit would be
   passed: see `Book.post`.

A group is refused by the first of its requests that is, and then none of them is posted. Pure.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from timebank.errors import AccountManaged, Kind, KindManaged, NaiveInstant, TimebankError, TooFewPostings
from timebank.ledger.canonical import micros_of
from timebank.ledger.limits import LimitWarning
from timebank.ledger.model import Cause, EntryKind, Posting


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRequest:
    """A wish to post one entry."""

    postings: tuple[Posting, ...]
    kind: EntryKind = EntryKind.TRANSFER
    cause: Cause | None = None
    """None: the entry is its own cause, `transfer NUMBER`."""
    effective_at: datetime | None = None
    """When it takes effect, with a time zone; None: when it is posted."""
    key: str | None = None
    """Idempotency key (I-9); None: not remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostGroup:
    """Wishes that are granted together or not at all; the group has one key, its members have none."""

    requests: tuple[PostRequest, ...]
    key: str | None = None

    def __post_init__(self) -> None:
        """Refuse an empty group: it would lead to nothing.

        Raises:
            TooFewPostings: there is no request.
        """
        if not self.requests:
            raise TooFewPostings(count=0)


PostItem: TypeAlias = PostRequest | PostGroup


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a request led to."""

    entries: tuple[int, ...]
    """Sequence numbers, in order; one for a request, as many as it has requests for a group."""
    is_repeat: bool = False
    """Whether the key was used before: nothing was posted now."""
    warnings: tuple[LimitWarning, ...] = ()

    @property
    def seq(self) -> int:
        """The sequence number of the first entry."""
        return self.entries[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a request led to nothing."""

    error: TimebankError

    @property
    def code(self) -> str:
        """The stable code of the refusal."""
        return self.error.code

    @property
    def transient(self) -> bool:
        """Whether the same request may succeed later, unchanged."""
        return self.error.kind is Kind.TRANSIENT


PostResult: TypeAlias = Posted | Refused


def requests_of(item: PostItem) -> tuple[PostRequest, ...]:
    """Return the requests of a group, or the one request."""
    return item.requests if isinstance(item, PostGroup) else (item,)


def payload_of(item: PostItem, actor: str) -> bytes:
    """Return 32 bytes that identify what is wished, by whom; equal for equal wishes, for ever (I-9).

    Raises:
        NaiveInstant: `effective_at` has no time zone.
    """
    text = "".join(_lines_of(item, actor))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _lines_of(item: PostItem, actor: str) -> Iterator[str]:
    # Texts are written with repr: whatever they hold, no two wishes share their lines.
    yield f"timebank-post/1 {actor!a}\n"
    for request in requests_of(item):
        at, cause = request.effective_at, request.cause
        if at is not None and at.utcoffset() is None:
            raise NaiveInstant(text=at.isoformat())
        said = "-" if cause is None else f"{cause.kind} {cause.ref} {cause.step}"
        yield f"entry {request.kind} {'-' if at is None else micros_of(at)} {said}\n"
        for posting in request.postings:
            yield f"{posting.side} {posting.amount!r} {posting.unit!a} {posting.path!a}\n"


def check_by_hand(request: PostRequest) -> None:
    """Refuse what only a use case of its own may post: it would contradict what that keeps.

    Raises:
        KindManaged: another kind than a transfer, or a cause of one's own.
        AccountManaged: an account that a hold or a settlement moves.
    """
    if request.kind is not EntryKind.TRANSFER or request.cause is not None:
        raise KindManaged(kind=request.kind.value)
    for posting in request.postings:
        path = posting.path
        if path.endswith(":held") or path.startswith("clearing:"):
            raise AccountManaged(path=path)
