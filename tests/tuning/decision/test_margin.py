"""The recommendation if the best candidate of the final is at the edge of divergence."""

from __future__ import annotations

from dataclasses import replace

from app.domain.records import Configuration
from app.tuning.evaluation.requests import Seeds
from tests.support.jobs import finished, space
from tests.support.synthetic_evaluations import LOG_RANGE, NAN, SyntheticEvaluations, advised, bowl, trials


def edge(limit: float, best: float = 0.04) -> SyntheticEvaluations:
    """Return a world in which adam diverges above a limit, and sgd, which is a little worse, nowhere."""

    def means(config: Configuration, steps: int) -> float:
        if config.optimizer["kind"] == "adam" and config.optimizer["learning_rate"] > limit:
            return NAN
        return bowl(best)(config, steps) + (0.0 if config.optimizer["kind"] == "adam" else 1.0)

    return SyntheticEvaluations(means, individual=0.0)


def test_a_recommended_peak_has_an_octave_of_margin() -> None:
    for limit in (0.041, 0.05, 0.06, 0.07):
        recommendation = advised(edge(limit))
        peak, safe = recommendation.optimizer["learning_rate"], recommendation.safe_learning_rate
        assert safe is not None
        assert safe.diverges_above is not None
        assert safe.low <= peak <= safe.high < safe.diverges_above <= limit
        assert 2.0 * safe.high <= 1.4143 * safe.diverges_above


def test_variants_with_a_margin_race_if_lowering_the_peak_costs_much() -> None:
    evaluations = edge(0.041)
    recommendation = advised(evaluations)
    assert evaluations.of(Seeds.MARGIN)
    (text,) = [text for text in recommendation.explanation if "edge of divergence" in text]
    assert "A further race took entries with lower peaks" in text
    clear = edge(10.0)
    assert not advised(clear).warnings or not clear.of(Seeds.MARGIN)
    assert not clear.of(Seeds.MARGIN)


def test_a_peak_that_costs_little_to_lower_is_lowered_and_confirmed() -> None:
    flat = SyntheticEvaluations(
        lambda config, steps: (
            NAN if config.optimizer["learning_rate"] > 0.07 else 1.0 + bowl(0.04)(config, steps) / 100
        ),
        individual=0.0,
    )
    near = [finished(i, 1.0 + i, learning_rate=0.06, optimizer="adam") for i in range(12)]
    recommendation = advised(flat, near)
    assert recommendation.optimizer["learning_rate"] <= 0.05
    (confirmation,) = flat.of(Seeds.CONFIRM)
    assert confirmation.configurations[0].optimizer == recommendation.optimizer


def test_a_fixed_rate_at_the_edge_has_no_range_and_a_warning_says_why() -> None:
    fixed = space({"kind": "adam", "learning_rate": 0.04}, schedules=[{"kind": "constant"}])
    (trial,) = trials(1)
    ended = replace(trial, configuration=replace(trial.configuration, params={}))
    recommendation = advised(edge(0.041), [ended], search_space=fixed)
    assert recommendation.safe_learning_rate is None
    assert recommendation.optimizer["learning_rate"] == 0.04
    (warning,) = [text for text in recommendation.warnings if "No range of learning rates is safe" in text]
    assert "diverged at 0.0" in warning
    assert "the recommended peak is 0.04" in warning


def test_among_equals_a_margin_is_preferred_to_simplicity() -> None:
    def means(config: Configuration, steps: int) -> float:
        is_adam = config.optimizer["kind"] == "adam"
        if is_adam and config.optimizer["learning_rate"] > 0.041:
            return NAN
        return 1.0 + 0.02 * abs(bowl(0.04)(config, steps) - 1.0)

    ended = [
        finished(0, 1.0, learning_rate=0.04, optimizer="adam"),
        finished(1, 1.1, kind="sgd", learning_rate=0.04, optimizer="sgd"),
    ]
    both = space({"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "sgd", "learning_rate": LOG_RANGE})
    recommendation = advised(SyntheticEvaluations(means, individual=0.0), ended, search_space=both)
    assert recommendation.optimizer["kind"] == "sgd"
    assert recommendation.safe_learning_rate is not None
    assert recommendation.safe_learning_rate.diverges_above is None


def test_the_ends_of_a_range_run_on_48_further_seeds() -> None:
    """One seed in thirty fails at the higher peaks, but none of the first seeds of the sweep."""

    class Rare(SyntheticEvaluations):
        def _value(self, config: Configuration, replicate: int, steps: int) -> float:
            is_rare = replicate >= Seeds.SWEEP and replicate % 30 == 20
            is_high = config.optimizer["learning_rate"] > 0.05
            return super()._value(config, replicate, steps) + (30.0 if is_rare and is_high else 0.0)

    def flat(config: Configuration, steps: int) -> float:
        return 1.0 if config.params and config.optimizer["kind"] == "adam" else 9.0

    evaluations = Rare(flat, individual=0.001)
    recommendation = advised(evaluations)
    peak, safe = recommendation.optimizer["learning_rate"], recommendation.safe_learning_rate
    assert safe is not None
    assert safe.low <= peak
    assert safe.high <= max(0.05, peak)
    last = max(request.replicates.stop for request in evaluations.of(Seeds.SWEEP))
    assert last == Seeds.SWEEP + 8 + 48
