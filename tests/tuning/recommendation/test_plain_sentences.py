"""The sentences of summary, explanation and warnings: short, without a pronoun as subject, without jargon."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.domain.records import Configuration, FinishedTrial
from app.domain.states import TrialState
from app.spec.resources.recommendations import Recommendation
from app.tuning.evaluation.requests import Seeds
from tests.support.jobs import ROSENBROCK, finished, space
from tests.support.synthetic_evaluations import (
    COSINE,
    NAN,
    Rival,
    SyntheticEvaluations,
    advised,
    bowl,
    trials,
)

MAX_WORDS = 25
PRONOUNS = {"it", "its", "they", "their", "those", "these", "one", "that", "this"}
JARGON = re.compile(
    r"\b(finalists?|met|leaders?|derived|rungs?|heats?|litters?)\b|"
    r"\b(spoke against|beyond doubt|fell behind|made of)\b",
    re.IGNORECASE,
)
DIGITS = {"kind": "classification", "dataset": "digits", "model": {"kind": "linear"}}
IRIS = DIGITS | {"dataset": "iris"}
WARM_COSINE = COSINE | {"warmup_fraction": 0.1}


def favouring(*kinds: str) -> Callable[[Configuration, int], float]:
    """Return means that are half as large for schedules of some kinds."""
    return lambda configuration, steps: (
        bowl()(configuration, steps) * (0.5 if configuration.schedule["kind"] in kinds else 1.0)
    )


def with_parts(ended: list[FinishedTrial], **parts: Any) -> list[FinishedTrial]:
    """Return the trials with other parts of their configurations."""
    return [replace(trial, configuration=replace(trial.configuration, **parts)) for trial in ended]


def diverging_above(limit: float) -> SyntheticEvaluations:
    """Return a world in which adam diverges above a peak, and every other optimizer is worse."""

    def means(configuration: Configuration, steps: int) -> float:
        is_adam = configuration.optimizer["kind"] == "adam"
        if is_adam and configuration.optimizer["learning_rate"] > limit:
            return NAN
        return bowl()(configuration, steps) + (0.0 if is_adam else 1.0)

    return SyntheticEvaluations(means)


class Unlucky(SyntheticEvaluations):
    """A world in which all trials diverge on one seed of a stage."""

    def __init__(self, stage: Seeds) -> None:
        super().__init__(bowl())
        self._replicate = stage + 1

    def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
        is_unlucky = replicate == self._replicate and bool(configuration.params)
        return NAN if is_unlucky else super()._value(configuration, replicate, steps)


class Contradicting(SyntheticEvaluations):
    """A world in which the confirming seeds contradict a tie: the constant rate is then worse."""

    def __init__(self) -> None:
        super().__init__(
            lambda configuration, steps: 1.0 + abs(configuration.optimizer["learning_rate"] - 0.04),
            individual=0.0,
        )

    def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
        is_confirming = replicate // 1_000_000 == Seeds.CONFIRM // 1_000_000
        is_constant = configuration.schedule["kind"] == "constant" and bool(configuration.params)
        return super()._value(configuration, replicate, steps) + (
            0.5 if is_confirming and is_constant else 0.0
        )


class SingleSeed(SyntheticEvaluations):
    """A world in which one confirming seed contributes most of the mean."""

    def _value(self, configuration: Configuration, replicate: int, steps: int) -> float:
        factor = 100.0 if replicate == Seeds.CONFIRM + 3 else 1.0
        return factor * super()._value(configuration, replicate, steps)


def tied_trials() -> list[FinishedTrial]:
    first, second, *others = trials()
    return [*with_parts([first], schedule=WARM_COSINE), *with_parts([second], schedule=COSINE), *others]


def ended_badly() -> list[FinishedTrial]:
    """Return trials of every end; most of them repeat another trial."""
    states = (TrialState.PRUNED, TrialState.FAILED, TrialState.FAILED)
    ended = [finished(5 + i, None, state=state) for i, state in enumerate(states)]
    return [*trials(5), *ended, *(finished(8 + i, None, learning_rate=0.09) for i in range(8))]


def moving(configuration: Configuration, steps: int) -> float:
    return bowl()(configuration, steps) if steps == 60 else 0.5 * bowl(0.02)(configuration, steps)


def flat(configuration: Configuration, steps: int) -> float:
    return 1.0 if configuration.params and configuration.optimizer["kind"] == "adam" else 9.0


SETTINGS = {"l2": 0.001, "model.dropout": 0.1}
BATCHED = with_parts(trials(), batch_size=32, schedule=WARM_COSINE, settings=SETTINGS)
SGD_SPACE = space({"kind": "sgd", "learning_rate": {"low": 1e-6, "high": 1e-4, "log": True}})
SGD_TRIALS = [finished(i, 3.0 + i, kind="sgd", learning_rate=9.9e-5 / (1 + i)) for i in range(3)]
FIXED_SPACE = space({"kind": "adam", "learning_rate": 0.04})
FIXED_TRIALS = with_parts(trials(1), params={})
EDGE_TRIALS = [finished(i, 1.0 + i, learning_rate=0.0999, optimizer="adam") for i in range(12)]
RULE_TRIALS = with_parts(trials(1), schedule={"kind": "reduce_by_ratio"})

JOBS: dict[str, Callable[[], Recommendation]] = {
    "constant": lambda: advised(SyntheticEvaluations(bowl())),
    "scattered": lambda: advised(SyntheticEvaluations(bowl(), individual=1.0)),
    "variants": lambda: advised(SyntheticEvaluations(bowl(0.03))),
    "many candidates": lambda: advised(
        SyntheticEvaluations(bowl()), confirmation={"top": 8, "replicates": 16}
    ),
    "scheduled": lambda: advised(
        SyntheticEvaluations(favouring("cosine")), with_parts(trials(), schedule=WARM_COSINE)
    ),
    "refined": lambda: advised(SyntheticEvaluations(favouring("table"), common=0.0, individual=0.25)),
    "decayed": lambda: advised(SyntheticEvaluations(favouring("linear", "table"), individual=0.0)),
    "loss-driven": lambda: advised(SyntheticEvaluations(favouring("reduce_by_ratio")), RULE_TRIALS),
    "settings": lambda: advised(SyntheticEvaluations(favouring("cosine")), BATCHED, objective=DIGITS),
    "small data": lambda: advised(
        SyntheticEvaluations(bowl()), with_parts(trials(), batch_size=32), objective=IRIS
    ),
    "exact": lambda: advised(SyntheticEvaluations(bowl(), common=0.0, individual=0.0), objective=ROSENBROCK),
    "exact tie": lambda: advised(
        SyntheticEvaluations(flat, common=0.0, individual=0.0), tied_trials(), objective=ROSENBROCK
    ),
    "nothing gained": lambda: advised(
        SyntheticEvaluations(lambda configuration, steps: 1.0, common=0.0, individual=0.0),
        objective=ROSENBROCK,
    ),
    "a gain in doubt": lambda: advised(Rival(1.0)),
    "a better default": lambda: advised(Rival(0.1)),
    "a default is best": lambda: advised(SyntheticEvaluations(bowl(0.001))),
    "outside the space": lambda: advised(
        SyntheticEvaluations(bowl(0.01)), SGD_TRIALS, search_space=SGD_SPACE
    ),
    "an open space": lambda: advised(
        SyntheticEvaluations(
            lambda configuration, steps: (
                0.1 if configuration.optimizer["kind"] == "dog" else bowl()(configuration, steps)
            )
        ),
        search_space={},
    ),
    "no margin": lambda: advised(diverging_above(0.041)),
    "little margin": lambda: advised(diverging_above(0.1)),
    "no range": lambda: advised(diverging_above(0.041), FIXED_TRIALS, search_space=FIXED_SPACE),
    "a wide range": lambda: advised(SyntheticEvaluations(flat, individual=0.0)),
    "a tie": lambda: advised(SyntheticEvaluations(bowl(), individual=0.3), tied_trials()),
    "a contradiction": lambda: advised(Contradicting(), tied_trials()),
    "all diverged in the race": lambda: advised(Unlucky(Seeds.RACE)),
    "all diverged in the final": lambda: advised(Unlucky(Seeds.FINAL)),
    "diverged when confirmed": lambda: advised(Unlucky(Seeds.CONFIRM)),
    "a single seed": lambda: advised(SingleSeed(bowl(), common=0.0)),
    "few seeds": lambda: advised(SyntheticEvaluations(bowl()), confirmation={"top": 2, "replicates": 2}),
    "too few steps": lambda: advised(SyntheticEvaluations(moving, common=0.0)),
    "thousands of steps": lambda: advised(
        SyntheticEvaluations(bowl()), budget={"trials": 12, "steps": 25_000}
    ),
    "at an edge": lambda: advised(SyntheticEvaluations(bowl(0.0999)), EDGE_TRIALS),
    "ended badly": lambda: advised(SyntheticEvaluations(bowl()), ended_badly()),
    "no bound": lambda: advised(
        SyntheticEvaluations(bowl()), objective={"kind": "function", "name": "saddle"}
    ),
    "unconfirmed": lambda: advised(SyntheticEvaluations(bowl()), ended_badly(), confirmation=None),
    "unconfirmed and exact": lambda: advised(
        SyntheticEvaluations(bowl()), objective=ROSENBROCK, confirmation=None
    ),
}


@pytest.mark.parametrize("job", JOBS)
def test_every_sentence_is_short_and_plain(job: str) -> None:
    recommendation = JOBS[job]()
    assert 1 <= len(recommendation.summary) <= 4
    texts = [*recommendation.summary, *recommendation.explanation, *recommendation.warnings]
    sentences = [sentence for text in texts for sentence in re.split(r"(?<=[.!?])\s+", text)]
    assert [text for text in texts if not text.endswith(".") or ".." in text or "  " in text] == []
    assert [text for text in sentences if len(text.split()) > MAX_WORDS] == []
    assert [text for text in sentences if text.split()[0].strip("`,").lower() in PRONOUNS] == []
    labels = [candidate.label for candidate in recommendation.evidence.candidates]
    assert [text for text in (*sentences, *labels) if JARGON.search(text)] == []
