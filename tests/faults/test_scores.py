"""The runner: what is wrong is said, and what cannot be shown does not count as shown."""

import pytest
from tests.faults import cluster
from tests.faults.__main__ import Item, Size, score_of
from tests.faults.cluster import CannotHaveCluster
from tests.faults.failovers import fail_over
from tests.faults.scores import Say, Score, silent
from tests.faults.verdict import Verdict


def a_verdict(*, lost: int = 0, doubled: int = 0, faults: tuple[str, ...] = ()) -> Verdict:
    """Return what was found in books with ten entries."""
    return Verdict(entries=10, unanswered=0, lost=lost, doubled=doubled, faults=faults)


def test_a_good_verdict_is_met() -> None:
    """Nothing lost, nothing doubled, no fault."""
    score = Score("sample")
    score.take(a_verdict(), "kill 1")

    assert score.is_met
    assert "met      sample: 0 lost, 0 doubled, 0 faults" == score.line()


@pytest.mark.parametrize(
    "verdict", [a_verdict(lost=1), a_verdict(doubled=2), a_verdict(faults=("head_differs in lille",))]
)
def test_anything_wrong_is_not_met(verdict: Verdict) -> None:
    """One broken promise among thousands that were kept is enough."""
    score = Score("sample")
    for where, each in enumerate((a_verdict(), verdict, a_verdict())):
        score.take(each, f"kill {where}")

    assert not score.is_met
    assert score.line().startswith("NOT met")
    assert score.wrong[0].startswith("kill 1: ")


def test_an_item_that_fails_does_not_stop_the_others() -> None:
    """The report has a line for it, with the reason."""

    def fail(_say: Say) -> Score:
        raise ValueError("sample")

    score = score_of(Item("sample", fail), silent)

    assert not score.is_met
    assert "ValueError: sample" in score.wrong[0]


def test_a_machine_without_patroni_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not root is told in one sentence what to install, and the item counts as not met."""
    monkeypatch.setattr(cluster, "missing_programs", lambda: ["patroni"])
    monkeypatch.setattr(cluster, "is_root", lambda: False)

    score = score_of(Item("failovers", lambda say: fail_over(1, seed=1, say=say)), silent)

    assert not score.is_met
    assert [str(CannotHaveCluster(["patroni"], cluster.ADVICE))] == score.wrong


def test_a_tenth_is_a_tenth() -> None:
    """The quick run does everything there is, less often."""
    assert (100, 10, 1) == (
        Size().tenth().writer_kills,
        Size().tenth().server_kills,
        Size().tenth().failovers,
    )
