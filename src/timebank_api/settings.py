"""What the service is told when it starts: one line for each setting, with its meaning, unit and bounds.

`configuration` says where they come from. To add one, add its line to `Settings` and run `make docs`.
"""

import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field, fields
from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

from timebank.errors import SettingInvalid

PREFIX: Final = "TIMEBANK_"
BODY_BYTES_MOST: Final = 65_536
SECRET_LEAST: Final = 16
HOST: Final = re.compile(r"(\*\.)?[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\]", re.ASCII)
ORIGIN: Final = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-fA-F:.]+\](:[0-9]{1,5})?")
CONSOLE: Final = "console"
MAIL_PORTS: Final = {"smtp": 587, "smtps": 465}
SENDER: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+", re.ASCII)
ROOT_PATH: Final = re.compile(r"(/[A-Za-z0-9._~-]+)*")
Value = TypeVar("Value")
Fits = Callable[[Any], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What is written about a setting beside its type and its default."""

    says: str
    unit: str = ""
    least: int | None = None
    most: int | None = None
    wants: str = ""
    """What a value must be, to be said after "is not", if `fits` asks for more than the type does."""
    fits: Fits | None = None
    is_secret: bool = False
    name: str = ""
    """How people write it, if not as the field."""


def setting(default: Value, says: str, **rule: Any) -> Value:  # noqa: ANN401 - the fields of `Rule`
    """Describe a setting: its default, what it means, and the other fields of `Rule`."""
    described = Rule(says=says, **rule)
    found: Value = field(default=default, repr=not described.is_secret, metadata={"rule": described})
    return found


def is_network(text: str) -> bool:
    """Tell whether a text is an IP address or a network, and not all of them."""
    try:
        return ip_network(text).prefixlen > 0
    except ValueError:
        return False


def is_host(text: str) -> bool:
    """Tell whether a text is the name of a host, or `*.` and the end of some."""
    return HOST.fullmatch(text) is not None


def is_this_machine(host: str) -> bool:
    """Tell whether who listens there hears nobody but this machine."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_web_address(text: str) -> bool:
    """Tell whether nobody else reads what is said at an address: over TLS, or on this machine."""
    try:
        parts = urlsplit(text)
        is_near = parts.scheme == "http" and is_this_machine(parts.hostname or "")
        return bool(parts.hostname) and (parts.scheme == "https" or is_near)
    except ValueError:
        return False


def is_mail_server(text: str) -> bool:
    """Tell whether a text names a mail server."""
    try:
        parts = urlsplit(text)
        return parts.scheme in MAIL_PORTS and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def is_origin(text: str) -> bool:
    """Tell whether a text is an origin, as browsers say it."""
    return ORIGIN.fullmatch(text) is not None


def all_fit(fits: Fits) -> Fits:
    """Return what tells whether every one of several fits."""
    return lambda values: all(fits(value) for value in values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the service can be told.

    Raises:
        SettingInvalid: a value is not what its setting wants.
    """

    address: str = setting(
        "", "Where the books are: `sqlite:///FILE` or `postgresql+psycopg://…`.", name="db", is_secret=True
    )
    host: str = setting("127.0.0.1", "Where to listen; this machine only by default.")
    port: int = setting(8000, "On which port; 0 takes one that is free.", least=0, most=65_535)
    root_path: str = setting(
        "",
        "Path under which a proxy shows the service, such as `/timebank`.",
        fits=ROOT_PATH.fullmatch,
        wants="a path such as /timebank, without a slash at its end",
    )
    proxies: tuple[str, ...] = setting(
        (),
        "Addresses or networks whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed; nobody else's.",
        fits=all_fit(is_network),
        wants="a list of addresses or networks such as 10.0.0.2 or 10.1.0.0/24",
    )
    allowed_hosts: tuple[str, ...] = setting(
        (),
        "Names under which the service may be asked, `*.` before one for those below it; empty means any.",
        fits=all_fit(is_host),
        wants="a list of host names without a port",
    )
    head_seconds: int = setting(
        10, "How long a connection may take to say what it asks for.", unit="seconds", least=1, most=120
    )
    drain_seconds: int = setting(
        1,
        "How long everybody is still answered, and `/health/ready` says no, before nobody comes in any more.",
        unit="seconds",
        least=0,
        most=60,
    )
    grace_seconds: int = setting(
        10,
        "How long requests in flight may then take to be answered.",
        unit="seconds",
        least=1,
        most=300,
    )
    body_bytes_most: int = setting(
        BODY_BYTES_MOST, "Largest body of a request.", unit="bytes", least=1_024, most=16_777_216
    )
    seconds_most: int = setting(
        30,
        "How long a request may take, its arrival included; then 503, or 408 if it did not arrive. 0: no "
        "limit.",
        unit="seconds",
        least=0,
        most=3_600,
    )
    requests_per_second: int = setting(
        1_000,
        "How often one caller may ask in the long run, and ten times as often at once; then 429. 0: no "
        "limit.",
        least=0,
        most=1_000_000,
    )
    refusals_per_second: int = setting(
        50,
        "How often one address may come without being let in, likewise. Others behind it are not held up "
        "by it once they are in. 0: no limit.",
        least=0,
        most=1_000_000,
    )
    origins: tuple[str, ...] = setting(
        (),
        "Other sites whose pages may ask from a browser, such as `https://app.example`; empty means none.",
        fits=all_fit(is_origin),
        wants="a list of origins such as https://app.example, without a path",
    )
    tls: bool = setting(
        default=False,
        says="Whether people reach the service by https only: browsers are told to remember it for a year.",
    )
    log: Literal["auto", "json", "text"] = setting(
        "auto", "Form of the log on stderr: JSON lines, or text for people; `auto` is text on a terminal."
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "What is worth a line of the log; every request is `info`."
    )
    metrics: Literal["off", "loopback", "token"] = setting(
        "off",
        "Who may read `/metrics`: nobody, who asks from this machine, or who has `metrics_token`.",
    )
    metrics_token: str = setting(
        "",
        "Secret that opens `/metrics`, as a bearer token.",
        is_secret=True,
        fits=lambda text: not text or len(text) >= SECRET_LEAST,
        wants=f"a secret of {SECRET_LEAST} characters or more",
    )
    traces: bool = setting(
        default=False,
        says="Whether to send traces with OpenTelemetry (extra `otel`), as its `OTEL_…` variables say.",
    )
    docs_page: bool = setting(
        default=True, says="Whether `/docs` explains the service to whoever asks, in a browser."
    )
    webhooks: Literal["public", "private", "off"] = setting(
        "public",
        "Where events may be sent: public addresses over https; private networks, too, and this machine over "
        "http; `off` leaves sending to `timebank webhook deliver`.",
    )
    log_keys: str = setting(
        "", "Folder of the private keys that sign logs; empty: beside an SQLite database, in `FILE.keys`."
    )
    log_files: Literal["off", "hashes", "entries"] = setting(
        "hashes",
        "What everybody may read at `/log/BRANCH` of a log that has been signed: nothing; checkpoint, public "
        "keys and tiles of hashes, by which who guesses an entry in full can tell; or the entries, too: "
        "references, minutes, days.",
    )
    log_signs: bool = setting(
        default=True, says="Whether logs with a key are signed within a second after they have grown."
    )
    streams_most: int = setting(
        5, "In how many places one caller may follow events at once.", least=1, most=1_000
    )

    session_hours: int = setting(
        12, "How long somebody stays signed in.", unit="hours", least=1, most=24 * 31
    )
    insecure_cookies: bool = setting(
        default=False,
        says="Cookies also without TLS, to try a browser out; only where `host` is this machine.",
    )
    mail: str = setting(
        "",
        "How codes to sign in are sent: `console`, `smtp://HOST:PORT` or `smtps://HOST:PORT`, with "
        "`USER:PASSWORD@` before the host; empty: not at all. With a user, STARTTLS is required.",
        is_secret=True,
        fits=lambda text: not text or text == CONSOLE or is_mail_server(text),
        wants="console, smtp://HOST:PORT or smtps://HOST:PORT",
    )
    mail_from: str = setting(
        "timebank@localhost",
        "Who sends codes.",
        fits=lambda text: SENDER.fullmatch(text) is not None,
        wants="an address such as timebank@bank.example",
    )
    openid_issuer: str = setting(
        "",
        "OpenID provider through which people may sign in, by its issuer (extra `oidc`); empty: none.",
        fits=lambda text: not text or is_web_address(text),
        wants="the https address of a provider",
    )
    openid_client_id: str = setting("", "What the service is to the provider.")
    openid_client_secret: str = setting(
        "", "What it shows the provider, if that has given it one.", is_secret=True
    )
    openid_return_url: str = setting(
        "",
        "Where the provider sends people back: the public address of `/v1/sign-in/openid/return`.",
        fits=lambda text: not text or is_web_address(text),
        wants="the https address of /v1/sign-in/openid/return",
    )

    def __post_init__(self) -> None:
        """Refuse values that do not fit."""
        for each in catalogue():
            each.check(getattr(self, each.field), place="as given")
        if self.metrics == "token" and not self.metrics_token:
            raise SettingInvalid(
                name="metrics_token", place="as given", wanted="there, though metrics = token"
            )
        for name in ("openid_client_id", "openid_return_url") if self.openid_issuer else ():
            if not getattr(self, name):
                raise SettingInvalid(name=name, place="as given", wanted="there, though openid_issuer is")
        if self.insecure_cookies and not is_this_machine(self.host):
            wanted = "false, as the service listens to other machines"
            raise SettingInvalid(name="insecure_cookies", place="as given", wanted=wanted)

    @property
    def session_lasts(self) -> timedelta:
        """How long somebody stays signed in."""
        return timedelta(hours=self.session_hours)


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A setting as people meet it."""

    field: str
    name: str
    """In the TOML file."""
    variable: str
    """In the environment."""
    kind: Any
    default: Any
    rule: Rule

    def check(self, value: object, *, place: str) -> None:
        """Refuse a value that is not what this setting wants.

        Raises:
            SettingInvalid: it says where the value came from, and never the value.
        """
        try:
            msgspec.convert(value, self.kind, strict=True)
        except msgspec.ValidationError:
            raise self._invalid(place) from None
        rule = self.rule
        is_low = rule.least is not None and isinstance(value, int) and value < rule.least
        is_high = rule.most is not None and isinstance(value, int) and value > rule.most
        if is_low or is_high or (rule.fits is not None and not rule.fits(value)):
            raise self._invalid(place)

    def read(self, text: str, *, place: str) -> object:
        """Return the value that a text of the environment stands for; a list is separated by commas.

        Raises:
            SettingInvalid: it stands for none.
        """
        given: object = text.strip()
        if get_origin(self.kind) is tuple:
            given = [part.strip() for part in text.split(",") if part.strip()]
        try:
            return msgspec.convert(given, self.kind, strict=False)
        except msgspec.ValidationError:
            raise self._invalid(place) from None

    def _invalid(self, place: str) -> SettingInvalid:
        return SettingInvalid(name=self.name, place=place, wanted=self.wanted)

    @property
    def wanted(self) -> str:
        """What a value must be."""
        rule = self.rule
        if rule.wants:
            return rule.wants
        if self.kind is int:
            return f"a whole number from {rule.least} to {rule.most}"
        if get_origin(self.kind) is Literal:
            return f"one of {', '.join(get_args(self.kind))}"
        return {bool: "true or false", str: "a text"}.get(self.kind, "a list of texts")

    def shown(self, value: Any) -> str:  # noqa: ANN401 - of whatever kind the setting is
        """Return a value as it may be shown to people: no secret, and no password of the database."""
        if self.field == "address":
            return without_password(value)
        if self.rule.is_secret:
            return "(set)" if value else "(not set)"
        if isinstance(value, bool):
            return "true" if value else "false"
        return ", ".join(value) if isinstance(value, tuple) else str(value)


_CATALOGUE: list[Described] = []


def catalogue() -> tuple[Described, ...]:
    """Return every setting, in the order in which they are explained."""
    if not _CATALOGUE:
        kinds = get_type_hints(Settings)
        for each in fields(Settings):
            rule: Rule = each.metadata["rule"]
            assert each.default is not MISSING, "whoever says nothing gets a default"
            name = rule.name or each.name
            _CATALOGUE.append(
                Described(
                    field=each.name,
                    name=name,
                    variable=PREFIX + name.upper(),
                    kind=kinds[each.name],
                    default=each.default,
                    rule=rule,
                )
            )
    return tuple(_CATALOGUE)


def without_password(address: str) -> str:
    """Return a database's address without the password that may be in it."""
    if address.startswith("sqlite") or not address:
        return address
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port is not None else ""
    except ValueError:
        return "(not an address)"
    who = f"{parts.username}@" if parts.username else ""
    return f"{parts.scheme}://{who}{parts.hostname or ''}{port}{parts.path}"
