"""What a family kept: the checkpoints in an older receipt, or a checkpoint's note itself. Pure, and small.

What is in them is checked by whoever uses them.
"""

import json


def notes_in(data: bytes) -> list[bytes]:
    """Return the notes of the checkpoints in a file.

    Raises:
        ValueError: it is neither a receipt nor text.
    """
    if not data.lstrip().startswith(b"{"):
        return [data]
    try:
        parts = json.loads(data)["parts"]
        return list(dict.fromkeys(part["proof"].split("\n\n", 1)[1].encode() for part in parts))
    except (LookupError, TypeError, AttributeError, RecursionError):
        message = "the file is no receipt"
        raise ValueError(message) from None
