"""The plan of a national office, from the file to the answer."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.lab import Lab, output_of
from benchmarks.national_world import fill
from benchmarks.table import Measured

REQUESTS = 100_000
READS = 3
KIB_PER_MB = 1_000_000 / 1_024


@dataclass(frozen=True, slots=True)
class Taken:
    """What a process took."""

    seconds: float
    peak_kib: int
    count: int


def national(lab: Lab) -> Mapping[str, Measured]:
    """Measure how long a plan takes, by how long it takes to read what it is made of."""
    file = lab.path("national.db")
    fill(file, lab.sized(REQUESTS, least=500))

    def taken_by(work: str) -> Taken:
        command = [sys.executable, "-m", "benchmarks.national_plan", work, str(file)]
        seconds, peak_kib, count = output_of(command).split()
        return Taken(float(seconds), int(peak_kib), int(count))

    plan = taken_by("plan")
    reads = [taken_by("read") for _ in range(READS)]
    note = f"{reads[0].count:,} rows, {plan.count:,} served, {plan.peak_kib / KIB_PER_MB:,.0f} MB at most"
    measured = Measured(ours=[plan.seconds], other=[each.seconds for each in reads], unit="s", note=note)
    return {"match-national": measured}
