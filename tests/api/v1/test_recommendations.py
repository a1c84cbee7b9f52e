"""The recommendation over HTTP."""

from __future__ import annotations

import csv
import io
import math
from typing import Any, get_args

import pytest
from fastapi.testclient import TestClient

from app.api.v1.recommendations import FormatName
from app.db import Database
from app.services import job_runs, recommendations
from app.settings import Settings
from app.spec.resources.recommendations import HorizonPeak
from app.tuning.exports import FORMATS
from tests.support.kinds import make_optimizer
from tests.support.stored_jobs import recommendation, store_running_job


def test_a_recommendation_has_every_key(client: TestClient, finished: str) -> None:
    body = client.get(f"/v1/jobs/{finished}/recommendation").json()
    assert body == recommendation().model_dump(mode="json")
    assert body["safe_learning_rate"] is None


@pytest.mark.parametrize("path", ["recommendation", "recommendation/schedule"])
def test_a_job_that_has_not_ended_has_no_recommendation_yet(
    client: TestClient, db: Database, settings: Settings, path: str
) -> None:
    answer = client.get(f"/v1/jobs/{store_running_job(db, settings)}/{path}")
    assert answer.status_code == 409
    body = answer.json()
    assert body["type"] == "/problems/no-recommendation"
    assert "is running and has no recommendation yet; follow GET /v1/jobs/job_" in body["detail"]


def test_a_cancelled_job_names_its_state_once(client: TestClient, db: Database, settings: Settings) -> None:
    job_id = store_running_job(db, settings)
    client.post(f"/v1/jobs/{job_id}/cancel")
    detail = client.get(f"/v1/jobs/{job_id}/recommendation").json()["detail"]
    assert detail == f"Job {job_id} is cancelled and has no recommendation."


def test_a_paused_job_has_no_recommendation_and_names_the_resume(
    client: TestClient, db: Database, settings: Settings
) -> None:
    job_id = store_running_job(db, settings)
    client.post(f"/v1/jobs/{job_id}/pause")
    detail = client.get(f"/v1/jobs/{job_id}/recommendation").json()["detail"]
    assert detail.endswith(
        f"is paused and has no recommendation yet; POST /v1/jobs/{job_id}/resume lets it go on."
    )


def test_a_horizon_may_be_as_long_as_that_of_the_job(
    client: TestClient, finished: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recommendations, "MAX_TOTAL_STEPS", 9)  # the job has 10
    path = f"/v1/jobs/{finished}/recommendation/schedule"
    for query in ("", "?total_steps=10"):
        assert client.get(path + query).json()["total_steps"] == 10
    for query in ("?total_steps=11", "?total_steps=11&format=python"):
        answer = client.get(path + query)
        assert answer.status_code == 422
        (error,) = answer.json()["errors"]
        assert error["pointer"] == "/query/total_steps"
        assert "must be <= 10, got 11" in error["detail"]


MEASURED = {2: 0.4, 5: 0.2, 10: 0.1, 20: 0.025}


@pytest.fixture
def with_horizons(db: Database, settings: Settings) -> str:
    """Return the id of a finished job of 10 updates with measured horizons."""
    job_id = store_running_job(db, settings)
    peaks = [HorizonPeak(total_steps=n, learning_rate=p, ci95=(p, p)) for n, p in MEASURED.items()]
    job_runs.succeed(db, job_id, 1, recommendation().model_copy(update={"horizons": peaks}), None)
    return job_id


@pytest.mark.parametrize(
    ("query", "peak", "basis"),
    [
        ("", 0.1, "tuned"),
        ("?total_steps=10", 0.1, "tuned"),
        ("?total_steps=5", 0.2, "measured"),
        ("?total_steps=20", 0.025, "measured"),
        ("?total_steps=15", 0.1 * (15 / 10) ** -2.0, "interpolated"),
        ("?total_steps=40&peak=tuned", 0.1, "tuned"),
    ],
)
def test_the_schedule_takes_the_peak_of_its_horizon(
    client: TestClient, with_horizons: str, query: str, peak: float, basis: str
) -> None:
    path = f"/v1/jobs/{with_horizons}/recommendation/schedule{query}"
    body = client.get(path).json()
    assert body["peak"] == pytest.approx(peak) == max(body["learning_rate"])
    assert (body["tuned_total_steps"], body["basis"]) == (10, basis)
    file = client.get(f"{path}{'&' if query else '?'}format=csv")
    assert float(file.headers["stepsize-peak"]) == body["peak"]
    assert file.headers["stepsize-tuned-total-steps"] == "10"
    assert file.headers["stepsize-basis"] == basis


