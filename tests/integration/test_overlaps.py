"""Hours that share time with others of the same provider are found, however long ago those began."""

from datetime import timedelta
from pathlib import Path

import pytest
from tests.builders import NOW, a_branch

from timebank.errors import OverlappingHours


def test_a_long_visit_is_found_after_the_policy_has_shortened_visits(tmp_path: Path) -> None:
    """The longest visit that any version of the policy allowed decides how far back is looked."""
    bank = a_branch(tmp_path)

    def log(minutes: int, *, hours_ago: int) -> None:
        bank.hours.log(
            "lille",
            provider="m1",
            recipient="member:m2",
            minutes=minutes,
            kind="shopping",
            start_at=NOW - timedelta(hours=hours_ago),
            by="member:m1",
        )

    log(600, hours_ago=20)
    document = bank.policies.show("lille").document
    assert "longest_minutes = 1440" in document
    bank.policies.set("lille", document.replace("longest_minutes = 1440", "longest_minutes = 60"))

    with pytest.raises(OverlappingHours):
        log(30, hours_ago=11)
    log(30, hours_ago=9)
    bank.close()
