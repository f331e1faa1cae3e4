"""Run the benchmarks, each in a process of its own: `make bench`, or `make bench ROWS=startup`.

Exit 0 when every floor is met. A figure is a ratio against a peer or a ceiling in the same run.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROWS = {"import": "import_speed.py", "export": "export_speed.py", "startup": "startup.py"}


def main() -> int:
    """Run the chosen rows and say how many met their floors."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", default=",".join(ROWS), help="comma-separated: " + ", ".join(ROWS))
    chosen = parser.parse_args().rows.split(",")
    unknown = sorted(set(chosen) - ROWS.keys())
    if unknown:
        parser.error(f"no such row: {', '.join(unknown)}; there are {', '.join(ROWS)}")
    met = 0
    for row in chosen:
        print(f"--- {row}", flush=True)
        met += subprocess.run([sys.executable, str(HERE / ROWS[row])], check=False).returncode == 0
    print(f"{met} of {len(chosen)} floors met")
    return 0 if met == len(chosen) else 1


if __name__ == "__main__":
    sys.exit(main())
