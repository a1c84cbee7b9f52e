"""What a dataset is: its entry in the catalogue, and its arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """The catalogue entry of a dataset.

    summary: one sentence. rule: the formula of a generated one, else None. source: origin, reference and
    licence. objective: the kind of objective that takes it. form: that of the inputs, as `Model.form`.
    features: of tokens the size of the vocabulary. sizes: of the form, by default the number of features.
    classes: None where the targets are numbers.
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
        """What a model is built by: of features and tokens their number, of pairs that of either side."""
        return self.sizes or (self.features,)


@dataclass(frozen=True, eq=False)
class Data:
    """A dataset in memory; the arrays are shared between callers and read-only."""

    # Features (N, F), float64. Tokens (N, L), int64, filled up with NO_TOKEN. Pairs (N, 2), int64.
    inputs: NDArray[Any]
    targets: NDArray[Any]  # (N,): classes from 0, int64; or numbers, float64
    classes: int | None  # None for a regression

    def __post_init__(self) -> None:
        self.inputs.flags.writeable = False
        self.targets.flags.writeable = False
