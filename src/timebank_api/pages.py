"""Pages: long lists, a page at a time, each page with a cursor to the next one.

Lists go on from a place, not from a number of rows to skip: what is added meanwhile shifts nothing. A cursor
is that place, signed with a secret of the branch, and good for nobody but who got it, for the same list with
the same filters. The next page stands in the header `Link`, as RFC 8288 has it; the body is the list.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from secrets import token_bytes
from typing import Annotated, Final, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar.params import QueryParameter

from timebank.errors import BadCursor, ServerReadOnly, StorageReadOnly
from timebank_api.inputs import ACTING_HEADER, Asking, bank_of
from timebank_api.visits import visit_of

CURSOR_MOST: Final = 300
CURSOR: Final = re.compile(r"[A-Za-z0-9_-]{23,300}", re.ASCII)
"""What a cursor looks like: at least its seal, and a digit."""
SEAL_BYTES: Final = 16
PURPOSE: Final = "cursor"
NOT_FILTERS: Final = frozenset({"cursor", "limit"})
Item = TypeVar("Item")
Place = TypeVar("Place", int, str, tuple[int, int], tuple[str, int], tuple[str, str])
"""What an item of a list is sorted by: no two items have the same."""
Cursor = Annotated[
    str | None,
    QueryParameter(
        max_length=CURSOR_MOST,
        pattern=f"^{CURSOR.pattern}$",
        description="From the `Link` of the page before this one.",
    ),
]


def place_in(request: Asking, cursor: str | None, kind: type[Place]) -> Place | None:
    """Return the place of the last item of the page before, after which the list goes on; None at first.

    Args:
        request: for a page of a list.
        cursor: as it was sent.
        kind: of the list's places, such as `int`.

    Raises:
        BadCursor: it was not given to whoever asks, for this list with these filters.
    """
    if cursor is None:
        return None
    if CURSOR.fullmatch(cursor) is None:
        raise BadCursor
    try:
        sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except ValueError:
        raise BadCursor from None
    seal, place = sealed[:SEAL_BYTES], sealed[SEAL_BYTES:]
    is_ours = hmac.compare_digest(seal, _seal(request, place))
    if not is_ours or cursor != _written(seal, place):  # the last digit has bits that stand for nothing
        raise BadCursor
    return msgspec.json.decode(place, type=kind)


def page_of(
    request: Asking,
    found: Sequence[Item],
    *,
    limit: int,
    place: Callable[[Item], Place],
    is_seen: Callable[[Item], bool] = lambda _: True,
) -> Sequence[Item]:
    """Return a page, and note where the list goes on.

    Args:
        request: for the page.
        found: `limit` + 1 items, or all that are left.
        limit: how many a page has.
        place: of an item.
        is_seen: whether whoever asks may see an item; the list goes on behind one that they may not, and
            whoever may see none of them is not told that there are more.
    """
    page = found[:limit]
    if len(found) > limit and any(map(is_seen, found)):
        goes_on_at(request, place(page[-1]))
    return [each for each in page if is_seen(each)]


def goes_on_at(request: Asking, place: Place) -> None:
    """Note after which place the list goes on."""
    text = msgspec.json.encode(place)
    visit_of(request.scope).next = _link(request, _written(_seal(request, text), text))


def rest_of(
    found: Sequence[Item],
    after: Place | None,
    *,
    place: Callable[[Item], Place],
    is_newest_first: bool = False,
) -> Sequence[Item]:
    """Return what comes after a place in a list that is at hand as a whole, sorted by place."""
    if after is None:
        return found
    return [each for each in found if (place(each) < after if is_newest_first else place(each) > after)]


def _filters(request: Asking) -> list[tuple[str, str]]:
    return sorted(
        (name, value) for name, value in request.query_params.multi_items() if name not in NOT_FILTERS
    )


def _seal(request: Asking, place: bytes) -> bytes:
    """Return what nobody can make who has not the branch's secret."""
    token = request.user
    whose = [token.branch, token.role.value, token.ref, request.headers.get(ACTING_HEADER)]
    what = [request.route_handler.operation_id, request.path_params, _filters(request)]
    said = msgspec.json.encode([whose, what]) + b"\0" + place
    return hmac.new(_secret(request), said, hashlib.sha256).digest()[:SEAL_BYTES]


def _secret(request: Asking) -> bytes:
    branch, known = request.user.branch, visit_of(request.scope).shared.secrets
    if branch not in known:
        try:
            known[branch] = bank_of(request).secrets.of(branch, PURPOSE)
        except (StorageReadOnly, ServerReadOnly):  # then it is good for as long as this process lives
            known[branch] = token_bytes(SEAL_BYTES)
    return known[branch]


def _written(seal: bytes, place: bytes) -> str:
    return urlsafe_b64encode(seal + place).rstrip(b"=").decode()


def _link(request: Asking, cursor: str) -> str:
    asked = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    return f'<?{urlencode([*asked, ("cursor", cursor)])}>; rel="next"'  # from here, whatever a proxy calls it
