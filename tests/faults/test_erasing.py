"""Erasing, small: the run itself, and that it sees what it looks for."""

from pathlib import Path

import pytest
from tests.faults import erasing
from tests.faults.erasing import cleaning, erase_on_server, erase_people
from tests.faults.servers import a_server

from timebank.storage.columns import Row


def test_nobody_who_was_erased_is_found_anywhere(tmp_path: Path) -> None:
    """Not in rows, free pages, logs, exports or backups; books, roots and commitments are as before."""
    score = erase_people(24, 6, seed=1, folder=tmp_path)

    assert [] == score.wrong
    assert (6, 0) == (score.counts["erased"], score.counts["traces"])


def test_a_server_that_is_cleaned_up_as_the_recipe_says_holds_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in pages, nor in statistics; a plain VACUUM leaves people in both."""
    with a_server() as server:
        score = erase_on_server(16, 5, seed=1, folder=tmp_path, server=server)
        monkeypatch.setattr(erasing, "cleaning", lambda: ["VACUUM"])
        (tmp_path / "plain").mkdir()
        plain = erase_on_server(16, 5, seed=1, folder=tmp_path / "plain", server=server)

    assert [] == score.wrong
    assert (0, 5) == (score.counts["traces"], score.counts["traces before cleaning up"])
    assert plain.counts["traces"] > 0


def test_the_recipe_names_every_table_of_people() -> None:
    """Who adds one adds it there."""
    tables = sorted(name for name in Row.metadata.tables if name.startswith("identity_"))

    assert f"VACUUM (FULL, ANALYZE) {', '.join(tables)}" == " ".join(cleaning()[0].split())


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
