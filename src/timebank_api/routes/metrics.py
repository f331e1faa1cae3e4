"""Numbers for whoever watches over the machine, in the form of Prometheus."""

import hmac
from ipaddress import ip_address

from litestar import Controller, Request, Response, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException

from timebank.care.access import AccessToken
from timebank.errors import TokenRefused
from timebank_api.auth import SCHEME
from timebank_api.metrics import MEDIA_TYPE, Metrics
from timebank_api.peers import is_relayed
from timebank_api.settings import Settings

Anybody = Request[AccessToken, None, State]


class MetricsRoutes(Controller):
    """For whom the settings name; as if it were not there for anybody else."""

    path = "/metrics"
    opt = {"exclude_from_auth": True}  # noqa: RUF012 - the framework's form
    include_in_schema = False

    @get(operation_id="metrics_read", sync_to_thread=False)
    def read(self, request: Anybody) -> Response[bytes]:
        """Give the numbers.

        Raises:
            TokenRefused: they are for who has the secret.
        """
        settings: Settings = request.app.state.settings
        if settings.metrics == "token":
            _require_secret(request, settings.metrics_token)
        elif settings.metrics == "off" or not _is_from_here(request):
            raise NotFoundException
        metrics: Metrics = request.app.state.metrics
        return Response(metrics.text(), media_type=MEDIA_TYPE)


def _require_secret(request: Anybody, secret: str) -> None:
    said = request.headers.get("authorization", "")
    given = said[len(SCHEME) :].strip() if said.lower().startswith(SCHEME) else ""
    if not hmac.compare_digest(given.encode(errors="replace"), secret.encode()):
        raise TokenRefused


def _is_from_here(request: Anybody) -> bool:
    """Tell whether somebody on this machine asks, and not for somebody else as a proxy does."""
    client = request.scope["client"]
    try:
        is_loopback = client is not None and ip_address(client[0]).is_loopback
    except ValueError:
        return False
    return is_loopback and not is_relayed(request.scope)
