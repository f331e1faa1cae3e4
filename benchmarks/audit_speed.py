"""The full audit against `hledger check` and `bean-check --no-cache` of our own export, and its peak memory.

Every program runs as a process of its own, in turns. The audit includes everything: fold, leaf hashes, cached
totals, stories, schema, file. Prints the ratios of the medians; a peer that is not installed is left out.

    python benchmarks/audit_speed.py [--db FILE.db] [--rows 100000] [--runs 3]
"""

import argparse
import io
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

FLOORS = {"hledger": 20.0, "bean-check": 30.0}
CEILING_MIB = 400
BRANCH = "lille"
PROGRAM = "import sys; from timebank.cli.main import run; sys.argv[0] = 'timebank'; run()"
PEERS = {
    "hledger": ("hledger", ("hledger", "-s", "-f", "FILE", "check")),
    "bean-check": ("beancount", ("bean-check", "--no-cache", "FILE")),
}


def filled(file: Path, rows: int) -> None:
    """Import sample exchanges into a new database; in a process of its own, so that this one stays small."""
    sys.path.insert(0, str(Path(__file__).parent))
    from import_speed import report_of  # noqa: PLC0415

    import timebank  # noqa: PLC0415

    bank = timebank.open(f"sqlite:///{file}")
    bank.branches.create(BRANCH, name="Lille")
    bank.imports.exchanges(BRANCH, io.BytesIO(report_of(rows)))
    bank.close()


def timed(*command: str) -> float:
    """Run a command that must succeed; returns wall seconds."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def ours(*arguments: str) -> tuple[str, ...]:
    """Return a command of timebank."""
    return (sys.executable, "-c", PROGRAM, *arguments)


def peak_of(*command: str) -> float:
    """Run a command and return the sum of the peaks of its processes, in MiB: more than they had at once."""
    peaks: dict[int, int] = {}
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def watch() -> None:
        while running.poll() is None:
            for pid in family_of(running.pid):
                peaks[pid] = max(peaks.get(pid, 0), high_water(pid))
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    running.wait()
    watcher.join()
    return sum(peaks.values()) / 1024


def family_of(pid: int) -> list[int]:
    """Return a process and its children, whichever of its threads started them."""
    found = [pid]
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += map(int, children.read_text(encoding="ascii").split())
    return found


def high_water(pid: int) -> int:
    """Return the most memory a process has had, in KiB."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def peers_in(folder: Path, address: str) -> dict[str, tuple[str, ...]]:
    """Export the books for every peer that is installed; returns their commands."""
    found = {}
    for name, (form, command) in PEERS.items():
        beside = Path(sys.executable).parent / command[0]
        program = str(beside) if beside.exists() else shutil.which(command[0])
        if program is None:
            print(f"{name} is not installed", file=sys.stderr)
            continue
        file = folder / f"books.{form}"
        export = ("export", "journal", "--branch", BRANCH, "--format", form, "--output", str(file))
        timed(*ours("--db", address, *export))
        found[name] = (program, *(str(file) if each == "FILE" else each for each in command[1:]))
    return found


def main() -> int:
    """Run all in turns, print medians and ratios; 0 if the floors are met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--db", type=Path, help="a database with the branch lille; made if left out")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = options.db or folder / "bank.db"
        if options.db is None:
            maker = threading.Thread(target=filled, args=(file, options.rows))
            maker.start()
            maker.join()
        address = f"sqlite:///{file.resolve()}"
        commands = {"audit": ours("--db", address, "audit", "--dry-run"), **peers_in(folder, address)}
        seconds: dict[str, list[float]] = {each: [] for each in commands}
        for run in range(options.runs):
            for each, command in commands.items():
                seconds[each].append(timed(*command))
            said = ", ".join(f"{each} {taken[-1]:.1f} s" for each, taken in seconds.items())
            print(f"run {run + 1}: {said}", file=sys.stderr)
        memory = peak_of(*commands["audit"])
    mine = statistics.median(seconds["audit"])
    is_met = memory <= CEILING_MIB
    for each, floor in FLOORS.items():
        if each in seconds:
            theirs = statistics.median(seconds[each])
            print(f"audit {mine:.1f} s, {each} {theirs:.1f} s: ratio {theirs / mine:.1f} (floor {floor:.0f})")
            is_met = is_met and theirs / mine >= floor
    print(f"peak memory of the audit, all processes: {memory:.0f} MiB (ceiling {CEILING_MIB})")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