def test_beyond_the_measured_horizons_the_peak_is_on_a_line(client: TestClient, with_horizons: str) -> None:
    body = client.get(f"/v1/jobs/{with_horizons}/recommendation/schedule?total_steps=400").json()
    assert body["basis"] == "extrapolated"
    assert body["peak"] < 0.025


@pytest.mark.parametrize("name", ["python", "torch", "keras", "optax", "transformers"])
@pytest.mark.parametrize(
    ("steps", "words"),
    [
        (10, "# Tuned for 10 updates, the length of this schedule (tuned)."),
        (400, "# Tuned for 10 updates and stretched to 400 (extrapolated):"),
        (5, "# Tuned for 10 updates and shortened to 5 (measured):"),
    ],
)
def test_a_module_says_first_for_how_many_updates_it_was_tuned(
    client: TestClient, with_horizons: str, name: str, steps: int, words: str
) -> None:
    path = f"/v1/jobs/{with_horizons}/recommendation/schedule?format={name}&total_steps={steps}"
    text = client.get(path).text
    assert text.startswith(words)
    assert f"updates ({steps}" not in text
    assert "Tuned by" not in text


def test_a_module_of_another_horizon_has_its_peak(client: TestClient, with_horizons: str) -> None:
    module: dict[str, Any] = {}
    path = f"/v1/jobs/{with_horizons}/recommendation/schedule?format=python&total_steps=5"
    exec(client.get(path).text, module)
    assert module["PEAK"] == 0.2 == module["learning_rate"](0)


def test_the_job_of_a_range_test_points_to_the_range_test(client: TestClient) -> None:
    body = {"objective": {"kind": "function", "name": "rosenbrock"}, "optimizer": {"kind": "adam"}}
    test_id = client.post("/v1/range-tests", json=body).json()["id"]
    answer = client.get(f"/v1/jobs/{test_id}/recommendation")
    assert answer.status_code == 409
    assert f"GET /v1/range-tests/{test_id}." in answer.json()["detail"]


def test_the_schedule_has_one_learning_rate_for_each_update(client: TestClient, finished: str) -> None:
    path = f"/v1/jobs/{finished}/recommendation/schedule"
    for query, steps in (("", 10), ("?total_steps=4", 4)):
        body = client.get(path + query).json()
        expected = [0.1 * (1 + math.cos(math.pi * k / steps)) / 2 for k in range(steps)]
        assert (body["total_steps"], body["peak"], body["basis"]) == (steps, 0.1, "tuned")
        assert body["learning_rate"] == pytest.approx(expected, rel=1e-12)


def test_the_schedule_as_csv_is_the_same_table(client: TestClient, finished: str) -> None:
    path = f"/v1/jobs/{finished}/recommendation/schedule"
    answer = client.get(f"{path}?format=csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert "attachment; filename=" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [float(row["learning_rate"]) for row in rows] == client.get(path).json()["learning_rate"]


def test_the_schedule_as_python_is_a_module_that_runs(client: TestClient, finished: str) -> None:
    path = f"/v1/jobs/{finished}/recommendation/schedule"
    module: dict[str, Any] = {}
    exec(client.get(f"{path}?format=python&total_steps=7").text, module)
    rates = [module["learning_rate"](step) for step in range(module["TOTAL_STEPS"])]
    assert rates == pytest.approx(client.get(f"{path}?total_steps=7").json()["learning_rate"], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "functions"),
    [
        ("torch", ["make_optimizer(parameters)", "make_scheduler(optimizer)"]),
        ("keras", ["make_optimizer()", "make_schedule()"]),
        ("optax", ["make_optimizer()", "make_schedule()"]),
        ("transformers", ["make_optimizer_and_scheduler(parameters)"]),
    ],
)
def test_the_schedule_for_a_framework_is_a_module(
    client: TestClient, finished: str, name: str, functions: list[str]
) -> None:
    answer = client.get(f"/v1/jobs/{finished}/recommendation/schedule?format={name}&total_steps=7")
    assert answer.headers["content-type"].startswith("text/x-python")
    compile(answer.text, "schedule.py", "exec")
    assert all(f"def {function}:" in answer.text for function in functions)


