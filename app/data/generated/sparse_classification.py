"""Short texts about four topics, as bags of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.data.dataset import Data
from app.data.generated.base import Generated
from app.data.generated.draws import rounded
from app.engine.inputs.tokens import NO_TOKEN

_MIN_WORDS, _MAX_WORDS = 4, 16  # of a text
_SPREAD = 1.0  # standard deviation of the logarithm of a topic's factor for a word
_RELABELLED_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class SparseClassification(Generated):
    """Texts of 4 to 16 words from a vocabulary of 1,000, about one of four topics, 5 % relabelled.

    Rule: topic c uses word t, counted from 0, in proportion to exp(N(0, 1)) / (t + 1), drawn once for each
    pair; a text draws its topic and its length evenly, and its words from the topic, with repetitions; 5 % of
    the texts draw their class anew. Few words are frequent and most are rare, so that most embeddings are
    seldom updated; what tells the topics apart is spread over all of them.

    Source: multinomial topics as in Nigam, McCallum, Thrun & Mitchell 2000, doi:10.1023/A:1007692713085;
    frequencies as in Zipf 1949, Human Behavior and the Principle of Least Effort.
    """

    kind: ClassVar[str] = "sparse_classification"
    seed: ClassVar[int] = 2000
    objective: ClassVar[str] = "classification"
    rows: ClassVar[int] = 4000
    features: ClassVar[int] = 1000
    classes: ClassVar[int | None] = 4
    form: ClassVar[str] = "tokens"

    def generate(self, random: np.random.RandomState) -> Data:
        """Draw the topics, then the texts word by word, and return bags and classes."""
        topics = 4
        weights = np.exp(_SPREAD * random.normal(size=(topics, self.features))) / np.arange(
            1, self.features + 1
        )
        edges = rounded(np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True))
        targets = np.floor(topics * random.uniform(size=self.rows)).astype(np.int64)
        lengths = _MIN_WORDS + np.floor((_MAX_WORDS - _MIN_WORDS + 1) * random.uniform(size=self.rows))
        draws = random.uniform(size=(self.rows, _MAX_WORDS))
        bags = np.full((self.rows, _MAX_WORDS), NO_TOKEN, dtype=np.int64)
        for topic in range(topics):
            is_topic = targets == topic
            bags[is_topic] = np.searchsorted(edges[topic], draws[is_topic], side="right")
        bags[np.arange(_MAX_WORDS) >= lengths[:, np.newaxis]] = NO_TOKEN
        is_relabelled = random.uniform(size=self.rows) < _RELABELLED_SHARE
        targets[is_relabelled] = np.floor(topics * random.uniform(size=self.rows))[is_relabelled].astype(
            np.int64
        )
        return Data(bags, targets, topics)
