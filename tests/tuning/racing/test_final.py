from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from app.domain.records import Configuration
from app.tuning.decision.race_history import ConfirmationRaces
from app.tuning.evaluation.requests import Seeds
from app.tuning.learning_rates.safe_range import Needs
from app.tuning.planning.plan import Plan
from app.tuning.planning.race_limits import EXTENSIONS
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.elimination import Standing, eliminate
from app.tuning.racing.final import finalists, most_finalists, most_prolonged, race_final
from app.tuning.racing.practical_equivalence import negligible
from app.tuning.racing.selection import Choice, tied
from tests.support.jobs import ROSENBROCK, configuration, follow
from tests.support.synthetic_evaluations import NAN, SyntheticEvaluations, bowl, spec

REPLICATES = 16


def make_candidates(shift: int = 0) -> list[RaceCandidate]:
    """Return twelve candidates of a search, and a default.

    shift: moves the rates, and with them the scatter of each candidate.
    """
    searched = [
        RaceCandidate(
            label=str(i), configuration=configuration(kind, 0.01 * (i + 1) + 1e-5 * shift), source="search"
        )
        for i, kind in enumerate(["adam", "sgd"] * 6)
    ]
    usual = configuration("adam", 0.001 + 1e-5 * shift)
    return [
        *searched,
        RaceCandidate(label="default", configuration=usual, source="baseline", is_baseline=True),
    ]


CANDIDATES = make_candidates()


def behind(*gaps: float, default: float = 1.0) -> list[float]:
    """Return the mean of each searched candidate, 0.5 unless given, and the mean of the default."""
    return [*gaps, *[0.5] * (len(CANDIDATES) - 1 - len(gaps)), default]


def final(
    means: list[float], scatter: float, shift: int = 0, **parts: object
) -> tuple[Standing, SyntheticEvaluations]:
    """Race a final in which each run scatters by `scatter`; return the standing and the world."""
    candidates = make_candidates(shift)
    by_key = {_key(candidate.configuration): mean for candidate, mean in zip(candidates, means, strict=True)}
    evaluations = SyntheticEvaluations(lambda config, steps: by_key[_key(config)], individual=scatter)
    confirmation = {"top": 2, "replicates": REPLICATES}
    return follow(
        race_final(Plan.of(spec(confirmation=confirmation, **parts)), candidates), evaluations
    ), evaluations


def _key(config: Configuration) -> str:
    return f"{config.optimizer['kind']} {config.optimizer['learning_rate']}"


def test_a_clear_final_is_not_extended() -> None:
    result, evaluations = final(behind(0.0, 0.02), scatter=0.05)
    assert result.candidates[result.leader].label == "0"
    assert sum(request.updates for request in evaluations.requests) <= len(CANDIDATES) * REPLICATES * 60


def test_a_final_is_extended_while_contenders_remain() -> None:
    result, evaluations = final(behind(0.0, 0.1, 0.1, 0.1), scatter=0.5)
    assert result.seeds > 4 * REPLICATES
    assert result.candidates[result.leader].label == "0"
    counts = [len(request.configurations) for request in evaluations.requests]
    assert counts[0] == len(CANDIDATES)
    assert counts[-1] <= EXTENSIONS[-1][1]


def test_the_same_gap_is_negligible_if_the_defaults_are_far_behind() -> None:
    near, _ = final(behind(0.0, 0.1, 0.1, 0.1), scatter=0.5)
    far, _ = final(behind(0.0, 0.1, 0.1, 0.1, default=1_000.0), scatter=0.5)
    assert far.seeds < near.seeds
    assert far.seeds <= 4 * REPLICATES


