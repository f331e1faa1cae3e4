"""Branches: found by their code, numbered inside this database only."""

from collections.abc import Sequence

from sqlalchemy import func, insert, select
from sqlalchemy.engine import Connection

from timebank.errors import BranchExists, UnknownBranch
from timebank.ledger.canonical import instant_of, micros_of
from timebank.ledger.model import Branch
from timebank.storage.columns import table_of
from timebank.storage.tables import BranchHeadRow, BranchRow

BRANCH = table_of(BranchRow)


class Branches:
    """The branches of a database."""

    def __init__(self, connection: Connection) -> None:
        """Work in one transaction."""
        self.connection = connection

    def create(self, branch: Branch) -> int:
        """Store a new branch with an empty journal; returns its number in this database.

        Raises:
            BranchExists: the code is taken.
        """
        if any(known.code == branch.code for _, known in self.list()):
            raise BranchExists(branch=branch.code)
        last = self.connection.execute(select(func.max(BRANCH.c.branch_id))).scalar()
        branch_id = (last or 0) + 1
        self.connection.execute(
            insert(BRANCH),
            {
                "branch_id": branch_id,
                "code": branch.code,
                "name": branch.name,
                "zone": branch.zone,
                "created_us": micros_of(branch.created_at),
            },
        )
        self.connection.execute(insert(table_of(BranchHeadRow)), {"branch_id": branch_id, "entry_seq": 0})
        return branch_id

    def find(self, code: str) -> tuple[int, Branch]:
        """Return a branch and its number.

        Raises:
            UnknownBranch: no branch has that code.
        """
        row = self.connection.execute(select(BRANCH).where(BRANCH.c.code == code)).one_or_none()
        if row is None:
            raise UnknownBranch(branch=code)
        return int(row.branch_id), _branch(row.code, row.name, row.zone, row.created_us)

    def list(self) -> Sequence[tuple[int, Branch]]:
        """Return all branches with their numbers, by code."""
        rows = self.connection.execute(select(BRANCH).order_by(BRANCH.c.code))
        return [(int(row.branch_id), _branch(row.code, row.name, row.zone, row.created_us)) for row in rows]


def _branch(code: str, name: str, zone: str, created_us: int) -> Branch:
    return Branch(code=code, name=name, zone=zone, created_at=instant_of(created_us))
