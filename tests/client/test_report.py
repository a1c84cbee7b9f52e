"""A recommendation as text."""

from __future__ import annotations

import re
from typing import Any

from app.domain.records import Configuration
from stepsize.report import describe
from tests.support.jobs import ROSENBROCK
from tests.support.synthetic_evaluations import NAN, SyntheticEvaluations, advised, bowl

SUMMARY = ["Use adam at 0.04.", "Its loss is 40 % below that of Adam's defaults."]
HORIZONS = [
    {"total_steps": 30, "learning_rate": 0.08, "ci95": [0.04, 0.1]},
    {"total_steps": 120, "learning_rate": 0.02, "ci95": [0.01, 0.0301]},
]
DIFFERENCE = {"mean": 0.25, "ci95": [0.125, 0.375], "probability_better": 0.001}
OUTSIDE = {
    "label": "dog at its defaults, constant",
    "optimizer": {"kind": "dog"},
    "schedule": {"kind": "constant"},
    "mean": 0.75,
    "ci95": [0.5, 1.0],
    "difference": DIFFERENCE,
}


def refined_is_better(configuration: Configuration, steps: int) -> float:
    return bowl()(configuration, steps) * (0.5 if configuration.schedule["kind"] == "table" else 1.0)


def answer(evaluations: SyntheticEvaluations, **parts: Any) -> dict[str, Any]:
    body = advised(evaluations, **parts).model_dump(mode="json")
    return body | {"summary": [], "warnings": [], "horizons": None, "outside_space": None}


def shown(body: dict[str, Any], best: float | None = 0.00123) -> str:
    job = {
        "id": "job_1",
        "state": "succeeded",
        "best": None if best is None else {"number": 3, "value": best},
        "progress": {"trials_total": 64},
    }
    return describe(job, body, "http://here")


def rows_of(text: str) -> list[str]:
    """Return the lines of the evidence, below its heading."""
    lines = text.splitlines()
    start = next(i for i, line in enumerate(lines) if "lower is better" in line) + 2
    block = lines[start : lines.index("", start)]
    return [line for line in block if not line.startswith(("  not listed:", "  other figures"))]


def test_the_summary_leads_and_the_explanation_follows_the_figures() -> None:
    body = answer(SyntheticEvaluations(bowl())) | {
        "summary": SUMMARY,
        "warnings": ["one", "two", "three", "four"],
    }
    body |= {"horizons": HORIZONS, "outside_space": OUTSIDE}
    text = shown(body)
    assert text.splitlines()[:3] == ["", *(f"  {sentence}" for sentence in SUMMARY)]
    order = [
        *SUMMARY,
        "Warning: one",
        "Warning: two",
        "2 more warnings are at the end.",
        "Better outside your search space: dog at its defaults",
        "Recommended for 60 steps:",
        "safe peak",
        "Best peak learning rate for other numbers of steps:",
        "lower is better",
        "How it was found:",
        body["explanation"][0][:40],
        "Warning: three",
        "Warning: four",
        "Where to look:",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)


def test_a_stored_answer_without_a_summary_is_shown() -> None:
    body = answer(SyntheticEvaluations(bowl()))
    for name in ("summary", "horizons", "outside_space"):
        del body[name]
    for row in body["evidence"]["candidates"]:
        del row["difference"]
    text = shown(body)
    assert text.splitlines()[:2] == ["", "Recommended for 60 steps:"]
    assert "Best peak" not in text
    assert "outside" not in text
    assert "Warning" not in text
    assert rows_of(text)[0].endswith("recommended")


def test_the_peaks_of_other_horizons_are_a_table() -> None:
    text = shown(answer(SyntheticEvaluations(bowl())) | {"horizons": HORIZONS})
    start = text.splitlines().index("Best peak learning rate for other numbers of steps:")
    assert text.splitlines()[start + 1 : start + 5] == [
        "  steps   peak   95 % interval",
        "  30      0.08   0.04 to 0.1",
        "  120     0.02   0.01 to 0.0301",
        "",
    ]


def test_a_better_default_outside_the_space_is_shown_with_the_way_out() -> None:
    text = " ".join(shown(answer(SyntheticEvaluations(bowl())) | {"outside_space": OUTSIDE}).split())
    assert (
        "Better outside your search space: dog at its defaults, constant, with a mean of 0.75 [0.5, 1]. "
        "That is 0.25 [0.125, 0.375] below the recommended one. Use it as it is, or add dog to the job's "
        "search space."
    ) in text


def test_the_luck_of_the_search_is_stated_once_and_not_for_exact_runs() -> None:
    text = " ".join(shown(answer(SyntheticEvaluations(bowl()))).split())
    assert text.count("luck") == 1
    assert "The lowest loss, 1, is partly luck, as the lowest of 12 values." in text
    same = answer(SyntheticEvaluations(bowl(), common=0.0, individual=0.0), objective=ROSENBROCK)
    assert "luck" not in shown(same)


