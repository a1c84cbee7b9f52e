"""What a batch returns: values, pruning, divergence, and what it refuses."""

from __future__ import annotations

import pickle
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.engine.batching.run_batch import run_batch
from app.engine.models.linear import Linear
from app.engine.seeds import Purpose, stream
from app.engine.supervised.objective import SupervisedObjective
from app.engine.trajectories.result import Outcome
from tests.support.batches import function, run, supervised, supervised_problem


def test_adam_trains_digits_to_nineteen_in_twenty() -> None:
    objective = supervised("digits", (32,), metric="validation_error")
    runs = [run(learning_rate=3e-3, batch_size=128, replicate=replicate) for replicate in range(3)]
    result = run_batch(objective, runs, steps=500, seed=0, dtype=np.float32, record=False)
    assert (result.values <= 0.05).all()
    np.testing.assert_array_equal(result.values, result.metrics["validation_error"])
    assert (result.metrics["test_error"] <= 0.06).all()
    assert (result.metrics["train_loss"] < result.metrics["test_loss"]).all()
    parts = {"train_loss", "validation_loss", "validation_error", "test_loss", "test_error"}
    assert set(result.metrics) == parts
    assert result.trajectories is None


def test_a_linear_regression_finds_the_least_squares_solution() -> None:
    objective = supervised("diabetes")
    result = run_batch(objective, [run("momentum", learning_rate=0.05)], steps=3000, seed=0, record=False)
    training = supervised_problem(objective).split.training
    _, residuals, _, _ = np.linalg.lstsq(training.inputs.examples, training.targets, rcond=None)
    assert result.metrics["train_loss"][0] == pytest.approx(residuals[0] / len(training.targets), rel=1e-6)
    assert set(result.metrics) == {"train_loss", "validation_loss", "test_loss"}


def test_gradient_descent_on_the_quadratic_is_its_closed_form() -> None:
    result = run_batch(function("quadratic", 3), [run("sgd", learning_rate=0.01)], steps=50, seed=0)
    curvature = np.array([1.0, 10.0, 100.0])
    expected = 0.5 * (curvature * (1 - 0.01 * curvature) ** 100).sum()
    assert result.values[0] == pytest.approx(expected, rel=1e-10)
    assert result.outcomes == [Outcome.COMPLETED]
    assert result.reasons == [None]
    assert result.steps_done.tolist() == [50]


def test_two_batches_with_one_seed_are_equal_and_with_another_seed_differ() -> None:
    objective, runs = supervised("iris", (5,)), [run(batch_size=16)]
    first, again, other = (run_batch(objective, runs, steps=20, seed=seed) for seed in (1, 1, 2))
    assert first.values[0] == again.values[0] != other.values[0]


def test_rows_of_a_replicate_have_the_same_start_and_minibatches() -> None:
    objective = supervised("iris", (5,))
    runs = [run(kind, learning_rate=1e-12, batch_size=16) for kind in ("sgd", "adam", "rmsprop")]
    result = run_batch(objective, runs, steps=20, seed=0)
    assert result.trajectories is not None
    for trajectory in result.trajectories:
        np.testing.assert_allclose(trajectory.loss, result.trajectories[0].loss, rtol=1e-6)
    assert np.ptp(result.trajectories[0].loss) > 0.01  # minibatches differ


def test_noise_is_shared_by_rows_and_differs_between_replicates() -> None:
    objective = function("quadratic", 2, noise=0.5)
    runs = [run("sgd", learning_rate=0.01, replicate=replicate) for replicate in (0, 1, 0)]
    result = run_batch(objective, runs, steps=10, seed=0)
    assert result.values[0] == result.values[2] != result.values[1]


def test_without_noise_every_replicate_is_the_same() -> None:
    runs = [run("sgd", learning_rate=0.01, replicate=replicate) for replicate in range(3)]
    result = run_batch(function("quadratic", 2), runs, steps=10, seed=0)
    assert len(set(result.values)) == 1


