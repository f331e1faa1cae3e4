"""Erasing, small: the run itself, and that it sees what it looks for."""

from pathlib import Path

import pytest
from tests.faults.erasing import erase_people


def test_nobody_who_was_erased_is_found_anywhere(tmp_path: Path) -> None:
    """Not in rows, free pages, logs, exports or backups; books, roots and commitments are as before."""
    score = erase_people(24, 6, seed=1, folder=tmp_path)

    assert [] == score.wrong
    assert (6, 0) == (score.counts["erased"], score.counts["traces"])


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ("timebank.storage.store.Store.wipe_log", lambda _store: None),
        ("timebank.storage.identities.MEMBERS", frozenset({"member"})),
    ],
)
def test_an_erasure_that_stops_half_way_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str, what: object
) -> None:
    """The search has teeth: the log left as it was, or words kept that name somebody second."""
    monkeypatch.setattr(where, what)

    score = erase_people(16, 5, seed=1, folder=tmp_path)

    assert any(each.startswith("traces") for each in score.wrong)
