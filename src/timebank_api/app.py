"""The application: routes, who may come in, and what an error looks like."""

from asyncio import create_task
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from anyio.to_thread import current_default_thread_limiter, run_sync
from litestar import Litestar, Request
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.middleware import DefineMiddleware
from litestar.types import ControllerRouterHandler

from timebank.care.webhook import Reach
from timebank.clock import Clock
from timebank.errors import ServiceMissing
from timebank.services.bank import Bank, open_bank
from timebank.services.deliverer import Deliverer
from timebank.services.sending import Sender
from timebank_api.acting import VISITOR, heed_acting_for, visitor_of
from timebank_api.auth import Callers
from timebank_api.bodies import read_strictly
from timebank_api.description import config
from timebank_api.ending import Ending
from timebank_api.limits import Buckets
from timebank_api.logs import Log
from timebank_api.mail import mail_of
from timebank_api.manners import Manners
from timebank_api.methods import say_methods
from timebank_api.metrics import Metrics
from timebank_api.newsroom import Newsroom
from timebank_api.peers import Names, Peers
from timebank_api.problems import HANDLERS, SAFE
from timebank_api.recorder import Recorder
from timebank_api.routes.access_log import AccessLogRoutes
from timebank_api.routes.accounts import AccountRoutes
from timebank_api.routes.audit import AuditRoutes
from timebank_api.routes.beneficiaries import BeneficiaryRoutes
from timebank_api.routes.branches import BranchRoutes
from timebank_api.routes.clearing import ClearingRoutes
from timebank_api.routes.docs import docs_page
from timebank_api.routes.entries import EntryRoutes, TransferRoutes
from timebank_api.routes.events import EventRoutes
from timebank_api.routes.exports import ExportRoutes
from timebank_api.routes.health import HealthRoutes
from timebank_api.routes.holds import HoldRoutes
from timebank_api.routes.hours import HoursRoutes
from timebank_api.routes.imports import ImportRoutes
from timebank_api.routes.invitations import InvitationRoutes
from timebank_api.routes.log import CheckpointRoutes, LogFiles, MyReceiptRoutes, ReceiptRoutes
from timebank_api.routes.mandates import MandateRoutes
from timebank_api.routes.matches import MatchRoutes
from timebank_api.routes.me import MeRoutes
from timebank_api.routes.member_data import data_of_me, export_me
from timebank_api.routes.members import MemberRoutes
from timebank_api.routes.metrics import MetricsRoutes
from timebank_api.routes.offers import OfferRoutes
from timebank_api.routes.plans import PlanRoutes
from timebank_api.routes.policy import PolicyRoutes
from timebank_api.routes.profiles import ProfileRoutes
from timebank_api.routes.redemptions import RedemptionRoutes
from timebank_api.routes.reports import ReportRoutes
from timebank_api.routes.requests import RequestRoutes
from timebank_api.routes.sign_in import SignInRoutes
from timebank_api.routes.tokens import TokenRoutes
from timebank_api.routes.webhooks import WebhookRoutes
from timebank_api.settings import Settings
from timebank_api.signer import Signer
from timebank_api.traces import Traces
from timebank_api.turns import Turns
from timebank_api.visits import Shared
from timebank_api.witness import Witness, refuse_name

ROUTES: Final = (
    AccessLogRoutes,
    AccountRoutes,
    AuditRoutes,
    BeneficiaryRoutes,
    BranchRoutes,
    CheckpointRoutes,
    ClearingRoutes,
    data_of_me,
    docs_page,
    EntryRoutes,
    EventRoutes,
    export_me,
    ExportRoutes,
    HealthRoutes,
    HoldRoutes,
    HoursRoutes,
    ImportRoutes,
    InvitationRoutes,
    LogFiles,
    MandateRoutes,
    MatchRoutes,
    MemberRoutes,
    MeRoutes,
    MetricsRoutes,
    MyReceiptRoutes,
    OfferRoutes,
    PlanRoutes,
    PolicyRoutes,
    ProfileRoutes,
    ReceiptRoutes,
    RedemptionRoutes,
    ReportRoutes,
    RequestRoutes,
    SignInRoutes,
    TokenRoutes,
    TransferRoutes,
    WebhookRoutes,
)


CACHE_KIB: Final = 1_024
"""Pages of an SQLite file that each connection keeps; the system has them once for all."""
READERS_MOST: Final = 6
"""Threads that read a file side by side: Python runs one at a time anyway, and each has a connection."""
BURST: Final = 10
"""How many seconds' worth of requests may come at once."""
SENT_ACROSS: Final = ("Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match")
READ_ACROSS: Final = ("ETag", "Link", "Retry-After", "X-Request-Id")


def _bucket(per_second: int) -> Buckets:
    return Buckets(per_second=per_second, burst=per_second * BURST)


def _origins(settings: Settings) -> CORSConfig | None:
    """Return which other sites' pages may ask; None, so none of them, unless the settings name some.

    Cookies are never taken from them: they send a token, as programs do.
    """
    if not settings.origins:
        return None
    return CORSConfig(
        allow_origins=list(settings.origins),
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=list(SENT_ACROSS),
        expose_headers=list(READ_ACROSS),
        allow_credentials=False,
    )


