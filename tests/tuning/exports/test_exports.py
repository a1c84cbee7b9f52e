from __future__ import annotations

import ast
import builtins
import csv
import io
from typing import Any

import numpy as np
import pytest

from app.engine.optimizers import OPTIMIZERS
from app.errors import NotExportable
from app.tuning.exports import FORMATS
from app.tuning.exports.source.factor_table import learning_rates
from app.tuning.exports.source.optimizer_rules import import_statement
from app.tuning.exports.source.schedule_formulas import BODIES
from tests.support.exports import PEAK, kind_and_fields, module, recommendation
from tests.support.kinds import make_optimizer, make_schedule


def test_the_formats_are_found_from_the_files() -> None:
    assert list(FORMATS) == ["csv", "keras", "optax", "python", "torch", "transformers"]
    assert all(name == FORMATS[name].name for name in FORMATS)


def test_the_table_is_the_peak_times_the_engines_factors() -> None:
    rates = learning_rates(recommendation(), 1000)
    expected = PEAK * make_schedule("cosine", warmup_fraction=0.1).table(1000)
    np.testing.assert_array_equal(rates, expected)
    assert isinstance(rates[0], float)


def test_a_longer_horizon_stretches_the_warmup() -> None:
    for horizon in (100, 1000):
        rates = learning_rates(recommendation(), horizon)
        assert int(np.argmax(rates)) == horizon // 10


def test_the_python_module_holds_its_last_rate() -> None:
    exported = module(FORMATS["python"].render(recommendation(), 10))
    assert exported.learning_rate(10) == exported.learning_rate(9) == exported.learning_rate(10**9)


def test_a_schedule_without_a_formula_exports_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(BODIES, "cosine")
    exported = module(FORMATS["python"].render(recommendation(), 97))
    rates = [exported.learning_rate(step) for step in range(97)]
    assert rates == learning_rates(recommendation(), 97)
    assert exported.learning_rate(200) == rates[-1]


@pytest.mark.parametrize(("kind", "uses"), [("cosine", {"math"}), ("constant", set())])
def test_the_modules_import_only_used_names(kind: str, uses: set[str]) -> None:
    schedule = kind_and_fields(make_schedule(kind))
    for name, more in (("python", set()), ("torch", {"torch"})):
        tree = ast.parse(FORMATS[name].render(recommendation(schedule), 100))
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        assert imported == uses | more


def test_a_rule_imports_the_functions_that_it_uses_and_does_not_define() -> None:
    source = "y = sqrt(maximum(x, 0)); z = jnp.sign(x); w = total(x)"
    assert import_statement("numpy", source) == "from numpy import maximum, sqrt, sum as total\n"
    assert import_statement("numpy", source, ("sqrt",)) == "from numpy import maximum, sum as total\n"
    assert import_statement("numpy", "y = x + 1") == ""


def test_a_module_states_its_content_and_its_evidence() -> None:
    for name in ("python", "torch"):
        source = FORMATS[name].render(recommendation(), 250)
        assert "# Made by Stepsize: adam, cosine schedule, 250 updates." in source
        assert "# Batch size: 32." in source
        evidence = "validation_loss 0.125 after 100 updates, 95 % interval 0.1 to 0.15, on 16 fresh seeds."
        assert f"# Evidence: {evidence}" in source


def test_a_module_names_the_tuned_settings_of_the_objective() -> None:
    answer = recommendation().model_copy(update={"settings": {"l2": 0.001, "model.dropout": 0.25}})
    for name in ("python", "torch"):
        text = FORMATS[name].render(answer, 100)
        assert "# Tuned settings of the objective: l2 0.001, model.dropout 0.25.\n" in text
        assert "Tuned settings" not in FORMATS[name].render(recommendation(), 100)


def test_the_csv_reads_back_to_the_same_bits() -> None:
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"].render(recommendation(), 97))))
    assert list(rows[0]) == ["step", "learning_rate"]
    assert [int(row["step"]) for row in rows] == list(range(97))
    assert [float(row["learning_rate"]) for row in rows] == learning_rates(recommendation(), 97)


EXPORTABLE = [kind for kind, cls in OPTIMIZERS.items() if cls.reference is not None]


