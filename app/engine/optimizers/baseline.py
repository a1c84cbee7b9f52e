"""The settings with which an optimizer races without a search, as data of its class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Baseline:
    """A setting that a practitioner would try without a search, with the defaults elsewhere.

    options: hyperparameters that the authors recommend for networks, if those differ from the defaults.
    words: the options in a few words for labels and sentences; empty if there are none.
    warms_up: a cosine after a short warmup; otherwise the learning rate is constant.
    always: whether the setting races in every job; otherwise only if the search space contains the optimizer.
    """

    options: Mapping[str, Any] = field(default_factory=dict)  # Any: hyperparameters of every type
    words: str = ""
    warms_up: bool = False
    always: bool = False
