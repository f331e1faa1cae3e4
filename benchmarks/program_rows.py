"""The program as people start it: import against `add_all`, memory of exports, time to start."""

import re
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.import_speed import ours, peer, report_of
from benchmarks.lab import Lab, output_of
from benchmarks.startup import COMMANDS, LIBRARIES, seconds_of
from benchmarks.table import Measured
from benchmarks.turns import in_turn

EXCHANGES = 20_000
EXPORTED = 100_000
RUNS = 3
STARTS = 9
PEAK = re.compile(r"^peak memory: (\d+) MiB", re.MULTILINE)


def importing(lab: Lab) -> dict[str, Measured]:
    """Measure the import of a report against SQLModel's `add_all` of the rows it writes."""
    report = report_of(lab.sized(EXCHANGES, least=500))
    mine, theirs = [], []
    for _ in range(RUNS):
        with TemporaryDirectory(dir=lab.folder) as name:
            seconds, _, file = ours(Path(name), report)
            mine.append(seconds)
            theirs.append(peer(Path(name), file)[0])
    return {"import": Measured(ours=mine, other=theirs, unit="s", is_other_over_ours=True)}


def exporting(lab: Lab) -> dict[str, Measured]:
    """Measure the peak memory of every export, and of a restore."""
    script = str(Path(__file__).parent / "export_speed.py")
    printed = output_of(
        [sys.executable, script, "--rows", str(lab.sized(EXPORTED, least=1_000)), "--no-outside"]
    )
    found = PEAK.search(printed)
    assert found is not None, "export_speed.py says what its peak was"
    return {"export": Measured(ours=(float(found[1]),), unit="MiB")}


def starting(_lab: Lab) -> dict[str, Measured]:
    """Measure `timebank --help` against importing its libraries."""
    mine, theirs = in_turn(
        STARTS,
        lambda _: seconds_of(COMMANDS["timebank --help"]),
        lambda _: seconds_of(LIBRARIES),
    )
    return {"startup": Measured(ours=mine, other=theirs, unit="s")}
