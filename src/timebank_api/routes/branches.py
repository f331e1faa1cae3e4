"""Branches: name and calendar of the one that is looked at."""

from litestar import Controller, get
from msgspec import Struct

from timebank.errors import UnknownBranch
from timebank.instants import write_instant
from timebank.ledger import model
from timebank_api.acting import Visiting
from timebank_api.inputs import Asking, Branch, bank_of


class BranchOut(Struct, frozen=True, kw_only=True):
    """A branch."""

    code: str
    name: str
    zone: str
    """IANA time zone of its calendar."""
    created_at: str


class BranchRoutes(Controller):
    """Branches; founding and copying them is for who runs the machine, at its command line."""

    path = "/v1/branches"
    tags = ("branches",)

    @get("/", operation_id="branches_list", sync_to_thread=True)
    def list_(self, request: Asking, visitor: Visiting) -> list[BranchOut]:
        """List what I may see: my branch, or the principal's."""
        found = bank_of(request).branches.list()
        return [_out(each) for each in found if visitor.may_see_branch(each.code)]

    @get("/{branch:str}", operation_id="branches_show", sync_to_thread=True)
    def show(self, request: Asking, visitor: Visiting, branch: Branch) -> BranchOut:
        """Show one."""
        if not visitor.may_see_branch(branch):
            raise UnknownBranch(branch=branch)
        return _out(bank_of(request).branches.show(branch))


def _out(branch: model.Branch) -> BranchOut:
    return BranchOut(
        code=branch.code,
        name=branch.name,
        zone=branch.zone,
        created_at=write_instant(branch.created_at),
    )
