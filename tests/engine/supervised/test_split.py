"""Splits, standardisation and minibatches."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.models.linear import Linear
from app.engine.supervised.objective import SupervisedObjective, training_rows
from tests.support.batches import supervised, supervised_problem


@pytest.mark.parametrize(("rows", "training"), [(5, 3), (150, 90), (1797, 1079), (442, 266)])
def test_three_fifths_and_the_remainder_train(rows: int, training: int) -> None:
    assert training_rows(rows) == training


def test_the_parts_of_a_split_are_all_of_the_data() -> None:
    objective = supervised("digits")
    split = supervised_problem(objective).split
    assert [len(part.targets) for part in (split.training, split.validation, split.test)] == [1079, 359, 359]
    together = np.concatenate([part.targets for part in (split.training, split.validation, split.test)])
    np.testing.assert_array_equal(np.bincount(together), np.bincount(objective.targets))


def test_the_training_part_is_standardised_and_constant_features_are_zero() -> None:
    split = supervised_problem(supervised("digits")).split
    inputs = split.training.inputs.examples[:, :-1]
    np.testing.assert_allclose(inputs.mean(axis=0), 0.0, atol=1e-12)
    deviations = inputs.std(axis=0)
    assert ((np.abs(deviations - 1) < 1e-12) | (deviations == 0)).all()
    assert not inputs[:, 0].any()  # the corner of every image is blank
    assert np.isfinite(split.test.inputs.examples).all()


def test_the_targets_of_a_regression_are_standardised_by_the_training_part() -> None:
    split = supervised_problem(supervised("diabetes")).split
    assert split.training.targets.mean() == pytest.approx(0.0, abs=1e-12)
    assert split.training.targets.std() == pytest.approx(1.0)
    assert abs(split.validation.targets.mean()) > 1e-6


def test_replicates_have_different_splits_starts_and_orders() -> None:
    objective = supervised("iris")
    first, second = (supervised_problem(objective, replicate, 30) for replicate in (0, 1))
    first.draw(3)
    second.draw(3)
    assert not np.array_equal(first.split.training.targets, second.split.training.targets)
    assert not np.array_equal(first.start(), second.start())
    assert not np.array_equal(first.minibatches.examples, second.minibatches.examples)


def numbered(rows: int) -> SupervisedObjective:
    """Return an objective on data whose only input tells the examples apart."""
    inputs = np.arange(float(rows))[:, np.newaxis]
    return SupervisedObjective(inputs=inputs, targets=np.arange(float(rows)), classes=None, model=Linear())


@pytest.mark.parametrize("batch_size", [1, 4, 7, 12])
def test_minibatches_are_consecutive_slices_of_the_same_permutations_for_all_batch_sizes(
    batch_size: int,
) -> None:
    objective = numbered(20)  # 12 train
    single = supervised_problem(objective, 2, 1, seed=5)
    single.draw(36)
    epochs = single.minibatches.examples[:, 0, 0].reshape(3, 12)
    problem = supervised_problem(objective, 2, batch_size, seed=5)
    slices = 12 // batch_size  # an incomplete last slice is dropped
    problem.draw(3 * slices)
    for step in range(3 * slices):
        epoch, at = divmod(step, slices)
        expected = epochs[epoch, at * batch_size : (at + 1) * batch_size]
        drawn = problem.minibatches[step]
        np.testing.assert_array_equal(drawn.examples[:, 0], expected)
        np.testing.assert_array_equal(drawn.columns, drawn.examples.T)


def test_every_example_is_seen_once_an_epoch() -> None:
    problem = supervised_problem(numbered(20), batch_size=3)
    problem.draw(4)
    assert len(np.unique(problem.minibatches.examples[:, :, 0])) == 12


def test_minibatches_do_not_depend_on_how_many_are_drawn_at_once() -> None:
    objective = supervised("iris")
    whole = supervised_problem(objective, batch_size=32, dtype=np.float32)
    whole.draw(11)
    piecewise = supervised_problem(objective, batch_size=32, dtype=np.float32)
    targets = []
    for steps in (1, 2, 5, 3):
        piecewise.draw(steps)
        targets.append(piecewise.targets)
    np.testing.assert_array_equal(np.concatenate(targets), whole.targets)


@pytest.mark.parametrize("batch_size", [0, 91])
def test_a_batch_size_beyond_the_training_rows_is_refused(batch_size: int) -> None:
    with pytest.raises(ValueError, match=f"batch_size {batch_size} is not within 1 and the 90 training rows"):
        supervised("iris").problem(0, 0, batch_size, np.float64)
