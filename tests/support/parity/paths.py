"""Random cases of each optimizer, and the path that the engine takes through them: no PyTorch here."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.engine.batching.stacking import stack
from app.engine.hyper import HyperField, hyper_fields
from app.engine.inputs.features import FeatureMinibatches
from app.engine.losses.cross_entropy import CrossEntropy
from app.engine.network.feedforward import Feedforward
from app.engine.network.shape import Shape
from app.engine.optimizers import OPTIMIZERS, Optimizer
from app.engine.schedules import SCHEDULES, Schedule
from app.engine.schedules.loss_driven import LossDriven
from app.engine.schedules.momentum_cycling import cycling, with_cycled_momentum
from app.engine.supervised.training import SupervisedWorkspace
from tests.support.kinds import make_optimizer, make_schedule

Vector = NDArray[np.float64]
STEPS = 300
# Steps of which a golden file keeps the parameters.
KEPT_STEPS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100, 200, 300)
RTOL, ATOL = 1e-10, 1e-12

_CURVATURES = np.geomspace(0.05, 5.0, 7)
SHAPE = Shape(units=(3, 4, 3), activation="tanh")
_BATCH = 6


class Draws:
    """The minibatches of every step; what the engine's workspace asks of a problem."""

    def __init__(self) -> None:
        # The legacy generator: NumPy promises that its streams never change.
        random = np.random.RandomState(11)
        inputs = random.normal(size=(STEPS, _BATCH, SHAPE.units[0]))
        self.batch = _BATCH
        self.examples = np.concatenate([inputs, np.ones((STEPS, _BATCH, 1))], axis=2)
        columns = np.ascontiguousarray(self.examples.transpose(0, 2, 1))
        self.minibatches = FeatureMinibatches(columns, self.examples)
        slopes = random.normal(size=(SHAPE.units[0], SHAPE.units[-1]))
        self.targets = np.argmax(inputs @ slopes + random.normal(size=(STEPS, _BATCH, 3)), axis=2)
        self.start = 0.5 * random.normal(size=SHAPE.dimension)


DRAWS = Draws()
_NOISE = np.random.RandomState(12).normal(size=(STEPS, len(_CURVATURES)))
_QUADRATIC_START = np.random.RandomState(13).normal(size=len(_CURVATURES))
PROBLEMS = ("quadratic", "mlp")


def start(problem: str) -> Vector:
    """Return the start, (D,)."""
    return (_QUADRATIC_START if problem == "quadratic" else DRAWS.start).copy()


def quadratic_gradient(x: Vector, k: int) -> Vector:
    """Return the gradient of the noisy quadratic at update k."""
    return np.asarray(_CURVATURES * x + 0.3 * _NOISE[k])


@dataclass(frozen=True)
class Case:
    """One run to compare: which problem, optimizer and schedule."""

    problem: str
    optimizer: dict[str, Any]
    schedule: dict[str, Any]

    def instance(self) -> Optimizer:
        """Return the optimizer; a field that an old file lacks has its default."""
        fields = dict(self.optimizer)
        return with_cycled_momentum(make_optimizer(fields.pop("kind"), **fields), self.schedule_instance())

    def schedule_instance(self) -> Schedule:
        """Return the schedule; a field that an old file lacks has its default."""
        fields = dict(self.schedule)
        return make_schedule(fields.pop("kind"), **fields)

    def rates(self) -> Vector:
        """Return the learning rate of every update."""
        return np.asarray(self.optimizer["learning_rate"] * self.schedule_instance().table(STEPS))

    def momenta(self) -> Vector | None:
        """Return the momentum of every update, or None if the schedule does not cycle it."""
        cycled = cycling(self.schedule_instance())
        return None if cycled is None else np.asarray(cycled.momentum_table(STEPS))


def cases(kind: str, per_problem: int, seed: int) -> Iterator[Case]:
    """Yield random cases within the search ranges; the defaults come first, a cycled momentum last."""
    random = np.random.RandomState(zlib.crc32(f"{kind} {seed}".encode()))
    cls: Any = OPTIMIZERS[kind]
    for problem in PROBLEMS:
        for number in range(per_problem):
            fields: dict[str, Any] = {}
            if number:
                fields = {field.name: draw(field, random) for field in hyper_fields(cls)}
                fields |= _choices_in_turn(cls, number)
            optimizer = {"kind": kind} | vars(cls(**fields))
            yield Case(problem, optimizer, _draw_schedule(random))
        if cls.momentum_field:
            optimizer = {"kind": kind} | vars(cls())
            yield Case(problem, optimizer, {"kind": "one_cycle", "cycle_momentum": True})


