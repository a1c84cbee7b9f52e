"""The stages between two products of a network: normalisation, nonlinearity and dropout, both passes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from app.engine.activations import Activation
from app.engine.arrays import Array

_EPS = 1e-5  # added to the variance, as in torch.nn.LayerNorm


class Stage(ABC):
    """A stage that changes the values of a layer, (B, units, batch), and in the backward pass the deltas."""

    @abstractmethod
    def forward(self) -> None:
        """Change the values in place."""

    @abstractmethod
    def backward(self, delta: Array) -> None:
        """Turn deltas of the results into deltas of the arguments, in place; may overwrite the values."""


class Nonlinearity(Stage):
    """An activation."""

    def __init__(self, activation: Activation, values: Array, *, trains: bool) -> None:
        self._activation = activation
        self._values = values
        self._work = [_like(values) for _ in range(activation.scratch)]
        self._slope = _like(values) if trains and activation.keeps_slope else None

    def forward(self) -> None:
        """Apply the activation in place."""
        self._activation.forward(self._values, self._slope, self._work)

    def backward(self, delta: Array) -> None:
        """Multiply the deltas by the derivative."""
        self._activation.backward(self._values, self._slope, delta)


class LayerNorm(Stage):
    """Layer normalisation: units of an example less their mean, over their deviation, with gain and shift.

    Ba, Kiros & Hinton 2016, arXiv:1607.06450, Eq. 4, with 1e-5 added to the variance as in
    `torch.nn.LayerNorm`. parameters, gradients: (B, 2, units), gains and shifts.
    """

    def __init__(self, values: Array, parameters: Array, gradients: Array | None) -> None:
        rows, _, batch = values.shape
        self._values = values
        self._gains = parameters[:, 0, :, np.newaxis]
        self._shifts = parameters[:, 1, :, np.newaxis]
        self._gradients = gradients
        self._normal = _like(values)
        self._work = _like(values)
        self._mean: Array = np.empty((rows, 1, batch), dtype=values.dtype)
        self._scale = np.empty_like(self._mean)

    def forward(self) -> None:
        """Normalise the values; keep the normalised values for the backward pass."""
        values, normal = self._values, self._normal
        self._average(values, self._mean)
        np.subtract(values, self._mean, out=normal)
        np.multiply(normal, normal, out=values)
        self._average(values, self._scale)
        np.add(self._scale, _EPS, out=self._scale)
        np.sqrt(self._scale, out=self._scale)
        np.divide(1, self._scale, out=self._scale)
        np.multiply(normal, self._scale, out=normal)
        np.multiply(normal, self._gains, out=values)
        np.add(values, self._shifts, out=values)

    def backward(self, delta: Array) -> None:
        """Fill the gradients of gains and shifts, then turn the deltas into those of the arguments.

        With d the deltas of the normalised values n, the result is (d - mean(d) - n mean(d n)) / deviation.
        """
        assert self._gradients is not None
        normal, work = self._normal, self._work
        np.multiply(delta, normal, out=work)
        np.add.reduce(work, axis=2, out=self._gradients[:, 0])
        np.add.reduce(delta, axis=2, out=self._gradients[:, 1])
        np.multiply(delta, self._gains, out=delta)
        np.multiply(delta, normal, out=work)
        self._average(work, self._mean)
        np.multiply(normal, self._mean, out=normal)
        self._average(delta, self._mean)
        np.subtract(delta, self._mean, out=delta)
        np.subtract(delta, normal, out=delta)
        np.multiply(delta, self._scale, out=delta)

    def _average(self, values: Array, out: Array) -> None:
        """Write the mean over the units, (B, units, batch), into out, (B, 1, batch)."""
        np.add.reduce(values, axis=1, keepdims=True, out=out)
        np.multiply(out, 1.0 / values.shape[1], out=out)


class Dropout:
    """Dropout: sets units to zero with the rate of their row, and scales the others up to the same mean.

    Srivastava et al. 2014, Dropout, JMLR 15; scaled in training as in `torch.nn.Dropout`. The rows of a
    section share the uniform numbers, each row with its own threshold. The results go into a separate array.
    rates: (B, 1). units: the slice of the uniform numbers for this layer. values, results: (B, units, batch).
    """

    def __init__(
        self, rates: Array, sections: Sequence[slice], units: slice, values: Array, results: Array
    ) -> None:
        # Uniform numbers are in single precision for either dtype, so that the same units are dropped.
        self._rates = rates.astype(np.float32)[:, :, np.newaxis]
        self._scales = (1.0 / (1.0 - rates)).astype(values.dtype)[:, :, np.newaxis]
        self._sections = sections
        self._units = units
        self._values = values
        self._results = results
        self._kept = np.empty(values.shape, dtype=np.bool_)
        self._factors = _like(values)

    def forward(self, noise: Sequence[Array]) -> None:
        """Apply dropout. noise: the uniform numbers of each section, (units of all layers, batch)."""
        for rows, uniform in zip(self._sections, noise, strict=True):
            np.greater_equal(uniform[self._units], self._rates[rows], out=self._kept[rows])
        np.multiply(self._kept, self._scales, out=self._factors)
        np.multiply(self._values, self._factors, out=self._results)

    def backward(self, delta: Array) -> None:
        """Multiply the deltas by the factors of the forward pass."""
        np.multiply(delta, self._factors, out=delta)


def _like(values: Array) -> Array:
    """Return a contiguous array of the same shape and dtype."""
    return np.empty(values.shape, dtype=values.dtype)
