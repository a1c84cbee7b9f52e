"""The report of the benchmark of the advice, from results that are stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from benchmarks.advice.problems import by_name
from benchmarks.advice.report import Peer, run
from benchmarks.advice.store import Store, Task
from benchmarks.advice.tasks import adam

NAME = "diabetes, MLP"
USUAL = adam(NAME)


def stored(file: Path, seeds: range, own: float = 0.0) -> Store:
    """Jobs with these seeds, which recommend Adam at ten times its rate, and what else a report reads.

    own: the scatter of Adam as it comes, which no other has.
    """
    rate = USUAL["optimizer"]["learning_rate"]
    oracle, advised = (
        {**USUAL, "optimizer": USUAL["optimizer"] | {"learning_rate": k * rate}} for k in (5, 10)
    )
    answer = {"configuration": advised, "source": "search", "ci95": [1.0, 1.4], "evaluations": 1000}
    results = [(Task("job", (NAME, seed)), answer) for seed in seeds] + [(Task("oracle", (NAME,)), oracle)]
    common, alone = (np.random.default_rng(i).normal(0.0, 1.0, 1_600) for i in range(2))
    for configuration, mean in ((oracle, 1.0), (advised, 1.2), (USUAL, 2.0)):
        losses = mean + 0.01 * common + (own * alone if configuration is USUAL else 0.0)
        for a, b in ((0, 200), (200, 400), (400, 800), (800, 1_600)):
            results.append((Task("losses", (NAME, configuration, a, b)), losses[a:b].tolist()))
    file.write_text("".join(json.dumps({"key": task.key, "result": found}) + "\n" for task, found in results))
    return Store(file)


def test_the_jobs_of_the_seeds_that_are_asked_for_are_reported(tmp_path: Path) -> None:
    seeds = range(10, 13)
    store = stored(tmp_path / "advice.jsonl", seeds)
    head, problem, figures, *_ = run([by_name(NAME)], seeds, store, peer=Peer.NONE)
    assert head.startswith("default jobs with seeds 10 to 12;")
    assert problem.endswith("1,000 gradients; 200 fresh seeds; 3 search")
    assert "regret 0.2 [" in figures and figures.endswith("covered 3 of 3")


def test_where_adam_is_close_to_the_oracle_more_seeds_tell_how_close(tmp_path: Path) -> None:
    seeds = range(10, 12)
    for own, count in ((1.0, "200"), (2.4, "800"), (9.0, "1,600")):  # 2.4 / sqrt(800) < 0.1 < 2.4 / sqrt(400)
        store = stored(tmp_path / "advice.jsonl", seeds, own)
        _, problem, figures, *_ = run([by_name(NAME)], seeds, store, peer=Peer.NONE)
        assert f"; {count} fresh seeds; " in problem
    assert figures.endswith("covered 2 of 2")
