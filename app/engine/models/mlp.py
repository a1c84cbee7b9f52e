"""The multilayer perceptron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from annotated_types import Ge, Le, Len

from app.engine.activations import ACTIVATIONS
from app.engine.hyper import Hyper
from app.engine.models.base import Model
from app.engine.models.fields import InitialisationScale, Initialised
from app.engine.network.feedforward import Feedforward
from app.engine.network.shape import Shape


@dataclass(frozen=True, kw_only=True)
class MLP(Model):
    """Dense layers with a nonlinearity between them.

    Rule: h = dropout(activation(layer_norm(W h + b))) for each hidden layer, from h = x;  p = W h + b

    Source: Rumelhart, Hinton & Williams 1986, doi:10.1038/323533a0; dropout as in Srivastava et al. 2014
    (JMLR 15) and `torch.nn.Dropout`: a unit stays with probability 1 - dropout, by which it is divided;
    layer normalisation as in Ba, Kiros & Hinton 2016, arXiv:1607.06450, and `torch.nn.LayerNorm`.

    Deviation: runs of a batch that share a seed share the uniform numbers of dropout, each with its own
    threshold. Every metric is measured without dropout; the loss of a trajectory, which an update saw,
    includes dropout.
    """

    kind: ClassVar[str] = "mlp"

    hidden: Annotated[
        tuple[Annotated[int, Ge(1), Le(4096)], ...],
        Len(1, 8),
        Hyper("units of each hidden layer, first to last"),
    ] = (64,)
    activation: Annotated[str, Hyper("nonlinearity of the hidden layers", choices=tuple(ACTIVATIONS))] = (
        "relu"
    )
    initialisation: Initialised = "pytorch"
    initialisation_scale: InitialisationScale = 1.0
    layer_norm: Annotated[bool, Hyper("whether hidden layers are normalised, example by example")] = False
    dropout: Annotated[
        float, Hyper("share of hidden units dropped in training", ge=0, lt=1, search=(0.0, 0.5), per_run=True)
    ] = 0.0

    def architecture(self, sizes: tuple[int, ...], outputs: int) -> Feedforward:
        """Return the hidden layers between inputs and outputs."""
        return Feedforward(
            Shape(
                units=(*sizes, *self.hidden, outputs),
                activation=self.activation,
                initialisation=self.initialisation,
                layer_norm=self.layer_norm,
            ),
            drops=self.dropout > 0.0,
        )
