"""The streams of the program, made fit to be written to before anything is."""

import io
import os
import sys


def prepare_streams() -> None:
    """Let nothing that is printed fail for a closed stream, or for a terminal without Unicode."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the shell: `>&-`
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - open until the end
        stream = getattr(sys, name)
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode shows \xe9 for é
