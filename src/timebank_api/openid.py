"""OpenID Connect: let somebody in whom a provider vouches for (extra `oidc`).

The authorization code flow with PKCE, state and nonce. joserfc judges signatures, and Authlib claims; what
is here is what lies between: where to ask, and what a browser keeps in between.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from timebank.errors import ProviderRefused, ProviderUnreachable
from timebank_api.settings import Settings, is_web_address

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA")
"""With a key of the provider's, and so never `none`, never with a secret that both know."""
TIMEOUT_SECONDS: Final = 10.0
BYTES_MOST: Final = 1_048_576
LEEWAY_SECONDS: Final = 60
"""By which the clocks of two machines may differ."""
LASTS_SECONDS: Final = 600
"""How long somebody may take at the provider."""
RANDOM_BYTES: Final = 32
USED_MOST: Final = 10_000
DISCOVERY: Final = "/.well-known/openid-configuration"


class Pending(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a browser keeps while somebody is at the provider: it is theirs, and of use to nobody else."""

    branch: str
    state: str
    nonce: str
    verifier: str
    until_s: int
    """When it is over, in seconds since 1970."""
    invitation: str | None = None
    """A code, for who comes for the first time."""

    def written(self) -> str:
        """Return it as the value of a cookie."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode()


def read_pending(text: str) -> Pending:
    """Return what a browser kept.

    Raises:
        ProviderRefused: it is nothing of ours.
    """
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=Pending)
    except ValueError:
        raise ProviderRefused from None


class Metadata(msgspec.Struct, frozen=True):
    """What a provider says of itself, as far as it is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Tokens(msgspec.Struct, frozen=True):
    """What a provider gives for a code."""

    id_token: str
    access_token: str


@dataclass(slots=True)
class Provider:
    """One OpenID provider, and what we are to it."""

    settings: Settings
    _metadata: Metadata | None = None
    _keys: KeySet | None = None
    _used: dict[str, None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, branch: str, invitation: str | None, *, now: datetime) -> tuple[str, Pending]:
        """Return where to send somebody, and what their browser keeps meanwhile.

        Raises:
            ProviderUnreachable: it does not say where.
        """
        state, nonce, verifier = (secrets.token_urlsafe(RANDOM_BYTES) for _ in range(3))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        asked = {
            "response_type": "code",
            "client_id": self.settings.openid_client_id,
            "redirect_uri": self.settings.openid_return_url,
            "scope": "openid",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        there = self._described().authorization_endpoint
        pending = Pending(
            branch=branch,
            state=state,
            nonce=nonce,
            verifier=verifier,
            until_s=int(now.timestamp()) + LASTS_SECONDS,
            invitation=invitation,
        )
        return f"{there}{'&' if urlsplit(there).query else '?'}{urlencode(asked)}", pending

    def finish(self, pending: Pending, said: dict[str, str], *, now: datetime) -> str:
        """Return whom the provider vouches for: its own name for them.

        Args:
            pending: what the browser kept.
            said: what the provider sent with the browser.
            now: the current instant.

        Raises:
            ProviderRefused: it is the answer to another question, or it vouches for nobody.
            ProviderUnreachable: it does not answer as it should.
        """
        is_ours = hmac.compare_digest(said.get("state", "").encode(), pending.state.encode())
        is_theirs = said.get("iss", self.settings.openid_issuer) == self.settings.openid_issuer  # RFC 9207
        is_late = now.timestamp() >= pending.until_s
        if not is_ours or not is_theirs or is_late or "error" in said or not said.get("code"):
            raise ProviderRefused
        self._use_once(pending.state)
        tokens = self._exchanged(said["code"], pending.verifier)
        return self._subject(tokens, pending.nonce, now)

    def _use_once(self, state: str) -> None:
        with self._lock:
            if state in self._used:
                raise ProviderRefused
            self._used[state] = None
            if len(self._used) > USED_MOST:
                del self._used[next(iter(self._used))]

    def _exchanged(self, code: str, verifier: str) -> Tokens:
        body = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.settings.openid_return_url,
            "client_id": self.settings.openid_client_id,
            "code_verifier": verifier,
        }
        secret = self.settings.openid_client_secret
        auth = httpx.BasicAuth(self.settings.openid_client_id, secret) if secret else None
        content = _asked("POST", self._described().token_endpoint, data=body, auth=auth)
        try:
            return msgspec.json.decode(content, type=Tokens)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderRefused from None

    def _subject(self, tokens: Tokens, nonce: str, now: datetime) -> str:
        """Return the subject of an ID token that is the provider's, ours, of this question and not over."""
        settings = self.settings
        try:
            token = self._signed(tokens.id_token)
            options = {
                "iss": {"essential": True, "value": settings.openid_issuer},
                "aud": {"essential": True, "value": settings.openid_client_id},
            }
            asked = {
                "nonce": nonce,
                "client_id": settings.openid_client_id,
                "access_token": tokens.access_token,
            }
            claims = CodeIDToken(token.claims, token.header, options, asked)
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_SECONDS)
        except (JoseError, ValueError, TypeError):
            raise ProviderRefused from None
        subject = claims["sub"]
        if not isinstance(subject, str) or not subject:
            raise ProviderRefused
        return subject

    def _signed(self, text: str) -> jwt.Token:
        if self._keys is not None:
            try:
                return jwt.decode(text, self._keys, algorithms=ALGORITHMS)
            except (JoseError, ValueError):
                pass  # the provider may have new keys by now
        self._keys = self._their_keys()
        return jwt.decode(text, self._keys, algorithms=ALGORITHMS)

    def _their_keys(self) -> KeySet:
        content = _asked("GET", self._described().jwks_uri)
        try:
            return KeySet.import_key_set(msgspec.json.decode(content))
        except (JoseError, msgspec.DecodeError, ValueError, KeyError, TypeError):
            raise ProviderUnreachable from None

    def _described(self) -> Metadata:
        if self._metadata is None:
            issuer = self.settings.openid_issuer
            content = _asked("GET", issuer.rstrip("/") + DISCOVERY)
            try:
                found = msgspec.json.decode(content, type=Metadata)
            except (msgspec.DecodeError, UnicodeDecodeError):
                raise ProviderUnreachable from None
            addresses = (found.authorization_endpoint, found.token_endpoint, found.jwks_uri)
            if found.issuer != issuer or not all(map(is_web_address, addresses)):
                raise ProviderUnreachable
            self._metadata = found
        return self._metadata


def _asked(method: str, address: str, **how: Any) -> bytes:  # noqa: ANN401 - what httpx takes
    """Ask the provider, whose addresses come from the settings and from nobody who asks us."""
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as client:
            answer = client.request(method, address, headers={"Accept": "application/json"}, **how)
    except httpx.HTTPError:
        raise ProviderUnreachable from None
    if answer.is_server_error or len(answer.content) > BYTES_MOST:
        raise ProviderUnreachable
    if not answer.is_success:
        raise ProviderRefused
    return answer.content
