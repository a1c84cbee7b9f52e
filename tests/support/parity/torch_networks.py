"""Models, losses, activations and initialisations as PyTorch has them, of one run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from app.engine.losses import Loss
from app.engine.models import Model
from app.engine.network.bags import EmbeddingBags
from app.engine.network.factors import Factors
from app.engine.network.feedforward import Feedforward
from app.engine.network.layers import Normalisation
from app.engine.supervised.minibatches import SupervisedProblem

Tensor = Any  # PyTorch is not among the dependencies that mypy sees

TORCH_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "leaky_relu": functional.leaky_relu,
    "relu": functional.relu,
    "silu": functional.silu,
    "tanh": torch.tanh,
}

# Of outputs (batch, O), targets, the loss and the settings of the run.
TORCH_LOSSES: dict[str, Callable[[Tensor, Tensor, Any, dict[str, float]], Tensor]] = {
    "absolute": lambda p, y, loss, settings: functional.l1_loss(p[:, 0], y),
    "cross_entropy": lambda p, y, loss, settings: functional.cross_entropy(
        p, y, label_smoothing=settings["loss.label_smoothing"]
    ),
    "hinge": lambda p, y, loss, settings: functional.multi_margin_loss(p, y),
    "huber": lambda p, y, loss, settings: functional.huber_loss(p[:, 0], y, delta=loss.delta),
    "squared": lambda p, y, loss, settings: functional.mse_loss(p[:, 0], y),
}


def linear_default(weights: Tensor) -> None:
    """Initialise weights as `nn.Linear` does."""
    weights.copy_(nn.Linear(weights.shape[1], weights.shape[0]).weight)


TORCH_INITIALISATIONS: dict[str, Callable[[Tensor], Any]] = {
    "he": lambda weights: nn.init.kaiming_normal_(weights, nonlinearity="relu"),
    "lecun": lambda weights: nn.init.kaiming_normal_(weights, nonlinearity="linear"),
    "orthogonal": nn.init.orthogonal_,
    "pytorch": linear_default,
    "xavier": nn.init.xavier_uniform_,
}


def feedforward(
    x: Tensor, model: Any, shape: Feedforward, problem: SupervisedProblem, settings: Any
) -> Tensor:
    """Apply layers, normalisations, activations and dropout, with the problem's own uniform numbers."""
    # attr-defined: these inputs are features, which the type of a problem's inputs does not say.
    values = torch.tensor(problem.split.training.inputs.examples[:, :-1])  # type: ignore[attr-defined]
    parts, layers = list(shape.shape.parts), len(shape.shape.layers)
    uniform = torch.tensor(problem.noise[0]) if settings.get("model.dropout") else None
    first, done = 0, 0
    for place, part in enumerate(parts):
        if isinstance(part, Normalisation):
            continue
        matrix = x[part.offset : part.offset + part.size].reshape(part.units, part.inputs + 1)
        values = functional.linear(values, matrix[:, :-1], matrix[:, -1])
        done += 1
        if done == layers:
            break
        after = parts[place + 1]
        if isinstance(after, Normalisation):
            gains, shifts = x[after.offset : after.offset + after.size].reshape(2, after.units)
            values = functional.layer_norm(values, (after.units,), gains, shifts)
        values = TORCH_ACTIVATIONS[shape.shape.activation](values)
        if uniform is not None:
            kept = settings["model.dropout"] <= uniform[first : first + part.units].T
            values = values * kept / (1.0 - settings["model.dropout"])
            first += part.units
    return values


def embedding_bag(
    x: Tensor, model: Any, shape: EmbeddingBags, problem: SupervisedProblem, settings: Any
) -> Tensor:
    """Apply `functional.embedding_bag` to all bags, one after the other, and a linear layer."""
    # attr-defined: these inputs are tokens, which the type of a problem's inputs does not say.
    bags = problem.split.training.inputs.bags  # type: ignore[attr-defined]
    size = shape.tokens * shape.width
    lengths = (bags >= 0).sum(axis=1)
    offsets = torch.tensor(lengths.cumsum() - lengths)
    table = x[:size].reshape(shape.tokens, shape.width)
    sums = functional.embedding_bag(torch.tensor(bags[bags >= 0]), table, offsets, mode=model.mode)
    matrix = x[size:].reshape(shape.outputs, shape.width + 1)
    return functional.linear(sums, matrix[:, :-1], matrix[:, -1])


def matrix_factorization(
    x: Tensor, model: Any, shape: Factors, problem: SupervisedProblem, settings: Any
) -> Tensor:
    """Apply two `functional.embedding` tables, whose last column is the bias."""
    pairs = torch.tensor(problem.split.training.inputs.pairs)  # type: ignore[attr-defined]
    edge = shape.users * (shape.rank + 1)
    users = functional.embedding(pairs[:, 0], x[:edge].reshape(shape.users, -1))
    items = functional.embedding(pairs[:, 1], x[edge:].reshape(shape.items, -1))
    products = (users[:, :-1] * items[:, :-1]).sum(dim=1)
    return (products + users[:, -1] + items[:, -1])[:, None]


TORCH_MODELS: dict[str, Callable[..., Tensor]] = {
    "embedding_bag": embedding_bag,
    "linear": feedforward,
    "matrix_factorization": matrix_factorization,
    "mlp": feedforward,
}


def torch_loss(
    x: Tensor,
    model: Model,
    loss: Loss,
    shape: Any,
    problem: SupervisedProblem,
    settings: dict[str, float],
) -> Tensor:
    """Return the training loss at parameters x, (D,), on the whole training part."""
    outputs = TORCH_MODELS[model.kind](x, model, shape, problem, settings)
    targets = torch.tensor(problem.split.training.targets)
    weights = x[torch.tensor(shape.weight_mask())]
    return TORCH_LOSSES[loss.kind](outputs, targets, loss, settings) + settings["l2"] * torch.sum(weights**2)
