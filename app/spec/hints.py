"""What a client may have meant by a name that does not exist: "did you mean"."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Other frameworks' names of what is spelled out here.
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
    """Return the known name that is likely meant: an alias, another spelling, or one close to it.

    Of a name with a prefix, such as "adam.lr", the prefix must be that of the known name.
    """
    names = list(known)
    if not isinstance(given, str) or len(given) > 100:
        return None
    prefix, dot, last = given.rpartition(".")
    own = {name[len(prefix) + 1 :]: name for name in names if name.startswith(prefix + dot)} if dot else {}
    if own:
        found = closest(last, own)
        return None if found is None else own[found]
    plain = _plain(given)
    by_plain = {_plain(name): name for name in names}
    alias = ALIASES.get(plain)
    if plain in by_plain or alias in names:
        return by_plain.get(plain, alias)
    close = difflib.get_close_matches(plain, by_plain, n=1)
    return by_plain[close[0]] if close else None


def meant(given: object, known: Iterable[str]) -> str:
    """Return " (did you mean adam?)", or nothing where no name is close."""
    found = closest(given, known)
    return "" if found is None else f" (did you mean {found}?)"


def did_you_mean(given: object, known: Iterable[str], rest: str) -> str:
    """Return "did you mean adam? Choose ..." for a rest "choose ...", or the rest where no name is close."""
    found = closest(given, known)
    return rest if found is None else f"did you mean {found}? {rest[:1].upper()}{rest[1:]}"


def _plain(name: str) -> str:
    return name.strip().lower().replace("-", "_").replace(" ", "_")
