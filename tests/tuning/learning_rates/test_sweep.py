"""The peaks of a sweep, and the further seeds that are added to it."""

from __future__ import annotations

import numpy as np
import pytest

from app.tuning.evaluation.requests import Seeds
from app.tuning.learning_rates.sweep import more_seeds, sweep, swept_rates
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import seed_looks
from tests.support.jobs import ROSENBROCK, configuration, follow
from tests.support.synthetic_evaluations import SyntheticEvaluations, bowl, spec

PEAK = 0.01
WINNER, OTHER = configuration(learning_rate=PEAK), configuration("sgd", 0.5)


def test_the_sweep_goes_from_a_sixteenth_to_sixteenfold_in_half_octaves() -> None:
    rates = swept_rates(WINNER)
    assert len(rates) == 17
    assert rates[8] == PEAK
    np.testing.assert_allclose(np.diff(np.log2(rates)), 0.5)


def test_the_sweep_stays_within_the_bounds_of_the_learning_rate() -> None:
    rates = swept_rates(configuration(learning_rate=5e5))
    assert rates[-1] == 1e6
    assert len(rates) == 11


def test_several_candidates_are_swept_on_a_quarter_of_the_seeds_with_the_default() -> None:
    evaluations = SyntheticEvaluations(bowl())
    first, second = follow(sweep(Plan.of(spec()), [WINNER, OTHER], OTHER), evaluations)
    (request,) = evaluations.requests
    assert request.replicates == range(Seeds.SWEEP, Seeds.SWEEP + 2)
    assert len(request.configurations) == 2 * (17 + 1)
    assert first.values.shape == second.values.shape == (18, 2)
    for config in first.configurations[:17]:
        assert config.optimizer | {"learning_rate": PEAK} == WINNER.optimizer
        assert config.schedule == WINNER.schedule
    assert first.configurations[17] == OTHER


def test_further_seeds_go_to_the_rows_that_lack_them() -> None:
    evaluations = SyntheticEvaluations(bowl())
    (first,) = follow(sweep(Plan.of(spec()), [WINNER], None), evaluations)
    second = follow(more_seeds(Plan.of(spec()), first, [7, 8], 8), evaluations)
    third = follow(more_seeds(Plan.of(spec()), second, [6, 8], 12), evaluations)
    assert third.runs[[5, 6, 7, 8]].tolist() == [2, 12, 8, 12]
    requests = [(len(request.configurations), request.replicates) for request in evaluations.requests[1:]]
    assert requests == [
        (2, range(Seeds.SWEEP + 2, Seeds.SWEEP + 8)),
        (1, range(Seeds.SWEEP + 2, Seeds.SWEEP + 12)),
        (1, range(Seeds.SWEEP + 8, Seeds.SWEEP + 12)),
    ]
    np.testing.assert_array_equal(third.values[8, :8], second.values[8, :8])
    assert np.isfinite(third.of(6)).all()
    assert np.isnan(third.values[7, 8:]).all()


@pytest.mark.parametrize(("parts", "looks"), [({}, [8, 56]), ({"objective": ROSENBROCK}, [])])
def test_the_ends_run_on_up_to_48_further_seeds(parts: dict[str, object], looks: list[int]) -> None:
    assert seed_looks(Plan.of(spec(**parts)).replicates) == looks
