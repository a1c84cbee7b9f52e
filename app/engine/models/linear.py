"""The linear model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from app.engine.models.base import Model
from app.engine.network.shape import Shape


@dataclass(frozen=True, kw_only=True)
class Linear(Model):
    """One layer: linear regression, or softmax regression where there are classes.

    Rule: p = W x + b

    Source: Hastie, Tibshirani & Friedman 2009, Elements of Statistical Learning, Chapters 3 and 4;
    initialised as `torch.nn.Linear`.
    """

    kind: ClassVar[str] = "linear"
    hessian_dimension: ClassVar[int] = 1000

    def shape(self, inputs: int, outputs: int) -> Shape:
        """No hidden layer."""
        return Shape(units=(inputs, outputs), activation="relu")
