"""How long `timebank --help` takes, as a multiple of importing its libraries and of a bare interpreter.

Runs are interleaved, so that a slow moment of the machine slows all of them; the median of each is compared.
"""

import argparse
import statistics
import subprocess
import sys
import time

LIBRARIES = [sys.executable, "-c", "import typer, rich, sqlmodel"]
COMMANDS = {
    "bare interpreter": [sys.executable, "-c", "pass"],
    "typer, rich, sqlmodel": LIBRARIES,
    "timebank --help": [sys.executable, "-m", "timebank", "--help"],
    "timebank hours log --help": [sys.executable, "-m", "timebank", "hours", "log", "--help"],
}
MOST = 2.0


def seconds_of(command: list[str]) -> float:
    """Return how long a command takes."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - start


def main() -> int:
    """Measure, and print the ratios; 0 if the ceiling is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    for command in COMMANDS.values():
        seconds_of(command)  # once for the caches of the file system
    taken: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(runs):
        for name, command in COMMANDS.items():
            taken[name].append(seconds_of(command))
    base = statistics.median(taken["typer, rich, sqlmodel"])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(f"{name:28} {median * 1000:7.0f} ms   {median / base:5.2f} x importing typer, rich, sqlmodel")
    ratio = statistics.median(taken["timebank --help"]) / base
    print(f"timebank --help: ratio {ratio:.2f}, at most {MOST:.1f} is promised")
    return 0 if ratio <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
