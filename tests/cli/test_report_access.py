"""`timebank report access`: who saw or did what for whom."""

import json
from pathlib import Path

import pytest
from tests.builders import NOW, a_branch, address_in

from timebank.care.sightings import Sighting
from timebank.cli.main import main

LINE = {
    "branch": "lille",
    "at": NOW,
    "no": 1,
    "request": "abc",
    "role": "coordinator",
    "ref": "desk",
    "operation": "hours_show",
    "object": "1",
    "member": "m1",
    "mandate": None,
    "status": 200,
}


def test_the_access_log_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All of it, or what concerned one member; nothing is no error."""
    bank = a_branch(tmp_path)
    bank.access_log.write([Sighting(**LINE), Sighting(**{**LINE, "branch": "nowhere"})])  # type: ignore[arg-type]
    bank.close()
    command = ["report", "access", "-b", "lille", "--db", address_in(tmp_path)]

    assert 0 == main([*command, "--json"])
    found = json.loads(capsys.readouterr().out)
    assert [("hours_show", "m1", 200)] == [
        (each["operation"], each["member"], each["status"]) for each in found
    ]
    assert 0 == main([*command, "--member", "m2"])
    assert "Nobody" in capsys.readouterr().out
    assert 0 == main(command)
    assert "coordinator:desk" in capsys.readouterr().out
