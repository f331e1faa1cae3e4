"""The service's threads take memory from one place, so that what one gives back is there for the next."""

import platform
import subprocess
import sys

import pytest

THREADS = """
import ctypes, threading
from timebank_api.memory import share_memory
share_memory()
meet = threading.Barrier(8)
def take():
    kept = [bytes(100_000) for _ in range(10)]
    meet.wait()
    return kept
threads = [threading.Thread(target=take) for _ in range(8)]
for each in threads: each.start()
for each in threads: each.join()
libc = ctypes.CDLL(None)
libc.malloc_info(0, ctypes.c_void_p.in_dll(libc, "stdout"))
libc.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries have other places")
def test_threads_take_memory_from_one_place() -> None:
    """As glibc itself counts its places."""
    said = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True).stdout

    assert 1 == said.count("<heap nr=")
