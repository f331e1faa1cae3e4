"""Whether the service lives, and whether it can work."""

from litestar import Controller, Request, get
from litestar.datastructures import State
from msgspec import Struct

from timebank.care.access import AccessToken
from timebank.errors import ServiceEnding


class Health(Struct, frozen=True):
    """How the service is."""

    status: str


class HealthRoutes(Controller):
    """For whoever watches over the machine; anybody may ask."""

    path = "/health"
    tags = ("health",)
    opt = {"exclude_from_auth": True}  # noqa: RUF012 - the framework's form

    @get("/live", operation_id="health_live", sync_to_thread=False)
    def live(self) -> Health:
        """Say that the process answers."""
        return Health("live")

    @get("/ready", operation_id="health_ready", sync_to_thread=True)
    def ready(self, request: Request[AccessToken, None, State]) -> Health:
        """Say that the books can be read; 503 while they cannot, and once the service ends."""
        if request.app.state.ending.has_begun:
            raise ServiceEnding
        request.app.state.bank.branches.list()
        return Health("ready")
