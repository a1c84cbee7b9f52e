"""Metrics for Prometheus: the requests of this process, and a snapshot of the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from app.api.errors.handlers import documented
from app.api.http.api_route import ApiRoute
from app.api.http.dependencies import Config, Db
from app.services import metrics
from app.services.metrics import Snapshot

# Upper bounds of the histogram, in seconds: a GET of one row takes milliseconds, a large export seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
EXAMPLE = """# HELP stepsize_jobs Jobs by state.
# TYPE stepsize_jobs gauge
stepsize_jobs{state="queued"} 0.0
"""

router = APIRouter(tags=["health"], route_class=ApiRoute)


class RequestMetrics:
    """Counters and latencies of the requests of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route", "status")
        self._requests = Counter(
            "stepsize_http_requests", "Requests answered.", labels, registry=self.registry
        )
        self._latency = Histogram(
            "stepsize_http_request_duration_seconds",
            "Seconds from the request to the head of its answer; the body of a stream is not counted.",
            labels,
            buckets=BUCKETS,
            registry=self.registry,
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer. seconds: from the request to the head of the answer."""
        self._requests.labels(method, route, status).inc()
        self._latency.labels(method, route, status).observe(seconds)


class _SnapshotCollector(Collector):
    """A snapshot of the database as gauges of Prometheus."""

    def __init__(self, snapshot: Snapshot | None) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield every gauge; without a snapshot, yield `stepsize_database_up` alone."""
        snapshot = self._snapshot
        yield _gauge("stepsize_database_up", "Whether the database answers.", float(snapshot is not None))
        if snapshot is None:
            return
        yield _by_state("stepsize_jobs", "Jobs by state.", snapshot.jobs.items())
        yield _by_state("stepsize_trials", "Trials by state.", snapshot.trials.items())
        yield _gauge("stepsize_queue_depth", "Jobs that wait for a worker.", snapshot.jobs["queued"])
        yield _gauge(
            "stepsize_queue_oldest_seconds",
            "Waiting time of the oldest queued job, in seconds.",
            snapshot.oldest_queued_s,
        )
        yield _gauge("stepsize_workers", "Workers with a recent heartbeat.", snapshot.workers)


def _gauge(name: str, help: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help, value=value)


def _by_state(name: str, help: str, counts: Iterable[tuple[str, int]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, help, labels=["state"])
    for state, count in counts:
        family.add_metric([state], count)
    return family


@router.get(
    "/metrics",
    operation_id="get_metrics",
    summary="Metrics for Prometheus",
    response_class=Response,
    response_description="The text format of Prometheus.",
    responses={
        200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}}},
        **documented(),
    },
)
def get_metrics(request: Request, db: Db, settings: Config) -> Response:
    """Return the numbers of jobs and trials by state, the queue, the workers and this process's requests.

    If the database does not answer, `stepsize_database_up` is 0 and its other metrics are left out.
    """
    database_registry = CollectorRegistry()
    database_registry.register(_SnapshotCollector(metrics.snapshot(db, settings.worker_silence_s)))
    requests: RequestMetrics = request.app.state.metrics
    content = generate_latest(database_registry) + generate_latest(requests.registry)
    return Response(content, headers={"Content-Type": CONTENT_TYPE_LATEST})
