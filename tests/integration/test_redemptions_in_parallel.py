"""Two families who redeem in opposite directions at the same moment: nobody waits for the other for ever."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.family import HOST_DESK, Family, a_family

from timebank.care.beneficiary import Relation

ROUNDS = 8


@pytest.fixture
def families(postgres: str, tmp_path: Path) -> Iterator[Family]:
    """The son in Lille for his mother in Locminé, and a friend in Locminé for a neighbour in Lille."""
    found = a_family(tmp_path / "unused.db", address=postgres)
    beneficiaries = found.bank.beneficiaries
    friend, neighbour = "member:m3@locmine", "member:m2@lille"
    beneficiaries.add("locmine", sponsor="m3", relation=Relation.NAMED, member="m2@lille", by=friend)
    beneficiaries.consent("locmine", 1, by=neighbour)
    beneficiaries.check("locmine", 1, by=HOST_DESK)
    yield found
    found.bank.close()


def redeem(family: Family, home: str, sponsor: str, helper: str, recipient: str) -> None:
    """Go all the way several times, with a correction of each."""
    redemptions, hours = family.bank.redemptions, family.bank.hours
    host = "locmine" if home == "lille" else "lille"
    for number in range(1, ROUNDS + 1):
        start_at = family.clock.instant + timedelta(days=number)
        asked = redemptions.request(
            home, 1, start_at=start_at, minutes=15, kind="shopping", by=f"member:{sponsor}"
        )
        ref = asked.redemption.ref
        redemptions.assign(ref, provider=helper, by=f"member:{helper}")
        # Each visit an hour before the one before it, so that none overlaps another.
        begun = family.clock.instant - timedelta(minutes=30 * number)
        redemptions.log(ref, start_at=begun, by=f"member:{helper}")
        done = redemptions.confirm(ref, by=f"member:{recipient}")
        assert done.redemption.record_no is not None
        hours.correct(host, done.redemption.record_no, minutes=30, reason="longer", by="coordinator:desk")


def test_branches_that_settle_with_one_another_do_not_wait_in_a_circle(families: Family) -> None:
    """Heads are taken in sorted order, whichever branch is home: no deadlock, both books in step (I-7)."""
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(redeem, families, "lille", "m1", "m2", "m1"),
            pool.submit(redeem, families, "locmine", "m3", "m3", "m2"),
        ]
        for each in both:
            each.result(timeout=120)

    assert 30 * ROUNDS == families.balance("locmine", "member:m2:available")
    assert 30 * ROUNDS == families.balance("lille", "member:m3:available")
    assert 0 == families.balance("lille", "clearing:locmine")
    families.check()
