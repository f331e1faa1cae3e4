"""The retry policy: bounded, only for what may succeed, and honest about what nobody knows."""

from collections.abc import Callable

import pytest

from timebank.errors import (
    InsufficientHours,
    OutcomeUnknown,
    ServerLost,
    ServerUnreachable,
    TimebankError,
    TryAgain,
)
from timebank.storage.retry import NO_RETRY, RetryPolicy

REFUSAL = InsufficientHours(path="fund:solidarity", needed_minutes=1, available_minutes=0)


class Line:
    """A use case that fails as it is told, then succeeds."""

    def __init__(self, *errors: TimebankError) -> None:
        self.errors = list(errors)
        self.runs = 0

    def __call__(self) -> str:
        self.runs += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def a_policy(waits: list[float], **changes: float) -> RetryPolicy:
    """Return a policy whose clock moves only while it waits."""
    sleep: Callable[[float], None] = waits.append
    return RetryPolicy(
        **{"attempts": 4, "give_up_seconds": 100.0, **changes},  # type: ignore[arg-type]
        sleep=sleep,
        chance=lambda: 0.0,
        elapsed=lambda: sum(waits),
    )


@pytest.mark.parametrize("error", [TryAgain(), ServerLost(), ServerUnreachable()])
def test_what_changed_nothing_runs_again(error: TimebankError) -> None:
    """With or without a key: the database says that nothing happened."""
    waits: list[float] = []
    work = Line(error, error, error)

    assert "done" == a_policy(waits).run(work, key=None)

    assert 4 == work.runs
    assert [0.05, 0.2, 0.8] == pytest.approx(waits)


def test_a_refusal_is_final() -> None:
    """A rule does not change its mind."""
    work = Line(REFUSAL)

    with pytest.raises(InsufficientHours):
        a_policy([]).run(work, key="k")

    assert 1 == work.runs


def test_it_ends_after_so_many_attempts_and_after_so_long() -> None:
    """The last error is the answer."""
    work = Line(*[TryAgain()] * 9)
    with pytest.raises(TryAgain):
        a_policy([]).run(work, key=None)
    assert 4 == work.runs

    slow = Line(*[TryAgain()] * 9)
    with pytest.raises(TryAgain):
        a_policy([], give_up_seconds=0.1).run(slow, key=None)
    assert 3 == slow.runs

    once = Line(TryAgain())
    with pytest.raises(TryAgain):
        NO_RETRY.run(once, key="k")
    assert 1 == once.runs


def test_an_unknown_outcome_is_looked_up_by_its_key() -> None:
    """A second run finds what the first one did, or does it."""
    work = Line(OutcomeUnknown(key="not known here"))

    assert "done" == a_policy([]).run(work, key="k")


def test_an_unknown_outcome_without_a_key_is_not_tried_again() -> None:
    """It could take effect twice."""
    work = Line(OutcomeUnknown(key="not known here"))

    with pytest.raises(OutcomeUnknown) as error:
        a_policy([]).run(work, key=None)

    assert 1 == work.runs
    assert "none was given" == error.value.key


def test_an_outcome_stays_unknown_until_somebody_knows() -> None:
    """A server that cannot be reached afterwards does not make it a plain `try again`."""
    work = Line(OutcomeUnknown(key="not known here"), *[ServerUnreachable()] * 9)

    with pytest.raises(OutcomeUnknown) as error:
        a_policy([]).run(work, key="k")

    assert 4 == work.runs
    assert "k" == error.value.key


def test_waits_grow_up_to_a_limit_and_leave_some_to_chance() -> None:
    """Writers that collided once do not collide again in step."""
    policy = RetryPolicy(chance=lambda: 1.0)

    assert [0.025, 0.1, 0.4, 0.5, 0.5] == pytest.approx(
        [policy.wait_seconds(number) for number in range(1, 6)]
    )
