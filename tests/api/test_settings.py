"""What the service is told, and by whom: flag before environment before file before default."""

import subprocess
import sys
from pathlib import Path
from typing import Any, get_origin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from timebank.errors import (
    BadSettingsFile,
    NoAddress,
    SecretExposed,
    SettingInvalid,
    UnknownSetting,
    UnreadableFile,
)
from timebank.services.doctor import ENVIRONMENT
from timebank_api import Settings
from timebank_api.configuration import CONFIG, OTHERS, load, settings_text
from timebank_api.settings import Described, catalogue, without_password

DOCS = Path(__file__).parents[2] / "docs"
DB = {"TIMEBANK_DB": "sqlite:///lille.db"}
NAMES = [each.name for each in catalogue()]
BOUNDED = [each for each in catalogue() if each.kind is int]


def written(folder: Path, text: str) -> Path:
    """Write a settings file that only its owner can read."""
    file = folder / "service.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return file


def test_the_page_about_settings_is_what_the_program_says() -> None:
    """The documentation cannot fall behind the program: `make docs` writes it."""
    assert settings_text() == (DOCS / "settings.md").read_text(encoding="utf-8")


def test_a_flag_goes_before_the_environment_before_the_file_before_the_default(tmp_path: Path) -> None:
    """Whoever is nearer to the running program has the last word."""
    file = written(tmp_path, 'db = "sqlite:///file.db"\nport = 1111\nhost = "::1"\ngrace_seconds = 7\n')
    environment = {"TIMEBANK_PORT": "2222", "TIMEBANK_HOST": "localhost"}

    found = load(file=file, environment=environment, flags={"port": 3333, "host": None})

    settings = found.settings
    assert (3333, "localhost", 7) == (settings.port, settings.host, settings.grace_seconds)
    assert "info" == settings.log_level
    assert {
        "port": "--port",
        "host": "TIMEBANK_HOST",
        "grace_seconds": str(file),
        "log_level": "default",
    }.items() <= found.places.items()


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    """Where a service manager passes variables only."""
    file = written(tmp_path, 'db = "sqlite:///file.db"\n')

    assert "sqlite:///file.db" == load(environment={CONFIG: str(file)}).settings.address


