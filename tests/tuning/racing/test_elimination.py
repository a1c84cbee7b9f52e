from __future__ import annotations

import numpy as np
import pytest

from app.domain.records import Configuration
from app.tuning.evaluation.requests import Seeds
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import looks, max_race_runs
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.elimination import Standing, eliminate
from tests.support.jobs import ROSENBROCK, configuration, follow
from tests.support.synthetic_evaluations import NAN, Means, SyntheticEvaluations, spec

RATES = (0.01, 0.02, 0.03, 0.04, 0.05)
CANDIDATES = [
    RaceCandidate(label=f"{rate}", configuration=configuration(learning_rate=rate), source="search")
    for rate in RATES
]


def means(*of: float) -> Means:
    by_rate = dict(zip(RATES, of, strict=True))
    return lambda config, steps: by_rate[config.optimizer["learning_rate"]]


def race(evaluations: SyntheticEvaluations, replicates: int = 8, shares: int | None = None) -> Standing:
    confirmation = {"top": 1, "replicates": replicates}
    return follow(
        eliminate(Plan.of(spec(confirmation=confirmation)), CANDIDATES, Seeds.RACE, shares), evaluations
    )


def runs(evaluations: SyntheticEvaluations) -> int:
    return sum(len(request.configurations) * len(request.replicates) for request in evaluations.requests)


def test_the_lowest_mean_leads_and_candidates_that_cannot_win_are_dropped() -> None:
    evaluations = SyntheticEvaluations(means(2.0, 1.0, 3.0, 1.001, 4.0), individual=0.01)
    standing = race(evaluations)
    assert standing.survivors[0] in (1, 3)
    assert set(standing.survivors) == {1, 3}
    sizes = [len(request.configurations) for request in evaluations.requests]
    assert (sizes[0], sizes[-1]) == (5, 2)
    assert sizes == sorted(sizes, reverse=True)


def test_saved_runs_are_spent_on_close_decisions() -> None:
    evaluations = SyntheticEvaluations(means(2.0, 1.0, 3.0, 1.001, 4.0), individual=0.01)
    assert race(evaluations).seeds > 8
    assert runs(evaluations) <= 5 * 8


def test_without_eliminations_every_candidate_has_its_replicates() -> None:
    evaluations = SyntheticEvaluations(means(1.0, 1.0, 1.0, 1.0, 1.0), individual=0.0)
    standing = race(evaluations)
    assert (standing.seeds, len(standing.survivors), runs(evaluations)) == (8, 5, 40)


def test_every_look_runs_the_survivors_on_the_same_fresh_seeds() -> None:
    evaluations = SyntheticEvaluations(means(2.0, 1.0, 3.0, 1.001, 4.0), individual=0.01)
    standing = race(evaluations)
    seeds = [replicate for request in evaluations.requests for replicate in request.replicates]
    assert seeds == list(range(Seeds.RACE, Seeds.RACE + standing.seeds))
    assert np.isfinite(standing.values[list(standing.survivors)]).all()


def test_a_race_that_is_decided_stops() -> None:
    evaluations = SyntheticEvaluations(means(2.0, 1.0, 3.0, 4.0, 5.0))
    assert race(evaluations).survivors == (1,)
    assert runs(evaluations) < 5 * 8


def test_ties_go_to_the_first() -> None:
    assert race(SyntheticEvaluations(means(2.0, 1.0, 1.0, 1.0, 2.0), individual=0.0)).leader == 1


def test_a_candidate_that_diverges_more_often_than_the_leader_is_dropped() -> None:
    standing = race(SyntheticEvaluations(means(NAN, 2.0, NAN, 1.0, 1.5)))
    assert standing.leader == 3
    assert not {0, 2} & set(standing.survivors)


def test_the_first_candidate_leads_if_all_diverge() -> None:
    standing = race(SyntheticEvaluations(means(NAN, NAN, NAN, NAN, NAN)))
    assert standing.leader == 0


def test_the_better_half_continues_if_the_budget_is_short() -> None:
    means_of = [1.0 + i / 100 for i in range(12)]
    candidates = [
        RaceCandidate(label="", configuration=configuration(learning_rate=0.001 * (i + 1)), source="search")
        for i in range(12)
    ]
    evaluations = SyntheticEvaluations(
        lambda config, steps: means_of[round(config.optimizer["learning_rate"] * 1000) - 1], individual=0.1
    )
    confirmation = {"top": 1, "replicates": 16}
    standing = follow(
        eliminate(Plan.of(spec(confirmation=confirmation)), candidates, Seeds.RACE, 6), evaluations
    )
    sizes = [len(request.configurations) for request in evaluations.requests]
    assert sizes[:2] == [12, 6]
    assert runs(evaluations) <= 6 * 16
    assert standing.seeds > 8


def test_exact_replicates_are_decided_by_one_run_each() -> None:
    evaluations = SyntheticEvaluations(means(2.0, 1.0, 3.0, 1.001, 4.0), common=0.0, individual=0.0)
    standing = follow(eliminate(Plan.of(spec(objective=ROSENBROCK)), CANDIDATES, Seeds.RACE), evaluations)
    assert (standing.leader, standing.seeds, runs(evaluations)) == (1, 1, 5)


