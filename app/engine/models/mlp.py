"""The multilayer perceptron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Le, Len

from app.engine.hyper import Hyper
from app.engine.models.base import Model
from app.engine.network.shape import Shape


@dataclass(frozen=True, kw_only=True)
class MLP(Model):
    """Dense layers with a nonlinearity between them.

    Rule: h = activation(W h + b) for each hidden layer, from h = x;  p = W h + b

    Source: Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; initialised as `torch.nn.Linear`,
    uniform within 1 / sqrt(inputs) of zero, weights and biases alike.
    """

    kind: ClassVar[str] = "mlp"

    hidden: Annotated[
        tuple[Annotated[int, Ge(1), Le(4096)], ...],
        Len(1, 8),
        Hyper("units of each hidden layer, first to last"),
    ] = (64,)
    activation: Annotated[str, Hyper("nonlinearity of the hidden layers", choices=("relu", "tanh"))] = "relu"

    def shape(self, inputs: int, outputs: int) -> Shape:
        """The hidden layers between inputs and outputs."""
        return Shape(units=(inputs, *self.hidden, outputs), activation=self.activation)
