"""Scopes: what a token is for, asked of every operation, those that are still to come included."""

from collections.abc import Mapping
from typing import Final

from litestar.handlers import BaseRouteHandler

from timebank.care.access import AccessScope

HARMLESS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OPTION: Final = "scope"
"""Where a handler names its scope in `opt`, if the table below is not right for it."""
OF_NOUN: Final[Mapping[str, AccessScope]] = {
    "beneficiaries": AccessScope.REDEEM,
    "hours": AccessScope.LOG,
    "mandates": AccessScope.REDEEM,
    "matches": AccessScope.LOG,
    "me": AccessScope.ACCOUNT,
    "offers": AccessScope.LOG,
    "profiles": AccessScope.ACCOUNT,
    "redemptions": AccessScope.REDEEM,
    "requests": AccessScope.REDEEM,
}
"""What acts on a noun are; those on any other are for whoever runs the branch."""
ABOUT_HELP: Final = frozenset({"redemptions_confirm", "redemptions_dispute", "redemptions_log"})
"""What is said about help in a redemption, as about any other."""
LOOKS: Final = frozenset({"audit_run", "imports_reconcile", "members_search", "policy_check", "policy_diff"})
"""What is sent a body and changes nothing."""


def scope_of(method: str, handler: BaseRouteHandler) -> AccessScope:
    """Return what a token must be for to ask a handler with a method."""
    named = handler.opt.get(OPTION)
    if named is not None:
        return AccessScope(named)
    operation = str(getattr(handler, "operation_id", ""))
    if method in HARMLESS or operation in LOOKS:
        return AccessScope.READ
    if operation in ABOUT_HELP:
        return AccessScope.LOG
    return OF_NOUN.get(operation.partition("_")[0], AccessScope.COORDINATE)
