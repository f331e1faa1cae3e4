"""Policy: the rules of the branch; everybody may read them, coordinators set them."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated

from litestar import Controller, get, post
from litestar.params import JSONBody, QueryParameter
from msgspec import Struct
from msgspec.structs import asdict

from timebank.care.access import AccessRole
from timebank.errors import NotAllowed, PolicyInvalid
from timebank.instants import write_instant
from timebank.ledger.canonical import instant_of
from timebank.policy.changes import Change, changes_between
from timebank.policy.writing import DEFAULT_POLICY_TEXT
from timebank.services.policies import PolicyVersion
from timebank_api.acts import desk_act
from timebank_api.faults import Fault, policy_fault
from timebank_api.guards import require_books
from timebank_api.inputs import NUMBER_MOST, Asking, Key, bank_of
from timebank_api.keys import key_for

Version = Annotated[int | None, QueryParameter(ge=1, le=NUMBER_MOST)]


class DocumentIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Rules."""

    document: str
    """TOML."""


class PolicyIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """New rules."""

    document: str
    """TOML."""
    effective_on: date | None = None
    """First day they count; today, if it is left out."""


class DocumentOut(Struct, frozen=True):
    """Rules."""

    document: str
    """TOML."""


class VersionOut(Struct, frozen=True, kw_only=True):
    """A version of the branch's rules."""

    version: int
    effective_on: str
    recorded_at: str
    by: str


class PolicyOut(VersionOut, frozen=True, kw_only=True):
    """A version of the branch's rules, with the whole document."""

    document: str
    """TOML."""


class ChangeOut(Struct, frozen=True):
    """One key that differs between two documents; both values as the documents write them."""

    key: str
    before: str
    after: str


class PolicySetOut(PolicyOut, frozen=True, kw_only=True):
    """The version that was set."""

    changes: tuple[ChangeOut, ...]


class CheckOut(Struct, frozen=True):
    """What is to be mended in a document."""

    is_usable: bool
    faults: tuple[Fault, ...]


class PolicyRoutes(Controller):
    """The rules of the branch."""

    path = "/v1/policy"
    tags = ("policy",)

    @get("/", operation_id="policy_show", sync_to_thread=True)
    def show(self, request: Asking, version: Version = None) -> PolicyOut:
        """Show a version of the rules; by default the one in force today."""
        token = request.user
        if token.role is AccessRole.OPERATOR:
            raise NotAllowed(actor=f"{token.role}:{token.ref}")
        return _out(bank_of(request).policies.show(token.branch, version))

    @get("/versions", operation_id="policy_list", sync_to_thread=True, guards=[require_books])
    def list_(self, request: Asking) -> list[VersionOut]:
        """List the versions, oldest first."""
        return _versions(bank_of(request).policies.list(request.user.branch))

    @get("/default", operation_id="policy_default", sync_to_thread=False)
    def default(self) -> DocumentOut:
        """Show the default rules, to start from: every key with what it means."""
        return DocumentOut(document=DEFAULT_POLICY_TEXT)

    @post("/check", operation_id="policy_check", status_code=200, sync_to_thread=True, guards=[require_books])
    def check(self, request: Asking, data: JSONBody[DocumentIn]) -> CheckOut:
        """Check a document of rules and list every fault; nothing is changed."""
        try:
            bank_of(request).policies.check(data.document)
        except PolicyInvalid as invalid:
            return CheckOut(is_usable=False, faults=tuple(map(policy_fault, invalid.faults)))
        return CheckOut(is_usable=True, faults=())

    @post("/diff", operation_id="policy_diff", status_code=200, sync_to_thread=True, guards=[require_books])
    def diff(
        self, request: Asking, data: JSONBody[DocumentIn], version: Version = None
    ) -> tuple[ChangeOut, ...]:
        """Show what a document would change, key by key; nothing is changed."""
        policies = bank_of(request).policies
        new = policies.check(data.document)
        return _changes(changes_between(policies.show(request.user.branch, version).policy, new))

    @desk_act("/", "policy_set")
    def set_(self, request: Asking, data: JSONBody[PolicyIn], key: Key) -> PolicySetOut:
        """Give the branch new rules from a day on; what is booked keeps the rules it was booked under.

        With `If-Match`, the tag of the list of versions, only if nobody has set any since.
        """
        token = request.user
        done = bank_of(request).policies.set(
            token.branch,
            data.document,
            effective_on=data.effective_on,
            by=token.actor,
            key=key_for(request, key, _set, current=_versions),
        )
        return _set(done)


def _set(done: tuple[PolicyVersion, Iterable[Change]]) -> PolicySetOut:
    version, changes = done
    return PolicySetOut(**asdict(_out(version)), changes=_changes(changes))


def _versions(versions: Iterable[PolicyVersion]) -> list[VersionOut]:
    return [_version(each) for each in versions]


def _version(version: PolicyVersion) -> VersionOut:
    return VersionOut(
        version=version.version,
        effective_on=version.effective_on.isoformat(),
        recorded_at=write_instant(instant_of(version.recorded_us)),
        by=version.actor,
    )


def _out(version: PolicyVersion) -> PolicyOut:
    return PolicyOut(**asdict(_version(version)), document=version.document)


def _changes(changes: Iterable[Change]) -> tuple[ChangeOut, ...]:
    return tuple(ChangeOut(each.key, each.before, each.after) for each in changes)
