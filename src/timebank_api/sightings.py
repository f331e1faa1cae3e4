"""Sightings: what of a request goes into the access log."""

from collections.abc import MutableMapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import parse_qs

from timebank.care.access import AccessRole, AccessToken
from timebank.care.mandate import Person
from timebank.care.sightings import Sighting
from timebank_api.inputs import Asking
from timebank_api.recorder import Recorder
from timebank_api.seen import operation_of, request_id
from timebank_api.visits import Visit, visit_of

OWN: Final = "me"
"""Operations that begin so concern whoever asks."""


def concerns(request: Asking, *parties: Person) -> None:
    """Note whom a request concerns: (branch, member) each."""
    visit_of(request.scope).members = parties


def write_down(recorder: Recorder, visit: Visit, scope: MutableMapping[str, Any], status: int) -> None:
    """Write down that somebody saw or did something; a line for each member whom it concerned.

    It stands in the log of who asked and, if a member is of another branch, in that one too: they look there.
    """
    token: AccessToken | None = scope.get("user")
    if token is None:
        return
    operation = operation_of(scope)  # type: ignore[arg-type]  # the framework's type, less exactly
    path = scope.get("path_params") or {}
    line = Sighting(
        branch=token.branch,
        at=recorder.now(),
        no=recorder.new_number(),
        request=request_id() or None,
        role=token.role.value,
        ref=token.ref,
        operation=operation,
        object="/".join(str(value) for value in path.values()) or None,
        member=None,
        mandate=visit.mandate,
        status=status,
    )
    members = visit.members or _members(token, operation, path, scope["query_string"])
    if not members:
        recorder.note(line)
    for branch, member in dict.fromkeys(members):
        no = recorder.new_number()
        if branch == token.branch:
            recorder.note(replace(line, no=no, member=member))
            continue
        recorder.note(replace(line, no=no, member=f"{member}@{branch}"))
        recorder.note(replace(line, no=no, branch=branch, ref=f"{token.ref}@{token.branch}", member=member))


def _members(
    token: AccessToken, operation: str, path: MutableMapping[str, Any], query: bytes
) -> tuple[Person, ...]:
    """Return whom a request concerns that did not say so itself."""
    refs: tuple[str, ...] = ()
    if operation.partition("_")[0] == OWN:
        refs = (token.ref,) if token.role is AccessRole.MEMBER else ()
    elif operation.startswith("members_") and "ref" in path:
        refs = (str(path["ref"]),)
    elif b"member=" in query:
        refs = tuple(parse_qs(query.decode("ascii", "replace")).get("member", ()))
    return tuple((token.branch, ref) for ref in refs)
