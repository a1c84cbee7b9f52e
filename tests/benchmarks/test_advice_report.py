"""The report of the benchmark of the advice, from results that are stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.advice.problems import by_name
from benchmarks.advice.report import Peer, run
from benchmarks.advice.store import Store, Task
from benchmarks.advice.tasks import adam

NAME = "diabetes, MLP"
USUAL = adam(NAME)


def stored(file: Path, seeds: range, adam_scatter: float = 0.0, peer: float = 1.5) -> Store:
    """Return jobs of these seeds that recommend Adam at ten times its rate, and what else a report reads.

    adam_scatter: the scatter of the defaults of Adam; no other configuration has any. peer: the loss that the
    study of Optuna found.
    """
    rate = USUAL["optimizer"]["learning_rate"]
    oracle, advised, other = (
        {**USUAL, "optimizer": USUAL["optimizer"] | {"learning_rate": k * rate}} for k in (5, 10, 20)
    )
    answer = {
        "configuration": advised,
        "source": "search",
        "ci95": [1.0, 1.4],
        "evaluations": 1000,
        "stages": {"search": 400, "race": 600},
        "safe": {"low": 5 * rate, "high": 20 * rate, "diverges_above": None},
    }
    results = [(Task("job", (NAME, seed)), answer) for seed in seeds] + [(Task("oracle", (NAME,)), oracle)]
    results.append((Task("start", (NAME, advised)), 10.0))
    study = Task("peer", (NAME, [0], 1010, 4))  # the gradients in coarse steps, and the replicates of a job
    results.append((study, [[[1000, other]]]))
    common, alone = (np.random.default_rng(i).normal(0.0, 1.0, 1_600) for i in range(2))
    for configuration, mean in ((oracle, 1.0), (advised, 1.2), (USUAL, 2.0), (other, peer)):
        losses = mean + 0.01 * common + (adam_scatter * alone if configuration is USUAL else 0.0)
        for a, b in ((0, 200), (200, 400), (400, 800), (800, 1_600)):
            results.append((Task("losses", (NAME, configuration, a, b)), losses[a:b].tolist()))
    file.write_text(
        "".join(json.dumps({"key": task.key, "result": result}) + "\n" for task, result in results)
    )
    return Store(file)


def test_the_jobs_of_the_seeds_that_are_asked_for_are_reported(tmp_path: Path) -> None:
    seeds = range(10, 13)
    store = stored(tmp_path / "advice.jsonl", seeds)
    head, problem, figures, *_ = run([by_name(NAME)], seeds, store, peer=Peer.NONE)
    assert head.startswith("default jobs with seeds 10 to 12;")
    assert problem.endswith("1,000 gradients; 200 fresh seeds; 3 search")
    assert "regret 0.2 [" in figures
    assert figures.endswith("covered 3 of 3")


def test_more_seeds_run_if_adam_is_close_to_the_oracle(tmp_path: Path) -> None:
    seeds = range(10, 12)
    for adam_scatter, count in (
        (1.0, "200"),
        (2.4, "800"),
        (9.0, "1,600"),
    ):  # 2.4 / sqrt(800) < 0.1 < 2.4 / sqrt(400)
        store = stored(tmp_path / "advice.jsonl", seeds, adam_scatter)
        _, problem, figures, *_ = run([by_name(NAME)], seeds, store, peer=Peer.NONE)
        assert f"; {count} fresh seeds; " in problem
    assert figures.endswith("covered 2 of 2")


def test_a_run_that_diverged_asks_for_no_further_seeds(tmp_path: Path) -> None:
    seeds = range(10, 12)
    store = stored(tmp_path / "advice.jsonl", seeds, adam_scatter=float("nan"))
    _, problem, figures, *_ = run([by_name(NAME)], seeds, store, peer=Peer.NONE)
    assert "; 200 fresh seeds; " in problem
    assert "regret not measured" in figures


@pytest.mark.parametrize(("worse_by", "as_good"), [(-0.1, 1), (0.009, 1), (0.011, 0)])
def test_a_mean_is_as_good_as_optunas_up_to_a_hundredth_of_the_gap(
    tmp_path: Path, worse_by: float, as_good: int
) -> None:
    seeds = range(10, 12)
    store = stored(tmp_path / "advice.jsonl", seeds, peer=1.2 - worse_by)
    lines = list(run([by_name(NAME)], seeds, store, peer=Peer.STORED, studies=1))
    (line,) = [line for line in lines if line.startswith("at least as good as Optuna")]
    assert f"of the gap to Adam on {as_good} (must" in line
    assert f"lower mean on {int(worse_by < 0)} of 1" in line


def test_without_studies_nothing_is_said_of_optuna(tmp_path: Path) -> None:
    seeds = range(10, 12)
    store = stored(tmp_path / "advice.jsonl", seeds)
    assert not any("Optuna" in line for line in run([by_name(NAME)], seeds, store, peer=Peer.NONE))


def test_a_safe_range_holds_if_its_ends_are_within_the_tolerance(tmp_path: Path) -> None:
    seeds = range(10, 12)  # the ends have means of 1.0 and of 1.5; the advised one has 1.2 and 5 % of it
    lines = list(run([by_name(NAME)], seeds, stored(tmp_path / "wide.jsonl", seeds), peer=Peer.NONE))
    (line,) = [line for line in lines if line.startswith("safe ranges hold in 0 [")]
    assert "of 2 (must: 0.95 of 100); not on ['diabetes, MLP']" in line
    assert "median width 2 octaves" in line
    store = stored(tmp_path / "narrow.jsonl", seeds, peer=1.25)
    lines = list(run([by_name(NAME)], seeds, store, peer=Peer.NONE))
    (line,) = [line for line in lines if line.startswith("safe ranges hold in 1 [")]
    assert "a seed diverges at an end in 0" in line
    assert "0.0% of jobs state none" in line
    assert "of the gradients of a job: search 40%, race 60%" in lines