def test_finished_runs_are_not_run_again() -> None:
    _, evaluations = final(behind(0.0, 0.1, 0.1, 0.1), scatter=0.5)
    ran = [
        (_key(config), seed)
        for request in evaluations.requests
        for config in request.configurations
        for seed in request.replicates
    ]
    assert len(set(ran)) == len(ran)
    assert {seed // 1_000_000 for _, seed in ran} == {Seeds.FINAL // 1_000_000}


@pytest.mark.parametrize("replicates", [2, 3, 4, 16])
@pytest.mark.parametrize("scatter", [0.01, 0.3, 3.0, 100.0])
def test_a_final_takes_no_more_runs_than_are_counted(scatter: float, replicates: int) -> None:
    job_spec = spec(confirmation={"top": 2, "replicates": replicates})
    evaluations = SyntheticEvaluations(bowl(0.02, floor=0.1), individual=scatter)
    candidates = [*make_candidates(1)[:2], *make_candidates()][-most_finalists(job_spec) :]
    result = follow(race_final(Plan.of(job_spec), candidates), evaluations)
    max_runs = most_finalists(job_spec) * replicates + most_prolonged(replicates)
    assert len(candidates) == most_finalists(job_spec)
    assert sum(request.updates for request in evaluations.requests) <= max_runs * 60
    assert result.seeds <= 8 * max(replicates, 2)


def test_the_leader_ran_on_every_seed_and_the_others_follow_by_their_gap() -> None:
    result, _ = final(behind(0.0, 0.1, 0.1, 0.1), scatter=0.5)
    assert result.runs[result.leader] == result.seeds > min(result.runs[row] for row in result.survivors)
    gaps = [result.behind(row) for row in result.survivors]
    assert gaps == sorted(gaps)
    assert gaps[0] == 0.0


def test_the_longer_final_finds_the_best_more_often() -> None:
    confirmation = {"top": 2, "replicates": REPLICATES}
    means, hits = behind(0.0, *[0.15] * 11), {"usual": 0, "longer": 0}
    for shift in range(12):
        result, evaluations = final(means, scatter=0.5, shift=shift)
        usual = follow(
            eliminate(Plan.of(spec(confirmation=confirmation)), make_candidates(shift), Seeds.FINAL),
            evaluations,
        )
        hits["usual"] += usual.candidates[usual.leader].label == "0"
        hits["longer"] += result.candidates[result.leader].label == "0"
    assert hits["longer"] >= 10 > hits["usual"]


def test_a_mean_within_a_standard_error_is_no_tie_if_the_error_is_most_of_the_gain() -> None:
    result, _ = final(behind(0.0, *[0.3] * 11), scatter=30.0)
    negligible_gap = 0.05 * result.behind(len(CANDIDATES) - 1)
    others = [row for row in tied(result) if row != result.leader]
    assert all(result.behind(row) <= max(negligible_gap, 0.0) for row in others)
    not_tied = [row for row in result.survivors if row not in others]
    assert any(0.0 < result.behind(row) <= result.standard_error(row) for row in not_tied)


def test_a_gap_far_below_its_standard_error_is_a_tie_even_with_a_default() -> None:
    near, far = (standing(0.0, (0.01, 1.0), (gap, 1.0)) for gap in (0.1, 0.4))
    assert tied(near) == (0, 1, 2)
    assert tied(far) == (0, 1)


def test_a_tie_lies_within_a_standard_error_even_if_more_is_negligible() -> None:
    result = standing(0.0, (0.3, 0.2), (1_000.0, 1.0))
    assert negligible(result) > 0.3
    assert tied(result) == (0,)


def standing(leader: float, *others: tuple[float, float]) -> Standing:
    """Return a standing on four seeds, with a default as the last row.

    others: the mean gap to the leader and twice its standard error, for each other row.
    """
    scatter = np.array([1.0, -1.0, 1.0, -1.0]) * 0.75**0.5
    values = np.array([np.full(4, leader), *(mean + deviation * scatter for mean, deviation in others)])
    rows = range(len(values))
    candidates = (*CANDIDATES[: len(values) - 1], CANDIDATES[-1])
    return Standing(candidates=candidates, values=values, runs=(4,) * len(rows), survivors=tuple(rows))


def test_a_default_among_the_survivors_is_no_runner_up() -> None:
    result = standing(0.0, (0.1, 0.1), (0.2, 0.1), (0.15, 0.1))
    result = replace(result, survivors=(0, 1, 3, 2))
    races = ConfirmationRaces(race([1.0], CANDIDATES[:1]), result, result)
    assert races.candidates(chosen(result, 0)) == list(result.candidates[:3])


def test_candidates_tied_with_the_choice_are_confirmed_first() -> None:
    result = standing(0.0, (0.1, 0.1), (0.2, 0.1), (0.3, 0.1), (0.4, 0.1))
    races = ConfirmationRaces(race([1.0], CANDIDATES[:1]), result, result)
    assert races.candidates(chosen(result, 3, (0, 3))) == [result.candidates[row] for row in (3, 0, 1)]


def chosen(final: Standing, row: int, same: tuple[int, ...] = (0,)) -> Choice:
    candidate = final.candidates[row]
    return Choice(row=row, recommended=candidate, tied=same, sweeps={}, needs=Needs(floor=0.0), range=None)


def test_looks_before_the_end_of_the_elimination_are_left_out() -> None:
    passed = 0
    for shift in range(10):
        result, evaluations = final(behind(0.0, 0.02, *[2.0] * 10, default=0.03), scatter=0.3, shift=shift)
        first, *looks = [request.replicates for request in evaluations.requests]
        assert all(before.stop == after.start for before, after in pairwise([first, *looks]))
        passed += any(stop % REPLICATES for stop in (seeds.stop for seeds in looks)) and result.seeds > 64
    assert passed  # the budget of an elimination ends amid a look; the final went on from there


def race(means: list[float], candidates: list[RaceCandidate]) -> Standing:
    """Return a race on two seeds that scatter a little."""
    values = (
        np.array(means, dtype=np.float64)[:, None] + np.array([[-0.2, 0.2]]) * np.arange(len(means))[:, None]
    )
    order = np.argsort(means)
    return Standing(
        candidates=tuple(candidates),
        values=values,
        runs=(2,) * len(candidates),
        survivors=tuple(int(row) for row in order[:4]),
    )


def test_the_best_of_another_kind_that_may_still_win_is_in_the_final() -> None:
    adams, sgd = CANDIDATES[0:10:2], CANDIDATES[1]
    near = race([1.0, 1.1, 1.2, 1.3, 1.4, 1.5], [*adams, sgd])
    met = finalists(Plan.of(spec()), near, near, [])
    assert met == [*adams[:4], sgd]  # the best constant rates are among them
    lost = race([1.0, 1.1, 1.2, 1.3, 1.4, 9_000.0], [*adams, sgd])
    assert sgd not in finalists(Plan.of(spec()), lost, lost, [])


def test_the_best_default_of_the_race_is_in_the_final() -> None:
    near = race([1.0, 1.1, 1.2, 1.3], CANDIDATES[0:8:2])
    worse = replace(CANDIDATES[1], source="baseline", label="worse")
    diverged = replace(CANDIDATES[3], source="baseline", label="diverged")
    first = race([1.0, NAN, 8.0, 2.0], [CANDIDATES[0], diverged, worse, CANDIDATES[-1]])
    met = finalists(Plan.of(spec()), first, near, [])
    assert [candidate for candidate in met if candidate.is_default] == [CANDIDATES[-1]]


def test_exact_replicates_need_one_run_each() -> None:
    result, evaluations = final(behind(0.0, 0.1), scatter=0.0, objective=ROSENBROCK)
    assert result.seeds == 1
    assert len(evaluations.requests) == 1