@pytest.mark.parametrize("kind", EXPORTABLE)
def test_an_optimizer_exports_to_torch_with_every_hyperparameter(kind: str) -> None:
    optimizer = kind_and_fields(make_optimizer(kind, learning_rate=PEAK))
    source = FORMATS["torch"].render(recommendation(optimizer=optimizer), 100)
    (call,) = [line for line in source.splitlines() if line.startswith("    optimizer = ")]
    assert f"PEAK = {PEAK!r}" in source
    for name, value in optimizer.items():
        if name not in ("kind", "learning_rate", "gradient_clip_norm", "gradient_clip_value"):
            assert repr(value) in call, name


@pytest.mark.parametrize("kind", EXPORTABLE)
def test_the_torch_module_names_the_package_that_it_needs(kind: str) -> None:
    reference = OPTIMIZERS[kind].reference
    assert reference is not None
    source = FORMATS["torch"].render(recommendation(optimizer=kind_and_fields(make_optimizer(kind))), 100)
    tree = ast.parse(source)
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert imported == {"math", "torch", reference.module}
    assert (f"pip install {reference.distribution}" in source) is (reference.distribution != "torch")


def test_the_torch_module_clips_gradients_by_value_and_then_by_norm() -> None:
    tuned = kind_and_fields(make_optimizer("sgd", gradient_clip_norm=2.0, gradient_clip_value=0.5))
    source = FORMATS["torch"].render(recommendation(optimizer=tuned), 100)
    by_value, by_norm = (
        source.index("clip_grad_value_(tensors, 0.5)"),
        source.index("clip_grad_norm_(tensors, 2.0)"),
    )
    assert source.index("loss = closure()") < by_value < by_norm < source.index("super().step()")


@pytest.mark.parametrize("kind", [kind for kind in OPTIMIZERS if kind not in EXPORTABLE])
def test_an_optimizer_without_a_torch_form_says_why(kind: str) -> None:
    with pytest.raises(NotExportable, match=OPTIMIZERS[kind].no_reference):
        FORMATS["torch"].render(recommendation(optimizer=kind_and_fields(make_optimizer(kind))), 100)


def test_a_recommendation_from_before_a_hyperparameter_has_its_default() -> None:
    old = {"kind": "sgd", "learning_rate": 0.1, "weight_decay": 0.0}
    assert "clip" not in FORMATS["torch"].render(recommendation(optimizer=old), 100)


MODULES = ("keras", "optax", "torch", "transformers")
OF_TORCH = ("torch", "transformers")


def exportable(cls: Any, name: str) -> bool:
    """Return whether that format has the optimizer: PyTorch's by a package, the others by its rule."""
    return cls().rule() is not None and (name not in OF_TORCH or cls.reference is not None)


CLIPPED: dict[str, Any] = {"gradient_clip_norm": 2.0, "gradient_clip_value": 0.5}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind, cls in OPTIMIZERS.items() for name in MODULES if exportable(cls, name)],
)
def test_a_module_compiles_and_is_the_same_each_time(kind: str, name: str) -> None:
    cycled = {"kind": "one_cycle", "cycle_momentum": OPTIMIZERS[kind].momentum_field is not None}
    for fields in ({}, CLIPPED):
        for schedule in (None, cycled):
            tuned = kind_and_fields(make_optimizer(kind, learning_rate=PEAK, **fields))
            answer = recommendation(schedule, tuned)
            source = FORMATS[name].render(answer, 100)
            compile(source, "exported.py", "exec")
            assert source == FORMATS[name].render(answer.model_copy(deep=True), 100)
            assert "{" not in "".join(
                line for line in source.splitlines() if line.startswith("    return optax")
            )


@pytest.mark.parametrize("name", MODULES)
def test_every_name_that_a_module_uses_is_defined_in_it(name: str) -> None:
    for kind, cls in OPTIMIZERS.items():
        if not exportable(cls, name):
            continue
        cycled = {"kind": "cyclical", "cycle_momentum": cls.momentum_field is not None}
        for schedule, fields in ((None, {}), (cycled, CLIPPED)):
            source = FORMATS[name].render(recommendation(schedule, kind_and_fields(cls(**fields))), 100)
            assert not undefined(source), (kind, source)


def undefined(source: str) -> set[str]:
    """Return the names that are read but not bound in any scope."""
    read, bound = set[str](), set(dir(builtins))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return read - bound


@pytest.mark.parametrize("name", MODULES)
def test_an_optimizer_without_a_form_is_refused_and_the_schedule_alone_is_not(name: str) -> None:
    answer = recommendation(optimizer=kind_and_fields(make_optimizer("newton")))
    with pytest.raises(NotExportable, match=r"needs the Hessian.*as python or csv"):
        FORMATS[name].render(answer, 100)
    for alone in ("python", "csv"):
        assert FORMATS[alone].render(answer, 100)


