"""Problems: every error as `application/problem+json` (RFC 9457), with the library's stable code.

What is said is what the library says of itself; of any other error no more than its status.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from logging import getLogger
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from msgspec import Struct

from timebank.errors import (
    BadCursor,
    CsrfRefused,
    DatabaseDamaged,
    InvitationRefused,
    KeyReused,
    Kind,
    MandateNotInForce,
    NoDatabase,
    NotADatabase,
    NotAllowed,
    OutcomeUnknown,
    ProviderRefused,
    RequestInProgress,
    ScopeMissing,
    ScopesExceeded,
    ServerLost,
    ServerReadOnly,
    ServerRefused,
    ServerTooOld,
    ServerUnreachable,
    SessionNeeded,
    SignInRefused,
    StorageFull,
    StorageReadOnly,
    StorageUnusable,
    TimebankError,
    TokenRefused,
    TooManyAttempts,
    TooManyRequests,
    TooManyStreams,
    TryAgain,
    VersionChanged,
)
from timebank_api.faults import Fault, faults_of
from timebank_api.logs import facts_of
from timebank_api.malformed import Malformed, in_parameters
from timebank_api.seen import note_problem, operation_of, request_id

MEDIA_TYPE: Final = "application/problem+json"
OF_KIND: Final[Mapping[Kind, HTTPStatus]] = {
    Kind.REFUSED: HTTPStatus.CONFLICT,
    Kind.USAGE: HTTPStatus.UNPROCESSABLE_ENTITY,
    Kind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    Kind.BROKEN: HTTPStatus.INTERNAL_SERVER_ERROR,
    Kind.TRANSIENT: HTTPStatus.SERVICE_UNAVAILABLE,
}
OF_ERROR: Final[Mapping[type[TimebankError], HTTPStatus]] = {
    TokenRefused: HTTPStatus.UNAUTHORIZED,
    SignInRefused: HTTPStatus.UNAUTHORIZED,
    ProviderRefused: HTTPStatus.UNAUTHORIZED,
    CsrfRefused: HTTPStatus.FORBIDDEN,
    InvitationRefused: HTTPStatus.FORBIDDEN,
    MandateNotInForce: HTTPStatus.FORBIDDEN,
    NotAllowed: HTTPStatus.FORBIDDEN,
    ScopeMissing: HTTPStatus.FORBIDDEN,
    ScopesExceeded: HTTPStatus.FORBIDDEN,
    SessionNeeded: HTTPStatus.FORBIDDEN,
    TooManyAttempts: HTTPStatus.TOO_MANY_REQUESTS,
    KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    BadCursor: HTTPStatus.BAD_REQUEST,
    RequestInProgress: HTTPStatus.CONFLICT,
    TooManyRequests: HTTPStatus.TOO_MANY_REQUESTS,
    TooManyStreams: HTTPStatus.TOO_MANY_REQUESTS,
    VersionChanged: HTTPStatus.PRECONDITION_FAILED,
}
UNAVAILABLE: Final[Mapping[type[TimebankError], int]] = {
    TryAgain: 1,
    StorageFull: 30,
    StorageReadOnly: 30,
    StorageUnusable: 10,
    NotADatabase: 30,
    DatabaseDamaged: 30,
    NoDatabase: 10,
    ServerLost: 2,
    ServerUnreachable: 5,
    ServerRefused: 30,
    ServerReadOnly: 10,
    ServerTooOld: 30,
    OutcomeUnknown: 2,
}
"""What is wrong with the database, and after how many seconds to ask again."""
OUTCOME_UNKNOWN: Final = "Nobody knows whether it was done. The same request with the same key finds out."
BOOKS_AWAY: Final = "The books cannot be reached now. Nothing was changed; ask again later."
OF_DRIVERS: Final = frozenset({"OperationalError", "TimeoutError", "InterfaceError"})
"""What a driver or its pool raises where the database is busy or gone, and the library has no name for it."""
RETRY_SECONDS: Final = 1
KEY_HEADER: Final = "Idempotency-Key"
SAFE: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of every answer: nobody keeps it, nobody takes it for something else."""
AnyRequest = Request[Any, Any, Any]


class Problem(Struct, frozen=True, omit_defaults=True):
    """An error, as RFC 9457 describes it."""

    type: str
    """`/problems/CODE`."""
    title: str
    status: int
    code: str
    """Stable: programs may rely on it."""
    detail: str
    faults: tuple[Fault, ...] = ()
    request: str = ""
    """Its id, if the fault is ours: who asks for help names it. Always in the header `X-Request-Id`; not here
    where what is foreign must look like what is missing, to the letter."""


