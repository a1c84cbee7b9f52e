"""Exports with one entry per epoch: the rate of the epoch's first update, in every format."""

from __future__ import annotations

import ast
import csv
import io
from typing import Any

import pytest

from app.tuning.exports import FORMATS
from app.tuning.exports.epochs import render_by_epoch
from app.tuning.exports.source.factor_table import learning_rates, momenta
from tests.support.exports import recommendation

UPDATES, EVERY, EPOCHS = 25, 4, 7
COSINE = {"kind": "cosine", "warmup_fraction": 0.2}
CYCLE = {"kind": "one_cycle", "cycle_momentum": True}


def module(name: str, schedule: dict[str, Any] = COSINE) -> str:
    return render_by_epoch(FORMATS[name], recommendation(schedule), UPDATES, EVERY)


@pytest.mark.parametrize("schedule", [COSINE, CYCLE, {"kind": "constant"}], ids=lambda value: value["kind"])
def test_a_table_has_a_line_an_epoch_with_the_rate_of_its_first_update(schedule: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(module("csv", schedule))))
    assert [row["epoch"] for row in rows] == [str(epoch) for epoch in range(EPOCHS)]
    answer = recommendation(schedule)
    assert [float(row["learning_rate"]) for row in rows] == learning_rates(answer, UPDATES)[::EVERY]
    cycled = momenta(answer, UPDATES)
    if cycled is not None:
        assert [float(row["momentum"]) for row in rows] == cycled[::EVERY]
    assert ("momentum" in rows[0]) == (cycled is not None)


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "csv"])
@pytest.mark.parametrize("schedule", [COSINE, CYCLE], ids=lambda value: value["kind"])
def test_the_table_of_a_module_has_an_entry_an_epoch(name: str, schedule: dict[str, Any]) -> None:
    text = module(name, schedule)
    constants: dict[str, Any] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                constants[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    assert (constants["TOTAL_STEPS"], constants["STEPS_PER_EPOCH"]) == (EPOCHS, EVERY)
    rates = [constants["PEAK"] * factor for factor in constants["FACTORS"]]
    assert rates == pytest.approx(learning_rates(recommendation(schedule), UPDATES)[::EVERY], rel=1e-12)
    if schedule is CYCLE and name != "python":
        assert list(constants["MOMENTA"]) == momenta(recommendation(schedule), UPDATES)[::EVERY]  # type: ignore[index]
    assert f"{EPOCHS} epochs of {EVERY} updates, with one entry per epoch" in text
    assert "an update, counted from 0" not in text


def test_a_module_without_packages_runs_by_epochs() -> None:
    namespace: dict[str, Any] = {}
    exec(module("python"), namespace)
    expected = learning_rates(recommendation(COSINE), UPDATES)[::EVERY]
    assert [namespace["learning_rate"](epoch) for epoch in range(EPOCHS)] == pytest.approx(
        expected, rel=1e-12
    )
    assert namespace["learning_rate"](EPOCHS + 5) == pytest.approx(expected[-1], rel=1e-12)


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("keras", "schedule = ByUpdate()"),
        ("optax", "schedule = by_update(make_schedule())"),
        ("transformers", "factor(step // STEPS_PER_EPOCH)"),
    ],
)
def test_an_entry_holds_for_its_epoch_if_the_framework_counts_updates(name: str, counts: str) -> None:
    assert counts in module(name)
    cycled = module(name, CYCLE)
    assert cycled.count("// STEPS_PER_EPOCH") == 2  # the rate and the momentum
    if name == "transformers":
        assert f'"max_steps": {UPDATES}' in cycled