class Noise(SyntheticEvaluations):
    """Evaluations whose values are all standard normal numbers."""

    def __init__(self, seed: int) -> None:
        super().__init__(lambda configuration, steps: 0.0, common=0.0, individual=1.0)
        self._generator = np.random.default_rng(seed)

    def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
        return float(self._generator.standard_normal())


def test_the_best_in_truth_is_rarely_dropped() -> None:
    # 0.05 at most by the correction; equal entries, so that every drop is an error of one of four pairs.
    dropped = 0
    for start in range(200):
        dropped += 0 not in race(Noise(start)).survivors
    assert dropped <= 0.05 * 200 + 3 * (0.05 * 0.95 * 200) ** 0.5  # three standard deviations


def test_results_of_an_earlier_race_are_not_run_again() -> None:
    near = means(2.0, 1.0, 3.0, 1.001, 4.0)
    job_spec = spec(confirmation={"top": 1, "replicates": 8})
    evaluations = SyntheticEvaluations(near, individual=0.01)
    before = follow(eliminate(Plan.of(job_spec), CANDIDATES[1:3], Seeds.RACE), evaluations)
    evaluations.requests.clear()
    after = follow(eliminate(Plan.of(job_spec), CANDIDATES, Seeds.RACE, before=[before]), evaluations)
    again = SyntheticEvaluations(near, individual=0.01)
    whole = follow(eliminate(Plan.of(job_spec), CANDIDATES, Seeds.RACE), again)
    assert len(evaluations.requests[0].configurations) == 3
    assert runs(evaluations) <= runs(again)
    assert after.seeds >= whole.seeds  # what was not run again is spent
    shared = min(after.seeds, whole.seeds)
    assert np.array_equal(after.values[1, :shared], whole.values[1, :shared])
    ran = [
        (configuration.optimizer["learning_rate"], seed)
        for request in evaluations.requests
        for configuration in request.configurations
        for seed in request.replicates
    ]
    assert len(set(ran)) == len(ran)
    assert not any((RATES[1], Seeds.RACE + seed) in ran for seed in range(before.seeds))


def test_only_later_seeds_run_if_earlier_results_are_known() -> None:
    job_spec = spec(confirmation={"top": 1, "replicates": 8})
    evaluations = SyntheticEvaluations(means(1.0, 1.0, 1.0, 1.0, 1.0), individual=0.0)
    before = follow(eliminate(Plan.of(job_spec), CANDIDATES, Seeds.RACE), evaluations)
    evaluations.requests.clear()
    after = follow(eliminate(Plan.of(job_spec), CANDIDATES, Seeds.RACE, 1, [before]), evaluations)
    assert (after.leader, after.survivors) == (before.leader, before.survivors)
    assert runs(evaluations) <= max_race_runs(8, len(CANDIDATES), 1)
    assert all(request.replicates.start >= Seeds.RACE + before.seeds for request in evaluations.requests)


def test_known_results_of_exact_replicates_never_run_again() -> None:
    job_spec = spec(objective=ROSENBROCK)
    evaluations = SyntheticEvaluations(means(2.0, 1.0, 3.0, 1.001, 4.0), common=0.0, individual=0.0)
    before = follow(eliminate(Plan.of(job_spec), CANDIDATES, Seeds.RACE), evaluations)
    evaluations.requests.clear()
    after = follow(eliminate(Plan.of(job_spec), CANDIDATES[::-1], Seeds.RACE, before=[before]), evaluations)
    assert evaluations.requests == []
    assert after.candidates[after.leader] == before.candidates[before.leader]


def test_known_results_of_survivors_count_beyond_the_last_look() -> None:
    job_spec = spec(confirmation={"top": 1, "replicates": 8})
    evaluations = SyntheticEvaluations(means(2.0, 1.0, 3.0, 1.001, 4.0), individual=0.01)
    before = follow(eliminate(Plan.of(job_spec), [CANDIDATES[1], CANDIDATES[3]], Seeds.RACE, 8), evaluations)
    assert before.seeds == 32
    after = follow(eliminate(Plan.of(job_spec), CANDIDATES, Seeds.RACE, 1, [before]), evaluations)
    assert after.seeds == 32
    assert after.survivors == tuple({0: 1, 1: 3}[row] for row in before.survivors)


def test_a_standing_knows_on_how_many_seeds_each_ran() -> None:
    standing = race(SyntheticEvaluations(means(2.0, 1.0, 3.0, 1.001, 4.0), individual=0.01))
    for row, ran in enumerate(standing.runs):
        assert np.isfinite(standing.values[row, :ran]).all()
        assert np.isnan(standing.values[row, ran:]).all()
    assert standing.runs[standing.leader] == standing.seeds > min(standing.runs)
    assert standing.behind(0) == pytest.approx(1.0, abs=0.05)
    assert not standing.may_win(0)


@pytest.mark.parametrize(
    ("replicates", "marks"), [(1, [1]), (2, [2, 4, 8]), (4, [2, 4, 8, 16]), (16, [4, 8, 16, 32, 64])]
)
def test_looks_are_after_a_quarter_of_the_replicates_and_each_doubling(
    replicates: int, marks: list[int]
) -> None:
    assert looks(replicates) == marks