def problem_of(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    faults: tuple[Fault, ...] = (),
    headers: Mapping[str, str] | None = None,
) -> Response[Problem]:
    """Return the answer that says what went wrong."""
    note_problem(code)
    problem = Problem(
        type=f"/problems/{code}",
        title=status.phrase,
        status=status.value,
        code=code,
        detail=detail,
        faults=faults,
        request=request_id() if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
    )
    return Response(
        problem, status_code=status.value, media_type=MEDIA_TYPE, headers={**SAFE, **(headers or {})}
    )


def raw_problem(
    status: HTTPStatus, code: str, detail: str, headers: Sequence[tuple[bytes, bytes]] = ()
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the two messages of ASGI that say what went wrong, for who answers without the framework."""
    answer = problem_of(status, code, detail)
    body = msgspec.json.encode(answer.content)
    said = {**answer.headers, "Content-Type": MEDIA_TYPE, "Content-Length": str(len(body))}
    lines = [(name.lower().encode(), value.encode()) for name, value in said.items()]
    start = {"type": "http.response.start", "status": status.value, "headers": [*lines, *headers]}
    return start, {"type": "http.response.body", "body": body}


def status_of(error: type[TimebankError]) -> HTTPStatus:
    """Return the status of a refusal of the library."""
    if error in UNAVAILABLE:
        return HTTPStatus.SERVICE_UNAVAILABLE
    return OF_ERROR.get(error, OF_KIND[error.kind])


def of_library(_: AnyRequest, error: TimebankError) -> Response[Problem]:
    """Answer with a refusal of the library."""
    if type(error) in UNAVAILABLE:
        return _away(type(error))
    status = status_of(type(error))
    headers = {}
    if status is HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    if error.kind is Kind.TRANSIENT:
        headers["Retry-After"] = str(error.facts.get("retry_seconds", RETRY_SECONDS))
    return problem_of(status, error.code, f"{error}.", faults=faults_of(error), headers=headers)


def _away(kind: type[TimebankError]) -> Response[Problem]:
    """Answer that the database does not work, and not a word about it more than that."""
    detail = OUTCOME_UNKNOWN if kind is OutcomeUnknown else BOOKS_AWAY
    headers = {"Retry-After": str(UNAVAILABLE[kind])}
    return problem_of(HTTPStatus.SERVICE_UNAVAILABLE, kind.code, detail, headers=headers)


def of_body(request: AnyRequest, error: ValidationException) -> Response[Problem]:
    """Answer to a body or a parameter that is not as described."""
    found = error.found if isinstance(error, Malformed) else in_parameters(request) or _said(error)
    if found == [(KEY_HEADER, "missing")]:
        detail = f"Send the header {KEY_HEADER}: the same key never takes effect twice."
        return problem_of(HTTPStatus.BAD_REQUEST, "key_missing", detail)
    faults = tuple(Fault(field=place, detail=what) for place, what in found)
    detail = "The request is not as it is described."
    return problem_of(HTTPStatus.BAD_REQUEST, "malformed", detail, faults=faults)


def _said(error: ValidationException) -> list[tuple[str, str]]:
    """Return what the framework, or a route, says is wrong."""
    extra = error.extra if isinstance(error.extra, list) else []
    said = [each for each in extra if isinstance(each, dict)]
    return [(str(each.get("key", "")), str(each.get("message", ""))) for each in said]


def of_http(_: AnyRequest, error: HTTPException) -> Response[Problem]:
    """Answer to what the framework refuses: no such route, no such method, too much."""
    status = HTTPStatus(error.status_code)
    code = status.name.lower()
    return problem_of(status, code, f"{status.description or status.phrase}.", headers=error.headers)


def of_bug(request: AnyRequest, error: Exception) -> Response[Problem]:
    """Answer to a bug of ours; its kind goes to the log, nothing of its text anywhere."""
    if type(error).__name__ in OF_DRIVERS:
        return _away(StorageUnusable)
    facts = facts_of(error)
    where = operation_of(request.scope)
    getLogger("timebank_api").error("%s in %s, %s", facts["error"], where, facts.get("at", "not in our code"))
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return problem_of(status, "internal_error", "Something is wrong on our side; nothing is half-done.")


HANDLERS: Final[dict[int | type[Exception], Any]] = {
    TimebankError: of_library,
    ValidationException: of_body,
    HTTPException: of_http,
    Exception: of_bug,
}
