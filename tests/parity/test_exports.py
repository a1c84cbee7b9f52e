"""The exported modules in the frameworks that they are for, live (`make parity`)."""

from __future__ import annotations

import importlib
import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.domain.records import Configuration
from app.engine.hyper import hyper_fields
from app.engine.optimizers import OPTIMIZERS
from app.engine.schedules import SCHEDULES
from app.engine.schedules.loss_driven import LossDriven
from app.engine.trajectories import codec
from app.spec.job import JobSpec
from app.tuning.evaluation.objective import build_objective
from app.tuning.evaluation.shards import Shard, evaluate
from app.tuning.exports import FORMATS
from app.tuning.exports.source.factor_table import learning_rates
from tests.support.exports import module, recommendation
from tests.support.jobs import job
from tests.support.kinds import make_optimizer, make_schedule
from tests.support.parity.paths import Case, Vector, engine_paths, quadratic_gradient, start

os.environ.setdefault("KERAS_BACKEND", "torch")
FRAMEWORKS = ("keras", "optax", "torch", "transformers")
CARRIED = [kind for kind in OPTIMIZERS if make_optimizer(kind).rule() is not None]
STEPS = 20
PEAK = 0.037


@pytest.fixture(autouse=True)
def double_precision(request: pytest.FixtureRequest) -> Iterator[None]:
    torch = pytest.importorskip("torch")
    name = getattr(request.node, "callspec", None)
    name = name.params.get("name", "torch") if name else "torch"
    if name in ("optax", "keras"):
        pytest.importorskip(name)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    if name == "optax":
        importlib.import_module("jax").config.update("jax_enable_x64", True)
    elif name == "keras":
        importlib.import_module("keras").config.set_floatx("float64")
    yield
    torch.set_default_dtype(before)


def rates(name: str, exported: types.ModuleType, steps: int) -> list[float]:
    """Return the learning rates of `steps` updates, as the framework's own training loop asks for them."""
    if name in ("keras", "optax"):
        schedule = exported.make_schedule()
        numbers = np.arange(steps) if name == "optax" else range(steps)
        return (
            np.asarray(schedule(numbers)).tolist()
            if name == "optax"
            else [float(schedule(k)) for k in numbers]
        )
    torch = importlib.import_module("torch")
    parameters = iter([torch.nn.Parameter(torch.ones(2))])
    if name == "torch":
        optimizer = exported.make_optimizer(parameters)
        scheduler = exported.make_scheduler(optimizer)
    else:
        optimizer, scheduler = exported.make_optimizer_and_scheduler(parameters)
    sources = []
    for _ in range(steps):
        sources.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return sources


@pytest.mark.parametrize("name", FRAMEWORKS)
@pytest.mark.parametrize("kind", [kind for kind, cls in SCHEDULES.items() if not issubclass(cls, LossDriven)])
def test_every_exported_learning_rate_is_the_engines(kind: str, name: str) -> None:
    for warmup in ({}, {"warmup_fraction": 0.1}):
        schedule = {"kind": kind, **vars(make_schedule(kind, **warmup))}
        answer = recommendation(schedule)
        for steps in (1, 97):
            exported = rates(name, module(FORMATS[name].render(answer, steps)), steps)
            np.testing.assert_allclose(exported, learning_rates(answer, steps), rtol=1e-9, atol=1e-18)


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_the_realised_schedule_is_exported(name: str) -> None:
    table = {"kind": "table", **vars(make_schedule("table", factors=(1.0, 1.0, 0.5, 0.25)))}
    answer = recommendation({"kind": "reduce_on_plateau"}).model_copy(update={"taken_schedule": table})
    exported = rates(name, module(FORMATS[name].render(answer, 4)), 4)
    np.testing.assert_allclose(exported, [PEAK, PEAK, PEAK / 2, PEAK / 4], rtol=1e-9)


def keras_path(exported: types.ModuleType, first: Vector) -> Iterator[Vector]:
    keras = importlib.import_module("keras")
    # Two variables: what a rule sums over is the whole model.
    parts = [keras.Variable(part, dtype="float64") for part in (first[:3], first[3:])]
    optimizer = exported.make_optimizer()
    for k in range(STEPS):
        g = quadratic_gradient(np.concatenate([part.value.detach().numpy() for part in parts]), k)
        gradients = [keras.ops.convert_to_tensor(part, dtype="float64") for part in (g[:3], g[3:])]
        optimizer.apply(gradients, parts)
        yield np.concatenate([part.value.detach().numpy() for part in parts]).copy()


