"""`docs/benchmarks.md`, written from a run. Pure."""

import textwrap
from collections.abc import Iterable, Sequence

from benchmarks.table import Better, Measured, Result, closing_line, number

WIDTH = 110
INTRODUCTION = """\
# Benchmarks

How fast timebank is, as ratios against what the machine can do at most and against other programs, measured
on the same machine in the same run by `make bench`, which writes this page. A value is the ratio of medians
of interleaved runs: ours, the other, ours, the other, so that a busy machine does not decide. Ours always
has everything on: limits, idempotency keys, running balances, leaf hashes, guards in the database,
`synchronous=FULL` on SQLite and `synchronous_commit=on` with fsync on PostgreSQL.

Each row has a floor, which `make bench` insists on, and an aim. `≤` marks what should be small. A row whose
peer cannot be had says so and does not count. `make bench ROWS=sqlite-batch,callers-hot` measures some of
the rows; the peers live in environments of their own in the user's cache folder, made by the command.
"""
READING = """\
## How to read the absolute figures

They are of one machine at one time, and fall two to ten times when it is busy; ratios hold. The two sides
of a row do the same work, except where the row says otherwise.
"""


def document_of(results: Sequence[Result], table: str, machine: Iterable[str], seconds: int) -> str:
    """Return the page: the table, the machine, why aims are missed, what each row measures."""
    parts = [
        INTRODUCTION,
        table + "\n",
        f"{closing_line(results)}. The run took {seconds // 60} min {seconds % 60} s.\n",
        "## The machine\n",
        "\n".join(f"- {line}" for line in machine) + "\n",
        READING,
        *_missed(results),
        "## What each row measures\n",
        "\n".join(_item(result.row.name, result.row.measures + _note(result)) for result in results) + "\n",
    ]
    return "\n".join(parts)


def _missed(results: Sequence[Result]) -> list[str]:
    missed = [result for result in results if result.counts and not result.is_aim_met]
    if not missed:
        return ["## Aims missed\n", "None.\n"]
    return ["## Aims missed\n", "\n".join(_item(each.row.name, _why(each)) for each in missed) + "\n"]


def _why(result: Result) -> str:
    if not isinstance(result.outcome, Measured):
        return f"it was not measured: {result.outcome.why}."
    wished = "at most " if result.row.better is Better.LOWER else ""
    said = f"{number(result.outcome.value)}, wished {wished}{number(result.row.aim)}."
    return f"{said} {result.row.if_missed}".strip()


def _note(result: Result) -> str:
    outcome = result.outcome
    return f" ({outcome.note})" if isinstance(outcome, Measured) and outcome.note else ""


def _item(name: str, text: str) -> str:
    return textwrap.fill(
        f"- `{name}`: {text}", WIDTH, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
    )
