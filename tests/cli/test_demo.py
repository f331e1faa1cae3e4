"""The demo: what a newcomer runs first has to work, twice, and end with a clean audit."""

import json
from pathlib import Path

import pytest

from timebank.cli.main import main
from timebank.services.sample_files import sample_files


def test_the_same_seed_gives_the_same_files() -> None:
    """Somebody else's demo is the same as mine."""
    assert sample_files(7) == sample_files(7)
    assert sample_files(7) != sample_files(8)


def test_the_demo_builds_a_world_and_building_it_again_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every import and every step of the story is idempotent (I-9), and the books hold."""
    address = f"sqlite:///{tmp_path / 'demo.db'}"
    picture = tmp_path / "demo.svg"

    assert 0 == main(["demo", "--db", address, "--json"])
    first = json.loads(capsys.readouterr().out)
    assert 0 == main(["demo", "--db", address, "--json"])
    again = json.loads(capsys.readouterr().out)
    assert 0 == main(["--db", address, "demo", "--picture", str(picture)])
    shown = capsys.readouterr().out

    assert first == again
    assert {"ok": True, "faults": []} == {key: first["audit"][key] for key in ("ok", "faults")}
    assert 2_300 == sum(file["exchanges"] for file in first["files"])
    assert 2_304 == first["audit"]["entries"]
    assert [True] == [position["is_reconciled"] for position in first["clearing"]]
    assert "no faults" in shown
    (command,) = [line.split() for line in shown.splitlines() if " redeem helpers " in line]
    assert 0 == main(["--db", address, *command[1:]])
    assert "people near there could help" in capsys.readouterr().out
    assert picture.read_text(encoding="utf-8").startswith("<svg")


def test_the_demo_leaves_other_books_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A coordinator who mistypes an address must not find a sample world in the real books."""
    address = f"sqlite:///{tmp_path / 'real.db'}"
    main(["--db", address, "branch", "create", "brest", "--name", "Brest"])
    capsys.readouterr()

    assert 1 == main(["demo", "--db", address])

    assert "[not_the_sample_world]" in capsys.readouterr().err
    assert 0 == main(["--db", address, "branch", "list", "--json"])
    assert ["brest"] == [branch["code"] for branch in json.loads(capsys.readouterr().out)]
