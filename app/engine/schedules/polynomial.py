"""The polynomial schedule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array
from app.engine.hyper import Hyper
from app.engine.schedules.base import Schedule
from app.engine.schedules.fields import FinalFactor
from app.engine.schedules.lengths import power
from app.engine.schedules.reference import Reference


@dataclass(frozen=True, kw_only=True)
class Polynomial(Schedule):
    """A power of the remaining part of the horizon; power 1 is a line, 2 flattens towards the end.

    Rule: factor(k) = f + (1 - f) (1 - k / T)^power, f = final_factor

    Source: Chen et al. 2017, arXiv:1606.00915, with power 0.9; PyTorch's PolynomialLR, Keras'
    PolynomialDecay, transformers' `get_polynomial_decay_schedule_with_warmup`.

    Deviation: ends at zero by default, as PyTorch's does; Keras ends at a rate of 1e-4, transformers at
    1e-7. timm's default power is 0.5.
    """

    kind: ClassVar[str] = "polynomial"
    references: ClassVar[tuple[Reference, ...]] = (
        Reference(
            call="optax.polynomial_schedule(peak, final_factor * peak, power, horizon)",
            distribution="optax",
            version="0.2.8",
        ),
        Reference(
            call="torch.optim.lr_scheduler.PolynomialLR(optimizer, horizon, power)",
            needs="final_factor == 0",
        ),
        Reference(
            call="keras.optimizers.schedules.PolynomialDecay(peak, horizon, final_factor * peak, power)",
            distribution="keras",
            version="3.15.1",
        ),
        Reference(
            call="transformers.get_polynomial_decay_schedule_with_warmup("
            "optimizer, 0, horizon, final_factor * peak, power)",
            needs="final_factor < 1",
            distribution="transformers",
            version="5.23.0",
        ),
    )

    power: Annotated[float, Hyper("exponent of what is left", gt=0, le=20, search=(0.5, 3.0))] = 1.0
    final_factor: FinalFactor = 0.0

    def body(self, k: Array, horizon: Any) -> Array:
        """Return a polynomial over the horizon."""
        final = self.final_factor
        return np.asarray(final + (1.0 - final) * power(1.0 - k / horizon, self.power))
