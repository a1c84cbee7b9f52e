"""The example jobs of the OpenAPI document: the files of `examples/`, which ship inside the package."""

from __future__ import annotations

import json
from pathlib import Path

from fastapi.openapi.models import Example

_PACKAGE = Path(__file__).resolve().parents[1]

# In the order of Swagger UI's menu; the first example fills the field.
SUMMARIES = {
    "digits": "Classify digits with an MLP: three optimizers, two schedules, confirmed on fresh seeds",
    "rosenbrock": "Minimise Rosenbrock's function: 200 trials of Adam, no confirmation",
    "regression": "Fit diabetes data with a linear model: SGD against momentum",
    "accuracy": "Classify digits for accuracy: label smoothing is searched, more than 97 of 100 correct",
    "sparse": "Classify short texts with an embedding bag: the l2 penalty is searched",
    "ratings": "Factorise a matrix of ratings under the Huber loss",
    "enqueue": "Try two configurations of your own first, then search",
    "minimal": "Only an objective: every other field has its default",
}


def folder() -> Path:
    """Return the folder of the examples: inside an installed package, or at the top of a checkout."""
    installed = _PACKAGE / "example_jobs"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "examples"


def job_examples() -> dict[str, Example]:
    """Return the examples in the form of OpenAPI."""
    return {
        name: {"summary": text, "value": json.loads((folder() / f"{name}.json").read_text(encoding="utf-8"))}
        for name, text in SUMMARIES.items()
    }