@pytest.mark.parametrize("name", ["keras", "optax"])
def test_lbfgs_is_left_to_pytorch(name: str) -> None:
    with pytest.raises(NotExportable, match=r"lbfgs has no .* as torch, or the schedule alone"):
        FORMATS[name].render(recommendation(optimizer=kind_and_fields(make_optimizer("lbfgs"))), 100)


def test_a_native_optimizer_is_called_and_another_one_carried() -> None:
    adam = recommendation()
    assert "optax.adam(schedule, b1=0.9, b2=0.999, eps=1e-08)" in FORMATS["optax"].render(adam, 100)
    assert "keras.optimizers.Adam(schedule, beta_1=0.9" in FORMATS["keras"].render(adam, 100)
    radam = recommendation(optimizer=kind_and_fields(make_optimizer("radam")))
    for name in ("optax", "keras"):
        assert "def update(x, g, state, rate, k):" in FORMATS[name].render(radam, 100)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
@pytest.mark.parametrize(("eps", "is_native"), [(1e-10, True), (1e-8, True), (1e-7, False), (1e-4, False)])
def test_the_adam_of_keras_is_called_only_for_a_small_eps(kind: str, eps: float, is_native: bool) -> None:
    tuned = kind_and_fields(make_optimizer(kind, eps=eps, weight_decay=0.0))
    source = FORMATS["keras"].render(recommendation(optimizer=tuned), 100)
    assert ("keras.optimizers.Adam" in source) is is_native
    assert ("def update(x, g, state, rate, k):" in source) is not is_native


def test_lion_without_a_mean_is_not_exported_to_keras() -> None:
    for beta1 in (0.0, 0.9):
        source = FORMATS["keras"].render(
            recommendation(optimizer=kind_and_fields(make_optimizer("lion", beta1=beta1))), 100
        )
        assert ("keras.optimizers.Lion(" in source) is (beta1 > 0.0)


@pytest.mark.parametrize("kind", [kind for kind, cls in OPTIMIZERS.items() if cls.averages])
def test_a_keras_module_of_an_average_has_a_callback_for_it(kind: str) -> None:
    source = FORMATS["keras"].render(recommendation(optimizer=kind_and_fields(make_optimizer(kind))), 100)
    assert "class Averaging(keras.callbacks.Callback):" in source
    assert "finalize_variable_values" not in source  # which fit() calls at its end alone
    assert "Averaging" not in FORMATS["keras"].render(recommendation(), 100)


def test_a_coupled_weight_decay_comes_before_the_normalisation() -> None:
    decayed = recommendation(optimizer=kind_and_fields(make_optimizer("adam", weight_decay=0.01)))
    optax = FORMATS["optax"].render(decayed, 100)
    assert optax.index("optax.add_decayed_weights(0.01)") < optax.index("optax.adam(")
    keras = FORMATS["keras"].render(decayed, 100)
    assert "keras.optimizers.Adam(" not in keras
    assert "g = g + weight_decay * x" in keras


@pytest.mark.parametrize("kind", ["prodigy", "dadapt_adam"])
def test_the_options_of_a_method_without_a_rate_are_exported(kind: str) -> None:
    (baseline,) = OPTIMIZERS[kind].baselines
    plain, chosen = (
        {
            name: FORMATS[name].render(recommendation(optimizer=kind_and_fields(optimizer)), 100)
            for name in MODULES
        }
        for optimizer in (make_optimizer(kind), make_optimizer(kind, **baseline.options))
    )
    for name in baseline.options:
        for format in OF_TORCH:
            assert f"{name}=False" in plain[format]
            assert f"{name}=True" in chosen[format]
    correction = "beta1 ** (updates + 1.0)"
    for format in ("keras", "optax"):
        assert correction in chosen[format]
        assert correction not in plain[format]


def test_the_arguments_for_the_trainer_leave_clipping_to_the_optimizer() -> None:
    exported: dict[str, Any] = {}
    source = FORMATS["transformers"].render(recommendation(), 250)
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TRAINING_ARGUMENTS":
            exported = ast.literal_eval(node.value)
    assert exported == {"max_steps": 250, "max_grad_norm": 0.0, "per_device_train_batch_size": 32}
