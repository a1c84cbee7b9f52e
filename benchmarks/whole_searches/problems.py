"""Ten problems that take a fraction of a second a round: five functions, five small models on data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.spec.job import JobSpec


@dataclass(frozen=True)
class Problem:
    """A name, an objective, and the updates of a trial."""

    name: str
    objective: dict[str, Any]
    steps: int

    def spec(self, seed: int, trials: int, **parts: Any) -> JobSpec:
        """Return a job without a race, with these parts and defaults elsewhere."""
        body = {
            "objective": self.objective,
            "budget": {"trials": trials, "steps": self.steps},
            "confirmation": None,
            "seed": seed,
        }
        return JobSpec.model_validate(body | parts)


def _function(name: str, **parts: Any) -> dict[str, Any]:
    return {"kind": "function", "name": name, **parts}


def _data(objective: str, dataset: str, *hidden: int) -> dict[str, Any]:
    model = {"kind": "mlp", "hidden": list(hidden)} if hidden else {"kind": "linear"}
    return {"kind": objective, "dataset": dataset, "model": model}


PROBLEMS = (
    Problem("rosenbrock", _function("rosenbrock"), 300),
    Problem("beale", _function("beale"), 300),
    Problem("quadratic, noise", _function("quadratic", dimension=10, noise=0.5), 300),
    Problem("rosenbrock, noise", _function("rosenbrock", dimension=4, noise=0.5), 300),
    Problem("sparse quadratic", _function("sparse_quadratic"), 300),
    Problem("digits, linear", _data("classification", "digits"), 200),
    Problem("digits, MLP", _data("classification", "digits", 16), 200),
    Problem("wine, MLP", _data("classification", "wine", 16), 200),
    Problem("breast cancer, MLP", _data("classification", "breast_cancer", 16), 200),
    Problem("diabetes, MLP", _data("regression", "diabetes", 16), 200),
)


def by_name(name: str) -> Problem:
    """Return the problem of that name."""
    return next(problem for problem in PROBLEMS if problem.name == name)
