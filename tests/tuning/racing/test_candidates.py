from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.spec.job import JobSpec
from app.tuning.planning.baselines import baselines_of
from app.tuning.racing.candidates import describe, differs, race_field
from app.tuning.recommendation.wording import in_words
from app.tuning.space.tree import SearchSpace
from tests.support.jobs import DIGITS, configuration, finished, job, space
from tests.support.kinds import make_optimizer

CONFIRM = {"top": 3, "replicates": 6}


def test_without_a_completed_trial_there_is_no_race() -> None:
    assert race_field(job(), [finished(0, None), finished(1, None, state=TrialState.PRUNED)]) == []


TRIALS = [
    finished(0, 0.5, kind="adam", learning_rate=0.01, optimizer="adam"),
    finished(1, 0.1, kind="adam", learning_rate=0.02, optimizer="adam"),
    finished(2, 0.2, kind="adam", learning_rate=0.021, optimizer="adam"),  # a nuance of trial 1
    finished(3, 0.3, kind="sgd", learning_rate=0.02, optimizer="sgd"),
    finished(4, 0.9, kind="sgd", learning_rate=0.001, optimizer="sgd"),
]
TWO_KINDS = space({"kind": "sgd"}, {"kind": "adam"}, {"kind": "adam"})


def test_the_best_distinct_trials_race_in_their_order() -> None:
    field = race_field(job(confirmation=CONFIRM, search_space=TWO_KINDS), TRIALS)
    assert [candidate.number for candidate in field if not candidate.is_default] == [1, 3, 0]
    assert field[0].label == "trial 1: adam at 0.02, constant"
    assert {candidate.source for candidate in field} == {"search", "baseline"}


def test_the_baselines_race_without_a_search() -> None:
    spec = job(confirmation=CONFIRM, search_space=TWO_KINDS)
    defaults = [candidate for candidate in race_field(spec, TRIALS) if candidate.is_default]
    assert [candidate.label for candidate in defaults] == [
        "adam at its defaults, constant",
        "adamw at its defaults, constant",
        "adamw at its defaults, cosine with 5 % warmup",
        "momentum at its defaults, constant",
        "nadam at its defaults, cosine with 5 % warmup",
        "sgd at its defaults, constant",
        "dadapt_adam, bias correction, constant",
        "dadapt_sgd at its defaults, constant",
        "dog at its defaults, constant",
        "prodigy, bias correction and safeguard, constant",
    ]
    assert all(candidate.is_baseline for candidate in defaults)
    assert len(defaults) == len(baselines_of(spec))


def test_baselines_with_a_warmup_have_the_usual_rates() -> None:
    field = race_field(job(search_space=TWO_KINDS), TRIALS)
    warmed = [
        candidate.configuration for candidate in field if candidate.configuration.schedule["warmup_fraction"]
    ]
    rates = {baseline.optimizer["kind"]: baseline.optimizer["learning_rate"] for baseline in warmed}
    assert rates == {"adamw": 1e-3, "nadam": 2e-3}
    assert {(baseline.schedule["kind"], baseline.schedule["warmup_fraction"]) for baseline in warmed} == {
        ("cosine", 0.05)
    }


def test_a_baseline_has_the_options_that_its_authors_recommend_and_defaults_elsewhere() -> None:
    field = race_field(
        job(search_space=space({"kind": "prodigy"}, {"kind": "adam"}, {"kind": "sgd"})), TRIALS
    )
    (prodigy,) = [candidate for candidate in field if candidate.configuration.optimizer["kind"] == "prodigy"]
    defaults = vars(make_optimizer("prodigy"))
    options = {"use_bias_correction": True, "safeguard_warmup": True}
    assert prodigy.configuration.optimizer == {"kind": "prodigy", **defaults, **options}
    assert (
        in_words(prodigy) == "prodigy with bias correction and safeguard (learning rate 1, constant schedule)"
    )
    adamw = [
        in_words(candidate) for candidate in field if candidate.configuration.optimizer["kind"] == "adamw"
    ]
    assert adamw == [
        "adamw at its defaults (learning rate 0.001, constant schedule)",
        "adamw at its defaults (learning rate 0.001, cosine schedule with 5 % warmup)",
    ]


def test_lfm_races_only_if_a_job_asks_for_it() -> None:
    def kinds(spec: JobSpec) -> list[str]:
        return [kind for kind, _ in baselines_of(spec)]

    assert "lfm" not in kinds(job())
    assert kinds(job(search_space=space({"kind": "lfm"}))).count("lfm") == 1
    assert "lfm" not in [wire.kind for wire in job().search_space.optimizers]


def decaying(trial: FinishedTrial) -> FinishedTrial:
    schedule = {"kind": "cosine", "warmup_fraction": 0.0, "warmup_start_factor": 0.0, "final_factor": 0.0}
    return replace(trial, configuration=replace(trial.configuration, schedule=schedule))


def test_the_best_constant_rates_race_even_if_they_are_not_searched() -> None:
    trials = [decaying(TRIALS[1]), decaying(TRIALS[3]), TRIALS[0], TRIALS[4]]
    for top, numbers in ((3, [1, 3, 0, 4]), (2, [1, 3, 0, 4]), (1, [1, 0, 4, 3])):  # 3 is the best sgd
        spec = job(confirmation={"top": top, "replicates": 4}, search_space=TWO_KINDS)
        searched = [candidate for candidate in race_field(spec, trials) if not candidate.is_default]
        assert [candidate.number for candidate in searched] == numbers
        assert not any(candidate.is_baseline for candidate in searched)  # which is the best is not known yet


