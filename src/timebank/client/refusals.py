"""Refusals: the service's problems as the library's errors, looked up by their code."""

from collections.abc import Mapping
from functools import cache

import msgspec

from timebank import errors
from timebank.errors import Kind, TimebankError


class ServiceRefused(TimebankError):
    """The service refuses with a code of its own, or of a newer version. `refusal` says more."""

    code = "service_refused"
    template = "the service refuses: {detail}"


class ServiceUnreachable(TimebankError):
    """Nothing answers, however often it was asked. What has a key is safe to repeat with the same key."""

    code = "service_unreachable"
    kind = Kind.TRANSIENT
    template = "the service does not answer at {address}"


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one field of a body or one parameter."""

    field: str
    detail: str


class Refused(msgspec.Struct, frozen=True):
    """A problem as the service states it (RFC 9457); the fact `refusal` of every error that is raised."""

    status: int
    code: str = ""
    detail: str = ""
    faults: tuple[Fault, ...] = ()


@cache
def _classes() -> Mapping[str, type[TimebankError]]:
    found = (each for each in vars(errors).values() if isinstance(each, type))
    return {each.code: each for each in found if issubclass(each, TimebankError)}


def refusal_of(status: int, content: bytes) -> TimebankError:
    """Return a problem as an error: of the library's class with that code, or `ServiceRefused`.

    Its text is what the service says; its facts are not known here but for `refusal`.
    """
    try:
        refusal = msgspec.json.decode(content, type=Refused)
    except msgspec.DecodeError:  # something between us and the service answered
        refusal = Refused(status)
    kind = _classes().get(refusal.code, ServiceRefused)
    error = kind.__new__(kind)
    Exception.__init__(error, refusal.detail.removesuffix(".") or f"the service answered {status}")
    error.facts = {"refusal": refusal}
    if kind is ServiceRefused and refusal.code:
        vars(error)["code"] = refusal.code
    return error
