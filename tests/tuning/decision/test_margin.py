"""What is recommended where the best of the final sits at the edge of divergence."""

from __future__ import annotations

from dataclasses import replace

from app.domain.records import Configuration
from app.tuning.evaluation.requests import Seeds
from tests.support.jobs import finished, space
from tests.support.worlds import LOG_RANGE, NAN, World, advised, bowl, trials


def edge(limit: float, best: float = 0.04) -> World:
    """A world in which adam diverges above a limit, and sgd nowhere, which is a little worse."""

    def means(found: Configuration, steps: int) -> float:
        if found.optimizer["kind"] == "adam" and found.optimizer["learning_rate"] > limit:
            return NAN
        return bowl(best)(found, steps) + (0.0 if found.optimizer["kind"] == "adam" else 1.0)

    return World(means, own=0.0)


def test_a_recommended_peak_has_an_octave_of_margin() -> None:
    for limit in (0.041, 0.05, 0.06, 0.07):
        found = advised(edge(limit))
        peak, safe = found.optimizer["learning_rate"], found.safe_learning_rate
        assert safe is not None
        assert safe.diverges_above is not None
        assert safe.low <= peak <= safe.high < safe.diverges_above <= limit
        assert 2.0 * safe.high <= 1.4143 * safe.diverges_above


def test_variants_with_a_margin_race_where_lowering_costs() -> None:
    world = edge(0.041)
    found = advised(world)
    assert world.of(Seeds.MARGIN)
    (text,) = [text for text in found.explanation if "edge of divergence" in text]
    assert "A further race took entries with lower peaks" in text
    clear = edge(10.0)
    assert not advised(clear).warnings or not clear.of(Seeds.MARGIN)
    assert not clear.of(Seeds.MARGIN)


def test_a_peak_that_costs_little_to_lower_is_lowered_and_confirmed() -> None:
    flat = World(
        lambda found, steps: (
            NAN if found.optimizer["learning_rate"] > 0.07 else 1.0 + bowl(0.04)(found, steps) / 100
        ),
        own=0.0,
    )
    near = [finished(i, 1.0 + i, learning_rate=0.06, optimizer="adam") for i in range(12)]
    found = advised(flat, near)
    assert found.optimizer["learning_rate"] <= 0.05
    (confirmation,) = flat.of(Seeds.CONFIRM)
    assert confirmation.configurations[0].optimizer == found.optimizer


def test_a_fixed_rate_at_the_edge_has_no_range_and_a_warning_says_why() -> None:
    fixed = space({"kind": "adam", "learning_rate": 0.04}, schedules=[{"kind": "constant"}])
    (trial,) = trials(1)
    ended = replace(trial, configuration=replace(trial.configuration, params={}))
    found = advised(edge(0.041), [ended], search_space=fixed)
    assert found.safe_learning_rate is None
    assert found.optimizer["learning_rate"] == 0.04
    (warning,) = [text for text in found.warnings if "No range of learning rates is safe" in text]
    assert "diverged at 0.0" in warning
    assert "the recommended peak is 0.04" in warning


def test_among_equals_one_with_a_margin_goes_before_a_simpler_one_at_the_edge() -> None:
    def means(found: Configuration, steps: int) -> float:
        is_adam = found.optimizer["kind"] == "adam"
        if is_adam and found.optimizer["learning_rate"] > 0.041:
            return NAN
        return 1.0 + 0.02 * abs(bowl(0.04)(found, steps) - 1.0)

    ended = [
        finished(0, 1.0, learning_rate=0.04, optimizer="adam"),
        finished(1, 1.1, kind="sgd", learning_rate=0.04, optimizer="sgd"),
    ]
    both = space({"kind": "adam", "learning_rate": LOG_RANGE}, {"kind": "sgd", "learning_rate": LOG_RANGE})
    found = advised(World(means, own=0.0), ended, search_space=both)
    assert found.optimizer["kind"] == "sgd"
    assert found.safe_learning_rate is not None
    assert found.safe_learning_rate.diverges_above is None


def test_the_ends_of_a_range_run_on_48_seeds_beyond_those_of_the_job() -> None:
    """One seed in thirty fails at the higher peaks, which the first seeds of the sweep do not see."""

    class Rare(World):
        def _value(self, found: Configuration, replicate: int, steps: int) -> float:
            is_rare = replicate >= Seeds.SWEEP and replicate % 30 == 20
            is_high = found.optimizer["learning_rate"] > 0.05
            return super()._value(found, replicate, steps) + (30.0 if is_rare and is_high else 0.0)

    def flat(found: Configuration, steps: int) -> float:
        return 1.0 if found.params and found.optimizer["kind"] == "adam" else 9.0

    world = Rare(flat, own=0.001)
    found = advised(world)
    peak, safe = found.optimizer["learning_rate"], found.safe_learning_rate
    assert safe is not None
    assert safe.low <= peak
    assert safe.high <= max(0.05, peak)
    last = max(request.replicates.stop for request in world.of(Seeds.SWEEP))
    assert last == Seeds.SWEEP + 8 + 48