def test_a_judge_sees_each_rung_once_and_dropped_runs_end_there() -> None:
    seen = []

    def judge(step: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        seen.append((step, values))
        return np.asarray(values < values[2])

    runs = [run("sgd", learning_rate=rate) for rate in (0.004, 0.002, 0.001)]
    result = run_batch(function("quadratic", 3), runs, steps=30, seed=0, rungs=(5, 20), judge=judge)
    assert [step for step, _ in seen] == [5, 20]
    assert np.isfinite(seen[0][1]).all()
    np.testing.assert_array_equal(np.isnan(seen[1][1]), [False, False, True])
    assert result.outcomes == [Outcome.PRUNED, Outcome.PRUNED, Outcome.PRUNED]
    assert result.steps_done.tolist() == [20, 20, 5]
    assert np.isnan(result.values).all()
    np.testing.assert_array_equal(
        np.isnan(result.rung_values), [[False, False], [False, False], [False, True]]
    )
    assert result.reasons[2] == f"pruned at step 5 with loss {result.rung_values[2, 0]:.6g}"
    assert result.rung_steps.tolist() == [5, 20]


def test_rung_values_equal_the_values_of_a_run_that_ends_there_at_the_same_rates() -> None:
    objective = supervised("iris", (5,))
    long = run_batch(objective, [run(batch_size=16)], steps=30, seed=0, rungs=(10,))
    short = run_batch(objective, [run(batch_size=16)], steps=10, seed=0)
    assert long.rung_values[0, 0] == short.values[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_diverged_row_has_a_step_and_a_reason_and_changes_no_other_row(dtype: type) -> None:
    runs = [run("sgd", learning_rate=rate) for rate in (1e-3, 10.0, 1e-3)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run_batch(function("rosenbrock"), runs, steps=100, seed=0, dtype=dtype, rungs=(50,))
    assert result.outcomes == [Outcome.COMPLETED, Outcome.DIVERGED, Outcome.COMPLETED]
    assert result.reasons[1] is not None
    assert result.reasons[1].startswith(f"diverged at step {result.steps_done[1]}: the loss ")
    assert result.steps_done[1] < 10
    assert np.isnan(result.values[1])
    assert np.isnan(result.rung_values[1, 0])
    assert result.values[0] == result.values[2]
    assert np.isfinite(result.values[0])


def test_divergence_is_a_loss_above_the_limit_of_the_first_one() -> None:
    result = run_batch(function("quadratic", 2), [run("sgd", learning_rate=1.0)], steps=50, seed=0)
    assert result.trajectories is not None
    loss = result.trajectories[0].loss
    limit = 1e12 * loss[0]
    assert loss[-1] > limit
    assert (loss[:-1] <= limit).all()
    assert (
        result.reasons[0]
        == f"diverged at step {len(loss) - 1}: the loss {loss[-1]:.6g} is above the limit {limit:.6g}"
    )


@pytest.mark.parametrize("name", ["saddle", "monkey_saddle"])
def test_a_loss_that_falls_without_bound_has_diverged(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = run_batch(function(name, noise=0.1), [run("sgd", learning_rate=0.5)], steps=500, seed=0)
    assert result.trajectories is not None
    loss = result.trajectories[0].loss
    limit = 1e12 * max(1.0, abs(loss[0]))
    assert loss[-1] < -limit
    assert (np.abs(loss[:-1]) <= limit).all()
    words = f"the loss {loss[-1]:.6g} is below the limit {-limit:.6g}"
    assert result.reasons == [f"diverged at step {len(loss) - 1}: {words}"]


@pytest.mark.parametrize("size", [1e80, 1e160])
def test_a_loss_whose_square_cannot_be_added_has_diverged(size: float) -> None:
    result = run_batch(function("quadratic", 2, start=(size, 1.0)), [run("sgd")], steps=5, seed=0)
    assert result.outcomes == [Outcome.DIVERGED]
    assert result.steps_done.tolist() == [0]


def test_a_start_that_is_not_finite_has_diverged_before_the_first_update() -> None:
    result = run_batch(function("quadratic", 2, start=(1e300, 1.0)), [run("sgd")], steps=50, seed=0)
    assert result.outcomes == [Outcome.DIVERGED]
    assert result.steps_done.tolist() == [0]
    assert result.reasons == ["diverged at step 0: the loss is inf"]


@pytest.mark.parametrize("rungs", [(3,), ()])
def test_a_run_whose_validation_loss_is_not_finite_has_diverged(rungs: tuple[int, ...]) -> None:
    random = np.random.default_rng(10)
    inputs, targets = random.normal(size=(20, 2)), random.normal(size=20)
    # An example that training never sees.
    inputs[stream(0, Purpose.SPLIT, 0).permutation(20)[12]] = 1e200
    objective = SupervisedObjective(inputs=inputs, targets=targets, classes=None, model=Linear())
    result = run_batch(objective, [run()], steps=10, seed=0, rungs=rungs)
    at = rungs[0] if rungs else 10
    assert result.outcomes == [Outcome.DIVERGED]
    assert result.steps_done.tolist() == [at]
    assert result.reasons == [f"diverged at step {at}: the validation loss is inf"]
    assert np.isnan(result.values).all()
    assert np.isnan(result.metrics["validation_loss"]).all()
    assert np.isnan(result.rung_values).all()
    assert result.trajectories is not None
    assert result.trajectories[0].step[-1] == at


def test_the_judge_is_not_asked_when_no_row_is_left() -> None:
    def judge(step: int, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        raise AssertionError("asked")

    runs = [run("sgd", learning_rate=1e3)]
    result = run_batch(function("rosenbrock"), runs, steps=100, seed=0, rungs=(90,), judge=judge)
    assert result.outcomes == [Outcome.DIVERGED]


def test_objectives_survive_pickling() -> None:
    for objective in (function("rosenbrock", noise=0.1), supervised("iris", (4,))):
        copy = pickle.loads(pickle.dumps(objective))
        runs = [run(learning_rate=1e-3)]
        original = run_batch(objective, runs, steps=5, seed=0)
        assert run_batch(copy, runs, steps=5, seed=0).values[0] == original.values[0]


def test_the_cost_grows_with_the_work() -> None:
    small, large = supervised("digits", (16,)), supervised("digits", (64,))
    assert small.cost(32) < small.cost(128) < large.cost(128) < large.cost(None)
    assert large.cost(None) == large.cost(1079)
    # Two products for the first layer's weights, three for the second's, of two operations each.
    assert large.cost(128) == pytest.approx(128 * (4 * 64 * 65 + 6 * 10 * 65), rel=0.1)
    assert function("rosenbrock", 2).cost(None) < function("rosenbrock", 20).cost(None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"runs": []}, "at least one run"),
        ({"steps": 0}, "steps must be >= 1, got 0"),
        ({"dtype": np.float16}, "dtype must be float32 or float64, got float16"),
        ({"rungs": (5, 5)}, "rungs must ascend strictly between 0 and steps=10"),
        ({"rungs": (10,)}, "rungs must ascend strictly between 0 and steps=10"),
        ({"runs": [run(batch_size=4)]}, "a function has no minibatches, got batch_size=4"),
        (
            {"rungs": (5,), "judge": lambda step, values: np.ones(3, bool)},
            r"the judge must answer \(1,\) of bool",
        ),
        ({"rungs": (5,), "judge": lambda step, values: values}, "of float64"),
    ],
)
def test_an_impossible_batch_is_refused(arguments: dict[str, Any], message: str) -> None:
    plain: dict[str, Any] = {"runs": [run()], "steps": 10, "seed": 0}
    with pytest.raises(ValueError, match=message):
        run_batch(function("rosenbrock"), **(plain | arguments))
