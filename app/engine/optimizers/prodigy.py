"""Prodigy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.adaptation import SkippingOptimizer, correction, dots, grown, magnitudes
from app.engine.optimizers.base import cast
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.fields import (
    Beta1,
    Beta2,
    BiasCorrection,
    DecoupledDecay,
    InitialDistance,
    PositiveEps,
    RateFactor,
)
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import CORRECTION, MOMENTS, Rule


@dataclass(frozen=True, kw_only=True)
class Prodigy(SkippingOptimizer):
    """Adam whose rate is an estimate of the distance to the solution, faster than D-Adaptation's.

    Rule: l = d learning_rate c;  q = sqrt(beta2);  n = q n + (d / d_0) l <g, x_0 - x>;
    m = beta1 m + (1 - beta1) d g;  v = beta2 v + (1 - beta2) d^2 g^2;  s = q s + (d / d_0) l g;
    d = max(d, distance_factor n / |s|_1), from d_0 = initial_distance;  x -= l weight_decay x;
    x -= l m / (sqrt(v) + d eps), with the new d and the old l;  c = 1, or with use_bias_correction
    sqrt(1 - beta2^t) / (1 - beta1^t);  safeguard_warmup: s has d instead of l

    Source: Mishchenko & Defazio 2024, arXiv:2306.06101; as `prodigyopt.Prodigy` 1.1.2.

    Deviation: no bias is corrected unless use_bias_correction is set, as in the package;
    optax.contrib.prodigy always corrects it. t counts the updates at a rate other than zero; updates at a
    rate of zero are skipped. As in the package, updates before the first gradient other than zero are skipped
    too. At beta1 = 0 the package computes m with the new d; here the rule is the same for all beta1.
    """

    kind: ClassVar[str] = "prodigy"
    normalises: ClassVar[bool] = True
    finds_its_rate: ClassVar[bool] = True
    momentum_field: ClassVar[str | None] = "beta1"
    baselines: ClassVar[tuple[Baseline, ...]] = (
        Baseline(
            options={"use_bias_correction": True, "safeguard_warmup": True},
            words="bias correction and safeguard",
            always=True,
        ),
    )
    reference: ClassVar[Reference | None] = Reference(
        module="prodigyopt",
        distribution="prodigyopt",
        version="1.1.2",
        call=(
            # At 0 the package uses another formula, with the new d; 1e-300 is zero in every product.
            "prodigyopt.Prodigy(parameters, lr=PEAK, betas=({beta1} or 1e-300, {beta2}), eps={eps},"
            " weight_decay={weight_decay}, use_bias_correction={use_bias_correction},"
            " safeguard_warmup={safeguard_warmup}, d0={initial_distance}, d_coef={distance_factor})"
        ),
    )

    learning_rate: RateFactor = 1.0
    beta1: Beta1 = 0.9
    beta2: Beta2 = 0.999
    eps: PositiveEps = 1e-8
    weight_decay: DecoupledDecay = 0.0
    initial_distance: InitialDistance = 1e-6
    distance_factor: Annotated[
        float, Hyper("factor of each new estimate of the distance", gt=0, le=100, search=(0.5, 2.0), log=True)
    ] = 1.0
    use_bias_correction: BiasCorrection = False
    safeguard_warmup: Annotated[
        bool,
        Hyper(
            "leave the rate out of the denominator of the distance, so that a warmup slows its growth down",
            choices=(False, True),
        ),
    ] = False

    def variant(self) -> tuple[bool, ...]:
        """Return whether the instance has a weight decay, a correction of the bias and the safeguard."""
        return (self.weight_decay != 0.0, bool(self.use_bias_correction), bool(self.safeguard_warmup))

    def rule(self) -> Rule:
        """Return the update of `step` as source."""
        corrects = self.use_bias_correction
        lines = (
            "scale, q = distance * rate, beta2**0.5",
            *((f"scale = scale * {CORRECTION}",) if corrects else ()),
            "growth = distance / initial_distance * scale",
            "numerator = q * numerator + growth * total(g * (start - x))",
            "m = beta1 * m + (1.0 - beta1) * distance * g",
            "v = beta2 * v + (1.0 - beta2) * (distance * g) ** 2",
            *(("growth = distance / initial_distance * distance",) if self.safeguard_warmup else ()),
            "s = q * s + growth * g",
            "size = total(absolute(s))",
            *(("updates = updates + where(size > 0.0, 1.0, 0.0)",) if corrects else ()),
            "estimate = distance_factor * numerator / where(size > 0.0, size, 1.0)",
            "distance = maximum(distance, where(size > 0.0, estimate, distance))",
            *(("x = x - where(size > 0.0, scale, 0.0) * weight_decay * x",) if self.weight_decay else ()),
            "x = x - scale * m / (sqrt(v) + distance * eps)",
        )
        state = MOMENTS | {
            "start": "x",
            "s": "zeros_like(x)",
            "distance": "full_like(total(x), initial_distance)",
            "numerator": "full_like(total(x), 0.0)",
            **({"updates": "full_like(total(x), 0.0)"} if corrects else {}),
        }
        return Rule(lines=lines, state=state, is_whole=True, skips_zero_rates=True)

    def init(self, x: Array) -> State:
        """Return the start, empty sums, the first estimate of the distance, and the coefficient columns."""
        beta1, beta2 = np.asarray(self.beta1), np.asarray(self.beta2)
        first = np.array(self.initial_distance, dtype=np.float64)
        return {
            "start": x.copy(),
            "m": np.zeros_like(x),
            "v": np.zeros_like(x),
            "s": np.zeros_like(x),
            "beta1": cast(beta1, x),
            "beta2": cast(beta2, x),
            "root": np.sqrt(beta2),
            "old": cast(np.sqrt(beta2), x),
            "distance": first,
            "numerator": np.zeros_like(first),
            "rate": cast(np.zeros_like(first), x),
            **({"updates": np.zeros_like(first)} if np.any(self.use_bias_correction) else {}),
        }

    def advance(self, x: Array, g: Array, learning_rate: Column, state: State, work: Array) -> None:
        """Apply the update in twenty passes in place, two of them sums."""
        m, v, s, rate = state["m"], state["v"], state["s"], state["rate"]
        distance, numerator = state["distance"], state["numerator"]
        # In the names of the rule: scale is l, distance d, numerator n, root q, growth (d / d_0) l.
        scale = distance * learning_rate
        if "updates" in state:
            scale *= correction(self.beta1, self.beta2, state["updates"])
        growth = distance / self.initial_distance * scale
        np.subtract(state["start"], x, out=work)
        np.multiply(numerator, state["root"], out=numerator)
        np.add(numerator, growth * dots(g, work, scale), out=numerator)
        fresh1, fresh2 = distance * (1.0 - np.asarray(self.beta1)), 1.0 - np.asarray(self.beta2)
        if np.any(self.safeguard_warmup):
            growth = distance / self.initial_distance * distance
        for average, old, fresh in ((m, "beta1", fresh1), (s, "old", growth)):
            np.copyto(rate, fresh, casting="same_kind")
            np.multiply(g, rate, out=work)
            np.multiply(average, state[old], out=average)
            np.add(average, work, out=average)
        np.multiply(distance, np.sqrt(fresh2), out=rate, casting="same_kind")
        np.multiply(g, rate, out=work)
        np.multiply(work, work, out=work)
        np.multiply(v, state["beta2"], out=v)
        np.add(v, work, out=v)
        weighted, size = np.asarray(self.distance_factor) * numerator, magnitudes(s, distance, work)
        distance[...] = grown(distance, weighted, size)
        if "updates" in state:
            state["updates"] += size > 0.0
        # Before the first gradient other than zero there is no step, nor a decay.
        self._descend(x, np.where(size > 0.0, scale, 0.0), state, work)

    def _descend(self, x: Array, scale: Column, state: State, work: Array) -> None:
        """Shrink x, then x -= scale m / (sqrt(v) + d eps), with the new distance d."""
        rate = state["rate"]
        if np.any(self.weight_decay):
            np.subtract(1.0, scale * self.weight_decay, out=rate, casting="same_kind")
            np.multiply(x, rate, out=x)
        np.multiply(state["distance"], self.eps, out=rate, casting="same_kind")
        np.sqrt(state["v"], out=work)
        np.add(work, rate, out=work)
        np.divide(state["m"], work, out=work)
        np.copyto(rate, scale, casting="same_kind")
        np.multiply(work, rate, out=work)
        np.subtract(x, work, out=x)
