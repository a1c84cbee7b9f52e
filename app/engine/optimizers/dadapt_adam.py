"""D-Adaptation of Adam."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.optimizers.adaptation import SkippingOptimizer, correction, dots, grown, magnitudes
from app.engine.optimizers.base import add_decay, cast, coupled_decay
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.fields import (
    Beta1,
    Beta2,
    BiasCorrection,
    CoupledDecay,
    InitialDistance,
    PositiveEps,
    RateFactor,
)
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import CORRECTION, MOMENTS, Rule, coupled


@dataclass(frozen=True, kw_only=True)
class DAdaptAdam(SkippingOptimizer):
    """Adam whose rate grows with a lower bound of the distance to the solution.

    Rule: l = d learning_rate c;  g += weight_decay x;  q = sqrt(beta2);
    n = q n + (1 - q) l <g, s / (sqrt(v) + eps)>;  m = beta1 m + (1 - beta1) l g;
    v = beta2 v + (1 - beta2) g^2;  s = q s + (1 - q) l g;
    d = max(d, n / ((1 - q) |s|_1)), from initial_distance;  x -= m / (sqrt(v) + eps);
    c = 1, or with use_bias_correction sqrt(1 - beta2^t) / (1 - beta1^t)

    Source: Defazio & Mishchenko 2023, arXiv:2301.07733; as `dadaptation.DAdaptAdam` 3.2.

    Deviation: no bias is corrected unless use_bias_correction is set, and the weight decay is coupled, as by
    default in the package. optax.contrib.dadapt_adamw corrects the bias and decouples the decay. t counts the
    updates at a rate other than zero; updates at a rate of zero are skipped.
    """

    kind: ClassVar[str] = "dadapt_adam"
    normalises: ClassVar[bool] = True
    finds_its_rate: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    baselines: ClassVar[tuple[Baseline, ...]] = (
        Baseline(options={"use_bias_correction": True}, words="bias correction", always=True),
    )
    reference: ClassVar[Reference | None] = Reference(
        module="dadaptation",
        distribution="dadaptation",
        version="3.2",
        call=(
            "dadaptation.DAdaptAdam(parameters, lr=PEAK, betas=({beta1}, {beta2}), eps={eps},"
            " weight_decay={weight_decay}, use_bias_correction={use_bias_correction}, d0={initial_distance})"
        ),
    )

    learning_rate: RateFactor = 1.0
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: PositiveEps = 1e-8
    weight_decay: CoupledDecay = 0.0
    initial_distance: InitialDistance = 1e-6
    use_bias_correction: BiasCorrection = False

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay and a correction of the bias."""
        return (self.weight_decay != 0.0, bool(self.use_bias_correction))

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        corrects = self.use_bias_correction
        lines = (
            *coupled(self.weight_decay),
            "scale, q = distance * rate, beta2**0.5",
            *((f"scale = scale * {CORRECTION}",) if corrects else ()),
            "numerator = q * numerator + (1.0 - q) * scale * total(g * s / (sqrt(v) + eps))",
            "m = beta1 * m + (1.0 - beta1) * scale * g",
            "v = beta2 * v + (1.0 - beta2) * g**2",
            "s = q * s + (1.0 - q) * scale * g",
            "size = (1.0 - q) * total(absolute(s))",
            "estimate = where(size > 0.0, numerator / where(size > 0.0, size, 1.0), distance)",
            "distance = maximum(distance, estimate)",
            *(("updates = updates + where(size > 0.0, 1.0, 0.0)",) if corrects else ()),
            "x = x - m / (sqrt(v) + eps)",
        )
        state = MOMENTS | {
            "s": "zeros_like(x)",
            "distance": "full_like(total(x), initial_distance)",
            "numerator": "full_like(total(x), 0.0)",
            **({"updates": "full_like(total(x), 0.0)"} if corrects else {}),
        }
        return Rule(lines=lines, state=state, is_whole=True, skips_zero_rates=True)

    def init(self, x: Array) -> State:
        """Return empty sums, the first estimate of the distance, and the coefficient columns."""
        beta1, beta2 = np.asarray(self.beta1), np.asarray(self.beta2)
        root = np.sqrt(beta2)
        return {
            "m": np.zeros_like(x),
            "v": np.zeros_like(x),
            "s": np.zeros_like(x),
            "beta1": cast(beta1, x),
            "beta2": cast(beta2, x),
            "fresh2": cast(1.0 - beta2, x),
            "root": root,
            "old": cast(root, x),
            "eps": cast(self.eps, x),
            "distance": np.array(self.initial_distance, dtype=np.float64),
            "numerator": np.zeros_like(root),
            "rate": cast(np.zeros_like(root), x),
            **({"updates": np.zeros_like(root)} if np.any(self.use_bias_correction) else {}),
            **coupled_decay(self.weight_decay, x),
        }

    def advance(self, x: Array, g: Array, learning_rate: Column, state: State, work: Array) -> None:
        """Apply the update in twenty passes in place, two of them sums."""
        add_decay(x, g, state, work)
        m, v, s, rate = state["m"], state["v"], state["s"], state["rate"]
        distance, numerator, root = state["distance"], state["numerator"], state["root"]
        # In the names of the rule: scale is l, distance d, numerator n, root q; `fresh2` is 1 - beta2.
        scale = distance * learning_rate
        if "updates" in state:
            scale *= correction(self.beta1, self.beta2, state["updates"])
        np.sqrt(v, out=work)
        np.add(work, state["eps"], out=work)
        np.divide(s, work, out=work)
        np.multiply(numerator, root, out=numerator)
        np.add(numerator, (1.0 - root) * scale * dots(g, work, scale), out=numerator)
        np.multiply(v, state["beta2"], out=v)
        np.multiply(g, g, out=work)
        np.multiply(work, state["fresh2"], out=work)
        np.add(v, work, out=v)
        for average, old, fresh in ((m, "beta1", 1.0 - np.asarray(self.beta1)), (s, "old", 1.0 - root)):
            np.multiply(average, state[old], out=average)
            np.multiply(scale, fresh, out=rate, casting="same_kind")
            np.multiply(g, rate, out=work)
            np.add(average, work, out=average)
        denominator = (1.0 - root) * magnitudes(s, root, work)
        distance[...] = grown(distance, numerator, denominator)
        if "updates" in state:
            state["updates"] += denominator > 0.0
        np.sqrt(v, out=work)
        np.add(work, state["eps"], out=work)
        np.divide(m, work, out=work)
        np.subtract(x, work, out=x)
