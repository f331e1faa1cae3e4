"""Start one program, and print its seconds and its peak memory in MiB.

python -m benchmarks.starter PROGRAM ARGUMENT …
"""

import os
import sys
import time

QUIET = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
KIB_PER_MIB = 1_024


def main() -> int:
    """Run the program with its results thrown away; ends as it ends."""
    command = sys.argv[1:]
    started = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=[QUIET])
    _, status, used = os.wait4(child, 0)
    print(f"{time.perf_counter() - started:.6f} {used.ru_maxrss / KIB_PER_MIB:.3f}")
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
