"""`timebank serve` at the terminal: what it says before anybody is served, and whom it lets in."""

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from tests.builders import a_branch, address_in
from tests.cli.running import run

from timebank.care.access import AccessRole
from timebank.errors import TokenRefused
from timebank.services.bank import open_bank
from timebank.services.sample_world import build, cast_of, sample_clock
from timebank_api.configuration import load

URL = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def nobody_is_served() -> Any:  # noqa: ANN401 - a fixture's generator
    """End as soon as the address would be known."""
    service = SimpleNamespace(load=load, serve=lambda _, announce: announce(URL))
    with patch("timebank.cli.serve.import_module", return_value=service):
        yield


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a sample world."""
    address = f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.db'}"
    clock = sample_clock()
    bank = open_bank(address, clock=clock)
    build(bank, clock, seed=7, progress=lambda *_: None)
    bank.close()
    return address


def test_it_says_where_it_is(address: str) -> None:
    """On stdout, for people and for scripts; nobody is let into real books."""
    told = run("serve", "--db", address)
    assert (0, "") == (told.status, told.err)
    assert f"timebank serves {URL}" in told.out
    assert "tb_" not in told.out
    assert {"url": URL, "branches": 1, "sign_in": []} == run("serve", "--db", address, "--json").json


def test_the_address_may_stand_before_the_verb_or_behind_it(address: str, tmp_path: Path) -> None:
    """What stands nearer to the verb counts; every command takes it there."""
    nowhere = f"sqlite:///{tmp_path / 'nowhere.db'}"
    for words in (
        ("--db", address, "member", "list", "-b", "lille"),
        ("member", "list", "--db", address, "-b", "lille"),
        ("--db", nowhere, "member", "list", "-b", "lille", f"--db={address}"),
    ):
        assert 3 == len(run(*words, "--json").json)
    assert "[no_database]" in run("--db", address, "member", "list", "-b", "lille", "--db", nowhere).err
    assert "[no_address]" in run("member", "list", "-b", "lille").err


def test_the_demo_prints_a_sign_in_that_works_for_a_day(demo: str) -> None:
    """A volunteer, a family and a coordinator of it; new ones each time, said once."""
    first, second = (run("serve", "--db", demo, "--json").json["sign_in"] for _ in range(2))
    assert ["volunteer", "family", "coordinator"] == [each["who"] for each in first]
    assert 6 == len({each["token"] for each in (*first, *second)})
    told = run("serve", "--db", demo).out
    assert 4 == told.count("tb_"), "three tokens, and one of them in an example"

    bank = open_bank(demo)
    found = [bank.tokens.find(each["token"]) for each in first]
    assert [
        (AccessRole.MEMBER, "locmine"),
        (AccessRole.MEMBER, "lille"),
        (AccessRole.COORDINATOR, "lille"),
    ] == [(token.role, token.branch) for token in found]
    assert {timedelta(days=1)} == {token.expires_at - token.created_at for token in found}
    bank.close()


def test_nobody_is_let_into_books_that_the_demo_did_not_make(demo: str, tmp_path: Path) -> None:
    """Not by the names of branches, not by a key, and no more once somebody has joined."""
    bank = a_branch(tmp_path)
    assert cast_of(bank) is None
    bank.branches.create("locmine", name="Sample branch elsewhere")
    assert cast_of(bank) is None
    bank.members.add("locmine", name="Sample Mother", ref="mother", key="demo mother")
    assert cast_of(bank) is None
    bank.close()
    assert [] == run("serve", "--db", address_in(tmp_path), "--json").json["sign_in"]

    file = Path(demo.removeprefix("sqlite:///"))
    copy = tmp_path / "lived-in.db"
    copy.write_bytes(file.read_bytes())
    bank = open_bank(f"sqlite:///{copy}")
    assert cast_of(bank) is not None
    bank.members.add("lille", name="Sample Newcomer")
    assert cast_of(bank) is None
    bank.close()


def test_what_is_in_force_is_shown_without_secrets(address: str, tmp_path: Path, monkeypatch: Any) -> None:  # noqa: ANN401
    """With the place that each value comes from; nobody is served, nobody let in."""
    config = tmp_path / "service.toml"
    config.write_text(
        f'db = "{address}"\nmetrics_token = "a-sample-secret-of-the-scraper"\n', encoding="utf-8"
    )
    config.chmod(0o600)
    monkeypatch.setenv("TIMEBANK_GRACE_SECONDS", "7")

    shown = run("serve", "--check", "--config", str(config), "--port", "8080", "--json")
    found = {each["name"]: (each["value"], each["from"]) for each in shown.json}

    assert ("8080", "--port") == found["port"]
    assert ("7", "TIMEBANK_GRACE_SECONDS") == found["grace_seconds"]
    assert (address, str(config)) == found["db"]
    assert ("(set)", str(config)) == found["metrics_token"]
    assert ("info", "default") == found["log_level"]
    for told in (shown, run("serve", "--check", "--config", str(config))):
        assert (0, False) == (told.status, "sample-secret" in told.out + told.err)


@pytest.mark.parametrize(
    ("variable", "value", "code"),
    [("TIMEBANK_PROT", "1", "unknown_setting"), ("TIMEBANK_PORT", "many", "setting_invalid")],
)
def test_a_wrong_setting_is_refused_in_one_sentence(
    address: str, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, code: str
) -> None:
    """Before anybody is served."""
    monkeypatch.setenv(variable, value)
    refused = run("serve", "--db", address)

    assert (2, "") == (refused.status, refused.out)
    assert f"[{code}]" in refused.err
    assert value not in refused.err.split()


def test_the_doctor_knows_the_settings_of_the_service(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They stand in the same environment, and are no mistake."""
    monkeypatch.setenv("TIMEBANK_PORT", "8080")
    monkeypatch.setenv("TIMEBANK_CONFIG", "service.toml")
    with patch("timebank.cli.doctor.import_module", side_effect=ModuleNotFoundError):
        without = run("--db", address, "doctor", "--json").json["checks"][0]
    known = run("--db", address, "doctor", "--json").json["checks"][0]

    assert ("ok", "warn") == (known["verdict"], without["verdict"])


def test_a_token_of_the_demo_opens_nothing_elsewhere(demo: str, address: str) -> None:
    """It is of that database alone."""
    token = run("serve", "--db", demo, "--json").json["sign_in"][2]["token"]
    bank = open_bank(address)
    with pytest.raises(TokenRefused):
        bank.tokens.find(token)
    bank.close()


def test_books_without_a_branch_are_served_with_a_hint(tmp_path: Path) -> None:
    """Whoever has just begun; and no books are made where there are none."""
    address = f"sqlite:///{tmp_path / 'new.db'}"
    assert "[no_database]" in run("serve", "--db", address).err
    assert not (tmp_path / "new.db").exists()
    open_bank(address).close()
    told = run("serve", "--db", address)
    assert "no branch yet" in told.out
