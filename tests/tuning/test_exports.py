from __future__ import annotations

import ast
import csv
import io
import types
from typing import Any

import numpy as np
import pytest

from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.engine.stack import stack
from app.spec.recommendation import Candidate, Evidence, Recommendation
from app.tuning.exports import FORMATS, factors
from app.tuning.exports.table import learning_rates

PEAK = 0.037
HORIZONS = (1, 2, 3, 10, 97, 1000)


def recommendation(
    schedule: dict[str, Any] | None = None, optimizer: dict[str, Any] | None = None
) -> Recommendation:
    parts: dict[str, Any] = {
        "optimizer": optimizer or _fields(OPTIMIZERS["adam"](learning_rate=PEAK)),
        "schedule": schedule or _fields(SCHEDULES["cosine"](warmup_fraction=0.1)),
        "batch_size": 32,
    }
    winner = Candidate(
        label="trial 3", mean=0.125, ci95=(0.1, 0.15), probability_best=0.7, source="search", **parts
    )
    return Recommendation(
        **parts,
        total_steps=100,
        safe_learning_rate=None,
        evidence=Evidence(metric="validation_loss", replicates=16, candidates=[winner], baselines=[]),
        explanation=[],
        warnings=[],
    )


def _fields(instance: Any) -> dict[str, Any]:
    return {"kind": instance.kind, **vars(instance)}


def module(source: str) -> types.ModuleType:
    """The exported module, run."""
    found = types.ModuleType("exported")
    exec(compile(source, "exported.py", "exec"), vars(found))
    return found


def schedules() -> list[dict[str, Any]]:
    """Every registered schedule: as it is, with a warmup, and at the edges of its own fields."""
    found = []
    for cls in SCHEDULES.values():
        for warmup in (0.0, 0.3, 1.0):
            found.append(_fields(cls(warmup_fraction=warmup, warmup_start_factor=0.25)))
    return [
        *found,
        _fields(SCHEDULES["cosine"](final_factor=0.2)),
        _fields(SCHEDULES["cosine"](final_factor=1.0)),
    ]


def test_the_formats_are_found_from_the_files() -> None:
    assert list(FORMATS) == ["csv", "python", "torch"]
    assert all(name == FORMATS[name].name for name in FORMATS)


def test_the_table_is_the_peak_times_the_engines_factors() -> None:
    found = learning_rates(recommendation(), 1000)
    expected = PEAK * SCHEDULES["cosine"](warmup_fraction=0.1).table(1000)
    np.testing.assert_array_equal(found, expected)
    assert isinstance(found[0], float)


def test_a_longer_horizon_stretches_the_warmup() -> None:
    for horizon in (100, 1000):
        found = learning_rates(recommendation(), horizon)
        assert int(np.argmax(found)) == horizon // 10


@pytest.mark.parametrize("horizon", HORIZONS)
@pytest.mark.parametrize("schedule", schedules(), ids=str)
def test_the_python_module_gives_the_engines_rates(schedule: dict[str, Any], horizon: int) -> None:
    exported = module(FORMATS["python"].render(recommendation(schedule), horizon))
    assert exported.TOTAL_STEPS == horizon
    found = [exported.learning_rate(step) for step in range(horizon)]
    expected = learning_rates(recommendation(schedule), horizon)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-16 * PEAK)


def test_the_python_module_holds_its_last_rate() -> None:
    exported = module(FORMATS["python"].render(recommendation(), 10))
    assert exported.learning_rate(10) == exported.learning_rate(9) == exported.learning_rate(10**9)


def test_a_schedule_without_a_formula_exports_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(factors._BODIES, "cosine")
    exported = module(FORMATS["python"].render(recommendation(), 97))
    found = [exported.learning_rate(step) for step in range(97)]
    assert found == learning_rates(recommendation(), 97)
    assert exported.learning_rate(200) == found[-1]


@pytest.mark.parametrize(("kind", "uses"), [("cosine", {"math"}), ("constant", set())])
def test_the_modules_import_nothing_but_what_they_use(kind: str, uses: set[str]) -> None:
    schedule = _fields(SCHEDULES[kind]())
    for name, more in (("python", set()), ("torch", {"torch"})):
        tree = ast.parse(FORMATS[name].render(recommendation(schedule), 100))
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        assert imported == uses | more


def test_a_module_says_what_it_is_and_on_what_evidence() -> None:
    for name in ("python", "torch"):
        source = FORMATS[name].render(recommendation(), 250)
        assert "# Tuned by Stepsize: adam, cosine schedule, 250 updates." in source
        assert "# Batch size: 32." in source
        evidence = "validation_loss 0.125 after 100 updates, 95 % interval 0.1 to 0.15, on 16 fresh seeds."
        assert f"# Evidence: {evidence}" in source


def test_the_csv_reads_back_to_the_same_bits() -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].render(recommendation(), 97))))
    assert list(rows[0]) == ["step", "learning_rate"]
    assert [int(row["step"]) for row in rows] == list(range(97))
    assert [float(row["learning_rate"]) for row in rows] == learning_rates(recommendation(), 97)


@pytest.mark.parametrize("kind", list(OPTIMIZERS))
def test_every_optimizer_exports_to_torch_with_every_hyperparameter(kind: str) -> None:
    optimizer = _fields(OPTIMIZERS[kind](learning_rate=PEAK))
    source = FORMATS["torch"].render(recommendation(optimizer=optimizer), 100)
    call = source[source.index("return torch.optim.") :].splitlines()[0]
    assert f"PEAK = {PEAK!r}" in source
    for name, value in optimizer.items():
        if name not in ("kind", "learning_rate"):
            assert repr(value) in call, name


@pytest.mark.parametrize("kind", list(OPTIMIZERS))
def test_the_torch_module_takes_the_engines_steps(kind: str) -> None:
    torch = pytest.importorskip("torch")
    tuned = OPTIMIZERS[kind](learning_rate=PEAK, weight_decay=0.01)
    exported = module(FORMATS["torch"].render(recommendation(optimizer=_fields(tuned)), 50))
    point = torch.nn.Parameter(torch.tensor([-1.5, 2.0], dtype=torch.float64))
    optimizer = exported.make_optimizer(parameter for parameter in [point])
    scheduler = exported.make_scheduler(optimizer)
    rates = []
    for _ in range(50):
        optimizer.zero_grad()
        (point**2).sum().backward()
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    np.testing.assert_allclose(rates, learning_rates(recommendation(), 50), rtol=1e-12, atol=1e-18)
    expected = _engine_steps(tuned, np.array([[-1.5, 2.0]]), rates)
    np.testing.assert_allclose(point.detach().numpy(), expected, rtol=1e-10)


def _engine_steps(optimizer: Any, x: np.ndarray, rates: list[float]) -> Any:
    stacked = stack([optimizer])
    state = stacked.init(x)
    for k, rate in enumerate(rates):
        stacked.step(x, 2 * x, np.array([[rate]]), k, state, np.empty_like(x))
    return x[0]
