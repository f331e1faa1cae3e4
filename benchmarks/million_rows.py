"""A branch of a million exchanges: import and audit with their memory, and what others take to check it.

Every command runs as a process of its own, as people run it. The others check our own export; they take
minutes each, so they run once, between runs of ours.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.environments import CannotBeHad, bean_check
from benchmarks.import_speed import report_of
from benchmarks.lab import Lab, ProgramFailed, peak_of
from benchmarks.table import Measured, Missing
from benchmarks.turns import say

EXCHANGES = 1_000_000
RUNS = 3
PROGRAM = "import sys; from timebank.cli.main import run; sys.argv[0] = 'timebank'; run()"


def million(lab: Lab) -> dict[str, Measured | Missing]:
    """Import a million exchanges, audit them, and let hledger and beancount check the exports."""
    exchanges = lab.sized(EXCHANGES, least=1_000)
    address = f"sqlite:///{lab.path('million.db')}"
    report = lab.path("report.csv")
    report.write_bytes(report_of(exchanges))
    timebank(address, "branch", "create", "sample", "--name", "Sample branch")
    took, peak = timebank(address, "import", "exchanges", str(report), "-b", "sample")
    say(f"imported {exchanges:,} exchanges in {took:.0f} s")
    found: dict[str, Measured | Missing] = {"memory-import": Measured(ours=(peak,), unit="MiB")}
    audits = [audit(address)]
    checks: dict[str, float | Missing] = {}
    for name, command in others(lab, address):
        checks[name] = command if isinstance(command, Missing) else seconds_of_other(name, command)
        audits.append(audit(address))
    while len(audits) < RUNS:
        audits.append(audit(address))
    found["memory-audit"] = Measured(ours=tuple(each[1] for each in audits), unit="MiB")
    seconds = tuple(each[0] for each in audits)
    for name, check in checks.items():
        found[name] = (
            check
            if isinstance(check, Missing)
            else Measured(ours=seconds, other=(check,), unit="s", is_other_over_ours=True)
        )
    return found


def timebank(address: str, *arguments: str) -> tuple[float, float]:
    """Run a command of ours; returns its seconds and its peak memory in MiB."""
    return peak_of([sys.executable, "-c", PROGRAM, "--db", address, *arguments])


def audit(address: str) -> tuple[float, float]:
    """Audit everything from the first entry on; returns seconds and peak memory in MiB."""
    seconds, peak = timebank(address, *AUDIT)
    say(f"audited in {seconds:.1f} s")
    return seconds, peak


AUDIT = ("audit",)


def others(lab: Lab, address: str) -> Iterator[tuple[str, list[str] | Missing]]:
    """Yield the row of each other program, and the command that checks our export for it."""
    yield "audit-hledger", _checking(lab, address, "hledger")
    yield "audit-beancount", _checking(lab, address, "beancount")


def _checking(lab: Lab, address: str, form: str) -> list[str] | Missing:
    try:
        program = lab.environments.hledger() if form == "hledger" else bean_check()
    except CannotBeHad as why:
        return Missing(str(why), counts=False)
    file: Path = lab.path(f"sample.{form}")
    say(f"exporting for {form}")
    timebank(address, "export", "journal", "-b", "sample", "-f", form, "-o", str(file))
    if form == "hledger":
        return [program, "-f", str(file), "check"]
    return [program, "--no-cache", str(file)]


def seconds_of_other(name: str, command: list[str]) -> float | Missing:
    """Let another program check the books; returns its seconds."""
    say(f"{name}: once, this takes minutes")
    try:
        seconds, peak = peak_of(command)
    except ProgramFailed as why:
        return Missing(str(why), counts=False)
    say(f"{name}: {seconds:.0f} s, {peak:,.0f} MiB")
    return seconds
