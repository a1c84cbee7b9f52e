"""The problems, as a client posts them: an objective, and defaults for all the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.spec.job import JobSpec

EVALUATION_SEED = 1_000_003  # of the fresh seeds on which everything is compared
ORACLE_SEED = 1_000_033
PEER_SEED = 1_000_037
FRESH = 200  # seeds on which everything is compared, and the mean that an interval is to hold
# Where Adam is so close to the oracle that these do not tell how close, as many as these.
FRESHER = (400, 800, 1_600)
CLEAR = 0.1  # of the gap: the standard error that is small enough


@dataclass(frozen=True)
class Problem:
    """A name, an objective, whether defaults of the advice were tuned on it, and whether it is of the core.

    The others run where they are asked for: they are easy, and the benchmark is long enough without them.
    """

    name: str
    objective: dict[str, Any]
    tuned: bool = False
    core: bool = True

    def spec(self, seed: int) -> JobSpec:
        """Return the default job with that seed."""
        return JobSpec.model_validate({"objective": self.objective, "seed": seed})


def _function(name: str, **parts: Any) -> dict[str, Any]:
    return {"kind": "function", "name": name, **parts}


def _data(objective: str, dataset: str, *hidden: int, **model: Any) -> dict[str, Any]:
    """With a linear model, an MLP of these layers, or the model that is given."""
    usual = {"kind": "mlp", "hidden": list(hidden)} if hidden else {"kind": "linear"}
    return {"kind": objective, "dataset": dataset, "model": model or usual}


PROBLEMS = (
    Problem("rosenbrock", _function("rosenbrock"), tuned=True),
    Problem("quadratic, noise", _function("quadratic", dimension=10, noise=0.5), tuned=True),
    Problem("beale", _function("beale")),
    Problem("rosenbrock, noise", _function("rosenbrock", dimension=4, noise=0.5)),
    Problem("sparse quadratic", _function("sparse_quadratic")),
    Problem("drifting quadratic", _function("drifting_quadratic")),
    Problem("wine, MLP", _data("classification", "wine", 16), tuned=True),
    Problem("digits, linear", _data("classification", "digits"), tuned=True, core=False),
    Problem("digits, MLP", _data("classification", "digits", 32), tuned=True),
    Problem("breast cancer, linear", _data("classification", "breast_cancer"), core=False),
    Problem("breast cancer, MLP", _data("classification", "breast_cancer", 16), tuned=True),
    Problem("diabetes, linear", _data("regression", "diabetes"), core=False),
    Problem("diabetes, MLP", _data("regression", "diabetes", 16), tuned=True),
    Problem("dense classification, linear", _data("classification", "dense_classification"), core=False),
    Problem("sparse classification", _data("classification", "sparse_classification", kind="embedding_bag")),
    Problem("ratings", _data("factorization", "ratings", kind="matrix_factorization")),
)

CORE = tuple(problem for problem in PROBLEMS if problem.core)


def by_name(name: str) -> Problem:
    """Return the problem of that name."""
    return next(problem for problem in PROBLEMS if problem.name == name)
