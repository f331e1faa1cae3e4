"""The application: routes, who may come in, and what an error looks like."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from anyio.to_thread import run_sync
from litestar import Litestar
from litestar.datastructures import State
from litestar.middleware import DefineMiddleware
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from timebank.clock import Clock
from timebank.services.bank import open_bank
from timebank_api.auth import BearerTokens
from timebank_api.bodies import read_strictly
from timebank_api.problems import HANDLERS, SAFE
from timebank_api.routes.beneficiaries import BeneficiaryRoutes
from timebank_api.routes.health import HealthRoutes
from timebank_api.routes.hours import HoursRoutes
from timebank_api.routes.me import MeRoutes
from timebank_api.routes.redemptions import RedemptionRoutes
from timebank_api.settings import Settings


def create_app(settings: Settings, *, clock: Clock | None = None) -> Litestar:
    """Return the application over the books that the settings name; they are opened when it starts.

    Args:
        settings: what it is told.
        clock: where instants come from; the machine's clock by default.
    """

    @asynccontextmanager
    async def with_bank(app: Litestar) -> AsyncGenerator[None, None]:
        app.state.bank = await run_sync(lambda: open_bank(settings.address, clock=clock, create=False))
        try:
            yield
        finally:
            await run_sync(app.state.bank.close)

    return Litestar(
        route_handlers=[HealthRoutes, MeRoutes, HoursRoutes, BeneficiaryRoutes, RedemptionRoutes],
        lifespan=[with_bank],
        middleware=[DefineMiddleware(BearerTokens, exclude="^/schema")],
        before_request=read_strictly,
        exception_handlers=HANDLERS,
        openapi_config=OpenAPIConfig(title="timebank", version="1", render_plugins=[JsonRenderPlugin()]),
        response_headers=SAFE,
        request_max_body_size=settings.body_bytes_most,
        state=State(),
        logging_config=None,
    )