def optax_path(exported: types.ModuleType, first: Vector) -> Iterator[Vector]:
    jax, optax = importlib.import_module("jax"), importlib.import_module("optax")
    optimizer = exported.make_optimizer()
    parts = {"a": jax.numpy.asarray(first[:3]), "b": jax.numpy.asarray(first[3:]).reshape(2, 2)}
    state = optimizer.init(parts)
    update = jax.jit(optimizer.update)
    for k in range(STEPS):
        g = quadratic_gradient(np.concatenate([parts["a"], parts["b"].ravel()]), k)
        gradients = {"a": jax.numpy.asarray(g[:3]), "b": jax.numpy.asarray(g[3:]).reshape(2, 2)}
        steps, state = update(gradients, state, parts)
        parts = optax.apply_updates(parts, steps)
        yield np.concatenate([parts["a"], parts["b"].ravel()])


PATHS: dict[str, Any] = {"keras": keras_path, "optax": optax_path}


def assert_takes_the_engines_steps(name: str, case: Case, rtol: float, atol: float = 1e-9) -> None:
    answer = recommendation(case.schedule, case.optimizer)
    # As many updates as the engine's paths have.
    exported = module(FORMATS[name].render(answer, 300))
    sys.modules["exported"] = exported
    path = np.array(list(PATHS[name](exported, start("quadratic"))))
    expected = engine_paths("quadratic", [case])[0][:STEPS, 0]
    np.testing.assert_allclose(path, expected, rtol=rtol, atol=atol, err_msg=str(case))


def is_native(name: str, kind: str) -> bool:
    return any(native.framework == name for native in OPTIMIZERS[kind].natives)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("kind", CARRIED)
def test_the_exported_optimizer_takes_the_engines_steps(kind: str, name: str) -> None:
    optimizer = {"kind": kind, **vars(make_optimizer(kind))}
    case = Case("quadratic", optimizer, {"kind": "cosine", "warmup_fraction": 0.02})
    # Keras scales eps in its native Adam and AdamW, 1e-8 against gradients of order 1.
    assert_takes_the_engines_steps(
        name, case, rtol=1e-5 if name == "keras" and is_native(name, kind) else 1e-8
    )


SWITCHES = [
    (kind, field.name)
    for kind in CARRIED
    for field in hyper_fields(OPTIMIZERS[kind])
    if field.type is bool and field.name != "decoupled_weight_decay"
]


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(("kind", "switch"), SWITCHES)
def test_a_switched_option_is_exported(kind: str, switch: str, name: str) -> None:
    optimizer = {"kind": kind, **vars(make_optimizer(kind, **{switch: True}))}
    case = Case("quadratic", optimizer, {"kind": "cosine", "warmup_fraction": 0.02})
    assert_takes_the_engines_steps(name, case, rtol=1e-7)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("kind", CARRIED)
