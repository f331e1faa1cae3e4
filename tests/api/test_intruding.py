"""A token that is not in force opens nothing, however it came about."""

from pathlib import Path

from tests.api.intruding import intrude

TOKENS = 80
"""A thousand are tried by `make faults`."""


def test_revoked_expired_swapped_and_changed_tokens_open_nothing(tmp_path: Path) -> None:
    """And nobody is told which of these it was."""
    found = intrude(tmp_path, tokens=TOKENS)

    assert (TOKENS, ()) == (found.tried, found.accepted)
    assert 1 == found.texts
