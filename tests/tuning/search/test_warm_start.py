from __future__ import annotations

from app.domain.records import FinishedTrial
from app.domain.states import TrialState
from app.tuning.planning.plan import Plan
from app.tuning.samplers import effective_sampler
from app.tuning.search.asking import ask_round
from app.tuning.search.warm_start import decode, encode, incomparable_reason, inherited_trials
from app.tuning.space.tree import SearchSpace
from tests.support.jobs import DIGITS, finished, job, search, space

ADAM = space({"kind": "adam"})


def test_trials_of_other_jobs_come_first_and_keep_their_values() -> None:
    sources = [[finished(0, 3.0), finished(1, 2.0)], [finished(0, 1.0)]]
    inherited = inherited_trials(SearchSpace.of(job(search_space=ADAM)), sources)
    assert [(trial.number, trial.round, trial.value) for trial in inherited] == [
        (-3, -1, 3.0),
        (-2, -1, 2.0),
        (-1, -1, 1.0),
    ]


def test_parameters_outside_the_space_are_left_out() -> None:
    narrow = {
        "kind": "adam",
        "learning_rate": {"low": 0.001, "high": 0.1},
        "beta1": {"low": 0.5, "high": 0.95},
    }
    inherited = inherited_trials(
        SearchSpace.of(job(search_space=space(narrow))),
        [[finished(0, learning_rate=0.01), finished(1, learning_rate=0.5)]],
    )
    # beta1 was fixed in the other job: it is a value of this space all the same.
    assert [trial.configuration.params for trial in inherited] == [
        {"adam.learning_rate": 0.01, "adam.beta1": 0.9},
        {"adam.beta1": 0.9},
    ]


def test_trials_of_other_optimizers_and_failed_ones_are_left_out() -> None:
    failed = finished(1, None, state=TrialState.FAILED)
    assert inherited_trials(SearchSpace.of(job(search_space=ADAM)), [[finished(0, kind="sgd"), failed]]) == []


def test_of_two_candidates_of_a_kind_a_trial_goes_to_the_one_that_it_fits() -> None:
    two = space(
        {"kind": "adam", "learning_rate": {"low": 1e-4, "high": 1e-3}},
        {"kind": "adam", "learning_rate": {"low": 1e-3, "high": 1e-1}},
    )
    (inherited,) = inherited_trials(
        SearchSpace.of(job(search_space=two)), [[finished(0, learning_rate=0.05)]]
    )
    assert inherited.configuration.params == {"optimizer": "adam#2", "adam#2.learning_rate": 0.05}


def test_values_compare_if_objective_and_steps_are_the_same() -> None:
    searched = DIGITS | {"l2": {"low": 1e-6, "high": 1e-2, "log": True}}
    assert incomparable_reason(job(DIGITS), job(searched, seed=3, trials=5)) is None
    assert "another objective" in str(
        incomparable_reason(job(DIGITS), job(DIGITS | {"metric": "validation_error"}))
    )
    assert "60 steps and those here 30" in str(incomparable_reason(job(steps=30), job(steps=60)))


def test_the_encoded_copy_decodes_unchanged() -> None:
    trials = [
        finished(-2, 0.1 + 0.2),
        FinishedTrial(
            number=-1,
            round=-1,
            state=TrialState.PRUNED,
            configuration=finished(0).configuration,
            value=None,
            rungs=((2, 1 / 3),),
        ),
    ]
    assert decode(encode(trials)) == trials


def test_the_first_round_learns_from_other_jobs() -> None:
    spec = job(search_space=ADAM, trials=16, steps=30, from_jobs=["job_other"])
    assert effective_sampler(spec) == "tpe"
    others = search(job(search_space=ADAM, trials=32, steps=30, seed=1))
    best = min((t for t in others if t.value is not None), key=lambda t: t.value or 0.0)
    asked = ask_round(Plan.of(spec), 0, inherited_trials(SearchSpace.of(spec), [others]))
    rates = sorted(configuration.optimizer["learning_rate"] for configuration in asked)
    middle = rates[len(rates) // 2] / best.configuration.optimizer["learning_rate"]
    assert 0.2 < middle < 5.0  # of three decades
