"""A dataset: its entry in the catalogue, and its arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The catalogue entry of a dataset.

    summary: one sentence. rule: the formula of a generated dataset, else None. source: origin, reference and
    licence.
    objective: the kind of objective that takes the dataset. form: the form of the inputs, as `Model.form`.
    features: their number; for tokens, the size of the vocabulary. sizes: as the model takes them; by default
    (features,).
    classes: None if the targets are numbers.
    """

    name: str
    summary: str
    rule: str | None = None
    source: str
    objective: str
    rows: int
    features: int
    classes: int | None
    form: str = "features"
    sizes: tuple[int, ...] = ()

    @property
    def input_sizes(self) -> tuple[int, ...]:
        """Return the sizes from which a model is built.

        For features and tokens this is their number, for pairs the number of users and of items.
        """
        return self.sizes or (self.features,)


@dataclass(frozen=True, eq=False)
class Data:
    """A dataset in memory; the arrays are shared between callers and read-only."""

    # Features (N, F), float64. Tokens (N, L), int64, padded with NO_TOKEN. Pairs (N, 2), int64.
    inputs: NDArray[Any]
    targets: NDArray[Any]  # (N,): classes from 0, int64; or numbers, float64
    classes: int | None  # None for a regression

    def __post_init__(self) -> None:
        self.inputs.flags.writeable = False
        self.targets.flags.writeable = False
