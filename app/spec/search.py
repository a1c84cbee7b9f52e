"""How a job searches: the samplers and the pruners."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from app.spec.base import Wire


class AutoSampler(Wire):
    """The sampler that suits the budget: `random` below 24 trials, `tpe` from there on."""

    kind: Literal["auto"]


class TpeSampler(Wire):
    """Tree-structured Parzen estimator over the conditional space (Bergstra et al. 2011).

    The first rounds are random; later ones draw where good trials are dense and bad ones are rare.
    """

    kind: Literal["tpe"]


class RandomSampler(Wire):
    """Independent draws from every range (Bergstra & Bengio 2012): unbiased, and widest rounds."""

    kind: Literal["random"]


class NoPruner(Wire):
    """Every trial runs to its last step."""

    kind: Literal["none"]


class MedianPruner(Wire):
    """At each rung, trials worse than the median of their bracket stop (Golovin et al. 2017)."""

    kind: Literal["median"]


class SuccessiveHalvingPruner(Wire):
    """At each rung the best third of the bracket goes on (Jamieson & Talwalkar 2016), ranked all at once."""

    kind: Literal["successive_halving"]


class HyperbandPruner(Wire):
    """Successive halving whose rounds begin to prune early, later or never in turn (Li et al. 2018)."""

    kind: Literal["hyperband"]


SAMPLERS: dict[str, type[Wire]] = {"auto": AutoSampler, "random": RandomSampler, "tpe": TpeSampler}
PRUNERS: dict[str, type[Wire]] = {
    "hyperband": HyperbandPruner,
    "median": MedianPruner,
    "none": NoPruner,
    "successive_halving": SuccessiveHalvingPruner,
}

SamplerSpec: TypeAlias = Annotated[
    AutoSampler | TpeSampler | RandomSampler,
    Field(discriminator="kind", description="who proposes the trials"),
]
PrunerSpec: TypeAlias = Annotated[
    NoPruner | MedianPruner | SuccessiveHalvingPruner | HyperbandPruner,
    Field(discriminator="kind", description="which trials stop early"),
]
