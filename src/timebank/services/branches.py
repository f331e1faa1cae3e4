"""Branches: found one, list them, look at one."""

from collections.abc import Sequence
from datetime import date

from timebank.care.events import of_branch
from timebank.care.inputs import clean_text
from timebank.ids import reference
from timebank.instants import day_of, zone_of
from timebank.ledger.model import Branch
from timebank.policy.document import parse_policy
from timebank.policy.model import Policy
from timebank.policy.writing import write_policy
from timebank.services.service import Service, Who

NAME_MOST = 200
FOUNDED_ON = date(1970, 1, 1)
"""The first policy counts for everything, history from before the books included."""


class Branches(Service):
    """Use cases on branches."""

    def create(
        self,
        code: str,
        *,
        name: str,
        zone: str = "Europe/Paris",
        policy: str | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> Branch:
        """Found a branch with its first policy and an empty journal.

        Args:
            code: short and lasting, `[a-z0-9-]`.
            name: what people call it.
            zone: IANA time zone; calendar days of the branch are days there.
            policy: its rules as a TOML document; the default rules if None.
            by: who founds it.
            key: idempotency key.

        Raises:
            BadReference, BadText, UnknownZone, PolicyInvalid: a part is malformed.
            BranchExists: the code is taken.
            KeyReused: the key was used for another request.
        """
        reference(code, what="branch code")
        zone_of(zone)
        document = policy if policy is not None else write_policy(Policy())
        parse_policy(document)
        actor = self.actor(by)
        title = clean_text(name, what="name", most=NAME_MOST)
        payload = ("branch create", title, zone, document, actor)
        with self.store.write() as tx:
            if key is not None and any(known.code == code for _, known in tx.branches.list()):
                # Keys are kept by branch: the new branch itself remembers the request that founded it.
                books = tx.books(code)
                if books.requests.open(key, *payload).outcome is not None:
                    return books.branch
            branch = Branch(code=code, name=title, zone=zone, created_at=tx.now)
            tx.branches.create(branch)
            books = tx.books(code)
            books.policies.add(document, effective_on=FOUNDED_ON, actor=str(actor))
            books.tell(of_branch(code))
            books.requests.open(key, *payload).done(code, branch)
            return branch

    def list(self) -> Sequence[Branch]:
        """Return all branches by code."""
        with self.store.read() as tx:
            return [branch for _, branch in tx.branches.list()]

    def show(self, code: str) -> Branch:
        """Return one branch.

        Raises:
            UnknownBranch: no branch has that code.
        """
        with self.store.read() as tx:
            return tx.books(code).branch

    def today(self, code: str) -> date:
        """Return the calendar day it is in a branch."""
        with self.store.read() as tx:
            return day_of(tx.now, tx.books(code).zone)
