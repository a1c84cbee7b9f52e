"""Matrix factorisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.hyper import Hyper
from app.engine.inputs.base import Inputs
from app.engine.inputs.pairs import Pairs
from app.engine.models.base import Model
from app.engine.models.fields import InitialisationScale
from app.engine.network.factors import Factors


@dataclass(frozen=True, kw_only=True)
class MatrixFactorization(Model):
    """A few factors and a bias for each user and each item; a rating is their product and both biases.

    Rule: p = u . v + b + c, of a user with factors u and bias b and an item with v and c; at the start
    u, v ~ N(0, 1 / rank) and b = c = 0

    Source: Koren, Bell & Volinsky 2009, doi:10.1109/MC.2009.263, Eq. 4; the mean of the ratings is left out,
    since targets are standardised.

    Deviation: l2 is a term of the loss, so that every factor shrinks at every update; in Koren et al. only
    the factors of the current rating shrink, and the biases too.
    """

    kind: ClassVar[str] = "matrix_factorization"
    form: ClassVar[str] = "pairs"

    rank: Annotated[int, Hyper("factors of a user, and of an item", ge=1, le=512)] = 8
    initialisation_scale: InitialisationScale = 1.0

    def architecture(self, sizes: tuple[int, ...], outputs: int) -> Factors:
        """Return the factors and biases. sizes: the number of users and of items."""
        users, items = sizes
        return Factors(users, items, self.rank)

    def inputs(self, raw: NDArray[Any], training: NDArray[np.int64], dtype: type) -> Inputs:
        """Return the pairs unchanged."""
        return Pairs(raw)
