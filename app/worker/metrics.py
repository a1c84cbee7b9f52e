"""The metrics of a worker, for Prometheus."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server
from prometheus_client.process_collector import ProcessCollector

from app.domain.records import TrialResult
from app.observability import tracing

logger = logging.getLogger(__name__)

Work = Literal["ask", "engine", "store"]


class WorkerMetrics:
    """Counters of one worker process, zero at its start.

    jobs_running: returns the number of jobs that the worker runs now.
    """

    def __init__(self, jobs_running: Callable[[], int] = lambda: 0) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._seconds = Counter(
            "stepsize_worker_seconds",
            "Seconds spent: ask in the sampler, engine in batches (of all processes), store in the database.",
            ("work",),
            registry=self.registry,
        )
        self._trials = Counter(
            "stepsize_worker_trials", "Trials that ended here, by state.", ("state",), registry=self.registry
        )
        self._batches = Counter(
            "stepsize_worker_batches",
            "Batches that ended here: done, or lost after the last attempt.",
            ("outcome",),
            registry=self.registry,
        )
        self._lent = Counter(
            "stepsize_worker_shards_lent",
            "Shards of other workers' jobs that were evaluated here.",
            registry=self.registry,
        )
        running = Gauge(
            "stepsize_worker_jobs_running", "Jobs that this worker runs now.", registry=self.registry
        )
        running.set_function(jobs_running)
        for work in ("ask", "engine", "store"):
            self._seconds.labels(work)  # present from the start, at zero

    @contextmanager
    def timed(self, work: Work) -> Iterator[None]:
        """Count the seconds of the block."""
        started = time.perf_counter()
        try:
            with tracing.span(work):
                yield
        finally:
            self._seconds.labels(work).inc(time.perf_counter() - started)

    def batch_done(self, results: Sequence[TrialResult]) -> None:
        """Count a batch and the engine seconds of its trials."""
        self._batches.labels("done").inc()
        self._seconds.labels("engine").inc(sum(result.engine_s for result in results))

    def shard_lent(self) -> None:
        """Count a shard of another worker's job."""
        self._lent.inc()

    def batch_lost(self) -> None:
        """Count a batch that no process could evaluate."""
        self._batches.labels("lost").inc()

    def trials_ended(self, results: Sequence[TrialResult]) -> None:
        """Count ended trials by state; the runs of a race are not trials."""
        for result in results:
            self._trials.labels(str(result.state)).inc()

    def serve(self, host: str, port: int) -> None:
        """Answer `GET /metrics` on that address, from a thread. Raises OSError if the port is taken."""
        start_http_server(port, addr=host, registry=self.registry)


def serve_metrics(metrics: WorkerMetrics, host: str, port: int) -> None:
    """Serve the metrics. If another process has the port, log that and continue without metrics."""
    try:
        metrics.serve(host, port)
    except OSError as error:
        logger.error(
            "no metrics of this worker on %s:%d (%s); give each its STEPSIZE_WORKER_METRICS_PORT",
            *(host, port, error.strerror),
        )