def test_of_each_kind_in_the_space_the_best_trial_races() -> None:
    trials = [decaying(trial) for trial in TRIALS]
    field = race_field(job(confirmation=CONFIRM | {"top": 1}, search_space=TWO_KINDS), trials)
    assert [candidate.number for candidate in field if not candidate.is_default] == [1, 3]


def test_a_kind_of_which_no_trial_completed_races_at_its_defaults_alone() -> None:
    field = race_field(job(confirmation=CONFIRM, search_space=TWO_KINDS), TRIALS[:2])
    assert [
        candidate.number for candidate in field if candidate.configuration.optimizer["kind"] == "sgd"
    ] == [None]


def test_a_default_that_the_search_found_races_once() -> None:
    spec, trial = job(search_space=space({"kind": "adam"})), finished(0)
    adam = next(candidate for candidate in race_field(spec, [trial]) if candidate.is_default).configuration
    params = {"adam.learning_rate": 0.001}
    field = race_field(spec, [replace(trial, configuration=replace(adam, params=params))])
    kinds = [candidate.configuration.optimizer["kind"] for candidate in field]
    assert kinds.count("adam") == 1
    assert field[0].is_baseline
    assert field[0].number == 0


def test_equal_values_go_to_the_lower_number() -> None:
    trials = [finished(2, 0.1, learning_rate=0.01), finished(1, 0.1, learning_rate=0.1)]
    field = race_field(job(search_space=space({"kind": "adam"})), trials)
    assert [candidate.number for candidate in field if not candidate.is_default] == [1, 2]


def test_baselines_are_the_catalogues_defaults_at_the_best_batch_size() -> None:
    spec = job(DIGITS, search_space=space({"kind": "adam", "beta1": 0.5}))
    best = finished(0).configuration
    trial = FinishedTrial(
        number=0, round=0, state=TrialState.COMPLETED, configuration=replace(best, batch_size=128), value=1.0
    )
    baseline = next(candidate for candidate in race_field(spec, [trial]) if candidate.is_default)
    assert baseline.configuration.batch_size == 128
    assert baseline.label == "adam at its defaults, constant, batch size 128"
    assert baseline.configuration.optimizer == {
        "kind": "adam",
        "learning_rate": 0.001,
        "gradient_clip_norm": 0.0,
        "gradient_clip_value": 0.0,
        "beta1": 0.9,
        "beta2": 0.999,
        "eps": 1e-8,
        "weight_decay": 0.0,
    }
    assert baseline.configuration.schedule == {
        "kind": "constant",
        "warmup_fraction": 0.0,
        "warmup_start_factor": 0.0,
        "warmup_shape": "linear",
    }


def test_without_confirmation_the_field_is_the_best_trial_alone() -> None:
    (candidate,) = race_field(job(confirmation=None), [finished(0, 2.0), finished(1, 1.0)])
    assert candidate.number == 1


def distinct(a: Configuration, b: Configuration) -> bool:
    spec = job(
        search_space=space(
            {
                "kind": "adam",
                "learning_rate": {"low": 1e-4, "high": 1e0, "log": True},
                "beta1": {"choices": [0.8, 0.9]},
            }
        )
    )
    return differs(a, b, SearchSpace.of(spec).distributions())


def test_a_move_of_less_than_a_twentieth_of_the_logarithmic_range_is_a_nuance() -> None:
    # The range spans four decades; 0.05 of it is a factor of 1.58.
    beta1: dict[str, Any] = {"adam.beta1": 0.9}
    original = configuration(learning_rate=0.01, **beta1)
    assert not distinct(original, configuration(learning_rate=0.015, **beta1))
    assert distinct(original, configuration(learning_rate=0.017, **beta1))


def test_another_choice_another_batch_size_and_other_parameters_are_distinct() -> None:
    beta1: dict[str, Any] = {"adam.beta1": 0.9}
    original = configuration(**beta1)
    assert distinct(original, configuration(**(beta1 | {"adam.beta1": 0.8})))
    assert distinct(original, replace(original, batch_size=32))
    assert distinct(original, configuration("sgd"))


def test_a_configuration_is_described_in_a_few_words() -> None:
    assert describe(configuration(learning_rate=0.00123456)) == "adam at 0.00123, constant"
    assert describe(replace(configuration(), batch_size="full")) == "adam at 0.01, constant, batch size full"


NARROW = space(
    {"kind": "adam", "learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
    {"kind": "sgd", "learning_rate": {"low": 1e-6, "high": 1e-4, "log": True}},
    schedules=[{"kind": "constant"}],
)


def test_a_default_outside_a_space_that_names_its_optimizers_is_not_eligible() -> None:
    field = race_field(job(confirmation=CONFIRM, search_space=NARROW), TRIALS)
    eligible = [candidate.label for candidate in field if candidate.is_default and candidate.is_eligible]
    assert eligible == ["adam at its defaults, constant"]  # sgd's default rate lies outside its range
    assert all(candidate.is_eligible for candidate in field if not candidate.is_default)


def test_every_default_is_eligible_if_a_job_names_no_optimizers() -> None:
    assert all(candidate.is_eligible for candidate in race_field(job(confirmation=CONFIRM), TRIALS))


def test_a_default_whose_schedule_the_job_does_not_have_is_not_eligible() -> None:
    only = space({"kind": "adam"}, {"kind": "sgd"}, schedules=[{"kind": "cosine"}])
    field = race_field(job(confirmation=CONFIRM, search_space=only), TRIALS)
    assert not any(
        candidate.is_eligible for candidate in field if candidate.label.endswith("defaults, constant")
    )
