"""Memory: what many threads free goes back to where all of them find it."""

import ctypes
import sys
from contextlib import suppress
from typing import Final

M_ARENA_MAX: Final = -8
"""The number of the parameter in glibc's `malloc.h`: https://man7.org/linux/man-pages/man3/mallopt.3.html"""


def share_memory() -> None:
    """Let all threads of this process take memory from one place; to be called before there are any.

    By itself glibc keeps eight places for each core. What threads take there and give back leaves holes:
    under two hundred clients memory went on growing after minutes, though no more of it was in use.
    Python runs one thread at a time, so nobody waits for the one place. Other systems are left as they are.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another library than glibc
            ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)
