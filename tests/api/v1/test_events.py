"""The stream of a job's events."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import event

from app.db import Database
from app.services import events, jobs
from app.settings import Settings
from tests.support.stored_jobs import store_running_job

Event = dict[str, Any]


def stream(client: TestClient, job_id: str, last: int | None = None) -> list[Event]:
    """Return every event until the server closes the stream, parsed as a browser does."""
    headers = {} if last is None else {"Last-Event-ID": str(last)}
    answer = client.get(f"/v1/jobs/{job_id}/events", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    received = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            received.append(
                {"id": int(fields["id"]), "kind": fields["event"], "data": json.loads(fields["data"])}
            )
    return received


def test_the_stream_of_a_finished_job_ends_with_its_final_state(client: TestClient, finished: str) -> None:
    events = stream(client, finished)
    assert {event["kind"] for event in events} == {"state", "trial", "best", "progress", "recommendation"}
    assert (events[-1]["kind"], events[-1]["data"]["state"]) == ("state", "succeeded")
    assert [event["id"] for event in events] == sorted({event["id"] for event in events})


def test_the_data_of_an_event_is_the_body_of_the_resource(client: TestClient, finished: str) -> None:
    events = stream(client, finished)
    trials = {event["data"]["number"]: event["data"] for event in events if event["kind"] == "trial"}
    assert trials == {
        number: client.get(f"/v1/jobs/{finished}/trials/{number}").json() for number in range(3)
    }
    answers = [event["data"] for event in events if event["kind"] == "recommendation"]
    assert answers == [client.get(f"/v1/jobs/{finished}/recommendation").json()]
    assert events[-1]["data"] == client.get(f"/v1/jobs/{finished}").json()


def test_last_event_id_resumes_behind_that_event(client: TestClient, finished: str) -> None:
    events = stream(client, finished)
    assert stream(client, finished, events[2]["id"]) == events[3:]
    assert stream(client, finished, events[-1]["id"]) == []


def test_a_last_event_id_that_is_no_id_is_422(client: TestClient, finished: str) -> None:
    answer = client.get(f"/v1/jobs/{finished}/events", headers={"Last-Event-ID": "last"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/header/Last-Event-ID"


def test_the_stream_follows_a_job_to_its_end(client: TestClient, db: Database, settings: Settings) -> None:
    job_id = store_running_job(db, settings)
    received: list[list[Event]] = []
    reader = threading.Thread(target=lambda: received.append(stream(client, job_id)))
    reader.start()
    jobs.cancel(db, job_id)
    reader.join(timeout=10)
    assert not reader.is_alive()
    states = [event["data"]["state"] for event in received[0] if event["kind"] == "state"]
    assert states == ["queued", "running", "cancelled"]


def test_the_stream_ends_when_its_job_is_deleted(client: TestClient, finished: str, db: Database) -> None:
    jobs.delete(db, finished)
    assert client.get(f"/v1/jobs/{finished}/events").status_code == 404


def test_open_streams_end_when_the_server_stops(
    client: TestClient, app: FastAPI, db: Database, settings: Settings
) -> None:
    app.state.stopping.set()
    answer = client.get(f"/v1/jobs/{store_running_job(db, settings)}/events")
    assert answer.status_code == 200


def test_head_of_a_stream_ends_at_once(client: TestClient, db: Database, settings: Settings) -> None:
    answer = client.head(f"/v1/jobs/{store_running_job(db, settings)}/events")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_poll_without_new_events_reads_one_row(db: Database, settings: Settings) -> None:
    job_id = store_running_job(db, settings)
    seen = events.read(db, job_id, 0).events[-1].id
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    assert events.read(db, job_id, seen) == events.News([], ended=False)
    event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1


def test_more_events_than_one_poll_reads_are_all_sent_before_the_end(
    db: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = store_running_job(db, settings)
    jobs.cancel(db, job_id)
    monkeypatch.setattr(events, "PAGE", 2)
    seen, ids, ended = 0, [], False
    while not ended:
        news = events.read(db, job_id, seen)
        ids += [event.id for event in news.events]
        seen, ended = ids[-1], news.ended
    assert ids == list(range(1, ids[-1] + 1))
    assert events.read(db, job_id, seen).events == []
