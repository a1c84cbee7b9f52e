"""How a job searches: the samplers and the pruners."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from app.spec.base import Wire


class AutoSampler(Wire):
    """The sampler that suits space and budget: `qmc` up to 16 trials, `tpe` beyond.

    From 512 trials on `cmaes`, where the space is two numbers or more without choices, one optimizer and one
    schedule.
    """

    kind: Literal["auto"]


class TpeSampler(Wire):
    """Tree-structured Parzen estimator over the conditional space (Bergstra et al. 2011).

    The first 16 trials are spread over the space; later ones are drawn where good trials are dense and bad
    ones rare, and keep away from the others of their round.
    """

    kind: Literal["tpe"]


class RandomSampler(Wire):
    """Independent draws from every range and choice (Bergstra & Bengio 2012), in the widest rounds."""

    kind: Literal["random"]


class QmcSampler(Wire):
    """Points of a scrambled Halton sequence: spread more evenly than random ones (Owen 2017).

    In the widest rounds. Each trial's values depend on its number and the job's seed alone.
    """

    kind: Literal["qmc"]


class CmaEsSampler(Wire):
    """Covariance matrix adaptation evolution strategy (Hansen 2016), in generations of 16 trials.

    For spaces of two numbers or more, without choices and with one optimizer and one schedule.
    """

    kind: Literal["cmaes"]


class GridSampler(Wire):
    """Every combination of the space's values once; the job ends when there is none left.

    What is searched needs choices, integers or a `step`. A budget of fewer trials is spread over the grid.
    """

    kind: Literal["grid"]


class NoPruner(Wire):
    """Every trial runs to its last step."""

    kind: Literal["none"]


class MedianPruner(Wire):
    """At a rung, trials worse than the median of those that still run in their round stop.

    After Golovin et al. 2017, who compare with running averages of ended trials. Never in the first round,
    nor at the first rung of a run.
    """

    kind: Literal["median"]


class SuccessiveHalvingPruner(Wire):
    """At each of the last rungs the best third of a round goes on (Jamieson & Talwalkar 2016).

    A round is ranked all at once. Of n trials, floor(log3(n)) rungs prune.
    """

    kind: Literal["successive_halving"]


class HyperbandPruner(Wire):
    """Successive halving that begins early in one round, later in the next, and so on (Li et al. 2018).

    After a round that prunes nothing it begins early again.
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
    Field(discriminator="kind", description="who proposes the trials"),
]
PrunerSpec: TypeAlias = Annotated[
    NoPruner | MedianPruner | SuccessiveHalvingPruner | HyperbandPruner,
    Field(discriminator="kind", description="which trials stop early"),
]
