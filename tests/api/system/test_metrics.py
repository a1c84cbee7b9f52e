"""Metrics: equal to the stored rows, and with few labels."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text, update

from app.db import Database
from app.db.queries import workers
from app.db.tables import EventRow
from app.services import jobs
from app.settings import Settings
from tests.support.stored_jobs import BODY, store_finished_job, store_running_job

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def scrape(client: TestClient) -> Samples:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples[name, frozenset(labels.items())]


def test_jobs_and_trials_are_counted_by_state(client: TestClient, db: Database, settings: Settings) -> None:
    store_finished_job(db, settings)
    store_running_job(db, settings)
    client.post("/v1/jobs", json=BODY)
    metrics_text = scrape(client)
    states = ("queued", "running", "paused", "succeeded", "failed", "cancelled")
    assert [value(metrics_text, "stepsize_jobs", state=state) for state in states] == [1, 1, 0, 1, 0, 0]
    trial_states = ("completed", "pruned", "diverged", "failed", "running")
    assert [value(metrics_text, "stepsize_trials", state=state) for state in trial_states] == [2, 0, 1, 0, 3]


def test_an_empty_service_has_zeros(client: TestClient) -> None:
    metrics_text = scrape(client)
    for name in ("stepsize_queue_depth", "stepsize_queue_oldest_seconds", "stepsize_workers"):
        assert value(metrics_text, name) == 0
    assert value(metrics_text, "stepsize_trials", state="completed") == 0
    assert value(metrics_text, "stepsize_database_up") == 1


def test_the_queue_has_a_depth_and_an_age(client: TestClient, db: Database) -> None:
    ids = [client.post("/v1/jobs", json=BODY).json()["id"] for _ in range(3)]
    jobs.pause(db, ids[0])
    jobs.resume(db, ids[0])
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    with db.write() as session:  # the first job was submitted an hour ago, but is queued since it was resumed
        session.execute(update(EventRow).where(EventRow.name == "1-queued").values(created_at=hour_ago))
        session.execute(
            update(EventRow)
            .where(EventRow.name == "1-queued", EventRow.job_key != _first_key(session))
            .values(created_at=hour_ago + timedelta(minutes=50))
        )
    metrics_text = scrape(client)
    assert value(metrics_text, "stepsize_queue_depth") == 3
    assert 600 <= value(metrics_text, "stepsize_queue_oldest_seconds") < 660


def _first_key(session: object) -> int:
    key: int = session.scalar(text("SELECT min(key) FROM jobs"))  # type: ignore[attr-defined]  # a session
    return key


def test_only_workers_with_a_recent_heartbeat_count(client: TestClient, db: Database) -> None:
    now = datetime.now(UTC)
    with db.write() as session:
        workers.beat(session, "alive", now)
        workers.beat(session, "gone", now - timedelta(minutes=1))
    assert value(scrape(client), "stepsize_workers") == 1


def test_requests_are_counted_by_the_template_of_their_route(client: TestClient, finished: str) -> None:
    for path in (f"/v1/jobs/{finished}", "/v1/jobs/none", "/v1/jobs/none2", "/nothing/1", "/nothing/2"):
        client.get(path)
    client.head(f"/v1/jobs/{finished}")
    client.request("BREW", "/v1/jobs")
    metrics_text = scrape(client)
    counted = "stepsize_http_requests_total"
    assert value(metrics_text, counted, method="GET", route="/v1/jobs/{job_id}", status="200") == 1
    assert value(metrics_text, counted, method="GET", route="/v1/jobs/{job_id}", status="404") == 2
    assert value(metrics_text, counted, method="HEAD", route="/v1/jobs/{job_id}", status="200") == 1
    assert value(metrics_text, counted, method="GET", route="unmatched", status="404") == 2
    assert value(metrics_text, counted, method="OTHER", route="unmatched", status="405") == 1
    assert not any(finished in str(labels) for _, labels in metrics_text)


def test_latencies_are_a_histogram(client: TestClient) -> None:
    client.get("/v1/optimizers")
    metrics_text = scrape(client)
    labels = {"method": "GET", "route": "/v1/optimizers", "status": "200"}
    name = "stepsize_http_request_duration_seconds"
    assert value(metrics_text, f"{name}_bucket", **labels, le="10.0") == 1
    assert value(metrics_text, f"{name}_bucket", **labels, le="0.001") <= 1
    assert value(metrics_text, f"{name}_count", **labels) == 1
    assert 0 < value(metrics_text, f"{name}_sum", **labels) < 10


def test_a_crash_is_counted_as_500(client: TestClient, app: FastAPI) -> None:
    def crash() -> None:
        raise RuntimeError

    app.add_api_route("/crash", crash)
    assert client.get("/crash").status_code == 500
    metrics_text = scrape(client)
    assert (
        value(metrics_text, "stepsize_http_requests_total", method="GET", route="/crash", status="500") == 1
    )


def test_a_database_that_does_not_answer_is_a_metric_and_no_error(client: TestClient, db: Database) -> None:
    with db.engine.begin() as connection:
        connection.execute(text("ALTER TABLE workers RENAME TO gone"))
    try:
        metrics_text = scrape(client)
    finally:
        with db.engine.begin() as connection:
            connection.execute(text("ALTER TABLE gone RENAME TO workers"))
    assert value(metrics_text, "stepsize_database_up") == 0
    assert not any(name == "stepsize_jobs" for name, _ in metrics_text)
    client.get("/healthz")
    counted = scrape(client)
    assert value(counted, "stepsize_http_requests_total", method="GET", route="/healthz", status="200") == 1
