"""Hyperparameters that several optimizers have, as annotations: one meaning, one bound, one search range."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from app.engine.hyper import Hyper

WEIGHT_DECAY = "l2 penalty, added to the gradient or decoupled from it"
LEARNING_RATE = "peak learning rate; the schedule multiplies it"
EPS = "added to the root, against division by zero"
COUPLED = "l2 penalty, added to the gradient (coupled)"
DECOUPLED = "the parameters shrink by learning rate times this before the update (decoupled)"

# Wide: gradient descent and momentum on functions and models of any scale.
DescentRate: TypeAlias = Annotated[
    float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-4, 1.0), log=True, searched=True)
]
AdaptiveRate: TypeAlias = Annotated[
    float, Hyper(LEARNING_RATE, gt=0, le=1e6, search=(1e-4, 1e-1), log=True, searched=True)
]
# For an optimizer that estimates its rate.
RateFactor: TypeAlias = Annotated[
    float,
    Hyper("factor of the rate that the optimizer estimates", gt=0, le=1e6, search=(0.25, 4.0), log=True),
]
MomentumDecay: TypeAlias = Annotated[
    float, Hyper("decay of the summed gradient", ge=0, lt=1, search=(0.5, 0.99), searched=True)
]
Beta1: TypeAlias = Annotated[float, Hyper("decay of the mean gradient", ge=0, lt=1, search=(0.8, 0.99))]
Beta2: TypeAlias = Annotated[
    float, Hyper("decay of the mean squared gradient", ge=0, lt=1, search=(0.9, 0.9999))
]
Eps: TypeAlias = Annotated[float, Hyper(EPS, ge=0, le=1, search=(1e-10, 1e-4), log=True)]
# For optimizers in which an eps of zero would divide by zero in the first update.
PositiveEps: TypeAlias = Annotated[float, Hyper(EPS, gt=0, le=1, search=(1e-10, 1e-4), log=True)]
CoupledDecay: TypeAlias = Annotated[
    float, Hyper(COUPLED, ge=0, le=10, search=(1e-6, 1e-2), log=True, regularises=True)
]
# For an optimizer whose `decoupled_weight_decay` chooses between the two.
EitherDecay: TypeAlias = Annotated[
    float, Hyper(WEIGHT_DECAY, ge=0, le=10, search=(1e-6, 1e-1), log=True, regularises=True)
]
DecoupledDecay: TypeAlias = Annotated[
    float, Hyper(DECOUPLED, ge=0, le=10, search=(5e-3, 1.0), log=True, regularises=True)
]
InitialDistance: TypeAlias = Annotated[
    float,
    Hyper("first estimate of the distance to the solution", gt=0, le=1e3, search=(1e-6, 1e-1), log=True),
]
BiasCorrection: TypeAlias = Annotated[
    bool, Hyper("correct the bias of both averages, as Adam does", choices=(False, True))
]
AveragingPower: TypeAlias = Annotated[
    float, Hyper("power of the update's number in its weight in the average", ge=0, le=10, search=(0.0, 3.0))
]
AveragingRatePower: TypeAlias = Annotated[
    float,
    Hyper("power of the largest rate so far in the weight in the average", ge=0, le=10, search=(0.0, 3.0)),
]
SCHEDULE_FREE_NOTE = (
    "The optimizer is in training mode. Call its eval() before you measure or save the model: this moves the"
    " parameters to their average. Call train() before you go on."
)
