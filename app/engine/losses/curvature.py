"""Hessians of the training loss of a linear model, in double precision."""

from __future__ import annotations

import numpy as np

from app.engine.arrays import Array


def squared_error_hessian(examples: Array, out: Array) -> None:
    """Fill out with the Hessian of mean((p - y)^2) by the weights of p = w x.

    examples: (N, F). out: (F, F) float64.
    """
    inputs = examples.astype(np.float64)
    np.matmul(inputs.T, inputs, out=out)
    np.multiply(out, 2.0 / len(inputs), out=out)


def cross_entropy_hessian(weights: Array, examples: Array, out: Array) -> None:
    """Fill out with the Hessian of the mean cross-entropy of softmax(W x).

    Its block of classes i and j is the mean of p_i (1[i=j] - p_j) x x^T. weights: (C, F). examples: (N, F).
    out: (C F, C F) float64, classes first.
    """
    classes, features = weights.shape
    inputs = examples.astype(np.float64)
    outputs = weights.astype(np.float64) @ inputs.T
    probabilities = np.exp(outputs - outputs.max(axis=0))
    probabilities /= probabilities.sum(axis=0)
    blocks = out.reshape(classes, features, classes, features)
    for i in range(classes):
        for j in range(i + 1):
            factor = probabilities[i] * ((i == j) - probabilities[j]) / len(inputs)
            block = (inputs * factor[:, np.newaxis]).T @ inputs
            blocks[i, :, j] = block
            blocks[j, :, i] = block
