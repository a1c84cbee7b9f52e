"""Writes docs/reference from the catalogue: a page for each noun, and the plots of the schedules.

    python -m scripts.build_reference

The text is that of the docstrings, as `GET /v1/optimizers` and the others serve it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.engine.objectives.functions import FUNCTIONS
from app.engine.schedules import SCHEDULES, Schedule
from app.services import catalogue
from app.spec.resources.catalogue import (
    Bounds,
    CatalogueItem,
    DatasetItem,
    FunctionItem,
    Hyperparameter,
    ModelItem,
    ObjectiveItem,
    OptimizerItem,
)
from app.spec.supervised import FORMS
from scripts.function_plots import function_plot, is_drawn
from scripts.reference_plots import schedule_plot, warmup_plot

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTE = (
    "<!-- Written by scripts/build_reference.py from the docstrings; change those, then run `make docs`. -->"
)


@dataclass(frozen=True)
class Page:
    """A page of kinds. intro: what holds for all of them."""

    title: str
    endpoint: str
    intro: str
    items: Callable[[], Sequence[CatalogueItem]]


HYPERPARAMETERS = (
    "A job gives each hyperparameter a value, a range or choices; one that it leaves out is searched over "
    "the range below where it is marked *, and else stays at its default."
)
PAGES = {
    "optimizers": Page(
        "Optimizers",
        "/v1/optimizers",
        "k counts updates from 0, x are the parameters and g their gradient, both of shape (B, D) for B runs "
        "of D parameters; a hyperparameter, like a rate, is a column of shape (B, 1). Powers, roots and "
        "products are of components; |g| is the Euclidean norm of a run, in Adamax a magnitude. "
        f"{HYPERPARAMETERS} What is marked † pulls the parameters towards the origin: a job on a function "
        "searches it only over a range that the job gives.",
        catalogue.optimizers,
    ),
    "schedules": Page(
        "Learning-rate schedules",
        "/v1/schedules",
        "Update k of T, counted from 0, runs at `learning_rate` times `factor(k)`; `learning_rate` is the "
        "peak. Factors have shape (T,), or (B, T) for B runs. "
        f"Lengths are fractions of T, rounded half up to whole updates, at least 1. {HYPERPARAMETERS}",
        catalogue.schedules,
    ),
    "objectives": Page(
        "Objectives",
        "/v1/objectives",
        "What a job minimises. Of a model, a loss and `l2`, whatever has a search range below takes a value, "
        "a range or choices, and is then a parameter of each trial, such as `model.dropout`; nothing of them "
        "is searched unless a job asks for it, and all else is the same for all trials of a job. The metrics "
        "are measured without l2, dropout and label smoothing, so that trials which differ in them compare.",
        catalogue.objectives,
    ),
    "datasets": Page(
        "Built-in datasets",
        "/v1/datasets",
        "The names that an objective takes as `dataset`.",
        catalogue.datasets,
    ),
    "samplers": Page(
        "Samplers",
        "/v1/samplers",
        "Who proposes the trials; [How a job searches](../explanation/search.md) has the details.",
        catalogue.samplers,
    ),
    "pruners": Page(
        "Pruners",
        "/v1/pruners",
        "Which trials stop early; [How a job searches](../explanation/search.md) has the details.",
        catalogue.pruners,
    ),
}


def files() -> dict[str, str]:
    """Return every file of the reference that is written here, by its path in the folder."""
    found = {f"{name}.md": page_text(name, page) for name, page in PAGES.items()}
    found["plots/warmup.svg"] = warmup_plot()
    found |= {
        f"plots/function_{kind}.svg": function_plot(kind) for kind, cls in FUNCTIONS.items() if is_drawn(cls)
    }
    return found | {f"plots/{kind}.svg": schedule_plot(kind) for kind in SCHEDULES}


def page_text(name: str, page: Page) -> str:
    """Return a page in Markdown."""
    items = page.items()
    parts = [NOTE, f"# {page.title}", f"{page.intro} `GET {page.endpoint}` gives the same as JSON."]
    if len(items) > 8:
        parts.append(" · ".join(f"[`{item.kind}`](#{item.kind})" for item in items))
    shared: set[str] = set()
    if name == "schedules":
        shared = {field.name for field in catalogue.hyperparameters(Schedule)}
        parts += list(_warmup())
    for item in items:
        parts += _item(item, shared, with_plot=name == "schedules")
    parts += _shared_parts([item for item in items if isinstance(item, ObjectiveItem)])
    return "\n\n".join(parts) + "\n"


def _warmup() -> Iterable[str]:
    """Return the section of the fields that every schedule has, which the schedules do not repeat."""
    yield "## Warmup"
    yield "Every schedule can begin with a warmup."
    yield _prose((Schedule.__doc__ or "").split("\n\n", 1)[1])
    yield "![The shapes of the warmup](plots/warmup.svg)"
    yield _table(catalogue.hyperparameters(Schedule))


def _item(item: CatalogueItem, shared: set[str], *, with_plot: bool, level: int = 2) -> list[str]:
    parts = [f"{'#' * level} {item.kind}", item.summary]
    if item.update_rule:
        parts.append(f"**Rule:** {_escaped(item.update_rule)}")
    if with_plot:
        parts.append(f"![The schedule {item.kind}](plots/{item.kind}.svg)")
    if isinstance(item, FunctionItem):
        parts += _function(item)
    own = [field for field in item.hyperparameters if field.name not in shared]
    if own:
        parts.append(_table(own))
    if isinstance(item, DatasetItem):
        classes = "numbers" if item.classes is None else f"{item.classes} classes"
        sizes = " and ".join(f"{size:,}" for size in item.sizes)
        inputs = {"tokens": f"bags of tokens, of which there are {sizes}", "pairs": f"pairs of {sizes}"}
        form = inputs.get(item.form, f"{sizes} features")
        parts.append(f"For `{item.objective}`: {item.rows:,} rows, {form}, {classes}.")
    if isinstance(item, ModelItem):
        parts.append(f"Takes {FORMS[item.form]}.")
    if item.source:
        parts.append(f"**Source:** {_escaped(item.source)}")
    parts += [f"**Deviation:** {_escaped(deviation)}" for deviation in item.deviations]
    if isinstance(item, OptimizerItem):
        parts.append(_exports(item))
    if isinstance(item, ObjectiveItem):
        parts += _made_of(item, level)
    return parts


def _exports(item: OptimizerItem) -> str:
    """Return the classes with which the exported modules build the optimizer."""
    found = [
        f"`{export.format}` ({f'`{export.implementation}`' if export.implementation else 'its own code'})"
        for export in item.exports
    ]
    return f"**Exports:** {', '.join(found) or 'the schedule alone'}."


def _made_of(item: ObjectiveItem, level: int) -> list[str]:
    """Return the functions of an objective, and links to its models, losses and datasets."""
    parts = []
    if item.datasets:
        names = ", ".join(f"[`{name}`](datasets.md#{name})" for name in item.datasets)
        parts.append(f"**Datasets:** {names}")
    for noun, members in (("Models", item.models), ("Losses", item.losses)):
        if members:
            links = ", ".join(f"[`{member.kind}`](#{member.kind})" for member in members)
            parts.append(f"**{noun}:** {links}")
    for member in item.functions:
        parts += _item(member, set(), with_plot=False, level=level + 1)
    return parts


def _shared_parts(objectives: Sequence[ObjectiveItem]) -> list[str]:
    """Return the parts that several objectives share, each once."""
    parts = []
    for noun in ("models", "losses", "activations", "initialisations"):
        members = {member.kind: member for item in objectives for member in getattr(item, noun)}
        if members:
            parts.append(f"## {noun.capitalize()}")
        for _, member in sorted(members.items()):
            parts += _item(member, set(), with_plot=False, level=3)
    return parts


def _function(item: FunctionItem) -> Iterable[str]:
    """Return the domain, start and optimum of a function, and its picture."""
    least, most, default = item.minimum_dimension, item.maximum_dimension, item.default_dimension
    count = f"{least}" if least == most else f"{least} to {most:,}, by default {default}"
    low, high = item.domain
    ends = "none"
    if item.optimum is not None:
        ends = f"least value {item.optimum.value:.10g} at {_point(item.optimum.parameters)}"
    yield (
        f"Parameters: {count}. Domain: {low:g} to {high:g} each. Start: {_point(item.start)}. "
        f"Optimum: {ends}."
        + ("" if item.bounded_below else " Without a lower bound: the run that falls fastest wins.")
        + (f" For `newton`: up to {item.hessian_dimension:,} parameters." if least < most else "")
    )
    if is_drawn(FUNCTIONS[item.kind]):
        yield f"![Lines of equal value of {item.kind}](plots/function_{item.kind}.svg)"


def _point(values: Sequence[float]) -> str:
    """Return a point such as (1, 0.5), in more than four dimensions (1, 1, ..., 1)."""
    texts = [f"{value:.6g}" for value in values]
    return f"({', '.join(texts if len(texts) <= 4 else [*texts[:2], '...', texts[-1]])})"


def _table(fields: Sequence[Hyperparameter]) -> str:
    rows = ["| field | default | bounds | search range | meaning |", "| --- | --- | --- | --- | --- |"]
    for field in fields:
        default = "required" if field.required else _value(field.default)
        cells = (f"`{field.name}`", default, _bounds(field), _search(field), _escaped(field.doc))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _bounds(field: Hyperparameter) -> str:
    if field.choices:
        return ", ".join(_value(choice) for choice in field.choices)
    bounds: Bounds = field.bounds
    signs = ((bounds.ge, "≥"), (bounds.gt, ">"), (bounds.le, "≤"), (bounds.lt, "<"))
    return ", ".join(f"{sign} {bound:g}" for bound, sign in signs if bound is not None)


def _search(field: Hyperparameter) -> str:
    mark = (" *†" if field.regularises else " *") if field.searched else ""
    if field.search is None:
        return f"every choice{mark}" if field.searched else ""
    low, high = field.search
    return f"{low:g} to {high:g}{', log' if field.log else ''}{mark}"


def _value(value: Any) -> str:
    # Any: a default as JSON has it.
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"`{json.dumps(value)}`"
    return (
        f"{value:g}" if isinstance(value, float) else f"`{value}`" if isinstance(value, str) else str(value)
    )


def _prose(text: str) -> str:
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    """Formulas as they are: outside of code, Markdown would take stars and bars for its own."""
    parts = text.split("`")
    parts[::2] = [part.replace("*", "\\*").replace("|", "\\|").replace("_", "\\_") for part in parts[::2]]
    return "`".join(parts)


def main() -> None:
    """Write the files that changed and remove plots of schedules that are gone."""
    wanted = files()
    (FOLDER / "plots").mkdir(parents=True, exist_ok=True)
    for path in (FOLDER / "plots").glob("*.svg"):
        if f"plots/{path.name}" not in wanted:
            path.unlink()
    for name, text in wanted.items():
        path = FOLDER / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
