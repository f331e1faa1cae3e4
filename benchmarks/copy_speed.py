"""A large branch from SQLite to PostgreSQL and back, and through backups: seconds, memory, same bytes.

Every command runs as a process of its own, as people run it, on a branch of imported exchanges between
3,000 members. The server is the one with the empty database that `--postgres` names, else one from the wheel.
Ends with 0 if every export is the same file and peak memory stays below the ceiling.

    python benchmarks/copy_speed.py [--rows 100000] [--postgres ADDRESS]
"""

import argparse
import filecmp
import sys
import tempfile
from pathlib import Path

from export_speed import CEILING_MIB, REPORT, ours, run

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.postgres import a_database, a_server


def steps_of(folder: Path, server: str) -> dict[str, tuple[str, ...]]:
    """Return what is measured: what to say of it, and the command with the address it works on."""
    bank, back, other = (f"sqlite:///{folder / name}.db" for name in ("bank", "back", "other"))
    again = f"sqlite:///{folder / 'again'}.db"
    kept, lines, theirs = (str(folder / name) for name in ("kept.db", "kept.jsonl", "theirs.jsonl"))
    return {
        "branch copy, SQLite to PostgreSQL": (bank, "branch", "copy", "lille", "--to", server),
        "branch copy, PostgreSQL to SQLite": (server, "branch", "copy", "--all", "--to", back),
        "backup, SQLite": (bank, "backup", kept),
        "backup, JSON Lines from SQLite": (bank, "backup", lines, "--format", "jsonl"),
        "backup, JSON Lines from PostgreSQL": (server, "backup", theirs),
        "restore, SQLite": (other, "restore", kept),
        "restore, JSON Lines into SQLite": (again, "restore", lines),
        "restore --check, the same books": (bank, "restore", lines, "--check"),
    }


def main() -> int:
    """Print a line for each command; 0 if nothing differs and all of them stay below the ceiling."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--postgres")
    options = parser.parse_args()
    if options.postgres is not None:
        return measure(options.rows, options.postgres)
    with a_server() as server, a_database(server) as address:
        return measure(options.rows, address)


def measure(rows: int, server: str) -> int:
    """Measure every step with an empty database on a server."""
    peak = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bank = f"sqlite:///{folder / 'bank.db'}"
        report = folder / "report.csv"
        run(sys.executable, "-c", REPORT, str(report), str(rows), str(Path(__file__).parent))
        ours(bank, "branch", "create", "lille", "--name", "Sample branch")
        ours(bank, "import", "exchanges", str(report), "-b", "lille")
        nothing, _ = ours(bank, "branch", "list")
        print(f"{rows:,} exchanges; a command that does next to nothing: {nothing}", flush=True)
        for what, (address, *command) in steps_of(folder, server).items():
            told, memory = ours(address, *command)
            peak = max(peak, memory)
            print(f"{what}: {told}", flush=True)
        files = []
        for at, address in enumerate((bank, server, f"sqlite:///{folder / 'back.db'}")):
            files.append(folder / f"{at}.jsonl")
            told, memory = ours(address, "export", "branch", "-b", "lille", "-o", str(files[-1]))
            peak = max(peak, memory)
            print(f"export branch, {address.partition(':')[0]}: {told}", flush=True)
        is_same = all(filecmp.cmp(files[0], each, shallow=False) for each in files[1:])
        is_same = is_same and filecmp.cmp(folder / "kept.jsonl", folder / "theirs.jsonl", shallow=False)
    print(f"exports {'are the same files' if is_same else 'DIFFER'}")
    print(f"peak memory: {peak} MiB (ceiling {CEILING_MIB})")
    return 0 if is_same and peak <= CEILING_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
