"""Policies: show the rules of a branch, check a document, set a new version from a day on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from importlib.resources import files as files_of

from timebank.care.events import of_policy
from timebank.care.mandate import require_coordinator
from timebank.errors import PolicyDatedInPast, UnknownPolicyVersion
from timebank.policy.changes import Change, changes_between
from timebank.policy.document import parse_policy
from timebank.policy.model import Policy
from timebank.services.service import Service, Who, act_in
from timebank.storage.policies import PolicyVersion

__all__ = ["Policies", "PolicyVersion", "ReadyMade", "ready_made"]
READY = "timebank.policy.ready"
"""The package with the documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyMade:
    """A policy of a real scheme, to start from."""

    name: str
    title: str
    """Of the scheme, as its document begins."""
    document: str


def ready_made() -> Sequence[ReadyMade]:
    """Return the ready-made policies, by name."""
    files = [each for each in files_of(READY).iterdir() if each.name.endswith(".toml")]
    texts = [(each.name.removesuffix(".toml"), each.read_text(encoding="utf-8")) for each in files]
    return [
        ReadyMade(name=name, title=text.partition("\n")[0].removeprefix("# "), document=text)
        for name, text in sorted(texts)
    ]


class Policies(Service):
    """Use cases on policies."""

    def list(self, branch: str) -> Sequence[PolicyVersion]:
        """Return all versions of a branch's policy, oldest first."""
        with self.store.read() as tx:
            return tx.books(branch).policies.list()

    def show(self, branch: str, version: int | None = None) -> PolicyVersion:
        """Return a version of a branch's policy; the one in force today if None.

        Raises:
            UnknownBranch, UnknownPolicyVersion: there is none.
        """
        with self.store.read() as tx:
            books = tx.books(branch)
            if version is None:
                return books.policy
            for known in books.policies.list():
                if known.version == version:
                    return known
            raise UnknownPolicyVersion(version=version, branch=branch)

    @staticmethod
    def check(document: str) -> Policy:
        """Read a policy document.

        Raises:
            PolicyInvalid: with every fault of the document.
        """
        return parse_policy(document)

    def set(
        self,
        branch: str,
        document: str,
        *,
        effective_on: date | None = None,
        by: Who | None = None,
        key: str | None = None,
    ) -> tuple[PolicyVersion, tuple[Change, ...]]:
        """Set new rules from a day on; returns the version and what it changes.

        What was booked keeps the version it was booked under.

        Raises:
            PolicyInvalid: with every fault of the document.
            UnknownBranch: no branch has that code.
            NotAllowed: only a coordinator sets the policy.
            PolicyDatedInPast: it would take effect before today.
            KeyReused: the key was used for another request.
        """
        policy = parse_policy(document)
        with self.store.write(branch) as tx:
            books = tx.books(branch)
            actor = self.actor(by)
            request = books.requests.open(key, "policy set", document, effective_on, actor)
            if request.outcome is not None:
                return _set_before(books.policies.list()[: int(request.outcome)])
            require_coordinator(act_in(books, actor), branch)
            on = effective_on if effective_on is not None else books.today
            if on < books.today:
                raise PolicyDatedInPast
            request.require_unchanged(books.policies.list())
            before = books.policies.in_force(on).policy
            version = books.policies.add(document, effective_on=on, actor=str(actor))
            books.tell(of_policy(version.version, on))
            result = version, changes_between(before, policy)
            request.done(version.version, result)
            return result


def _set_before(versions: Sequence[PolicyVersion]) -> tuple[PolicyVersion, tuple[Change, ...]]:
    """Return the last of these versions and what it changed when it was set."""
    *earlier, version = versions
    before = max(
        (each for each in earlier if each.effective_on <= version.effective_on),
        key=lambda each: (each.effective_on, each.version),
        default=earlier[0],
    )
    return version, changes_between(before.policy, version.policy)