@pytest.mark.parametrize("steps", ["0", "1000001", "x", "1.5"])
def test_a_horizon_out_of_bounds_is_422(client: TestClient, finished: str, steps: str) -> None:
    answer = client.get(f"/v1/jobs/{finished}/recommendation/schedule?total_steps={steps}")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/query/total_steps"


def test_an_unknown_format_is_422_and_names_those_available(client: TestClient, finished: str) -> None:
    answer = client.get(f"/v1/jobs/{finished}/recommendation/schedule?format=caffe")
    assert answer.status_code == 422
    assert all(name in answer.json()["detail"] for name in get_args(FormatName))


def test_the_formats_of_the_endpoint_are_the_formats_of_the_exports() -> None:
    assert set(get_args(FormatName)) == {"json", *FORMATS}


@pytest.mark.parametrize("name", ["keras", "optax", "torch", "transformers"])
def test_an_optimizer_without_a_form_in_a_framework_is_409_with_the_way_out(
    client: TestClient, db: Database, settings: Settings, name: str
) -> None:
    job_id = store_running_job(db, settings)
    newton = {"kind": "newton", **vars(make_optimizer("newton"))}
    job_runs.succeed(db, job_id, 1, recommendation().model_copy(update={"optimizer": newton}), None)
    answer = client.get(f"/v1/jobs/{job_id}/recommendation/schedule?format={name}")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/not-exportable"
    assert "as python or csv" in answer.json()["detail"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_module_is_the_file_of_the_schedule(client: TestClient, finished: str, name: str) -> None:
    base = f"/v1/jobs/{finished}/recommendation"
    query: dict[str, Any] = {"format": name, "total_steps": 20}
    expected, module = (client.get(f"{base}/{path}", params=query) for path in ("schedule", "module"))
    assert module.status_code == 200
    assert module.content == expected.content
    for header in ("content-type", "content-disposition"):
        assert module.headers[header] == expected.headers[header]


def test_a_module_is_python_unless_another_format_is_named_and_never_json(
    client: TestClient, finished: str
) -> None:
    path = f"/v1/jobs/{finished}/recommendation/module"
    assert client.get(path).headers["content-type"].startswith("text/x-python")
    refused = client.get(path, params={"format": "json"})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/query/format"


@pytest.mark.parametrize("path", ["schedule", "module"])
def test_steps_per_epoch_gives_an_entry_an_epoch(client: TestClient, finished: str, path: str) -> None:
    base = f"/v1/jobs/{finished}/recommendation"
    whole = client.get(f"{base}/schedule", params={"total_steps": 25}).json()
    query = {"total_steps": 25, "steps_per_epoch": 4}
    body = client.get(f"{base}/schedule", params=query).json()
    assert body["learning_rate"] == whole["learning_rate"][::4]
    assert body["total_steps"] == 25
    for name in FORMATS:
        answer = client.get(f"{base}/{path}", params=query | {"format": name})
        assert answer.status_code == 200
        text = answer.text
        assert (
            text.startswith("epoch,") and len(text.splitlines()) == 8
            if name == "csv"
            else "7 epochs of 4" in text
        )


def test_an_epoch_longer_than_the_run_has_one_entry_and_one_of_no_update_is_refused(
    client: TestClient, finished: str
) -> None:
    path = f"/v1/jobs/{finished}/recommendation/schedule"
    assert len(client.get(path, params={"steps_per_epoch": 1000}).json()["learning_rate"]) == 1
    refused = client.get(path, params={"steps_per_epoch": 0})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/query/steps_per_epoch"
