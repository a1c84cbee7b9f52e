"""The linear model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.engine.models.base import Model
from app.engine.models.fields import InitialisationScale, Initialised
from app.engine.network.feedforward import Feedforward
from app.engine.network.shape import Shape


@dataclass(frozen=True, kw_only=True)
class Linear(Model):
    """One layer: linear regression; with classes softmax regression, or with the hinge loss an SVM.

    Rule: p = W x + b, an output a class

    Source: Hastie, Tibshirani & Friedman 2009, Elements of Statistical Learning, Chapters 3, 4 and 12.

    Deviation: two classes have two outputs, whose difference is the logit of logistic regression.
    """

    kind: ClassVar[str] = "linear"
    hessian_dimension: ClassVar[int] = 1000

    initialisation: Initialised = "pytorch"
    initialisation_scale: InitialisationScale = 1.0

    def architecture(self, sizes: tuple[int, ...], outputs: int) -> Feedforward:
        """Return an architecture without hidden layers."""
        return Feedforward(
            Shape(units=(*sizes, outputs), activation="relu", initialisation=self.initialisation)
        )
