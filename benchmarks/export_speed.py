"""Exports and restore of a large branch: seconds, and peak memory against a ceiling.

Every command runs as a process of its own, as people run it, on a branch of imported exchanges between
3,000 members. Where hledger, ledger or beancount are installed, prints what checking the export takes them.

    python benchmarks/export_speed.py [--rows 100000] [--no-outside]
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

CEILING_MIB = 150
KIB_PER_MIB = 1024
QUIET = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
JOURNALS = {
    "hledger": ("hledger", "-s", "-f", "FILE", "check"),
    "ledger": ("ledger", "--args-only", "--pedantic", "-f", "FILE", "balance", "--flat", "-o", "/dev/null"),
    "beancount": ("bean-check", "--no-cache", "FILE"),
}
REPORT = """
import sys, pathlib
sys.path.insert(0, sys.argv[3])
from import_speed import report_of
pathlib.Path(sys.argv[1]).write_bytes(report_of(int(sys.argv[2])))
"""
TABLES = ("accounts", "entries", "members")


def run(*command: str) -> tuple[str, int]:
    """Run a command that must succeed; returns what to say of it, and its peak memory in MiB.

    A child's peak is never below that of its parent: this process does nothing large itself.
    """
    started = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=[QUIET])
    _, status, used = os.wait4(child, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    wall, memory = time.perf_counter() - started, used.ru_maxrss // KIB_PER_MIB
    return f"{wall:.1f} s ({used.ru_utime + used.ru_stime:.1f} s CPU), {memory} MiB", memory


def ours(address: str, *arguments: str) -> tuple[str, int]:
    """Run a command of timebank."""
    program = "import sys; from timebank.cli.main import run; sys.argv[0] = 'timebank'; run()"
    return run(sys.executable, "-c", program, "--db", address, *arguments)


def outside(*command: str) -> str:
    """Say how long a program that we did not write takes; it is found beside this Python, or on the PATH."""
    beside = Path(sys.executable).parent / command[0]
    found = str(beside) if beside.exists() else shutil.which(command[0])
    if found is None:
        return f"{command[0]} is not installed"
    return f"{command[0]} checks it in {run(found, *command[1:])[0]}"


def main() -> int:
    """Print a line for each command; 0 if all of them stay below the ceiling."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--no-outside", action="store_true", help="let no other program check the exports")
    options = parser.parse_args()
    peak = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        address = f"sqlite:///{folder / 'bank.db'}"
        report = folder / "report.csv"
        run(sys.executable, "-c", REPORT, str(report), str(options.rows), str(Path(__file__).parent))
        ours(address, "branch", "create", "lille", "--name", "Sample branch")
        ours(address, "import", "exchanges", str(report), "-b", "lille")
        nothing, _ = ours(address, "branch", "list")
        print(f"{options.rows:,} exchanges; a command that does next to nothing: {nothing}", flush=True)
        for form, check in JOURNALS.items():
            file = folder / f"lille.{form}"
            told, memory = ours(address, "export", "journal", "-b", "lille", "-f", form, "-o", str(file))
            peak = max(peak, memory)
            said = ""
            if not options.no_outside:
                said = "; " + outside(*(str(file) if part == "FILE" else part for part in check))
            print(f"export journal, {form}: {told}{said}", flush=True)
        for what in TABLES:
            file = folder / f"{what}.csv"
            told, memory = ours(address, "export", "csv", what, "-b", "lille", "-o", str(file))
            peak = max(peak, memory)
            print(f"export csv {what}: {told}", flush=True)
        file = folder / "lille.jsonl"
        told, memory = ours(address, "export", "branch", "-b", "lille", "-o", str(file))
        peak = max(peak, memory)
        print(f"export branch: {told}; {file.stat().st_size / 1e6:.0f} MB", flush=True)
        told, memory = ours(f"sqlite:///{folder / 'other.db'}", "import", "branch", str(file))
        peak = max(peak, memory)
        print(f"import branch, audit included: {told}")
    print(f"peak memory: {peak} MiB (ceiling {CEILING_MIB})")
    return 0 if peak <= CEILING_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
