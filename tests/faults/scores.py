"""Scores of the fault programme: what each item was to show, and what it showed."""

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.verdict import Verdict

Say = Callable[[str], None]
"""Tells how far a run is."""


def silent(_text: str) -> None:
    """Say nothing."""


@dataclass(slots=True)
class Score:
    """The counts of one item."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    """What else should be known, such as a longest time."""
    wrong: list[str] = field(default_factory=list)
    """What should not have happened."""

    @property
    def is_met(self) -> bool:
        """Whether everything happened as it should."""
        return not self.wrong

    def take(self, verdict: Verdict, where: str) -> None:
        """Count what was found in the books, and what is wrong with it."""
        for what, count in (("lost", verdict.lost), ("doubled", verdict.doubled)):
            self.counts[what] += count
            self.expect(count == 0, f"{where}: {count} {what}")
        self.counts["faults"] += len(verdict.faults)
        self.expect(not verdict.faults, f"{where}: {', '.join(verdict.faults)}")

    def expect(self, holds: object, otherwise: str) -> None:
        """Note what is wrong unless something holds."""
        if not holds:
            self.wrong.append(otherwise)

    def line(self) -> str:
        """Return the counts as one line."""
        counts = ", ".join(f"{count:,} {what}" for what, count in self.counts.items())
        verdict = "met    " if self.is_met else "NOT met"
        return f"{verdict}  {self.name}: " + "; ".join([counts, *self.notes] if counts else self.notes)


class Progress:
    """One line on stderr that is written over where it is a terminal."""

    def __init__(self) -> None:
        """Begin to count the time."""
        self.since = time.monotonic()
        self.last = 0.0

    def __call__(self, text: str) -> None:
        """Show how far we are, at most twice a second where nobody watches."""
        now = time.monotonic()
        if sys.stderr.isatty():
            sys.stderr.write(f"\r\x1b[K[{now - self.since:4.0f} s] {text}")
        elif now - self.last > 10:
            sys.stderr.write(f"[{now - self.since:4.0f} s] {text}\n")
            self.last = now
        sys.stderr.flush()

    def clear(self) -> None:
        """Make room for a line on stdout."""
        if sys.stderr.isatty():
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
