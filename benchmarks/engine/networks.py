"""Small networks beside PyTorch, jax and the peak of the matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from benchmarks.engine.works import TRAININGS, Training
from benchmarks.measure import Rounds, side_by_side
from benchmarks.peers import HOW, has

SAMPLE = 4  # trials that PyTorch runs; its time is scaled
PEAK_WIDTH = 1024

TORCH = "PyTorch fused, one trial after another"
JAX = "jax.vmap of a scan, warmed"
JAX_UNITS_FIRST = "  the same with our layout, units first"
JAX_COMPILED = "jax.vmap of a scan, with compilation"
GOALS = {
    ("A", TORCH): "must: 10",
    ("A", JAX): "must: 1.0, aim: 1.4",
    ("A", JAX_COMPILED): "must: 8",
    ("B", JAX): "must: 1.0, aim: 1.4",
    ("C", JAX): "must: 1.0, aim: 1.5",
    ("B", "peak"): "must: 40 %, aim: 50 %",
}
# Losses of the first steps that a peer must share with us: those of later ones drift apart by rounding.
_CHECKED = 10
_WITHIN = 1e-3


def run() -> Iterator[str]:
    """Yield the lines of the report."""
    for training in TRAININGS:
        yield from _lines(training)


def _lines(training: Training) -> Iterator[str]:
    runs = training.runs()
    ours = training.run(runs)
    assert ours.trajectories is not None
    losses = np.stack([trajectory.loss for trajectory in ours.trajectories])
    actions: dict[str, Callable[[], object]] = {"ours": lambda: training.run(runs), "peak": Peak()}
    scale = {}
    if has("torch"):
        from benchmarks.engine.torch_loop import TorchLoop  # optional, and heavy

        loop = TorchLoop(training, SAMPLE)
        _check(losses[loop.trials], np.array(loop()))
        actions[TORCH], scale[TORCH] = loop, loop.scale
    if has("jax"):
        from benchmarks.engine.jax_scan import JaxScan  # optional, and heavy

        plain, units_first = (JaxScan(training, units_first=form) for form in (False, True))
        _check(losses, np.asarray(plain()[0]))
        _check(losses, np.asarray(units_first()[0]))
        actions |= {JAX: plain, JAX_UNITS_FIRST: units_first, JAX_COMPILED: plain.with_compilation}
    rounds = side_by_side(actions)
    yield _title(training, rounds)
    for name in list(actions)[2:]:
        sample = f" ({SAMPLE} run, scaled)" if name in scale else ""
        factor = scale.get(name, 1.0)
        goal = GOALS.get((training.name, name))
        yield (
            f"  {name}: {factor * rounds.median(name):.3f} s{sample},"
            f" {factor * rounds.ratio(name, 'ours'):.2f} x ours{f' ({goal})' if goal else ''}"
        )
    if len(actions) == 2:
        yield f"  PyTorch and jax are {HOW}"


class Peak:
    """One large product in single precision."""

    operations = 2.0 * PEAK_WIDTH**3

    def __init__(self) -> None:
        factors = np.random.default_rng(0).standard_normal((2, PEAK_WIDTH, PEAK_WIDTH), dtype=np.float32)
        self._left, self._right = factors[0], factors[1]
        self._out = np.empty_like(self._left)

    def __call__(self) -> None:
        """Multiply the matrices once."""
        np.matmul(self._left, self._right, out=self._out)


def _title(training: Training, rounds: Rounds) -> str:
    gflops = Peak.operations / rounds.median("peak") / 1e9
    share = training.operations / Peak.operations * rounds.ratio("peak", "ours")
    goal = GOALS.get((training.name, "peak"))
    return (
        f"{training.name}: digits MLP 64-{training.hidden}-10, {training.trials} trials x {training.steps}"
        f" steps, batch {training.batch}, Adam, float32: {rounds.median('ours'):.3f} s,"
        f" {100 * share:.0f} % of sgemm's {gflops:.0f} GFLOP/s{f' ({goal})' if goal else ''}"
    )


def _check(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> None:
    """Raise AssertionError if a peer trains something else."""
    np.testing.assert_allclose(theirs[:, :_CHECKED], ours[:, :_CHECKED], rtol=_WITHIN)
