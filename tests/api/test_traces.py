"""Traces: a span for every request, part of the trace that a named proxy began, and nothing of a person."""

import subprocess
import sys
from unittest.mock import patch

import pytest
from litestar.testing import TestClient
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from tests.api.conftest import Service
from tests.api.test_witness import asked_from
from tests.builders import NOW, address_in

from timebank.clock import SteppingClock
from timebank.errors import ServiceMissing
from timebank.services.members import Members
from timebank_api import Settings, create_app
from timebank_api.traces import Traces

TRACE = "ab" * 16
PARENT = {"traceparent": f"00-{TRACE}-{'cd' * 8}-01"}


def test_every_request_is_a_span_without_people(service: Service) -> None:
    """Its operation and status; no path, no address, no word, also where it fails."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    settings = Settings(address=address_in(service.folder), proxies=("10.0.0.1",))
    app = create_app(settings, clock=SteppingClock(NOW), traces=Traces(provider))
    bearer = {"Authorization": f"Bearer {service.tokens['m1']}", "User-Agent": "sample words"}
    with TestClient(app, raise_server_exceptions=False) as client:
        client.get("/v1/me", headers={**bearer, **PARENT})
        with asked_from("10.0.0.1"):
            client.get(
                "/nowhere/sample?sample=words", headers={**bearer, **PARENT, "X-Forwarded-For": "192.0.2.9"}
            )
        with patch.object(Members, "show", side_effect=ZeroDivisionError("Sample Member 1")):
            client.get("/v1/me", headers=bearer)
    spans = exporter.get_finished_spans()

    assert [("me_show", 200), ("none", 404), ("me_show", 500)] == [
        (span.name, (span.attributes or {})["http.response.status_code"]) for span in spans
    ]
    assert {SpanKind.SERVER} == {span.kind for span in spans}
    assert [StatusCode.UNSET, StatusCode.UNSET, StatusCode.ERROR] == [
        span.status.status_code for span in spans
    ]
    assert [False, True, False] == [format(span.context.trace_id, "032x") == TRACE for span in spans]
    told = "".join(span.to_json() for span in spans)
    for word in ("sample", "Sample", "/v1", "192.0.2", service.tokens["m1"]):
        assert word not in told, word


def test_traces_that_are_wished_for_need_their_extra() -> None:
    """It is said which, before anybody is served; who wishes for none needs none."""
    with (
        patch.dict(sys.modules, {"opentelemetry": None}),
        pytest.raises(ServiceMissing, match=r"timebank\[otel\]"),
    ):
        create_app(Settings(address="sqlite:///nowhere.db", traces=True))
    script = "import timebank_api.app, sys; sys.exit('opentelemetry' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode
