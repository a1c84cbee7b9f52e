"""Properties of each optimizer that the literature states, in runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.batching.run_batch import Run, run_batch
from app.engine.batching.stacking import stack
from app.engine.optimizers import OPTIMIZERS
from app.engine.supervised.objective import training_rows
from tests.support.batches import assert_same_row, function, run, supervised
from tests.support.kinds import make_optimizer, make_schedule

LEARNING_RATE_FREE = [kind for kind, cls in OPTIMIZERS.items() if cls.finds_its_rate]
_CORNERS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
CURVATURES = np.array([1.0, 10.0, 100.0])


def steps_of(kind: str, gradient: float, count: int, **fields: Any) -> NDArray[np.float64]:
    """Return the sizes of the updates under one constant gradient."""
    stacked = stack([make_optimizer(kind, **fields)])
    x = np.zeros((1, 1))
    state, places = stacked.begin(x), [0.0]
    for k in range(count):
        stacked.update(
            x, np.full((1, 1), gradient), np.asarray(stacked.learning_rate), k, state, np.empty_like(x)
        )
        places.append(float(x[0, 0]))
    return np.asarray(np.abs(np.diff(places)))


def value(kind: str, steps: int, dimension: int = 3, **fields: Any) -> float:
    """Return the loss at the end on the quadratic, nan for a divergence."""
    result = run_batch(
        function("quadratic", dimension), [run(kind, **fields)], steps=steps, seed=0, record=False
    )
    return float(result.values[0])


def test_adagrads_step_only_shrinks_as_one_over_the_root_of_time() -> None:
    sizes = steps_of("adagrad", 3.0, 100, learning_rate=0.5)
    assert (np.diff(sizes) < 0.0).all()
    np.testing.assert_allclose(sizes, 0.5 / np.sqrt(np.arange(1, 101)), rtol=1e-9)


def test_adadeltas_step_does_not_shrink() -> None:
    sizes = steps_of("adadelta", 3.0, 100)
    assert (np.diff(sizes) > 0.0).all()


def test_adadelta_scales_by_the_steps_before_this_one() -> None:
    eps, rho = 1e-6, 0.9
    first, second = steps_of("adadelta", 3.0, 2, rho=rho, eps=eps)
    assert first == pytest.approx(np.sqrt(eps) / np.sqrt((1 - rho) * 9 + eps) * 3, rel=1e-12)
    mean = rho * (1 - rho) * 9 + (1 - rho) * 9
    assert second == pytest.approx(np.sqrt((1 - rho) * first**2 + eps) / np.sqrt(mean + eps) * 3, rel=1e-12)


@pytest.mark.parametrize("kind", ["adam", "adamw", "amsgrad", "nadam"])
def test_the_path_does_not_depend_on_the_scale_of_the_gradient_without_eps(kind: str) -> None:
    gradients = np.random.default_rng(1).normal(size=(50, 1, 4))
    ends = []
    for scale in (1.0, 1e-6):
        stacked = stack([make_optimizer(kind, learning_rate=0.1, eps=0.0)])
        x = np.ones((1, 4))
        state = stacked.begin(x)
        for k in range(50):
            stacked.update(
                x, gradients[k] * scale, np.asarray(stacked.learning_rate), k, state, np.empty_like(x)
            )
        ends.append(x)
    np.testing.assert_allclose(ends[0], ends[1], rtol=1e-10)


def test_amsgrads_mean_square_never_falls() -> None:
    """After one huge gradient its steps stay small, and Adam's grow again."""
    sizes = {}
    for kind in ("adam", "amsgrad"):
        stacked = stack([make_optimizer(kind, learning_rate=0.1, beta2=0.9)])
        x = np.zeros((1, 1))
        state = stacked.begin(x)
        for k in range(200):
            before = x.copy()
            g = np.full((1, 1), 1e3 if k == 0 else 1.0)
            stacked.update(x, g, np.asarray(stacked.learning_rate), k, state, np.empty_like(x))
        sizes[kind] = float(np.abs(x - before)[0, 0])
    assert sizes["adam"] == pytest.approx(0.1, rel=1e-3)
    assert sizes["amsgrad"] < 1e-3


def test_lion_moves_every_component_by_the_learning_rate() -> None:
    np.testing.assert_allclose(steps_of("lion", 1e-9, 20, learning_rate=0.25), 0.25, rtol=1e-12)


def test_radam_starts_smaller_than_adam_and_ends_like_it() -> None:
    radam, adam = (steps_of(kind, 3.0, 3000, learning_rate=0.1, beta2=0.99) for kind in ("radam", "adam"))
    assert radam[6] < 0.5 * adam[6]
    assert radam[-1] == pytest.approx(adam[-1], rel=0.02)


@pytest.mark.parametrize("kind", ["momentum", "nesterov"])
def test_momentum_beats_gradient_descent_on_an_ill_conditioned_quadratic_at_each_ones_best_rate(
    kind: str,
) -> None:
    rates = np.geomspace(1e-3, 0.1, 30)
    best = {}
    for name in ("sgd", kind):
        runs = [run(name, learning_rate=rate) for rate in rates]
        result = run_batch(function("quadratic", 3), runs, steps=100, seed=0, record=False)
        best[name] = np.nanmin(result.values)
    assert best[kind] < 0.01 * best["sgd"]


def test_adamw_shrinks_parameters_without_a_gradient() -> None:
    stacked = stack([make_optimizer("adamw", learning_rate=0.1, weight_decay=0.5)])
    x = np.full((1, 1), 2.0)
    state = stacked.begin(x)
    for k in range(3):
        stacked.update(x, np.zeros((1, 1)), np.asarray(stacked.learning_rate), k, state, np.empty_like(x))
    assert x[0, 0] == pytest.approx(2.0 * (1 - 0.1 * 0.5) ** 3, rel=1e-12)


def test_the_learning_rate_free_methods_are_marked() -> None:
    assert LEARNING_RATE_FREE == ["dadapt_adam", "dadapt_sgd", "dog", "lfm", "prodigy"]


RECOMMENDED = [
    (kind, dict(baseline.options))
    for kind, cls in OPTIMIZERS.items()
    for baseline in cls.baselines
    if baseline.options
]


@pytest.mark.parametrize(("kind", "options"), RECOMMENDED)
def test_the_options_that_authors_recommend_are_better_on_a_network(
    kind: str, options: dict[str, Any]
) -> None:
    runs = [
        run(kind, batch_size=32, replicate=replicate, **chosen)
        for chosen in ({}, options)
        for replicate in range(4)
    ]
    values = run_batch(supervised("digits", (64, 64)), runs, steps=500, seed=0, record=False).values
    plain, recommended = values.reshape(2, 4).mean(axis=1)
    assert recommended < plain


def test_options_that_differ_in_a_stack_change_no_row() -> None:
    # At a constant rate of 1 the safeguard changes nothing.
    flags: list[dict[str, Any]] = [
        {"use_bias_correction": flag, "safeguard_warmup": two}
        for flag in (False, True)
        for two in (False, True)
    ]
    runs = [run("prodigy", learning_rate=0.5, **fields) for fields in flags]
    together = run_batch(function(), runs, steps=60, seed=0)
    for row, single in enumerate(runs):
        assert_same_row(together, row, run_batch(function(), [single], steps=60, seed=0), 0)
    assert len(set(together.values.tolist())) == len(flags)


def test_an_update_at_a_rate_of_zero_is_not_counted_by_the_correction_of_the_bias() -> None:
    for kind, options in RECOMMENDED:
        paths = []
        for rates in ([1.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0, 1.0]):
            stacked = stack([make_optimizer(kind, **options)])
            x = np.array([[1.0, -2.0]])
            state = stacked.begin(x)
            for k, rate in enumerate(rates):
                stacked.update(x, 3.0 * x, np.array([[rate]]), k, state, np.empty_like(x))
            paths.append(x)
        np.testing.assert_array_equal(paths[0], paths[1])


@pytest.mark.parametrize("kind", LEARNING_RATE_FREE)
@pytest.mark.parametrize("dimension", [3, 20])
def test_a_learning_rate_free_method_converges_on_the_quadratic_with_nothing_set(
    kind: str, dimension: int
) -> None:
    start = value("sgd", 1, dimension, learning_rate=1e-12)
    assert value(kind, 3000, dimension) < 1e-3 * start


def test_schedule_free_descent_reaches_the_minimum_at_a_constant_rate() -> None:
    noisy = function("quadratic", 3, noise=1.0)
    runs = [run("schedule_free_sgd", learning_rate=0.01), run("sgd", learning_rate=0.01)]
    result = run_batch(noisy, runs, steps=2000, seed=0, record=False)
    assert result.values[0] < 0.2 * result.values[1]  # the average is not in the noise


def test_newton_solves_a_quadratic_in_one_step() -> None:
    assert value("newton", 1, damping=0.0) == pytest.approx(0.0, abs=1e-25)


def test_newtons_damped_step_is_its_closed_form() -> None:
    objective = function("quadratic", 3)
    result = run_batch(objective, [run("newton", learning_rate=0.5, damping=2.0)], steps=4, seed=0)
    assert result.trajectories is not None
    assert result.trajectories[0].parameters is not None
    expected = (1 - 0.5 * CURVATURES / (CURVATURES + 2.0)) ** 4
    np.testing.assert_allclose(result.trajectories[0].parameters[-1], expected, rtol=1e-12)


def test_newton_finds_the_minimum_of_rosenbrock_by_differences_of_the_gradient() -> None:
    result = run_batch(function("rosenbrock", 4, start=(1.2,) * 4), [run("newton")], steps=20, seed=0)
    assert result.values[0] < 1e-20