async def _let_in(request: Request[Any, Any, Any]) -> None:
    """Refuse what no route should see; without guards, for each of which the framework copies the handler."""
    await heed_acting_for(request, request.route_handler)
    await read_strictly(request)


def create_app(
    settings: Settings, *, clock: Clock | None = None, log: Log | None = None, traces: Traces | None = None
) -> Litestar:
    """Return the application over the books that the settings name; they are opened when it starts.

    Args:
        settings: what it is told.
        clock: where instants come from; the machine's clock by default.
        log: takes a line for every request; None takes none.
        traces: makes a span of every request; None makes them as the settings say.

    Raises:
        ServiceMissing: the settings ask for what an extra brings, and it is not installed.
    """
    shared = Shared(callers=_bucket(settings.requests_per_second))

    @asynccontextmanager
    async def with_bank(app: Litestar) -> AsyncGenerator[None, None]:
        app.state.bank = await run_sync(
            lambda: open_bank(
                settings.address,
                clock=clock,
                create=False,
                cache_kib=CACHE_KIB,
                key_folder=Path(settings.log_keys) if settings.log_keys else None,
            )
        )
        app.state.turns = Turns(app.state.bank)
        if not app.state.bank.store.is_server:
            current_default_thread_limiter().total_tokens = READERS_MOST
        app.state.writer = app.state.bank.writer()
        app.state.metrics.watch_writer(app.state.writer.waiting)
        recorder = shared.recorder = Recorder(app.state.bank)
        try:
            async with _telling(app, settings):
                yield
        finally:
            await run_sync(app.state.turns.close)  # whoever waits is answered first
            await run_sync(app.state.writer.close)
            await run_sync(recorder.close)
            await run_sync(app.state.bank.close)
            if traces is not None:
                await run_sync(traces.close)

    if traces is None and settings.traces:
        traces = Traces()
    app = Litestar(
        route_handlers=(*ROUTES, *_openid_routes(settings)),
        lifespan=[with_bank],
        middleware=[DefineMiddleware(Callers, exclude_http_methods=())],
        before_request=_let_in,
        dependencies={VISITOR: Provide(visitor_of)},
        before_send=[say_methods],
        exception_handlers=HANDLERS,
        openapi_config=config(root_path=settings.root_path),
        response_headers=SAFE,
        cors_config=_origins(settings),
        request_max_body_size=settings.body_bytes_most,
        state=State(),
        logging_config=None,
    )
    app.state.settings = settings
    app.state.mail = mail_of(settings)
    if settings.openid_issuer:
        app.state.openid = import_module("timebank_api.openid").Provider(settings)
    app.state.ending = Ending()
    app.state.metrics = Metrics()
    app.asgi_handler = Witness(
        Manners(  # type: ignore[arg-type]  # the framework's types, less exactly
            app.asgi_handler,
            seconds_most=settings.seconds_most,
            refused=_bucket(settings.refusals_per_second),
            shared=shared,
            is_behind_tls=settings.tls,
        ),
        refuse_name=refuse_name,
        peers=Peers(settings.proxies),
        names=Names(settings.allowed_hosts),
        root_path=settings.root_path,
        ending=app.state.ending,
        metrics=app.state.metrics,
        log=log,
        traces=traces,
    )
    return app


def _openid_routes(settings: Settings) -> Iterator[ControllerRouterHandler]:
    """Yield the routes of a provider, if the settings name one: its libraries are an extra.

    Raises:
        ServiceMissing: they are not installed.
    """
    if settings.openid_issuer:
        try:
            yield import_module("timebank_api.routes.openid").OpenIdRoutes
        except ModuleNotFoundError as missing:
            raise ServiceMissing(extra="oidc") from missing


@asynccontextmanager
async def _telling(app: Litestar, settings: Settings) -> AsyncGenerator[None, None]:
    """Tell those who follow events, deliver to webhooks, and sign logs, while the application runs."""
    bank: Bank = app.state.bank
    app.state.sender = Sender(Reach.PRIVATE if settings.webhooks == "private" else Reach.PUBLIC)
    app.state.newsroom = Newsroom(bank, streams_most=settings.streams_most)
    deliverer = Deliverer(bank.deliveries, app.state.sender)
    signer = Signer(bank)
    closing = create_task(_close_at(app.state.ending, app.state.newsroom))
    if settings.webhooks != "off":
        deliverer.start()
    if settings.log_signs and not bank.store.is_dry_run:
        signer.start()
    try:
        yield
    finally:
        closing.cancel()
        await app.state.newsroom.finish()
        if settings.webhooks != "off":
            await run_sync(deliverer.stop)
        await run_sync(signer.stop)


async def _close_at(ending: Ending, newsroom: Newsroom) -> None:
    """End the streams as soon as the service is told to end: they would keep it waiting."""
    await ending.wait()
    newsroom.close()
