"""The base class of optimizers: hyperparameters as fields, and one update for a batch of rows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, ClassVar

import numpy as np

from app.engine.arrays import Array, Column, State
from app.engine.hyper import Hyper
from app.engine.optimizers.baseline import Baseline
from app.engine.optimizers.clipping import clip, clipping_state
from app.engine.optimizers.fields import AdaptiveRate
from app.engine.optimizers.reference import Reference
from app.engine.optimizers.rule import Native, Rule
from app.engine.registry import Kind


@dataclass(frozen=True, kw_only=True)
class Optimizer(Kind, ABC):
    """An update rule; in a batch the instance is stacked, and each field is a (B, 1) float64 column.

    A class is written once for scalars and columns: a formula over its fields broadcasts.
    """

    # Whether a job that names no optimizers tries this one: a few that are good on most problems.
    default_candidate: ClassVar[bool] = False
    # Whether the update is invalid on minibatches.
    needs_full_batch: ClassVar[bool] = False
    # Whether `step` reads the Hessians at x from state["hessian"], (B, D, D) float64, which `init` allocates.
    needs_hessian: ClassVar[bool] = False
    # Whether a run is measured at `evaluation_point`, not at the point of its gradients.
    averages: ClassVar[bool] = False
    # Whether the update divides each component of the gradient by a scale of that component, as Adam does. A
    # schedule is then refined from the l1 norms of the gradients, else from the l2 norms.
    normalises: ClassVar[bool] = False
    # Whether the optimizer estimates its learning rate; `learning_rate` is then a factor of the estimate.
    finds_its_rate: ClassVar[bool] = False
    # The settings with which the optimizer races against the results of a search.
    baselines: ClassVar[tuple[Baseline, ...]] = (Baseline(),)
    # The field that a momentum-cycling schedule overwrites, "momentum" or "beta1"; None if there is none.
    momentum_field: ClassVar[str | None] = None
    # The PyTorch implementation that the optimizer equals; None if `no_reference` says why there is none.
    reference: ClassVar[Reference | None] = None
    no_reference: ClassVar[str] = ""
    # The implementations of other frameworks that equal the optimizer.
    natives: ClassVar[tuple[Native, ...]] = ()

    learning_rate: AdaptiveRate
    gradient_clip_norm: Annotated[
        float,
        Hyper(
            "largest Euclidean norm of the gradient, after gradient_clip_value: a longer one is multiplied "
            "by the limit / (its norm + 1e-6), as in PyTorch; 0 for no limit",
            ge=0,
            le=1e6,
            search=(0.1, 10.0),
            log=True,
        ),
    ] = 0.0
    gradient_clip_value: Annotated[
        float,
        Hyper(
            "largest magnitude of a component of the gradient, by cutting; 0 for no limit",
            ge=0,
            le=1e6,
            search=(0.01, 1.0),
            log=True,
        ),
    ] = 0.0

    def variant(self) -> tuple[bool, ...]:
        """Return which optional terms this instance has; called on single instances, before they are stacked.

        Only instances of one variant are stacked together. `init` and `step` may therefore leave a term out
        for the whole stack, and a term that only some rows have never touches the other rows.
        """
        return ()

    def clipping(self) -> tuple[bool, ...]:
        """Return which limits of the gradient this instance has; these are a part of its variant."""
        return (self.gradient_clip_norm != 0.0, self.gradient_clip_value != 0.0)

    @abstractmethod
    def init(self, x: Array) -> State:
        """Return the state before the first update, with the coefficient columns that `step` reads.

        x: (B, D), the start. Every returned array has B as its first axis. Arrays that are combined with x or
        the gradient have the dtype of x; a float64 column would turn the whole product into float64.
        """

    @abstractmethod
    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Apply update k (from 0) to x, in place, row by row.

        x, g, work: (B, D). g is the gradient at x, clipped, and may be overwritten; work is scratch.
        learning_rate: (B, 1) float64, the peak times the schedule's factor of update k.
        `step` reads self only for scalars of a row: a stacked instance holds (B, 1) columns. If D is small,
        all columns come as wide as x, which is faster than broadcasting; formulas are the same.
        """

    def rule(self) -> Rule | None:
        """Return the update of a single instance as source; None if it needs more than gradients."""
        return None

    def cycle(self, momentum: Column, k: int, state: State) -> None:
        """Set the momentum of update k, in place, on a stacked instance whose schedules cycle the momentum.

        momentum: float64, of the shape of the instance's columns.
        """
        assert self.momentum_field is not None
        column = getattr(self, self.momentum_field)
        before = column.copy()
        column[...] = momentum
        self.renew_momentum(before, k, state)

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Recompute the parts of the state that derive from the momentum, a field of self.

        before: the momentum until now. k: the update that follows. This default covers a state that holds the
        momentum itself, under the name of the field.
        """
        name = str(self.momentum_field)
        if name in state:
            np.copyto(state[name], getattr(self, name), casting="same_kind")

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """Return the columns that updates k, k + 1, ... need and no gradient enters.

        Planning many updates at once costs little more than one. learning_rates: (S, B, 1), or as wide as x
        if D is small, float64. The returned arrays have that shape. When `step` makes update k + s, part s of
        each array stands in the state under the same name. Powers in the state advance by S updates; their
        bits do not depend on the grouping of updates.
        """
        return {}

    def begin(self, x: Array) -> State:
        """Return the state before the first update: the state of `init` and the limits of the clipping."""
        limits = clipping_state(self.gradient_clip_norm, self.gradient_clip_value, x)
        return self.init(x) | limits

    def update(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Plan update k by itself and apply it; arguments as of `step`, g not clipped yet."""
        for name, columns in self.plan(learning_rate[np.newaxis], k, state).items():
            state[name] = columns[0]
        self.apply(x, g, learning_rate, k, state, work)

    def apply(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Clip the gradient and apply update k, which is planned; arguments as of `update`."""
        clip(g, state)
        self.step(x, g, learning_rate, k, state, work)

    def evaluation_point(self, x: Array, state: State, out: Array) -> None:
        """Write the points of measurement into out, (B, D); called only on an optimizer that `averages`."""
        raise NotImplementedError(f"{self.kind} is measured where its gradients are taken")

    def state_size(self, dimension: int) -> int:
        """Return the approximate count of numbers of a row, with x and the gradient, for memory planning."""
        return 6 * dimension

    def extra_cost(self, dimension: int) -> float:
        """Return the operations of an update beyond an adaptive optimizer's, for the planning of time."""
        return 0.0


def cast(coefficient: Any, x: Array) -> Array:
    """Return a coefficient, computed in double precision, in the dtype of x."""
    # Any: a float by its annotation, a column once stacked.
    return np.asarray(coefficient).astype(x.dtype)


def add_decay(x: Array, g: Array, state: State, work: Array) -> None:
    """Add the gradient of the l2 penalty, weight_decay x, to g if the stack has one (coupled decay)."""
    if "weight_decay" in state:
        np.multiply(x, state["weight_decay"], out=work)
        np.add(g, work, out=g)


def coupled_decay(weight_decay: Any, x: Array) -> State:
    """Return the coefficient column of `add_decay`, empty if no row has a penalty."""
    return {"weight_decay": cast(weight_decay, x)} if np.any(weight_decay) else {}


def shrink(x: Array, state: State) -> None:
    """Subtract learning_rate * weight_decay * x from x if the stack has a decay (decoupled decay)."""
    if "shrinkage" in state:
        np.multiply(x, state["shrinkage"], out=x)


def running(last: Array, factor: Any, steps: int) -> Array:
    """Return the products of a column, (B, 1), with one, two, ... factors: (S, B, 1) float64.

    `last` becomes the last product. The products are computed one after the other, so that the bits equal
    those of single updates.
    """
    products = np.empty((steps, *last.shape))
    products[...] = factor
    products[0] *= last
    for before, product in pairwise(products):  # ten times faster than `accumulate`
        np.multiply(before, product, out=product)
    last[...] = products[-1]
    return products


def planned_rates(learning_rates: Array, state: State) -> State:
    """Return the learning rates in the dtype of the state, and the factors of `shrink` if rows decay."""
    plan = {"rate": learning_rates.astype(state["rate"].dtype)}
    if "shrinkage" in state:
        plan["shrinkage"] = (1.0 - learning_rates * state["decay"]).astype(state["shrinkage"].dtype)
    return plan


def decoupled_decay(weight_decay: Any, x: Array) -> State:
    """Return the columns of `shrink`, empty if no row decays."""
    if not np.any(weight_decay):
        return {}
    decay = np.array(weight_decay, dtype=np.float64)
    return {"decay": decay, "shrinkage": cast(np.ones_like(decay), x)}
