"""The embedding bag."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from app.engine.hyper import Hyper
from app.engine.inputs.base import Inputs
from app.engine.inputs.tokens import Tokens
from app.engine.models.base import Model
from app.engine.models.fields import InitialisationScale, Initialised
from app.engine.network.bags import EmbeddingBags

MEAN = "mean"


@dataclass(frozen=True, kw_only=True)
class EmbeddingBag(Model):
    """A vector for each token; a linear layer reads the mean of an example's vectors.

    Rule: h = mean of E[t] over the tokens t of an example, or their sum;  p = W h + b

    Source: Joulin, Grave, Bojanowski & Mikolov 2016, arXiv:1607.01759; `torch.nn.EmbeddingBag`, whose start,
    standard normal vectors, is that of E.

    Deviation: the gradient of E is dense, with zeros for tokens that do not occur in a minibatch, as in
    PyTorch with `sparse=False`: momentum and adaptive optimizers move these tokens too.
    """

    kind: ClassVar[str] = "embedding_bag"
    form: ClassVar[str] = "tokens"

    embedding_dimension: Annotated[int, Hyper("numbers of a token's vector", ge=1, le=512)] = 8
    mode: Annotated[str, Hyper("how the vectors of an example are combined", choices=(MEAN, "sum"))] = MEAN
    initialisation: Initialised = "pytorch"
    initialisation_scale: InitialisationScale = 1.0

    def architecture(self, sizes: tuple[int, ...], outputs: int) -> EmbeddingBags:
        """Return the table and the linear layer. sizes: the size of the vocabulary."""
        (tokens,) = sizes
        return EmbeddingBags(tokens, self.embedding_dimension, outputs, self.initialisation)

    def inputs(self, raw: NDArray[Any], training: NDArray[np.int64], dtype: type) -> Inputs:
        """Return the bags unchanged, with their amounts."""
        return Tokens.prepare(raw, dtype, averages=self.mode == MEAN)
