"""The mixed load in small: `make faults` lets two hundred members live for ten minutes."""

from pathlib import Path

import pytest
from tests.faults.mixing import MIB, judge_memory, mix
from tests.faults.scores import Score

FLAT = [100] * 20 + [150] * 80
"""What is taken to warm up is no growth."""


def test_everything_that_was_answered_is_in_the_books(tmp_path: Path) -> None:
    """No answer but those that were to be expected, and the audit finds nothing."""
    score = mix(4, seed=1, folder=tmp_path, clients=12, think_seconds=(0, 0.1))

    assert [] == score.wrong
    assert score.counts["hours"] > 0 < score.counts["confirmed"]
    assert score.counts["redemptions"] > 0 < score.counts["cancelled"]


@pytest.mark.parametrize(
    ("sizes", "seconds", "is_met"),
    [
        (FLAT, 600, True),
        ([*FLAT[:90], *[157] * 10], 600, True),
        ([*FLAT[:90], *[158] * 10], 600, False),
        ([*range(100, 200)], 600, False),
        ([*[100] * 50, *[150] * 50], 60, True),
        ([*range(100, 200)], 10, True),
    ],
)
def test_memory_may_grow_while_it_warms_up(sizes: list[int], seconds: int, is_met: bool) -> None:  # noqa: FBT001
    """After that, by less than one twentieth; where it was too short to know, that is said."""
    score = Score("sample")
    judge_memory(score, [size * MIB for size in sizes], seconds)

    assert is_met is score.is_met
    assert 1 == len(score.notes)
