"""Mail: codes leave through a real server, encrypted where it can, and nothing of them stays in a log."""

import asyncio
import io
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from tests.api.signing_in import EMAIL, House, a_house, quick_argon2, said
from tests.builders import NOW

from timebank.errors import SettingInvalid
from timebank.services.sign_in import Letter
from timebank_api import Settings
from timebank_api.mail import ConsoleMail, SmtpMail, mail_of, send_quietly

LETTER = Letter(email=EMAIL, code="12345678", branch_name="Sample Löwen\u0301")


class Inbox:
    """A mail server that keeps what it gets, and how it got it."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.logins: list[bytes] = []
        self.encrypted: list[bool] = []

    async def handle_DATA(self, _: Any, session: Any, envelope: Any) -> str:  # noqa: ANN401, N802
        self.letters.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"

    def login(self, *args: Any) -> AuthResult:  # noqa: ANN401
        self.logins.append(args[-1].password)
        return AuthResult(success=args[-1].password == b"sample secret")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for this machine, that only these tests trust."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=9_000))
        .not_valid_after(NOW + timedelta(days=9_000))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def inbox() -> Inbox:
    """Where letters arrive."""
    return Inbox()


@pytest.fixture
def server(inbox: Inbox, certificate: Path) -> Iterator[int]:
    """A mail server that takes letters only after STARTTLS and a login; its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def factory() -> SMTP:
        return SMTP(
            inbox,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=inbox.login,
        )

    with running(factory) as port:
        yield port


@pytest.fixture
def relay(inbox: Inbox) -> Iterator[int]:
    """A mail server of this machine that asks for nothing; its port."""
    with running(lambda: SMTP(inbox)) as port:
        yield port


@contextmanager
def running(factory: Callable[[], SMTP]) -> Iterator[int]:
    """Run a server on this machine; yields its port."""
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()

    async def listen() -> asyncio.Server:
        return await loop.create_server(factory, "127.0.0.1", 0)

    async def end() -> None:
        listening.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for each in others:
            each.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    listening = asyncio.run_coroutine_threadsafe(listen(), loop).result()
    yield listening.sockets[0].getsockname()[1]
    asyncio.run_coroutine_threadsafe(end(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def test_a_letter_leaves_encrypted_and_arrives(server: int, inbox: Inbox, certificate: Path) -> None:
    """Over STARTTLS, with a login, and says what it is for."""

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=certificate)

    mail = SmtpMail(
        host="localhost",
        port=server,
        sender="timebank@bank.example",
        is_tls=False,
        user="bank",
        password="sample secret",
        context=trusting,
    )
    mail.send(LETTER)

    (envelope,) = inbox.letters
    message: Any = message_from_bytes(envelope.content, policy=policy.default)
    assert ([EMAIL], "timebank@bank.example") == (envelope.rcpt_tos, envelope.mail_from)
    assert "is 12345678. It is good for 10 minutes" in " ".join(message.get_content().split())
    assert EMAIL == message["To"]
    assert [True] == inbox.encrypted


def test_a_password_leaves_only_to_the_server_it_is_for(server: int, inbox: Inbox) -> None:
    """A certificate that nobody vouches for ends it before the login."""
    mail = mail_of(Settings(address="sqlite:///x", mail=f"smtp://bank:sample%20secret@localhost:{server}"))
    assert isinstance(mail, SmtpMail)
    with pytest.raises(ssl.SSLCertVerificationError):
        mail.send(LETTER)
    assert [] == inbox.logins + inbox.letters


def test_a_relay_of_this_machine_takes_letters_as_they_are(relay: int, inbox: Inbox) -> None:
    """It has no STARTTLS, and no password is said."""
    mail = mail_of(Settings(address="sqlite:///x", mail=f"smtp://127.0.0.1:{relay}"))
    assert mail is not None
    mail.send(LETTER)
    assert [False] == inbox.encrypted


def test_no_password_is_said_without_encryption(relay: int, inbox: Inbox) -> None:
    """A server that has no STARTTLS gets none."""
    mail = mail_of(Settings(address="sqlite:///x", mail=f"smtp://bank:secret@127.0.0.1:{relay}"))
    assert mail is not None
    with pytest.raises(Exception, match="STARTTLS"):
        mail.send(LETTER)
    assert [] == inbox.logins + inbox.letters


def test_a_letter_that_does_not_leave_leaves_nothing_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Neither address nor code; whoever asked has their answer already."""
    mail = SmtpMail(host="127.0.0.1", port=1, sender="timebank@localhost", is_tls=False)
    send_quietly(mail, LETTER)
    assert ["a code was not sent: ConnectionRefusedError"] == [each.message for each in caplog.records]


def test_letters_may_be_read_where_the_service_runs() -> None:
    """To try it out."""
    out = io.StringIO()
    ConsoleMail(lambda: out).send(LETTER)
    assert out.getvalue().startswith(f"To {EMAIL}: ")
    assert isinstance(mail_of(Settings(address="sqlite:///x", mail="console")), ConsoleMail)
    assert mail_of(Settings(address="sqlite:///x")) is None


@pytest.mark.parametrize(
    "text", ["mailto:x", "smtp://", "smtp://host:0x", "http://host", "smtp://host:99999"]
)
def test_a_setting_that_says_nothing_mail_goes_through_is_refused(text: str) -> None:
    """When the service starts, not when the first letter should leave."""
    with pytest.raises(SettingInvalid):
        Settings(address="sqlite:///x", mail=text)


def test_whoever_asks_does_not_wait_for_the_letter(
    tmp_path: Path, relay: int, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer leaves first, and the code that arrives opens the door."""
    quick_argon2(monkeypatch)
    with a_house(tmp_path) as house:
        house.client.app.state.mail = mail_of(
            Settings(address="sqlite:///x", mail=f"smtp://127.0.0.1:{relay}")
        )
        ticket = asked(house)
        (envelope,) = inbox.letters
        code = envelope.content.decode().partition(" is ")[2][:8]
        assert 200 == house.send("POST", "/v1/sign-in", {"ticket": ticket, "code": code}).status_code
        house.client.app.state.mail = SmtpMail(host="127.0.0.1", port=1, sender="x@localhost", is_tls=False)
        answer = house.send("POST", "/v1/sign-in/codes", {"branch": "lille", "ref": "m1"})
        assert (202, None) == said(answer)


def asked(house: House) -> str:
    """Ask for a code for m1, who has an address; returns the ticket."""
    house.accept(house.invite(), email=EMAIL)
    answer = house.send("POST", "/v1/sign-in/codes", {"branch": "lille", "ref": "m1"})
    return str(answer.json()["ticket"])
