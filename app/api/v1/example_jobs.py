"""The example jobs of the documentation: the files of `examples/`, which ship inside the package."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi.openapi.models import Example

_PACKAGE = Path(__file__).resolve().parents[1]

# In the order in which Swagger UI offers them; the first one stands in the field.
SUMMARIES = {
    "digits": "Classify digits by an MLP: three optimizers, two schedules, raced on fresh seeds",
    "rosenbrock": "Minimise Rosenbrock's function: 200 trials of Adam, no race",
    "regression": "Fit diabetes data by a linear model: SGD against momentum",
    "accuracy": "Digits again, for accuracy: label smoothing searched, more than 97 of 100 right",
    "sparse": "Classify short texts by an embedding bag, the l2 penalty searched too",
    "ratings": "Factorise a matrix of ratings under the Huber loss",
    "enqueue": "Try two settings of your own first, then search on from there",
    "minimal": "Nothing but an objective: every default",
}


def folder() -> Path:
    """The folder of the examples: inside an installed package, or at the top of a checkout."""
    installed = _PACKAGE / "example_jobs"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "examples"


def job_examples() -> dict[str, Example]:
    """The examples as OpenAPI has them."""
    return {
        name: {"summary": text, "value": json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))}
        for name, text in SUMMARIES.items()
    }
