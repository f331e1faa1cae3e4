"""Measuring in turn: ours, the other, ours, the other, so that a slow minute slows both.

Garbage of one side is collected before the other side's clock starts.
"""

import gc
import sys
import time
from collections.abc import Callable
from typing import TypeAlias

Side: TypeAlias = Callable[[int], float]
"""Does run number N (0 is the warm-up, not counted) and returns its figure."""


def say(text: str) -> None:
    """Show progress, on stderr."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def seconds_of(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def in_turn(runs: int, *sides: Side, warm_up: bool = True) -> tuple[tuple[float, ...], ...]:
    """Do the runs of every side in turn; returns the figures of each side."""
    figures: list[list[float]] = [[] for _ in sides]
    for run in range(0 if warm_up else 1, runs + 1):
        for side, found in zip(sides, figures, strict=True):
            gc.collect()
            figure = side(run)
            if run > 0:
                found.append(figure)
    return tuple(tuple(found) for found in figures)