def test_a_table_is_shown_by_its_length() -> None:
    text = shown(answer(SyntheticEvaluations(refined_is_better)))
    assert "table(" in text
    assert "factors=60 numbers" in " ".join(text.split())
    assert "computed schedule" in rows_of(text)[0]
    assert max(len(line) for line in text.splitlines()) < 130


def test_the_best_baselines_are_listed_once_by_their_means_and_the_others_are_counted() -> None:
    body = answer(SyntheticEvaluations(bowl()))
    baselines = body["evidence"]["baselines"]
    for i, row in enumerate(baselines):
        row["mean"] = None if row["optimizer"]["kind"] in ("dog", "prodigy") else 100.0 - i
        row["ci95"] = None
    labels = [row["label"] for row in baselines]
    rows = [row for row in rows_of(shown(body)) if any(row.startswith(f"  {label} ") for label in labels)]
    means = [float(re.split("constant|warmup", row)[1].split()[0]) for row in rows]
    assert len(baselines) == 10
    assert len(rows) == 5
    assert means == sorted(means)
    assert "adam at its defaults" in rows[-1]  # the one that everybody knows, though it is not of the best
    assert "not listed: 5 other defaults, 3 with a higher mean and 2 that diverged" in shown(body)


def test_a_candidate_shows_its_difference_to_the_recommended_one() -> None:
    body = answer(SyntheticEvaluations(bowl()))
    candidates = body["evidence"]["candidates"]
    candidates[0]["difference"] = None
    candidates[1]["difference"] = {"mean": -0.5, "ci95": [-0.75, -0.25], "probability_better": 0.999}
    candidates[1] |= {"mean": 1.5, "ci95": [1.0, 2.0]}
    first, second, *_ = rows_of(shown(body))
    assert first.endswith("   recommended")
    assert " ".join(second.split()).endswith(" 1.5 [1, 2] 0.5 [0.25, 0.75]")


def test_rows_omit_their_origin_and_equal_names_are_extended() -> None:
    body = answer(SyntheticEvaluations(bowl()))
    first, second = body["evidence"]["candidates"][:2]
    for row, label, decay in ((first, "trial 3", 0.0), (second, "made of trial 3", 0.01)):
        row["label"] = f"{label}: adam at 0.04, constant"
        row["source"] = "search"
        row["optimizer"] = first["optimizer"] | {"weight_decay": decay}
        row["schedule"] = first["schedule"]
    rows = rows_of(shown(body))
    assert rows[0].startswith("  adam at 0.04, constant, weight_decay 0 ")
    assert rows[1].startswith("  adam at 0.04, constant, weight_decay 0.01 ")
    assert not any("trial" in row or "made of" in row for row in rows)


def test_a_table_of_single_runs_names_no_seeds() -> None:
    text = shown(answer(SyntheticEvaluations(bowl(), common=0.0, individual=0.0), objective=ROSENBROCK))
    assert "loss of one run each" in text
    assert "seed" not in text


def test_other_metrics_of_the_winner_are_shown() -> None:
    body = answer(SyntheticEvaluations(bowl()))
    metrics = {"train_loss": 0.1, "test_error": 0.025, "test_loss": None}
    told = "\n  other figures of the recommended one: train_loss 0.1, test_error 0.025\n"
    assert told in shown(body | {"metrics": metrics})
    assert "other figures" not in shown(body)


def test_the_longest_name_is_shown_whole_and_figures_are_aligned() -> None:
    body = answer(SyntheticEvaluations(bowl()))
    name = "schedule_free_adamw at 0.00194, constant, batch size 32, model.dropout 0.5"[:72]
    body["evidence"]["candidates"][0]["label"] = f"trial 137: {name}"
    rows = rows_of(shown(body))
    assert rows[0].startswith(f"  {name} ")
    assert all(row[len(name) + 2 : len(name) + 5] == "   " and row[len(name) + 5] != " " for row in rows)


def test_a_diverged_row_is_marked() -> None:
    body = answer(
        SyntheticEvaluations(
            lambda configuration, steps: (
                NAN if configuration.optimizer["kind"] == "adamw" else bowl()(configuration, steps)
            )
        )
    )
    body["evidence"]["baselines"] = [
        row for row in body["evidence"]["baselines"] if row["optimizer"]["kind"] in ("adam", "adamw")
    ]
    rows = [row for row in rows_of(shown(body)) if "adamw at its defaults" in row]
    assert len(rows) == 2
    assert all(row.endswith("   diverged") for row in rows)


def test_a_job_without_an_answer_says_why() -> None:
    job = {"id": "job_1", "state": "cancelled", "reason": "cancelled", "error": None}
    assert describe(job, None, "http://here").startswith("The job cancelled without a recommendation: cancel")
