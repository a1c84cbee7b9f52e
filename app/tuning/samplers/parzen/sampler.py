"""The estimator as a sampler of Optuna's, for a study of anybody's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from app.tuning.samplers.parzen.history import History, Rank, rank_of_frozen
from app.tuning.samplers.parzen.proposals import T, draw, is_modelled, propose
from app.tuning.space.distributions import Distribution, Pick
from app.tuning.space.unit_cube import uniform


class BatchTPESampler(BaseSampler):
    """A tree-structured Parzen estimator, joint over the parameters that occur together.

    seed: of its stream; None takes one from the system. `study.ask` works as with any sampler; a batch is
    asked for at a fraction of the price by `propose`.
    """

    def __init__(self, *, seed: int | None = None) -> None:
        self._generator = np.random.default_rng(seed)

    def reseed_rng(self) -> None:
        """Optuna calls it in each of several processes."""
        self._generator = np.random.default_rng()

    def propose(
        self, study: Study, count: int, walk: Callable[[Pick], T], space: dict[str, Distribution]
    ) -> list[T]:
        """What `walk` makes of each of `count` proposals; space: every parameter that it can ask for.

        Raises ValueError for a study of several objectives.
        """
        return propose(_history(study, space), count, walk, self._generator)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Every parameter that a trial of the study had."""
        found: dict[str, BaseDistribution] = {}
        for ended in _ended(study):
            found |= ended.distributions
        return {name: found[name] for name in sorted(found) if not found[name].single()}

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """A value for each of them, whether or not this trial will ask for it."""
        history = _history(study, search_space)
        found: dict[str, Any] = {}
        for columns in history.groups():
            if is_modelled(history, columns):
                drawn = draw(history, columns, 1, self._generator)
                found |= {name: values[0] for name, values in drawn.items()}
        return found

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """A uniform draw, for a parameter that the model knows nothing of."""
        distribution: Any = param_distribution  # Any: Optuna names the base alone
        return uniform(distribution, self._generator)


def _ended(study: Study) -> list[FrozenTrial]:
    return study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))


def _history(study: Study, space: dict[str, Any]) -> History:
    # Any: Optuna types distributions by their base.
    if len(study.directions) > 1:
        raise ValueError(f"this sampler has one objective, and the study {len(study.directions)}")
    sign = -1.0 if study.direction is StudyDirection.MAXIMIZE else 1.0
    ranked: list[tuple[FrozenTrial, Rank]] = [
        (trial, rank) for trial in _ended(study) if (rank := rank_of_frozen(trial, sign)) is not None
    ]
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    return History.of(
        [trial.params for trial, _ in ranked],
        [rank for _, rank in ranked],
        space,
        running=[trial.params for trial in running if trial.params],
    )