def test_limits_and_weight_decay_are_exported_too(kind: str, name: str) -> None:
    more = {"gradient_clip_norm": 0.7, "gradient_clip_value": 0.5}
    if hasattr(make_optimizer(kind), "weight_decay"):
        more["weight_decay"] = 0.02
    optimizer = {"kind": kind, **vars(make_optimizer(kind, **more))}
    case = Case("quadratic", optimizer, {"kind": "linear", "warmup_fraction": 0.02})
    # Both frameworks divide by the norm, PyTorch and the engine by norm + 1e-6.
    assert_takes_the_engines_steps(name, case, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize("kind", [kind for kind, cls in OPTIMIZERS.items() if cls.momentum_field])
def test_a_cycled_momentum_is_exported(kind: str, name: str) -> None:
    optimizer = {"kind": kind, **vars(make_optimizer(kind))}
    cycles = {"kind": "one_cycle", "cycle_momentum": True, "peak_fraction": 0.03, "warmup_fraction": 0.02}
    assert_takes_the_engines_steps(name, Case("quadratic", optimizer, cycles), rtol=1e-8)


LOOP_STEPS = 60
IRIS: dict[str, Any] = {
    "kind": "classification",
    "dataset": "iris",
    "model": {"kind": "mlp", "hidden": [8], "activation": "tanh"},
}


def torch_losses(spec: JobSpec, exported: types.ModuleType, batch_size: int | None) -> list[float]:
    """Return the losses of a plain loop, from the weights and on the minibatches of the first replicate."""
    torch = importlib.import_module("torch")
    problem: Any = build_objective(spec.objective).problem(spec.seed, 0, batch_size, np.float64)
    problem.draw(LOOP_STEPS + 1)
    layers = [torch.nn.Linear(4, 8), torch.nn.Linear(8, 3)]
    model = torch.nn.Sequential(layers[0], torch.nn.Tanh(), layers[1])
    values, place = torch.tensor(problem.start()), 0
    with torch.no_grad():
        for layer in layers:  # a unit's bias lies after its weights
            rows = values[place : place + layer.weight.numel() + layer.bias.numel()].reshape(
                len(layer.bias), -1
            )
            layer.weight.copy_(rows[:, :-1])
            layer.bias.copy_(rows[:, -1])
            place += rows.numel()
    optimizer = exported.make_optimizer(model.parameters())
    scheduler = exported.make_scheduler(optimizer)
    losses = []
    for k in range(LOOP_STEPS + 1):
        inputs = torch.tensor(np.asarray(problem.minibatches[k].examples)[:, :-1])
        loss = torch.nn.functional.cross_entropy(model(inputs), torch.tensor(problem.targets[k]))
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
    return losses


@pytest.mark.parametrize("kind", [kind for kind, cls in OPTIMIZERS.items() if cls.reference is not None])
def test_a_torch_training_loop_reproduces_the_losses_of_the_engine(kind: str) -> None:
    reference = OPTIMIZERS[kind].reference
    assert reference is not None
    pytest.importorskip(reference.module)
    # At its whole step L-BFGS jumps about, and every rounding grows.
    fields = {"learning_rate": 0.1} if kind == "lbfgs" else {"gradient_clip_norm": 0.8}
    optimizer = {"kind": kind, **vars(make_optimizer(kind, **fields))}
    schedule = {"kind": "cosine", **vars(make_schedule("cosine", warmup_fraction=0.1, final_factor=0.1))}
    size: int | str = "full" if OPTIMIZERS[kind].needs_full_batch else 16
    spec = job(IRIS, steps=LOOP_STEPS, trials=1, precision="float64", search_space={"batch_size": size})
    tuned = Configuration(optimizer=optimizer, schedule=schedule, batch_size=size, params={})
    (result,) = evaluate(Shard(spec=spec, numbers=(0,), configurations=(tuned,), replicates=(0,)))
    assert result.trajectory is not None
    expected = codec.decode(result.trajectory).loss
    exported = module(FORMATS["torch"].render(recommendation(schedule, optimizer), LOOP_STEPS))
    np.testing.assert_allclose(torch_losses(spec, exported, tuned.rows), expected, rtol=1e-8)


@pytest.mark.parametrize("name", ["keras"])
@pytest.mark.parametrize("kind", ["adam", "radam", "lfm", "schedule_free_sgd"])
def test_a_keras_model_is_fitted_by_the_exported_optimizer(kind: str, name: str) -> None:
    keras = importlib.import_module("keras")
    optimizer = {"kind": kind, **vars(make_optimizer(kind))}
    if kind == "schedule_free_sgd":
        optimizer["learning_rate"] = 0.05  # its default is too large for this loss
    exported = module(FORMATS[name].render(recommendation(optimizer=optimizer), 60))
    random = np.random.default_rng(0)
    inputs = random.normal(size=(64, 3))
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(1)])
    model.compile(optimizer=exported.make_optimizer(), loss="mse")
    history = model.fit(inputs, inputs.sum(axis=1), batch_size=16, epochs=15, verbose=0).history["loss"]
    assert int(model.optimizer.iterations) == 60
    # JAX gives each variable's memory away once: none may be both the model's and the optimizer's.
    assert not {id(variable) for variable in model.optimizer.variables} & {
        id(variable) for variable in model.variables
    }
    assert history[-1] < history[0]


def test_the_trainer_of_transformers_takes_every_rate_of_the_exported_schedule(tmp_path: Path) -> None:
    pytest.importorskip("accelerate")
    torch, transformers = importlib.import_module("torch"), importlib.import_module("transformers")
    answer = recommendation()
    exported = module(FORMATS["transformers"].render(answer, 12))

    class Model(torch.nn.Linear):  # type: ignore[misc,name-defined]  # Any: PyTorch is not among the dependencies
        def forward(self, x: Any) -> dict[str, Any]:
            return {"loss": super().forward(x).square().mean()}

    class Rates(transformers.TrainerCallback):  # type: ignore[misc,name-defined]  # Any, likewise
        def on_step_begin(self, args: Any, state: Any, control: Any, **parts: Any) -> None:
            rates.append(parts["optimizer"].param_groups[0]["lr"])

    rates: list[float] = []
    model = Model(3, 1)
    arguments = transformers.TrainingArguments(
        output_dir=str(tmp_path), **exported.TRAINING_ARGUMENTS, report_to="none", use_cpu=True
    )
    trainer = transformers.Trainer(
        model=model,
        args=arguments,
        train_dataset=[{"x": torch.ones(3)} for _ in range(64)],
        optimizers=exported.make_optimizer_and_scheduler(model.parameters()),
        callbacks=[Rates()],
    )
    trainer.train()
    np.testing.assert_allclose(rates, learning_rates(answer, 12), rtol=1e-9)
