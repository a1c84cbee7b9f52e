"""A recommendation as text."""

from __future__ import annotations

from app.cli.report import describe
from app.spec.records import Configuration
from tests.tuning.jobs import ROSENBROCK
from tests.tuning.worlds import World, advised, bowl


def refined_is_better(found: Configuration, steps: int) -> float:
    return bowl()(found, steps) * (0.5 if found.schedule["kind"] == "table" else 1.0)


def text(world: World, **parts: object) -> str:
    body = advised(world, **parts).model_dump(mode="json")
    return describe({"id": "job_1", "state": "succeeded"}, body, "http://here")


def test_a_table_is_told_by_its_length() -> None:
    found = text(World(refined_is_better))
    assert "table(" in found and "factors=60 numbers" in found
    assert max(len(line) for line in found.splitlines()) < 160


def test_every_baseline_is_listed_once_by_its_mean() -> None:
    found = text(World(bowl()))
    labels = [one.label for one in advised(World(bowl())).evidence.baselines if "trial" not in one.label]
    rows = [row for row in found.splitlines() if any(row.startswith(f"  {label} ") for label in labels)]
    means = [float(row.partition("[")[0].split()[-1]) for row in rows]
    assert len(rows) == len(labels) == 10 and means == sorted(means)
    assert found.count("trial 0: adam at 0.04") == 1


def test_one_run_has_no_seeds_to_speak_of() -> None:
    found = text(World(bowl(), common=0.0, own=0.0), objective=ROSENBROCK)
    assert "loss of one run each:" in found and "seed" not in found


def test_the_other_metrics_of_the_winner_are_told_where_there_are_any() -> None:
    answer = advised(World(bowl()))
    metrics = {"train_loss": 0.1, "test_error": 0.025, "test_loss": None}
    told = describe(
        {"id": "job_1", "state": "succeeded"},
        answer.model_copy(update={"metrics": metrics}).model_dump(mode="json"),
        "http://here",
    )
    assert "\n  measured there too: train_loss 0.1, test_error 0.025\n" in told
    assert "measured there too" not in text(World(bowl()))


def test_the_longest_label_is_told_whole_and_every_figure_stands_below_the_other() -> None:
    body = advised(World(bowl())).model_dump(mode="json")
    label = "made of trial 137: schedule_free_adamw at 0.00194, constant, batch size 32"[:72]
    body["evidence"]["candidates"][0]["label"] = label
    found = describe({"id": "job_1", "state": "succeeded"}, body, "http://here").splitlines()
    start = next(i for i, line in enumerate(found) if "mean and 95 % interval:" in line) + 1
    rows = found[start : found.index("", start)]
    assert rows[0].startswith(f"  {label} ")
    assert all(row[len(label) + 2] == " " and row[len(label) + 3] != " " for row in rows)
