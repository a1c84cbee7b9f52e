"""Exports: every trial, in each format, and nothing left behind."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sqlite3
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

import optuna
import pytest
from fastapi.testclient import TestClient
from optuna.storages import RDBStorage

from app.db import Database
from app.errors import JobNotFound
from app.services import export, jobs
from app.settings import Settings
from app.spec.job import JobSpec
from app.tuning.optuna_interop.storage_file import write_storage
from app.tuning.space.tree import SearchSpace
from tests.support.stored_jobs import BODY, store_finished_job, store_running_job, store_searched_job

COUNT = 21


@pytest.fixture
def searched(client: TestClient, db: Database, settings: Settings) -> str:
    """Return the id of a job over a conditional space with trials in several states."""
    return store_searched_job(db, settings, COUNT)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make an export read pages of a few trials."""
    monkeypatch.setattr(export, "PAGE", 7)


@pytest.fixture
def opened() -> Iterator[Callable[[Path, str | None], optuna.Study]]:
    """Yield a function that opens the study of a file; close all connections, which Optuna leaves open."""
    storages: list[RDBStorage] = []

    def load(path: Path, name: str | None) -> optuna.Study:
        storages.append(RDBStorage(f"sqlite:///{path}"))
        return optuna.load_study(study_name=name, storage=storages[-1])

    yield load
    for storage in storages:
        storage.remove_session()
        storage.engine.dispose()


