"""Short texts about four topics, as bags of words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from app.data.dataset import Data
from app.data.generated.base import Generated
from app.data.generated.draws import rounded
from app.engine.inputs.tokens import NO_TOKEN

_LEAST, _MOST = 4, 16  # words of a text
_SPREAD = 1.0  # of the logarithm of how much a topic likes a word
_RELABELLED = 0.05


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
        """Topics, then texts one column of words after the other."""
        topics = 4
        likes = np.exp(_SPREAD * random.normal(size=(topics, self.features))) / np.arange(
            1, self.features + 1
        )
        edges = rounded(np.cumsum(likes, axis=1) / likes.sum(axis=1, keepdims=True))
        targets = np.floor(topics * random.uniform(size=self.rows)).astype(np.int64)
        lengths = _LEAST + np.floor((_MOST - _LEAST + 1) * random.uniform(size=self.rows))
        draws = random.uniform(size=(self.rows, _MOST))
        bags = np.full((self.rows, _MOST), NO_TOKEN, dtype=np.int64)
        for topic in range(topics):
            own = targets == topic
            bags[own] = np.searchsorted(edges[topic], draws[own], side="right")
        bags[np.arange(_MOST) >= lengths[:, np.newaxis]] = NO_TOKEN
        anew = random.uniform(size=self.rows) < _RELABELLED
        targets[anew] = np.floor(topics * random.uniform(size=self.rows))[anew].astype(np.int64)
        return Data(bags, targets, topics)
