"""Where settings come from: a flag, else the environment (`TIMEBANK_NAME`), else the TOML file (`name`).

A name that is none, in either place, is refused: a misspelt limit would be no limit. Secrets come from the
file or the environment only and are never shown. Run as a module, it
writes `docs/settings.md`.
"""

import difflib
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from timebank.errors import BadSettingsFile, NoAddress, SecretExposed, UnknownSetting, UnreadableFile
from timebank.services.log_places import FOLDER_VARIABLE, KEY_VARIABLE
from timebank_api.settings import PREFIX, Described, Settings, catalogue

CONFIG: Final = f"{PREFIX}CONFIG"
OTHERS: Final = frozenset(
    {f"{PREFIX}ACTOR", f"{PREFIX}DEBUG", FOLDER_VARIABLE, f"{KEY_VARIABLE}BRANCH", CONFIG}
)
"""Variables that timebank reads and that are no settings of the service."""
FILE_BYTES_MOST: Final = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Settings, and where each one comes from."""

    settings: Settings
    places: Mapping[str, str]
    """Of each field: `--port`, `TIMEBANK_PORT`, the file, or `default`."""

    def rows(self) -> list[tuple[str, str, str]]:
        """Return (name, value, place) of every setting; of a secret only whether there is one."""
        return [
            (each.name, each.shown(getattr(self.settings, each.field)), self.places[each.field])
            for each in catalogue()
        ]


def load(
    *, file: Path | None = None, environment: Mapping[str, str], flags: Mapping[str, object] | None = None
) -> InForce:
    """Return what is in force: flags before environment before file before defaults.

    Args:
        file: TOML; None reads none unless the environment names one.
        environment: the variables of the process.
        flags: by field, what the command line says; None is nothing said.

    Raises:
        UnknownSetting: the file or the environment has a name that is none.
        SettingInvalid: a value is not what its setting wants.
        BadSettingsFile, UnreadableFile: the file cannot be read.
        SecretExposed: the file holds a secret, and every user of the machine can read it.
        NoAddress: nothing says where the books are.
    """
    if file is None and environment.get(CONFIG):
        file = Path(environment[CONFIG])
    values: dict[str, Any] = {}
    places = dict.fromkeys((each.field for each in catalogue()), "default")
    written = _written(file) if file is not None else {}
    _refuse_unknown(written, [each.name for each in catalogue()], place=str(file))
    variables = {
        name for name in environment if name.startswith(PREFIX) and not name.startswith(KEY_VARIABLE)
    } - OTHERS
    _refuse_unknown(variables, [each.variable for each in catalogue()], place="the environment")
    for each in catalogue():
        flag = (flags or {}).get(each.field)
        if flag is not None:
            values[each.field], place = flag, f"--{each.name}"
        elif each.variable in environment:
            place = each.variable
            values[each.field] = each.read(environment[each.variable], place=place)
        elif each.name in written:
            values[each.field], place = written[each.name], str(file)
        else:
            continue
        if isinstance(values[each.field], list):
            values[each.field] = tuple(values[each.field])
        each.check(values[each.field], place=place)
        places[each.field] = place
    if not values.get("address"):
        raise NoAddress
    return InForce(settings=Settings(**values), places=places)


def _written(file: Path) -> dict[str, Any]:
    """Read the file; one that holds a secret must not be everybody's to read."""
    try:
        with file.open("rb") as stream:
            content = stream.read(FILE_BYTES_MOST + 1)
            mode = os.fstat(stream.fileno()).st_mode
        if len(content) > FILE_BYTES_MOST:
            raise UnreadableFile(file=file)
        written = tomllib.loads(content.decode())
    except (OSError, UnicodeDecodeError):
        raise UnreadableFile(file=file) from None
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        raise BadSettingsFile(file=file, line=where[1] if where is not None else "its end") from None
    secrets = [each.name for each in catalogue() if each.rule.is_secret and each.field != "address"]
    if os.name == "posix" and mode & stat.S_IROTH and any(name in written for name in secrets):
        raise SecretExposed(file=file)
    return written


def _refuse_unknown(names: Iterable[str], known: list[str], *, place: str) -> None:
    for name in sorted(set(names) - set(known)):
        close = difflib.get_close_matches(name, known, n=1)
        hint = f", is it {close[0]}?" if close else ""
        raise UnknownSetting(name=_plain(name), place=place, hint=hint)


def _plain(name: str) -> str:
    """Return a name that somebody wrote as it may stand in a sentence."""
    return re.sub(r"[^\w.-]", "?", name, flags=re.ASCII)[:60]


def settings_text() -> str:
    """Return `docs/settings.md`."""
    rows = [
        f"| `{each.name}` | `{each.variable}` "
        f"| {_kind_text(each)} | {_default_text(each)} | {each.rule.says} |"
        for each in catalogue()
    ]
    return "\n".join((INTRODUCTION, *rows, ""))


def _kind_text(each: Described) -> str:
    rule, kind = each.rule, each.kind
    if kind is int:
        return f"{rule.least:,} to {rule.most:,}{' ' + rule.unit if rule.unit else ''}"
    if get_origin(kind) is Literal:
        return " or ".join(f"`{choice}`" for choice in get_args(kind))
    text = {bool: "`true` or `false`", str: "text"}.get(kind, "list of texts")
    return f"{text}, secret" if rule.is_secret else text


def _default_text(each: Described) -> str:
    if each.field == "address":
        return "none: it must be said"
    shown = each.shown(each.default)
    return f"`{shown}`" if shown and not each.rule.is_secret else "none"


INTRODUCTION: Final = """\
# Settings of the service

*Written from the program by `make docs`.*

`timebank serve` takes each setting from its flag (`--db`, `--host`, `--port`), else from the environment,
else from the TOML file that `--config FILE` or `TIMEBANK_CONFIG` names, else it uses the default. A name
that is not in this table is refused, in the file as in the environment. In the environment a list is
separated by commas. A secret comes from the file or the environment only; a file with one in it must not be
readable by every user. `timebank serve --check` prints what is in force and where each value comes from,
without secrets.

    db = "sqlite:////var/lib/timebank/lille.db"
    port = 8000
    proxies = ["127.0.0.1"]
    allowed_hosts = ["hours.example.org"]

| In the file | In the environment | What it is | Default | What it means |
| --- | --- | --- | --- | --- |"""


def main(folder: Path = Path("docs")) -> None:
    """Write `settings.md`, as `make docs` does."""
    (folder / "settings.md").write_text(settings_text(), encoding="utf-8")


if __name__ == "__main__":
    main()