def listed(client: TestClient, job_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = client.get(f"/v1/jobs/{job_id}/trials?limit=500").json()["items"]
    return items


def test_each_line_of_jsonl_is_a_trial_as_get_gives_it(client: TestClient, searched: str) -> None:
    answer = client.get(f"/v1/jobs/{searched}/export?format=jsonl")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == f'attachment; filename="{searched}.jsonl"'
    assert [json.loads(line) for line in answer.text.splitlines()] == listed(client, searched)


def test_csv_has_a_column_for_each_parameter_and_metric(client: TestClient, searched: str) -> None:
    answer = client.get(f"/v1/jobs/{searched}/export?format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    trials = listed(client, searched)
    assert len(rows) == len(trials) == COUNT
    for row, trial in zip(rows, trials, strict=True):
        params = {name[7:]: text for name, text in row.items() if name.startswith("params_") and text}
        assert params == {name: str(value) for name, value in trial["params"].items()}
        assert row["optimizer"] == trial["optimizer"]["kind"]
        assert row["value"] == ("" if trial["value"] is None else str(trial["value"]))
        assert row["metrics_validation_loss"] == row["value"]
        assert row["created_at"] == trial["created_at"]


def test_csv_is_the_default(client: TestClient, searched: str) -> None:
    assert client.get(f"/v1/jobs/{searched}/export").headers["content-type"].startswith("text/csv")


def test_load_study_opens_the_optuna_file(
    client: TestClient, searched: str, tmp_path: Path, opened: Callable[[Path, str | None], optuna.Study]
) -> None:
    answer = client.get(f"/v1/jobs/{searched}/export?format=optuna")
    assert answer.headers["content-type"] == "application/vnd.sqlite3"
    path = tmp_path / "study.db"
    path.write_bytes(answer.content)
    study = opened(path, searched)
    job = client.get(f"/v1/jobs/{searched}").json()
    assert study.user_attrs == {"name": job["name"], "spec": job["spec"]}
    assert (study.best_trial.number, study.best_value) == (job["best"]["number"], job["best"]["value"])
    states = {"completed": "COMPLETE", "pruned": "PRUNED", "diverged": "PRUNED"}
    distributions = SearchSpace.of(JobSpec.model_validate(job["spec"])).distributions()
    trials = listed(client, searched)
    assert [frozen.number for frozen in study.trials] == [trial["number"] for trial in trials]
    for frozen, trial in zip(study.trials, trials, strict=True):
        assert frozen.state.name == states[trial["state"]]
        assert frozen.values == (None if trial["value"] is None else [trial["value"]])
        assert frozen.params == trial["params"]
        assert frozen.distributions == {name: distributions[name] for name in trial["params"]}
        assert frozen.intermediate_values == {1: 0.75, 3: 0.5}
        expected = {name: trial[name] for name in ("optimizer", "schedule", "batch_size", "state", "seed")}
        assert expected.items() <= frozen.user_attrs.items()
        assert frozen.datetime_start is not None
        assert frozen.datetime_complete is not None


def test_optuna_continues_a_study_from_the_file(
    client: TestClient, searched: str, tmp_path: Path, opened: Callable[[Path, str | None], optuna.Study]
) -> None:
    path = tmp_path / "study.db"
    path.write_bytes(client.get(f"/v1/jobs/{searched}/export?format=optuna").content)
    study = opened(path, None)
    study.tell(study.ask(), 1.0)
    assert [trial.number for trial in study.trials] == list(range(COUNT + 1))


@pytest.mark.parametrize("format", ["csv", "jsonl", "optuna"])
def test_jobs_without_results_can_be_exported(
    client: TestClient,
    db: Database,
    settings: Settings,
    tmp_path: Path,
    format: str,
    opened: Callable[[Path, str | None], optuna.Study],
) -> None:
    running, finished = store_running_job(db, settings), store_finished_job(db, settings)
    queued = client.post("/v1/jobs", json=BODY).json()["id"]
    for job_id, count in ((queued, 0), (running, 3), (finished, 3)):
        answer = client.get(f"/v1/jobs/{job_id}/export", params={"format": format})
        assert answer.status_code == 200
        if format == "optuna":
            path = tmp_path / f"{job_id}.db"
            path.write_bytes(answer.content)
            exported = len(opened(path, job_id).trials)
        else:
            exported = len(answer.text.splitlines()) - (format == "csv")
        assert exported == count


def test_an_export_leaves_no_file_on_the_disk(
    client: TestClient, searched: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    assert client.get(f"/v1/jobs/{searched}/export?format=optuna").content
    assert list((tmp_path / "temporary").iterdir()) == []


def test_an_export_holds_a_page_at_a_time(db: Database, settings: Settings) -> None:
    job_id = store_searched_job(db, settings, COUNT)
    content = export.export(db, job_id, "jsonl").content
    assert len(next(content).splitlines()) == 7
    jobs.cancel(db, job_id)
    jobs.delete(db, job_id)
    with pytest.raises(JobNotFound):  # half a file must not look like a whole one
        next(content)


@pytest.mark.parametrize("format", ["xml", "", "CSV"])
def test_another_format_is_422(client: TestClient, searched: str, format: str) -> None:
    answer = client.get(f"/v1/jobs/{searched}/export", params={"format": format})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/format"


def test_the_export_of_no_job_is_404(client: TestClient) -> None:
    for format in ("csv", "jsonl", "optuna"):
        assert client.get(f"/v1/jobs/none/export?format={format}").status_code == 404


class Counted(sqlite3.Connection):
    """A connection that says when it is closed."""

    alive: ClassVar[set[int]] = set()
    made: ClassVar[int] = 0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        Counted.alive.add(id(self))
        Counted.made += 1

    def close(self) -> None:
        """Count it no more."""
        Counted.alive.discard(id(self))
        super().close()


@pytest.mark.parametrize("fails", [False, True])
def test_a_storage_file_leaves_no_connection_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    def trials() -> Iterator[Any]:
        if fails:
            raise JobNotFound("deleted meanwhile")
        yield from ()

    connect = sqlite3.dbapi2.connect
    monkeypatch.setattr(
        sqlite3.dbapi2, "connect", lambda *a, **options: connect(*a, **{"factory": Counted} | options)
    )
    Counted.alive, Counted.made = set(), 0
    with contextlib.suppress(JobNotFound):
        write_storage(tmp_path / "study.db", "study", JobSpec.model_validate(BODY), trials())
    assert Counted.made > 0
    assert Counted.alive == set()


def test_an_abandoned_export_closes_its_file(db: Database, settings: Settings) -> None:
    job_id = store_finished_job(db, settings)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        begun, unread = (
            export.export(db, job_id, "optuna").content,
            export.export(db, job_id, "optuna").content,
        )
        assert next(begun)
        files = [cast(Any, content).file for content in (begun, unread)]
        del begun, unread
        assert [file.closed for file in files] == [True, True]
