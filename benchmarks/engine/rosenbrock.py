"""Two hundred trials on the Rosenbrock function beside PyTorch: with numbers so few, calls are what costs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.engine.works import ROSENBROCK
from benchmarks.measure import side_by_side
from benchmarks.peers import HOW, has

SAMPLE = 2  # trials that PyTorch runs; its time is scaled
_WITHIN = 1e-6  # of the losses


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    runs = ROSENBROCK.runs()
    actions: dict[str, Callable[[], object]] = {"ours": lambda: ROSENBROCK.run(runs)}
    scale = 1.0
    if has("torch"):
        from benchmarks.engine.torch_loop import TorchLoop  # optional, and heavy

        loop = TorchLoop(ROSENBROCK, SAMPLE)
        ours = ROSENBROCK.run(runs).trajectories
        assert ours is not None
        expected = np.stack([ours[trial].loss[:-1] for trial in loop.trials])
        np.testing.assert_allclose(loop(), expected, rtol=_WITHIN)
        actions["torch"], scale = loop, loop.scale
    rounds = side_by_side(actions)
    title = (
        f"Rosenbrock, {ROSENBROCK.trials} trials x {ROSENBROCK.steps:,} steps, Adam, float64:"
        f" {rounds.median('ours'):.4f} s"
    )
    if "torch" not in actions:
        yield f"{title}; PyTorch is {HOW}"
        return
    yield (
        f"{title}; PyTorch, one trial after another, {scale * rounds.median('torch'):.1f} s ({SAMPLE} run,"
        f" scaled), {scale * rounds.ratio('torch', 'ours'):,.0f} x ours (must: 500, aim: 2,000)"
    )
