"""What the engine's features cost: mixed kinds, schedules that follow the losses, recording."""

from __future__ import annotations

from collections.abc import Iterator

from app.engine.trajectories.codec import encode
from app.engine.trajectories.result import BatchResult
from benchmarks.engine.works import OPTIMIZERS_MIXED, ROSENBROCK, SCHEDULES_MIXED, TRAININGS, Training
from benchmarks.measure import Rounds, side_by_side

_REPEATS = 41  # where single percents count


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    for training in (TRAININGS[0], ROSENBROCK):
        yield _mixed(training)
    yield _loss_driven(ROSENBROCK)
    for training in (*TRAININGS, ROSENBROCK):
        yield _recording(training)


def _mixed(training: Training) -> str:
    adam, mixed = training.runs(), training.runs(OPTIMIZERS_MIXED, SCHEDULES_MIXED)
    rounds = side_by_side({"adam": lambda: training.run(adam), "mixed": lambda: training.run(mixed)})
    return (
        f"{training.name}, {len(OPTIMIZERS_MIXED)} optimizers x {len(SCHEDULES_MIXED)} schedules mixed:"
        f" {rounds.ratio('mixed', 'adam'):.2f} x the time of Adam alone (must: at most 1.15, aim: 1.0)"
    )


def _loss_driven(training: Training) -> str:
    table, driven = training.runs(), training.runs(schedules=("reduce_on_plateau",))
    rounds = side_by_side({"table": lambda: training.run(table), "driven": lambda: training.run(driven)})
    return (
        f"{training.name}, rates that follow the losses: {rounds.ratio('driven', 'table'):.2f} x the time of"
        " constant ones"
    )


def _recording(training: Training) -> str:
    runs = training.runs()
    rounds = side_by_side(
        {
            "without": lambda: training.run(runs, record=False),
            "with": lambda: training.run(runs),
            "stored": lambda: _encoded(training.run(runs)),
        },
        repeats=_REPEATS,
    )
    recorded, stored = (_percent(rounds, name) for name in ("with", "stored"))
    return (
        f"{training.name}, recording: {recorded} of a run (must: at most 5); with every trajectory"
        f" put in order and encoded: {stored}"
    )


def _percent(rounds: Rounds, name: str) -> str:
    """Return the cost beyond the run without recording, [95 % interval]."""
    found = (rounds.ratio(name, "without"), *rounds.interval(name, "without"))
    cost, low, high = (100 * (ratio - 1) for ratio in found)
    return f"{cost:.1f} % [{low:.1f}, {high:.1f}]"


def _encoded(result: BatchResult) -> list[bytes]:
    """Return the bytes that a worker stores."""
    assert result.trajectories is not None
    return [encode(trajectory) for trajectory in result.trajectories]