def _choices_in_turn(cls: type, number: int) -> dict[str, Any]:
    """Return the choices of a case: over the cases every combination in turn, since few are drawn."""
    chosen = {}
    for field in hyper_fields(cls):
        if choices := field.hyper.choices:
            number, chosen[field.name] = number // len(choices), choices[number % len(choices)]
    return chosen


def draw(field: HyperField, random: np.random.RandomState) -> Any:
    """Draw a value of the search range; for an optional hyperparameter the default every other time."""
    hyper = field.hyper
    if field.type is tuple:
        return tuple(random.uniform(0.01, 1.0, size=int(random.randint(1, 8))).tolist())
    if hyper.choices:
        return hyper.choices[int(random.randint(len(hyper.choices)))]
    if hyper.search is None or (not hyper.searched and random.uniform() < 0.5):
        return field.default
    low, high = hyper.search
    value = float(
        np.exp(random.uniform(np.log(low), np.log(high))) if hyper.log else random.uniform(low, high)
    )
    return round(value) if field.type is int else value


def _draw_schedule(random: np.random.RandomState) -> dict[str, Any]:
    """Draw a schedule that does not follow the losses, with any warmup; a cycled momentum has other cases."""
    kinds = [kind for kind, cls in SCHEDULES.items() if not issubclass(cls, LossDriven)]
    kind = kinds[int(random.randint(len(kinds)))]
    fields = {field.name: draw(field, random) for field in hyper_fields(SCHEDULES[kind])}
    fields["warmup_fraction"] = float(random.choice([0.0, 0.1]))
    return {"kind": kind, **fields} | ({"cycle_momentum": False} if "cycle_momentum" in fields else {})


def engine_paths(problem: str, of: list[Case]) -> tuple[Vector, Vector]:
    """Return the parameters after every update, (steps, rows, D), and the final points of measurement.

    The cases are of one kind, and need not be of one variant: those are stacked together that are.
    """
    paths = np.empty((STEPS, len(of), len(start(problem))))
    ends = np.empty(paths.shape[1:])
    variants = [
        (case.momenta() is not None, *case.instance().clipping(), *case.instance().variant()) for case in of
    ]
    for variant in sorted(set(variants)):
        rows = [row for row, row_variant in enumerate(variants) if row_variant == variant]
        paths[:, rows], ends[rows] = _stacked_paths(problem, [of[row] for row in rows])
    return paths, ends


def _stacked_paths(problem: str, of: list[Case]) -> tuple[Vector, Vector]:
    stacked = stack([case.instance() for case in of])
    x = np.tile(start(problem), (len(of), 1))
    g, work, losses = np.empty_like(x), np.empty_like(x), np.empty(len(of))
    draws: Any = DRAWS
    workspace = None
    if problem == "mlp":
        settings = {name: np.zeros((len(of), 1)) for name in ("l2", "loss.label_smoothing")}
        rows = [draws] * len(of)
        workspace = SupervisedWorkspace(Feedforward(SHAPE), CrossEntropy(), rows, settings, x, g)
    rates = np.stack([case.rates() for case in of])
    momenta = [case.momenta() for case in of]
    state = stacked.begin(x)
    path = np.empty((STEPS, *x.shape))
    with np.errstate(all="ignore"):
        for k in range(STEPS):
            if workspace is not None:
                workspace.evaluate(k, losses)
            else:
                g[...] = quadratic_gradient(x, k)
            if momenta[0] is not None:
                stacked.cycle(
                    np.array([[row_momenta[k]] for row_momenta in momenta if row_momenta is not None]),
                    k,
                    state,
                )
            stacked.update(x, g, rates[:, k : k + 1], k, state, work)
            path[k] = x
        end = x.copy()
        if stacked.averages:
            stacked.evaluation_point(x, state, end)
    return path, end


def describe(case: Case) -> str:
    """Return the case in a line, for the message of a failure."""
    return f"{case.problem}: {case.optimizer} on {case.schedule}"


def case_dict(case: Case) -> dict[str, Any]:
    """Return the case in the form of JSON."""
    return dataclasses.asdict(case)
