from __future__ import annotations

import numpy as np
import pytest

from app.tuning.evaluation.pruning import BracketJudge, judge_for, pruning_rungs, rungs
from tests.support.jobs import job

NAN = float("nan")


def judge(values: list[float], step: int, judging: BracketJudge) -> list[int]:
    """Return the places that go on."""
    return np.flatnonzero(judging(step, np.array(values, dtype=np.float64))).tolist()


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        (1, ()),
        (2, (1,)),
        (3, (1,)),
        (10, (1, 3)),
        (500, (1, 2, 6, 19, 56, 167)),
        (1000, (1, 4, 12, 37, 111, 333)),
        (10_000_000, (1524, 4572, 13717, 41152, 123457, 370370, 1111111, 3333333)),
    ],
)
def test_rungs_lie_at_a_third_of_each_other(steps: int, expected: tuple[int, ...]) -> None:
    assert rungs(steps) == expected


@pytest.mark.parametrize(
    ("bracket", "levels"), [(1, 0), (2, 0), (3, 1), (8, 1), (9, 2), (16, 2), (26, 2), (27, 3), (243, 5)]
)
def test_successive_halving_prunes_at_log3_of_the_brackets_size(bracket: int, levels: int) -> None:
    spec = job(steps=500, pruner={"kind": "successive_halving"})
    assert pruning_rungs(spec, 0, bracket) == rungs(500)[6 - levels :]


def test_no_more_rungs_prune_than_there_are() -> None:
    assert pruning_rungs(job(steps=3, pruner={"kind": "successive_halving"}), 0, 27) == (1,)
    assert pruning_rungs(job(steps=1, pruner={"kind": "hyperband"}), 0, 27) == ()


def test_hyperband_prunes_at_one_rung_fewer_each_round() -> None:
    spec = job(trials=64, steps=500, pruner={"kind": "hyperband"})
    pruning = [pruning_rungs(spec, r, 16) for r in range(4)]
    assert pruning == [(56, 167), (167,), (), (56, 167)]


def test_the_median_rule_spares_the_first_round_and_the_first_rung() -> None:
    spec = job(trials=64, steps=10, pruner={"kind": "median"})
    assert pruning_rungs(spec, 0, 16) == ()
    assert pruning_rungs(spec, 1, 16) == (3,)


def test_no_pruner_never_prunes() -> None:
    assert pruning_rungs(job(pruner={"kind": "none"}), 0, 27) == ()


def test_a_bracket_that_is_never_pruned_has_no_judge() -> None:
    assert judge_for(job(pruner={"kind": "none"}), 0, 16, 1) is None
    assert judge_for(job(pruner={"kind": "successive_halving"}), None, 16, 1) is None


def test_a_third_continues_and_then_a_ninth() -> None:
    judging = BracketJudge(16, 1, (19, 56), by_median=False)
    values = [float(value) for value in range(16)]
    assert judge(values, 19, judging) == [0, 1, 2, 3, 4, 5]
    later = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0] + [NAN] * 10
    assert judge(later, 56, judging) == [4, 5]


def test_the_decision_does_not_depend_on_the_order() -> None:
    values = [float(value) for value in range(27)]
    for order in (values, values[::-1]):
        kept = judge(order, 9, BracketJudge(27, 1, (9,), by_median=False))
        assert sorted(order[place] for place in kept) == values[:9]


def test_ties_go_to_the_lower_number() -> None:
    assert judge([1.0] * 9, 3, BracketJudge(9, 1, (3,), by_median=False)) == [0, 1, 2]


def test_between_the_pruning_rungs_all_continue() -> None:
    judging = BracketJudge(4, 1, (9,), by_median=False)
    assert judge([4.0, 3.0, NAN, 1.0], 3, judging) == [0, 1, 3]
    assert judging.reasons == {}


def test_diverged_trials_rank_last_and_cost_the_others_nothing() -> None:
    judging = BracketJudge(9, 1, (3,), by_median=False)
    assert judge([NAN, NAN, NAN, 5.0, 4.0, 3.0, 2.0, NAN, 1.0], 3, judging) == [5, 6, 8]


def test_a_few_remaining_trials_all_continue() -> None:
    judging = BracketJudge(9, 1, (3,), by_median=False)
    assert judge([NAN, NAN, 2.0, NAN, NAN, 1.0, NAN, NAN, NAN], 3, judging) == [2, 5]


def test_a_bracket_of_diverged_trials_stops() -> None:
    for by_median in (False, True):
        assert judge([NAN] * 3, 3, BracketJudge(3, 1, (3,), by_median=by_median)) == []


def test_the_median_rule_keeps_values_up_to_the_median_of_those_still_running() -> None:
    judging = BracketJudge(6, 1, (3, 9), by_median=True)
    assert judge([6.0, 5.0, NAN, 3.0, 2.0, 1.0], 3, judging) == [3, 4, 5]
    assert judge([NAN, NAN, NAN, 7.0, 8.0, 7.0], 9, judging) == [3, 5]


def test_a_pruned_trial_names_its_rung_and_rank() -> None:
    judging = BracketJudge(16, 1, (19, 56), by_median=False)
    judge([float(value) for value in range(16)], 19, judging)
    assert judging.reasons[8] == "pruned at step 19: rank 9 of 16, 6 go on"
    judge([0.0, 1.0, 2.0, 3.0, 4.0, NAN] + [NAN] * 10, 56, judging)
    assert judging.reasons[4] == "pruned at step 56: rank 5 of 6, 2 go on"
    assert 5 not in judging.reasons  # it diverged


def test_a_trials_value_is_the_mean_over_its_replicates() -> None:
    judging = BracketJudge(3, 2, (3,), by_median=False)
    assert judge([1.0, 9.0, 4.0, 4.0, 6.0, 6.0], 3, judging) == [2, 3]


def test_all_replicates_of_a_trial_stop_together() -> None:
    judging = BracketJudge(3, 2, (9,), by_median=False)
    assert judge([1.0, NAN, 4.0, 4.0, 6.0, 6.0], 3, judging) == [2, 3, 4, 5]


def test_replicates_need_a_judge_even_without_a_pruner() -> None:
    # A diverged replicate stops the other replicates of its trial: the trial has diverged.
    assert judge_for(job(pruner={"kind": "none"}), None, 16, 2) is not None