@pytest.mark.parametrize("dataset", ["iris", "diabetes"])
def test_newton_and_lbfgs_fit_a_linear_model_in_far_fewer_steps_than_momentum(dataset: str) -> None:
    runs = [run("newton"), run("lbfgs", learning_rate=0.5), run("momentum", learning_rate=0.1)]
    result = run_batch(supervised(dataset, l2=1e-2), runs, steps=400, seed=0)
    assert result.trajectories is not None
    newton, lbfgs, momentum = (trajectory.loss for trajectory in result.trajectories)
    least = newton[-1]
    assert lbfgs[-1] == pytest.approx(least, rel=1e-6)
    assert momentum[-1] >= least * (1 - 1e-9)
    assert newton[15] < least * 1.02
    assert lbfgs[60] < least * 1.02


@pytest.mark.parametrize(("dataset", "l2"), [("iris", 0.0), ("iris", 0.1), ("diabetes", 0.1)])
def test_the_hessian_of_a_linear_model_is_the_derivative_of_its_gradient(dataset: str, l2: float) -> None:
    objective = supervised(dataset, l2=l2)
    problem = objective.problem(0, 0, None, np.float64)
    problem.draw(1)
    x = np.random.default_rng(3).normal(size=(2, objective.dimension))
    g, losses, start = np.empty_like(x), np.empty(2), x.copy()
    workspace = objective.workspace([problem, problem], x, g)
    hessians = np.empty((2, objective.dimension, objective.dimension))
    workspace.fill_hessians(slice(0, 2), hessians)
    for i in range(objective.dimension):
        sides = []
        for side in (1e-5, -1e-5):
            x[...] = start
            x[:, i] += side
            workspace.evaluate(0, losses)
            sides.append(g.copy())
        np.testing.assert_allclose(hessians[:, i], (sides[0] - sides[1]) / 2e-5, atol=1e-8)


@pytest.mark.parametrize("name", ["quadratic", "rosenbrock"])
def test_the_hessian_of_a_function_is_symmetric_and_that_of_its_values(name: str) -> None:
    of = function(name, 3).function
    x = np.array([[0.3, -0.7, 1.1]])
    hessians, h = of.hessian(x)[0], 1e-4
    np.testing.assert_array_equal(hessians, hessians.T)
    for i in range(3):
        for j in range(3):
            corners = [of.value(x + h * (a * np.eye(3)[i] + b * np.eye(3)[j]))[0] for a, b in _CORNERS]
            expected = (corners[0] - corners[1] - corners[2] + corners[3]) / (4 * h * h)
            assert hessians[i, j] == pytest.approx(expected, rel=1e-5, abs=1e-4)


def test_a_singular_system_leaves_no_number_so_that_the_run_diverges() -> None:
    stacked = stack([make_optimizer("newton", damping=0.0)])
    x = np.ones((1, 2))
    state = stacked.begin(x)
    state["hessian"][...] = 1.0
    stacked.update(x, np.ones((1, 2)), np.asarray(stacked.learning_rate), 0, state, np.empty_like(x))
    assert np.isnan(x).all()


@pytest.mark.parametrize("kind", ["sgd", "momentum", "adam"])
def test_the_full_batch_is_one_minibatch_of_every_training_row(kind: str) -> None:
    objective = supervised("diabetes")
    rows = training_rows(442)
    pair = [run(kind, learning_rate=0.01), run(kind, learning_rate=0.01, batch_size=rows)]
    result = run_batch(objective, pair, steps=30, seed=0)
    assert result.trajectories is not None
    full, listed = (trajectory.loss for trajectory in result.trajectories)
    np.testing.assert_allclose(full, listed, rtol=1e-12)  # the rows come in another order
    assert full[-1] < 0.5 * full[0]


def test_lbfgs_needs_far_fewer_steps_than_descent_on_the_quadratic() -> None:
    assert value("lbfgs", 60, 20) < 1e-6 * value("sgd", 60, 20, learning_rate=0.015)


@pytest.mark.parametrize("kind", ["newton", "lbfgs"])
def test_a_minibatch_is_refused_if_the_full_batch_is_needed(kind: str) -> None:
    runs = [Run(optimizer=make_optimizer(kind), schedule=make_schedule("constant"), batch_size=16)]
    with pytest.raises(ValueError, match=f"{kind} needs the full batch, got batch_size=16"):
        run_batch(supervised("iris"), runs, steps=1, seed=0)


@pytest.mark.parametrize("objective", [supervised("iris", (4,)), function("rosenbrock", 51)])
def test_newton_is_refused_without_a_hessian(objective: Any) -> None:
    with pytest.raises(ValueError, match="newton needs a Hessian, which this objective does not give"):
        run_batch(objective, [run("newton")], steps=1, seed=0)


@pytest.mark.parametrize("kind", [kind for kind, cls in OPTIMIZERS.items() if not cls.needs_full_batch])
def test_an_update_at_a_rate_of_zero_moves_nothing(kind: str) -> None:
    result = run_batch(
        function("rosenbrock", 4),
        [run(kind, "cosine", schedule_fields={"warmup_fraction": 0.5})],
        steps=10,
        seed=0,
    )
    assert result.trajectories is not None
    positions = result.trajectories[0].parameters
    assert positions is not None
    np.testing.assert_array_equal(positions[0], positions[1])
    assert (positions[1] != positions[-1]).any()
    assert np.isfinite(positions).all()
