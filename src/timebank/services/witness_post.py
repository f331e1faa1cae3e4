"""One request to a witness over HTTP: bounded in time and size, no redirect followed, no cookie kept."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpcore

from timebank.errors import BadWitnessUrl, WitnessUnreachable
from timebank.services.sending import Deadline

ASK_SECONDS: Final = 20.0
"""For the whole of a request, from connecting to the last byte."""
ANSWER_BYTES_MOST: Final = 65_536
"""A cosignature is one line; what is longer is no answer of a witness."""
ADD: Final = "/add-checkpoint"
"""Where a witness takes checkpoints, below its address (C2SP tlog-witness)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a witness answered."""

    status: int
    content_type: str
    body: bytes


def address_of(url: str) -> str:
    """Return where a witness of that address takes checkpoints.

    Raises:
        BadWitnessUrl: not http or https, without a host, with a user, a query or a fragment.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadWitnessUrl from None
    is_plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in {"http", "https"} or not parts.hostname or port == 0 or not is_plain:
        raise BadWitnessUrl
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise BadWitnessUrl
    return url.rstrip("/").removesuffix(ADD) + ADD


def post(url: str, body: bytes, *, witness: str, seconds: float = ASK_SECONDS) -> Answer:
    """Send a body to a witness.

    Args:
        url: as `address_of` gives it.
        body: of the request.
        witness: the name of its key, for errors.
        seconds: all that it may take.

    Raises:
        WitnessUnreachable: it did not answer in time, or with more than a witness says.
    """
    deadline = Deadline(seconds)
    try:
        with (
            httpcore.ConnectionPool(retries=0) as pool,
            pool.stream(
                "POST",
                url,
                headers={"content-type": "text/plain; charset=utf-8", "user-agent": "timebank"},
                content=body,
                extensions={"timeout": deadline.timeouts()},
            ) as response,
        ):
            read = bytearray()
            for chunk in response.iter_stream():
                read += chunk
                if len(read) > ANSWER_BYTES_MOST:
                    raise WitnessUnreachable(witness=witness, problem="its answer is too long")
                deadline.left()
            said = {name.lower(): value for name, value in response.headers}.get(b"content-type", b"")
            return Answer(
                status=response.status, content_type=said.decode("ascii", "replace"), body=bytes(read)
            )
    except httpcore.TimeoutException:
        raise WitnessUnreachable(witness=witness, problem="it took too long") from None
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, OSError):
        raise WitnessUnreachable(witness=witness, problem="the connection failed") from None