@given(st.text("abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=20).filter(lambda name: name not in NAMES))
def test_a_name_that_is_none_is_refused_in_the_environment(name: str) -> None:
    """A misspelt limit would be no limit."""
    variable = f"TIMEBANK_{name.upper()}"
    if variable in OTHERS:
        return
    with pytest.raises(UnknownSetting, match=rf"there is no setting {variable} \(in the environment\)"):
        load(environment={**DB, variable: "1"})


def test_a_name_that_is_none_is_refused_in_the_file_and_the_right_one_is_said(tmp_path: Path) -> None:
    """As above; case counts, and a table is no setting."""
    for text, hint in (
        ("prot = 1", ", is it port?"),
        ("Port = 1", ", is it port?"),
        ("[zebra]\nport = 1", ""),
    ):
        with pytest.raises(UnknownSetting) as refused:
            load(file=written(tmp_path, text), environment=DB)
        assert str(refused.value).endswith(f"service.toml){hint}")


def test_a_name_cannot_steer_the_terminal(tmp_path: Path) -> None:
    """Whoever writes the file does not write on the operator's screen."""
    with pytest.raises(UnknownSetting) as refused:
        load(file=written(tmp_path, '"\\u001b[2J" = 1'), environment=DB)

    assert "\x1b" not in str(refused.value)


def test_variables_of_the_command_line_are_no_settings_of_the_service() -> None:
    """They stand in the same environment."""
    environment = {**DB, "TIMEBANK_ACTOR": "coordinator:desk", "TIMEBANK_DEBUG": "1", "PATH": "/bin"}
    environment["TIMEBANK_LOG_KEY_LILLE"] = "sample"

    assert ENVIRONMENT.keys() <= OTHERS | {"TIMEBANK_DB"}
    assert Settings(address=DB["TIMEBANK_DB"]) == load(environment=environment).settings


@pytest.mark.parametrize("each", BOUNDED, ids=lambda each: each.name)
def test_every_number_has_bounds_that_hold(each: Described) -> None:
    """A limit of nothing, or of everything, is a mistake."""
    rule = each.rule
    assert rule.least is not None
    assert rule.most is not None
    assert rule.least <= each.default <= rule.most
    for value in (rule.least, rule.most):
        assert value == getattr(load(environment={**DB, each.variable: str(value)}).settings, each.field)
    for text in (str(rule.least - 1), str(rule.most + 1), "", "1.5", "1_0", "٣", "true"):
        with pytest.raises(SettingInvalid, match=each.name):
            load(environment={**DB, each.variable: text})


@pytest.mark.parametrize("each", catalogue(), ids=lambda each: each.name)
def test_every_setting_is_explained_and_refuses_another_kind(each: Described, tmp_path: Path) -> None:
    """A text is no number, also where TOML would have it so; the value itself stays unsaid."""
    assert each.rule.says.endswith((".", "…`."))
    wrong: Any = '"wrong value"' if each.kind is not str else "17"
    with pytest.raises(SettingInvalid) as refused:
        load(file=written(tmp_path, f"{each.name} = {wrong}"), environment={} if each.name == "db" else DB)

    assert each.name in str(refused.value)
    assert "wrong value" not in str(refused.value)


def test_lists_are_separated_by_commas_in_the_environment() -> None:
    """The environment has no lists."""
    assert any(get_origin(each.kind) is tuple for each in catalogue())
    found = load(environment={**DB, "TIMEBANK_PROXIES": " 10.0.0.2, 10.1.0.0/24,"})

    assert ("10.0.0.2", "10.1.0.0/24") == found.settings.proxies


@pytest.mark.parametrize("proxy", ["*", "0.0.0.0/0", "::/0", "proxy.example.org", "10.0.0.1/33"])
def test_nobody_trusts_every_proxy_by_accident(proxy: str) -> None:
    """Who is believed about addresses is named by address."""
    with pytest.raises(SettingInvalid, match="proxies"):
        Settings(address="sqlite:///x.db", proxies=(proxy,))


def test_secrets_are_never_shown(tmp_path: Path) -> None:
    """Neither by `--check` nor in a trace."""
    secret = "a-sample-secret-of-the-scraper"
    file = written(tmp_path, f'metrics = "token"\nmetrics_token = "{secret}"\n')
    address = "postgresql+psycopg://bank:a-sample-password@db.example.org/hours?password=a-sample-password"

    found = load(file=file, environment={"TIMEBANK_DB": address})

    assert secret == found.settings.metrics_token
    shown = f"{found.rows()} {found.settings!r}"
    assert "sample" not in shown.replace(str(file), "")
    assert ("metrics_token", "(set)", str(file)) in found.rows()
    assert ("db", "postgresql+psycopg://bank@db.example.org/hours", "TIMEBANK_DB") in found.rows()


@given(st.text())
def test_no_address_shows_its_password(text: str) -> None:
    """However it is written."""
    shown = without_password(f"postgresql://u:sample-password@{text}")

    assert "sample-password" not in shown


@pytest.mark.skipif(sys.platform == "win32", reason="files have no such permissions there")
def test_a_file_with_a_secret_is_not_for_everybody(tmp_path: Path) -> None:
    """Every user of the machine would have it."""
    file = written(tmp_path, 'metrics_token = "a-sample-secret-of-the-scraper"\n')
    file.chmod(0o644)

    with pytest.raises(SecretExposed):
        load(file=file, environment=DB)


def test_a_token_that_is_asked_for_must_be_there() -> None:
    """Else the door would stay shut, or stand open."""
    with pytest.raises(SettingInvalid, match="metrics_token"):
        load(environment={**DB, "TIMEBANK_METRICS": "token"})


def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    """With the place of the fault, and without its words."""
    with pytest.raises(UnreadableFile):
        load(file=tmp_path / "nowhere.toml", environment=DB)
    with pytest.raises(UnreadableFile):
        load(file=tmp_path, environment=DB)
    with pytest.raises(BadSettingsFile, match="line 2"):
        load(file=written(tmp_path, "port = 1\nport = = 2\n"), environment=DB)
    (tmp_path / "latin.toml").write_bytes(b'host = "\xe9"')
    with pytest.raises(UnreadableFile):
        load(file=tmp_path / "latin.toml", environment=DB)
    (tmp_path / "endless.toml").write_bytes(b"#" * 300_000)
    with pytest.raises(UnreadableFile):
        load(file=tmp_path / "endless.toml", environment=DB)


def test_somebody_must_say_where_the_books_are() -> None:
    """A service never makes up a place for them."""
    with pytest.raises(NoAddress):
        load(environment={})


def test_the_names_of_the_settings_cost_no_web_framework() -> None:
    """The doctor asks for them, and it should be quick."""
    script = "import sys, timebank_api.configuration; sys.exit('litestar' in sys.modules)"

    assert 0 == subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode
