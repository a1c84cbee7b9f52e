"""Whole jobs on a real server, from POST to `succeeded`; the same trainings as a plain loop beside it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks import peers
from tests.support.server import Json, Server

DIGITS: Json = json.loads((Path(__file__).resolve().parents[1] / "examples" / "digits.json").read_text())
ROSENBROCK: Json = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "search_space": {"optimizers": [{"kind": "adam"}], "schedules": [{"kind": "constant"}]},
    "budget": {"trials": 200, "steps": 1000},
    "sampler": {"kind": "random"},
    "pruner": {"kind": "none"},
    "confirmation": None,
}
MANY: Json = {
    "objective": {"kind": "function", "name": "rosenbrock"},
    "budget": {"trials": 1000, "steps": 1000},
    "confirmation": None,
}
MANY_SAMPLE = 5  # of its trials that the peer runs
RUNS = 5
SAMPLE = 4  # trials of the loop that are really run; its time is scaled


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        digits = [_time(server, DIGITS | {"seed": seed}) for seed in range(3)]
        rosenbrock = [_time(server, ROSENBROCK | {"seed": seed}) for seed in range(RUNS)]
        many = [_time(server, MANY | {"seed": seed}) for seed in range(3)]
    loop = _loop_s() * ROSENBROCK["budget"]["trials"] / SAMPLE
    yield f"the demo's job (digits, 64 trials x 500 steps and the race): {_spread(digits)} s (must: under 40)"
    yield f"200 Rosenbrock trials x 1,000 steps, Adam, random: {_spread(rosenbrock)} s (must: about 3)"
    yield (
        f"its trainings alone as a loop over trials in NumPy: {loop:.1f} s ({SAMPLE} run, scaled),"
        f" {loop / median(rosenbrock):.1f} x the whole job"
    )
    yield f"1,000 Rosenbrock trials x 1,000 steps, as it comes, no race: {_spread(many)} s (must: about 5)"
    sample_s = peers.study_s("benchmarks.torch_rosenbrock", MANY_SAMPLE, MANY["budget"]["steps"])
    if sample_s is None:
        yield f"the same with PyTorch: {peers.HOW}"
        return
    study_s = sample_s * MANY["budget"]["trials"] / MANY_SAMPLE
    yield (
        f"the same as one Optuna study on SQLite with PyTorch: {study_s:.0f} s ({MANY_SAMPLE} first trials"
        f" run, scaled: later asks take longer), {study_s / median(many):.0f} x"
    )


def _time(server: Server, spec: Json) -> float:
    begun = time.perf_counter()
    server.wait(server.submit(spec), within_s=300)
    return time.perf_counter() - begun


def _spread(times: list[float]) -> str:
    return f"{median(times):.2f} (median of {len(times)}; {min(times):.2f} to {max(times):.2f})"


def _loop_s() -> float:
    """Return the seconds for SAMPLE trials of Adam in a plain loop."""
    begun = time.perf_counter()
    for trial in range(SAMPLE):
        x = np.array([-1.2, 1.0])
        m, v = np.zeros(2), np.zeros(2)
        for t in range(1, ROSENBROCK["budget"]["steps"] + 1):
            d = x[1] - x[0] ** 2
            g = np.array([-400 * x[0] * d - 2 * (1 - x[0]), 200 * d])
            m = 0.9 * m + 0.1 * g
            v = 0.999 * v + 0.001 * g * g
            x = x - 1e-3 * (trial + 1) * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return time.perf_counter() - begun
