"""Hints for unknown names: the known name that a client likely meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Name or abbreviation in other frameworks -> name in this API.
ALIASES = {
    "alpha": "learning_rate",
    "b1": "beta1",
    "b2": "beta2",
    "betas": "beta1",
    "bs": "batch_size",
    "clipnorm": "gradient_clip_norm",
    "clipvalue": "gradient_clip_value",
    "epsilon": "eps",
    "eta": "learning_rate",
    "eta_min": "final_factor",
    "gamma": "factor",
    "iterations": "steps",
    "lr": "learning_rate",
    "lr_decay": "learning_rate_decay",
    "max_grad_norm": "gradient_clip_norm",
    "max_steps": "steps",
    "mu": "momentum",
    "n_trials": "trials",
    "timeout": "seconds",
    "warmup": "warmup_fraction",
    "warmup_ratio": "warmup_fraction",
    "warmup_steps": "warmup_fraction",
    "wd": "weight_decay",
    "plateau": "reduce_on_plateau",
    "reducelronplateau": "reduce_on_plateau",
    "cosineannealing": "cosine",
    "cosineannealingwarmrestarts": "cosine_restarts",
    "sgdr": "cosine_restarts",
    "onecycle": "one_cycle",
    "onecyclelr": "one_cycle",
    "wsd": "warmup_stable_decay",
    "traingda": "bold_driver",
    "himmelblaus": "himmelblau",
    "banana": "rosenbrock",
}


def closest(given: object, known: Iterable[str]) -> str | None:
    """Return the known name that the client likely meant: an alias, another spelling or a similar name.

    For a name with a known prefix, such as "adam.lr", only names with the same prefix are considered.
    """
    names = list(known)
    if not isinstance(given, str) or len(given) > 100:
        return None
    prefix, dot, last = given.rpartition(".")
    same_prefix = [name for name in names if dot and name.startswith(prefix + dot)]
    if same_prefix:
        by_suffix = {name[len(prefix) + 1 :]: name for name in same_prefix}
        suffix = closest(last, by_suffix)
        return None if suffix is None else by_suffix[suffix]
    plain = _plain(given)
    by_plain = {_plain(name): name for name in names}
    alias = ALIASES.get(plain)
    if plain in by_plain or alias in names:
        return by_plain.get(plain, alias)
    matches = difflib.get_close_matches(plain, by_plain, n=1)
    return by_plain[matches[0]] if matches else None


def meant(given: object, known: Iterable[str]) -> str:
    """Return " (did you mean adam?)"; an empty string if no known name is similar."""
    name = closest(given, known)
    return "" if name is None else f" (did you mean {name}?)"


def did_you_mean(given: object, known: Iterable[str], rest: str) -> str:
    """Return "did you mean adam? Choose ..." for the rest "choose ..."; the rest if no name is similar."""
    name = closest(given, known)
    return rest if name is None else f"did you mean {name}? {rest[:1].upper()}{rest[1:]}"


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
