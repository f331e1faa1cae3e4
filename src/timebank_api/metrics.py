"""Numbers for whoever watches: how many requests, how long, what failed. No label says anything of people."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the classes of durations."""


class Metrics:
    """The numbers of one application; two in a process do not mix."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Counter(
            "timebank_requests",
            "Requests answered, by operation and class of status.",
            ("operation", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "timebank_request_seconds",
            "Time from a request's arrival to the end of its answer.",
            ("operation",),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._failures = Counter(
            "timebank_failures",
            "Answers of 500 and above, by code: a database that is locked, full or gone, a bug.",
            ("code",),
            registry=self.registry,
        )
        self.in_flight = 0
        """Requests that wait for their answer."""
        in_flight = Gauge(
            "timebank_requests_in_flight", "Requests that wait for their answer.", registry=self.registry
        )
        in_flight.set_function(lambda: self.in_flight)
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}
        """The numbers of an operation and a class of status, looked up once."""
        self._waiting = Gauge(
            "timebank_writer_waiting", "Posts that wait for the coalescing writer.", registry=self.registry
        )

    def watch_writer(self, waiting: Callable[[], int]) -> None:
        """Ask how many posts wait, whenever somebody asks for the numbers."""
        self._waiting.set_function(waiting)

    def count(self, *, operation: str, status: int, seconds: float, code: str) -> None:
        """Count a request that was answered; `code` is the problem's, if it was one."""
        kind = operation, status // 100
        known = self._known.get(kind)
        if known is None:
            counter = self._requests.labels(operation, f"{status // 100}xx")
            known = self._known[kind] = counter, self._seconds.labels(operation)
        known[0].inc()
        known[1].observe(seconds)
        if status >= 500:
            self._failures.labels(code or "unknown").inc()

    def text(self) -> bytes:
        """Return them in the text form of Prometheus."""
        return generate_latest(self.registry)
