"""A family in two branches: a son in Lille with hours, his mother in Locminé, somebody near her who helps."""

import shutil
import sqlite3
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.builders import NOW

from timebank.care.beneficiary import Relation
from timebank.care.mandate import Scope
from timebank.clock import SteppingClock
from timebank.policy.model import Policy
from timebank.policy.writing import write_policy
from timebank.services.bank import Bank, open_bank

SON = "member:m1@lille"
NEIGHBOUR = "member:m2@lille"
MOTHER = "member:m1@locmine"
HELPER = "member:m2@locmine"
FRIEND = "member:m3@locmine"
DESK = "coordinator:desk@lille"
HOST_DESK = "coordinator:desk@locmine"
SON_FOR_MOTHER = "member:m1@lille+m1#1"
"""The son by his mother's mandate 1, kept in Locminé."""
EARNED = 240
"""Minutes the son has earned before the story begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """The bank of the family, at a clock that the test moves."""

    bank: Bank
    clock: SteppingClock
    file: Path

    def request(self, *, minutes: int = 60, days: int = 3, **changes: Any) -> str:  # noqa: ANN401
        """Ask for help, some days ahead; returns the reference."""
        facts: dict[str, Any] = {
            "start_at": self.clock.instant + timedelta(days=days),
            "kind": "shopping",
            "by": SON,
        }
        done = self.bank.redemptions.request("lille", 1, minutes=minutes, **{**facts, **changes})
        return done.redemption.ref

    def assigned(self, **changes: Any) -> str:  # noqa: ANN401
        """Ask for help and find somebody."""
        ref = self.request(**changes)
        self.bank.redemptions.assign(ref, provider="m2", by=HELPER)
        return ref

    def logged(self, *, given: int | None = None, **changes: Any) -> str:  # noqa: ANN401
        """Ask, find somebody, and let them state the help right after it was planned to end."""
        ref = self.assigned(**changes)
        planned = self.bank.redemptions.show(ref).redemption
        self.wait_until(planned.planned_at + timedelta(minutes=planned.planned_minutes, hours=2))
        self.bank.redemptions.log(ref, minutes=given, by=HELPER)
        return ref

    def settled(self, **changes: Any) -> str:  # noqa: ANN401
        """Go all the way: the mother confirms."""
        ref = self.logged(**changes)
        self.bank.redemptions.confirm(ref, by=MOTHER)
        return ref

    def wait_until(self, instant: datetime) -> None:
        """Let time pass."""
        assert instant >= self.clock.instant, "time does not run backwards in this story"
        self.clock.instant = instant

    def balance(self, branch: str, path: str) -> int:
        """Return a balance; 0 for an account that was never needed."""
        found = {view.path: view.balance for view in self.bank.accounts.list(branch)}
        return found.get(path, 0)

    @property
    def son(self) -> tuple[int, int]:
        """What the son has: available and held."""
        return self.balance("lille", "member:m1:available"), self.balance("lille", "member:m1:held")

    @property
    def helper(self) -> int:
        """What the helper has."""
        return self.balance("locmine", "member:m2:available")

    def check(self) -> None:
        """Prove the books: the audit, and all that `check_quickly` looks at."""
        self.check_quickly()
        assert () == self.bank.audits.run().faults

    def check_quickly(self) -> None:
        """Look at trial balances, clearing, and every redemption's own story."""
        for branch in ("lille", "locmine"):
            assert all(balance.is_balanced for balance in self.bank.statements.trial_balance(branch)), branch
            for redemption in self.bank.redemptions.list(branch):
                story = self.bank.redemptions.show(redemption.ref)
                assert story.is_reconciled, redemption
        assert all(position.is_reconciled for position in self.bank.statements.clearing())


def a_family(file: Path, *, address: str | None = None) -> Family:
    """Found two branches, let the son earn, and make his mother a beneficiary with consent and check.

    Args:
        file: of the SQLite database.
        address: of another database instead; `file` is then not used.
    """
    clock = SteppingClock(NOW)
    bank = open_bank(address or f"sqlite:///{file}", clock=clock)
    for branch in ("lille", "locmine"):
        bank.branches.create(branch, name=f"Sample {branch}")
        for number in (1, 2, 3):
            bank.members.add(branch, name=f"Sample Member {number} of {branch}", joined_on=NOW.date())
    clock.advance(timedelta(hours=8))
    record = bank.hours.log(
        "lille",
        provider="m1",
        recipient="member:m2",
        minutes=EARNED,
        kind="shopping",
        start_at=NOW + timedelta(hours=2),
        by=SON,
    ).record
    bank.hours.confirm("lille", record.no, by=NEIGHBOUR)
    bank.beneficiaries.add("lille", sponsor="m1", relation=Relation.PARENT, member="m1@locmine", by=SON)
    bank.beneficiaries.consent("lille", 1, by=MOTHER)
    bank.beneficiaries.check("lille", 1, by=DESK)
    bank.mandates.grant(
        "locmine",
        principal="m1",
        holder="m1@lille",
        basis="family-authorisation",
        scopes={Scope.CONFIRM},
        by=MOTHER,
    )
    return Family(bank=bank, clock=clock, file=file)


def copied(family_file: Path, file: Path, *, is_dry_run: bool = False) -> Family:
    """Open a copy of a family's bank, at the instant at which `a_family` ends."""
    shutil.copyfile(family_file, file)
    clock = SteppingClock(NOW + timedelta(hours=8))
    return Family(
        bank=open_bank(f"sqlite:///{file}", clock=clock, is_dry_run=is_dry_run), clock=clock, file=file
    )


def dump_of(file: Path) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table, but for how often a branch was written to."""
    with sqlite3.connect(file) as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {
            name: sorted(connection.execute(f"SELECT * FROM {name}").fetchall(), key=repr) for name in names
        }
        rows["branch_head"] = connection.execute("SELECT branch_id, entry_seq FROM branch_head").fetchall()
    connection.close()
    return rows


def a_policy(**sections: object) -> str:
    """Return a policy document with some sections of one's own."""
    return write_policy(replace(Policy(), **sections))  # type: ignore[arg-type]
