"""Traces with OpenTelemetry, for who installed the extra `otel`: a span per request, nothing of people.

The usual instrumentation would put addresses, paths and queries into spans; ours has operation and status.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from litestar.types import HTTPScope

from timebank.errors import ServiceMissing

NAME: Final = "timebank_api"


class Traces:
    """Makes spans."""

    def __init__(self, provider: Any = None) -> None:  # noqa: ANN401 - a TracerProvider, if the extra is there
        """Make spans with a provider; by default one that exports as the `OTEL_…` variables say.

        Raises:
            ServiceMissing: the extra is not installed.
        """
        try:
            from opentelemetry import propagate, trace  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as missing:
            raise ServiceMissing(extra="otel") from missing
        self._api, self._propagate = trace, propagate
        self._provider = provider if provider is not None else _exporting()
        self._tracer = self._provider.get_tracer(NAME)

    @contextmanager
    def span(self, scope: HTTPScope) -> Iterator[Any]:
        """Make a span, part of the trace that a named proxy began, if one did."""
        said = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        carrier = {name: said[name] for name in ("traceparent", "tracestate") if name in said}
        with self._tracer.start_as_current_span(
            scope["method"],
            context=self._propagate.extract(carrier),
            kind=self._api.SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            yield span

    def end(self, span: Any, *, operation: str, status: int) -> None:  # noqa: ANN401 - as above
        """Say what became of the request."""
        span.update_name(operation)
        span.set_attribute("timebank.operation", operation)
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(self._api.StatusCode.ERROR)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


def _exporting() -> Any:  # noqa: ANN401 - as above
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 - an extra
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415 - an extra
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as missing:
        raise ServiceMissing(extra="otel") from missing
    provider = TracerProvider(resource=Resource.create({"service.name": "timebank"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider
