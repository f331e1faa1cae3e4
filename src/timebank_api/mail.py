"""Mail: the port through which one-time codes leave, and two ways out of it."""

import smtplib
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import make_msgid
from logging import getLogger
from typing import Final, Protocol, TextIO
from urllib.parse import unquote, urlsplit

from timebank.services.sign_in import CODE_LASTS, Letter
from timebank_api.settings import CONSOLE, MAIL_PORTS, Settings

TIMEOUT_SECONDS: Final = 20.0


class Mail(Protocol):
    """Whatever brings a letter to its address."""

    def send(self, letter: Letter) -> None:
        """Send a letter.

        Raises:
            OSError, smtplib.SMTPException: it did not leave.
        """


@dataclass(frozen=True, slots=True)
class ConsoleMail:
    """Prints letters where the service runs: to try things out, never for people's own codes."""

    out: Callable[[], TextIO] = lambda: sys.stderr

    def send(self, letter: Letter) -> None:
        """Print a letter."""
        print(f"To {letter.email}: {words_of(letter)}", file=self.out(), flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpMail:
    """Hands letters to a mail server; a password leaves only over TLS, with the certificate checked."""

    host: str
    port: int
    sender: str
    is_tls: bool
    """TLS from the start; otherwise STARTTLS, where the server has it."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context

    def send(self, letter: Letter) -> None:
        """Hand a letter over."""
        with self._connected() as server:
            server.ehlo()
            if not self.is_tls and (self.user is not None or server.has_extn("starttls")):
                server.starttls(context=self.context())
                server.ehlo()
            if self.user is not None:
                server.login(self.user, self.password or "")
            server.send_message(message_of(letter, sender=self.sender))

    def _connected(self) -> smtplib.SMTP:
        if self.is_tls:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=TIMEOUT_SECONDS, context=self.context())
        return smtplib.SMTP(self.host, self.port, timeout=TIMEOUT_SECONDS)


def mail_of(settings: Settings) -> Mail | None:
    """Return the way out that the settings name, None for none."""
    if not settings.mail:
        return None
    if settings.mail == CONSOLE:
        return ConsoleMail()
    parts = urlsplit(settings.mail)
    return SmtpMail(
        host=parts.hostname or "",
        port=parts.port or MAIL_PORTS[parts.scheme],
        sender=settings.mail_from,
        is_tls=parts.scheme == "smtps",
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )


def send_quietly(mail: Mail, letter: Letter) -> None:
    """Send a letter after the answer has left; what goes wrong is logged without address and code."""
    try:
        mail.send(letter)
    except (OSError, smtplib.SMTPException) as error:
        # No traceback: what a server answers repeats the address.
        getLogger("timebank_api").error("a code was not sent: %s", type(error).__name__)  # noqa: TRY400


def message_of(letter: Letter, *, sender: str) -> EmailMessage:
    """Return a letter as mail."""
    message = EmailMessage()
    message["Subject"] = "Your code to sign in"
    message["From"] = sender
    message["To"] = letter.email
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2] or None)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"{words_of(letter)}\n")
    return message


def words_of(letter: Letter) -> str:
    """Return what a letter says."""
    minutes = int(CODE_LASTS.total_seconds()) // 60
    return (
        f"Your code to sign in to {letter.branch_name} is {letter.code}. It is good for {minutes} minutes, "
        "once. If you did not ask for it, do nothing: nobody comes in without it."
    )
