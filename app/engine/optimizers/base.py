"""What every optimizer is: hyperparameters as fields, and one update for a batch of rows."""

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
    """An update rule. In a batch the instance is stacked: each field is a (B, 1) float64 column.

    A class is written once for both: a formula over its fields broadcasts.
    """

    # Whether a job that names no optimizers tries this one: a few that are good on most problems.
    default_candidate: ClassVar[bool] = False
    # Whether minibatches would break it.
    needs_full_batch: ClassVar[bool] = False
    # Whether `step` finds the Hessians at x, (B, D, D) float64, in state["hessian"], which `init` allocates.
    needs_hessian: ClassVar[bool] = False
    # Whether a run is measured elsewhere than where its gradients are taken: at `evaluation_point`.
    averages: ClassVar[bool] = False
    # Whether it divides each component of the gradient by its own scale, as Adam does: a schedule is then
    # refined from the l1 norms of the gradients, else from the l2 norms.
    normalises: ClassVar[bool] = False
    # Whether it estimates its own learning rate, so that `learning_rate` is but a factor of it.
    finds_its_rate: ClassVar[bool] = False
    # How it races against what a search found.
    baselines: ClassVar[tuple[Baseline, ...]] = (Baseline(),)
    # What a schedule that cycles the momentum overwrites: "momentum" or "beta1"; None where there is none.
    momentum_field: ClassVar[str | None] = None
    # The PyTorch implementation that it equals; None where there is none, and `no_reference` says why.
    reference: ClassVar[Reference | None] = None
    no_reference: ClassVar[str] = ""
    # What other frameworks have that equals it.
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
        """Which optional terms this instance has; asked of single instances, before they are stacked.

        Only instances of one variant are stacked together, so `init` and `step` may leave a term out for
        the whole stack, and no row is touched by a term that only its neighbours have.
        """
        return ()

    def clipping(self) -> tuple[bool, ...]:
        """Which limits of the gradient this instance has; a part of its variant."""
        return (self.gradient_clip_norm != 0.0, self.gradient_clip_value != 0.0)

    @abstractmethod
    def init(self, x: Array) -> State:
        """The state before the first update, with the coefficient columns that `step` wants.

        x: (B, D), the start. Every array returned has B as its first axis and the dtype of x where it
        meets x or the gradient (a float64 column there would turn the whole product to float64).
        """

    @abstractmethod
    def step(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Applies update k (from 0) to x, in place, row by row.

        x, g, work: (B, D). g is the gradient at x, clipped, and may be overwritten; work is scratch.
        learning_rate: (B, 1) float64, the peak times the schedule's factor of update k.
        Reads self only for scalars of a row: a stacked instance holds (B, 1) columns. Where D is small all
        columns come as wide as x, which is faster than broadcasting; formulas are the same.
        """

    def rule(self) -> Rule | None:
        """The update as source, of a single instance; None where it is not one of gradients alone."""
        return None

    def cycle(self, momentum: Column, k: int, state: State) -> None:
        """Makes this the momentum of update k, in place: of a stacked instance whose schedules cycle it.

        momentum: float64, of the shape of the instance's columns.
        """
        assert self.momentum_field is not None
        column = getattr(self, self.momentum_field)
        before = column.copy()
        column[...] = momentum
        self.renew_momentum(before, k, state)

    def renew_momentum(self, before: Column, k: int, state: State) -> None:
        """Computes anew what the state derives from the momentum, a field of self; it was `before` until now.

        k: the update that follows. Here the state has the momentum itself, under the name of the field.
        """
        name = str(self.momentum_field)
        if name in state:
            np.copyto(state[name], getattr(self, name), casting="same_kind")

    def plan(self, learning_rates: Array, k: int, state: State) -> State:
        """What updates k, k + 1, ... need that no gradient enters; many at once cost little more than one.

        learning_rates: (S, B, 1), or as wide as x where D is small, float64. Returns arrays of that shape;
        when `step` makes update k + s, its part of each stands in the state under the same name. Powers that
        the state keeps move on by S updates; bits do not depend on how updates are grouped.
        """
        return {}

    def begin(self, x: Array) -> State:
        """The state before the first update: that of `init`, and of the clipping."""
        limits = clipping_state(self.gradient_clip_norm, self.gradient_clip_value, x)
        return self.init(x) | limits

    def update(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Plans update k by itself and applies it; arguments as of `step`, g not clipped yet."""
        for name, columns in self.plan(learning_rate[np.newaxis], k, state).items():
            state[name] = columns[0]
        self.apply(x, g, learning_rate, k, state, work)

    def apply(self, x: Array, g: Array, learning_rate: Column, k: int, state: State, work: Array) -> None:
        """Clips the gradient and applies update k, which is planned; arguments as of `update`."""
        clip(g, state)
        self.step(x, g, learning_rate, k, state, work)

    def evaluation_point(self, x: Array, state: State, out: Array) -> None:
        """Writes where the runs are measured into out, (B, D); asked only of an optimizer that `averages`."""
        raise NotImplementedError(f"{self.kind} is measured where its gradients are taken")

    def state_size(self, dimension: int) -> int:
        """About how many numbers a row keeps, x and the gradient included; for the planning of memory."""
        return 6 * dimension

    def extra_cost(self, dimension: int) -> float:
        """Operations of an update beyond those of an adaptive optimizer; for the planning of time."""
        return 0.0


def cast(coefficient: Any, x: Array) -> Array:
    """A coefficient, computed in double, in the dtype of x."""
    # Any: a float by its annotation, a column once stacked.
    return np.asarray(coefficient).astype(x.dtype)


def add_decay(x: Array, g: Array, state: State, work: Array) -> None:
    """Adds the gradient of the l2 penalty to g, where the stack has one (coupled weight decay)."""
    if "weight_decay" in state:
        np.multiply(x, state["weight_decay"], out=work)
        np.add(g, work, out=g)


def coupled_decay(weight_decay: Any, x: Array) -> State:
    """What `add_decay` wants, where any row has a penalty."""
    return {"weight_decay": cast(weight_decay, x)} if np.any(weight_decay) else {}


def shrink(x: Array, state: State) -> None:
    """Takes learning_rate * weight_decay off x, where the stack has one (decoupled weight decay)."""
    if "kept" in state:
        np.multiply(x, state["kept"], out=x)


def running(last: Array, factor: Any, steps: int) -> Array:
    """The products of a column, (B, 1), with one, two ... factors: (S, B, 1) float64.

    `last` becomes the last of them. They are taken one after the other, so that their bits are those of as
    many single updates.
    """
    found = np.empty((steps, *last.shape))
    found[...] = factor
    found[0] *= last
    for before, own in pairwise(found):  # `accumulate` takes ten times as long
        np.multiply(before, own, out=own)
    last[...] = found[-1]
    return found


def planned_rates(learning_rates: Array, state: State) -> State:
    """The learning rates in the dtype of the state, and what `shrink` leaves at them: a part of a plan."""
    plan = {"rate": learning_rates.astype(state["rate"].dtype)}
    if "kept" in state:
        plan["kept"] = (1.0 - learning_rates * state["decay"]).astype(state["kept"].dtype)
    return plan


def decoupled_decay(weight_decay: Any, x: Array) -> State:
    """What `shrink` wants, where any row decays."""
    if not np.any(weight_decay):
        return {}
    decay = np.array(weight_decay, dtype=np.float64)
    return {"decay": decay, "kept": cast(np.ones_like(decay), x)}
