"""The samplers and the pruners of a search."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from app.spec.base import Wire


class AutoSampler(Wire):
    """The sampler that suits the space and the budget: `qmc` up to 16 trials, `tpe` beyond.

    From 512 trials on, `cmaes` is used if the space has at least two numbers, no choices, one optimizer and
    one schedule.
    """

    kind: Literal["auto"]


class TpeSampler(Wire):
    """Tree-structured Parzen estimator over the conditional space (Bergstra et al. 2011).

    The first 16 trials are spread over the space. Later trials are drawn where good trials are dense and bad
    trials are rare, and at a distance from the other trials of their round.
    """

    kind: Literal["tpe"]


class RandomSampler(Wire):
    """Independent draws from every range and choice (Bergstra & Bengio 2012).

    Rounds have the largest possible number of trials.
    """

    kind: Literal["random"]


class QmcSampler(Wire):
    """Points of a scrambled Halton sequence, spread more evenly than random points (Owen 2017).

    The values of a trial depend on its number and the job's seed alone. Rounds have the largest possible
    number of trials.
    """

    kind: Literal["qmc"]


class CmaEsSampler(Wire):
    """Covariance matrix adaptation evolution strategy (Hansen 2016), in generations of 16 trials.

    The space must have at least two numbers, no choices, one optimizer and one schedule.
    """

    kind: Literal["cmaes"]


class GridSampler(Wire):
    """Every combination of the space's values once; the job ends after the last combination.

    Every searched parameter must have choices, integers or a `step`. If the budget has fewer trials than the
    grid has points, the trials are spread over the grid.
    """

    kind: Literal["grid"]


class NoPruner(Wire):
    """No pruning: every trial runs to its last step."""

    kind: Literal["none"]


class MedianPruner(Wire):
    """At a rung, stop the trials that are worse than the median of the running trials of their round.

    After Golovin et al. 2017, who compare with running averages of ended trials. The first round and the
    first rung of a run are not pruned.
    """

    kind: Literal["median"]


class SuccessiveHalvingPruner(Wire):
    """At each of the last rungs, continue the best third of a round (Jamieson & Talwalkar 2016).

    All trials of a round are ranked together. A round of n trials is pruned at floor(log3(n)) rungs.
    """

    kind: Literal["successive_halving"]


class HyperbandPruner(Wire):
    """Successive halving with a first pruning rung that is later in each round (Li et al. 2018).

    After a round without pruning, the next round again starts to prune early.
    """

    kind: Literal["hyperband"]


SAMPLERS: dict[str, type[Wire]] = {
    "auto": AutoSampler,
    "cmaes": CmaEsSampler,
    "grid": GridSampler,
    "qmc": QmcSampler,
    "random": RandomSampler,
    "tpe": TpeSampler,
}
PRUNERS: dict[str, type[Wire]] = {
    "hyperband": HyperbandPruner,
    "median": MedianPruner,
    "none": NoPruner,
    "successive_halving": SuccessiveHalvingPruner,
}

SamplerSpec: TypeAlias = Annotated[
    AutoSampler | TpeSampler | RandomSampler | QmcSampler | CmaEsSampler | GridSampler,
    Field(discriminator="kind", description="the method that proposes the configurations of the trials"),
]
PrunerSpec: TypeAlias = Annotated[
    NoPruner | MedianPruner | SuccessiveHalvingPruner | HyperbandPruner,
    Field(discriminator="kind", description="the rule that stops trials early"),
]
