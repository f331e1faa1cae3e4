"""Audit: prove the books of the branch."""

from litestar import Controller, post
from litestar.params import JSONBody
from msgspec import Struct

from timebank.care.access import AccessScope
from timebank_api.guards import require_books
from timebank_api.inputs import Asking, bank_of


class AuditIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much is to be looked at."""

    since_last: bool = False
    """Go on from the last audit that a coordinator ran: a change behind it is not seen."""


class FindingOut(Struct, frozen=True):
    """What does not hold."""

    code: str
    place: str
    detail: str


class OutsideOut(Struct, frozen=True):
    """An account outside today's limits: no fault, but somebody should know."""

    path: str
    balance_minutes: int


class AuditOut(Struct, frozen=True, kw_only=True):
    """What the audit found."""

    is_clean: bool
    """Whether the books hold."""
    findings: tuple[FindingOut, ...]
    entries: int
    checked_entries: int
    """How many of them were read: all but those behind the last audit, if that was asked for."""
    accounts: int
    is_kept: bool
    """Whether the next audit can go on from this one."""
    outside_limits: tuple[OutsideOut, ...]


class AuditRoutes(Controller):
    """The proof of the branch's books, for those who run or audit it."""

    path = "/v1/audit"
    tags = ("audit",)
    guards = (require_books,)

    @post("/", operation_id="audit_run", status_code=200, sync_to_thread=True)
    def run(self, request: Asking, data: JSONBody[AuditIn]) -> AuditOut:
        """Recompute everything from the journal and list all that does not hold, each with its place.

        It changes nothing, and needs no key. A coordinator's audit without findings is remembered, for the
        next one to go on from; an auditor's, and a token's that only reads, leaves no trace.
        """
        token = request.user
        is_kept = AccessScope.COORDINATE in token.scopes
        report = bank_of(request).audits.run(
            branch=token.branch,
            since_last=data.since_last,
            keep=is_kept,
            workers=0,
            by=token.actor if is_kept else None,
        )
        return AuditOut(
            is_clean=report.ok,
            findings=tuple(FindingOut(each.code, each.place, each.detail) for each in report.faults),
            entries=report.entries,
            checked_entries=report.checked,
            accounts=report.accounts,
            is_kept=report.is_kept,
            outside_limits=tuple(OutsideOut(path, balance) for _, path, balance in report.outside_limits),
        )
