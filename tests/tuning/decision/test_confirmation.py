"""What the seeds drawn after the choice can change, and what they say of others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.domain.records import Configuration
from app.tuning.evaluation.requests import Seeds
from tests.support.jobs import finished, space
from tests.support.worlds import COSINE, LOG_RANGE, NAN, REPLICATES, World, advised, bowl, trials

CONFIRMING = (Seeds.CONFIRM, Seeds.RECONFIRM)


class Contradicting(World):
    """Two configurations that tie until the confirming seeds, which are against the simpler one."""

    def __init__(self, gap: float = 0.3) -> None:
        super().__init__(lambda found, steps: 1.0 + abs(found.optimizer["learning_rate"] - 0.04), own=0.0)
        self._gap = gap

    def _value(self, found: Configuration, replicate: int, steps: int) -> float:
        is_against = replicate >= Seeds.CONFIRM and replicate < Seeds.NORMS
        worse = self._gap if is_against and found.schedule["kind"] == "constant" and found.params else 0.0
        return super()._value(found, replicate, steps) + worse * (1.0 + 0.1 * (replicate % 2))


def tied() -> list:  # type: ignore[type-arg]
    """A trial with a cosine that ties with a constant one."""
    first, second, *_ = trials()
    configuration = replace(first.configuration, schedule=COSINE)
    other = replace(
        second.configuration, optimizer=first.configuration.optimizer, params=first.configuration.params
    )
    return [replace(first, configuration=configuration), replace(second, configuration=other)]


def test_a_tie_that_the_confirmation_contradicts_is_broken_once_and_confirmed_on_new_seeds() -> None:
    world = Contradicting()
    found = advised(world, tied())
    assert found.schedule["kind"] != "constant"
    first, second = (world.of(stage) for stage in CONFIRMING)
    assert len(first) == len(second) == 1
    assert second[0].replicates == range(Seeds.RECONFIRM, Seeds.RECONFIRM + REPLICATES)
    own = found.evidence.candidates[0].mean
    assert own == pytest.approx(world(second[0]).values[0].mean())
    assert any("contradicted" in text and "confirmed on new seeds" in text for text in found.explanation)


def test_a_tie_that_the_confirmation_does_not_contradict_stands() -> None:
    world = Contradicting(gap=0.0)
    found = advised(world, tied())
    assert found.schedule["kind"] == "constant"
    assert not world.of(Seeds.RECONFIRM)


def test_an_entry_at_the_edge_of_divergence_takes_no_place_of_one_with_a_margin() -> None:
    class Edge(Contradicting):
        def _value(self, found: Configuration, replicate: int, steps: int) -> float:
            is_high = found.optimizer["learning_rate"] > 0.0401
            fragile = is_high and found.schedule["kind"] != "constant"
            low = found.optimizer["learning_rate"] < 0.0399 and found.schedule["kind"] != "constant"
            return NAN if fragile else super()._value(found, replicate, steps) + (9.0 if low else 0.0)

    world = Edge()
    found = advised(world, tied())
    assert found.schedule["kind"] == "constant"
    assert found.safe_learning_rate is not None


def test_a_choice_that_diverges_when_confirmed_is_replaced_by_one_with_a_margin() -> None:
    class Fragile(World):
        def _value(self, found: Configuration, replicate: int, steps: int) -> float:
            is_late = replicate // 1_000_000 in (stage // 1_000_000 for stage in CONFIRMING)
            if is_late and found.params and found.optimizer["learning_rate"] > 0.03:
                return NAN
            return super()._value(found, replicate, steps)

    world = Fragile(
        lambda found, steps: 1.0 + 0.02 * abs(np.log(found.optimizer["learning_rate"] / 0.04)), own=0.0
    )
    found = advised(world)
    assert world.of(Seeds.RECONFIRM)
    assert found.optimizer["learning_rate"] <= 0.02 + 1e-9
    assert found.evidence.candidates[0].mean is not None
    assert found.safe_learning_rate is not None
    assert found.safe_learning_rate.high <= 0.02 + 1e-9


def test_every_candidate_has_its_difference_to_the_recommended_one() -> None:
    found = advised(World(bowl(), own=0.1)).evidence.candidates
    assert found[0].difference is None
    for other in found[1:]:
        assert other.difference is not None
        assert other.mean is not None
        assert found[0].mean is not None
        assert other.difference.mean == pytest.approx(found[0].mean - other.mean)
        assert other.difference.ci95[0] < other.difference.mean < other.difference.ci95[1]


def decays_win(found: Configuration, steps: int) -> float:
    return bowl()(found, steps) * (0.5 if found.schedule["kind"] != "constant" else 1.0)


def test_the_best_constant_rate_is_the_one_that_did_best_on_the_seeds_of_the_race() -> None:
    """Trial 0 has the best value of the search by luck; the race tells that trial 1 is better."""
    ended = [
        finished(0, 0.1, learning_rate=0.005, optimizer="adam"),
        finished(1, 0.9, learning_rate=0.04, optimizer="adam"),
    ]
    ended += [replace(one, number=2 + i) for i, one in enumerate(trials(2))]
    ended[2] = replace(ended[2], configuration=replace(ended[2].configuration, schedule=COSINE))
    found = advised(World(decays_win), ended)
    assert found.schedule["kind"] != "constant"
    (constant,) = [one for one in found.evidence.baselines if one.label.startswith("best constant rate: ")]
    assert constant.optimizer["learning_rate"] > 0.03
    assert constant.schedule["kind"] == "constant"
    assert constant.difference is not None
    assert constant.difference.probability_better > 0.99


def test_the_best_constant_rate_is_left_out_where_a_constant_rate_is_recommended() -> None:
    found = advised(World(bowl()))
    assert found.schedule["kind"] == "constant"
    assert not any("best constant" in one.label for one in found.evidence.baselines)


NARROW = space(
    {"kind": "sgd", "learning_rate": {"low": 1e-6, "high": 1e-4, "log": True}},
    schedules=[{"kind": "constant"}],
)


def test_an_optimizer_outside_the_space_is_never_recommended_but_reported() -> None:
    """Digits, sgd between 1e-6 and 1e-4, as one may post it: every default is far better."""
    ended = [
        finished(i, 3.0 + i, kind="sgd", learning_rate=rate, optimizer="sgd")
        for i, rate in enumerate([9.9e-5, 5e-5, 2e-5])
    ]
    for trial in ended:
        trial.configuration.params.pop("optimizer")
    found = advised(World(bowl(0.01)), ended, search_space=NARROW)
    assert found.optimizer["kind"] == "sgd"
    assert 1e-6 <= found.optimizer["learning_rate"] <= 1e-4
    assert {one.optimizer["kind"] for one in found.evidence.candidates} == {"sgd"}
    outside = found.outside_space
    assert outside is not None
    assert outside.optimizer["kind"] in ("momentum", "sgd")
    assert outside.difference.ci95[0] > 0.0
    assert outside.difference.probability_better < 0.001
    assert any("outside the search space" in text for text in found.warnings)
    assert any("upper end" in text or "upper edge" in text or "raise" in text for text in found.warnings)
    assert "outside the search space" in found.summary[-1]


def test_where_nothing_outside_the_space_is_better_nothing_is_reported() -> None:
    assert advised(World(bowl())).outside_space is None


def test_a_default_that_the_job_does_not_name_is_recommended_where_it_names_no_optimizers() -> None:
    def momentum_wins(found: Configuration, steps: int) -> float:
        return 0.1 if found.optimizer["kind"] == "dog" else bowl()(found, steps)

    ended = trials()
    found = advised(World(momentum_wins), ended, search_space={})
    assert found.optimizer["kind"] == "dog"
    assert found.outside_space is None
    (warning,) = [text for text in found.warnings if "better than every trial" in text]
    assert warning.startswith(
        "dog at its defaults was better than every trial, though the search did not try"
    )


def test_a_named_space_keeps_its_ranges_for_decays_too() -> None:
    tight = space({"kind": "adam", "learning_rate": LOG_RANGE | {"high": 0.05}}, {"kind": "sgd"})
    world = World(decays_win)
    advised(world, search_space=tight)
    rates = [
        one.optimizer["learning_rate"]
        for request in world.of(Seeds.FINAL)
        for one in request.configurations
        if one.params
    ]
    assert max(rates) <= 0.05
