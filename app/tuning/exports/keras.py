"""The export as a Keras 3 module for any backend: the optimizer and its schedule."""

from __future__ import annotations

import textwrap
from functools import partial

from app.engine.optimizers import Optimizer
from app.engine.optimizers.rule import Native, Rule
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format, header, imports, join_sections, tuned_optimizer
from app.tuning.exports.source.jax_and_keras import implementation, native, tables
from app.tuning.exports.source.optimizer_rules import (
    exported_rule,
    import_statement,
    point_source,
    rule_source,
)

_SCHEDULE = '''
@keras.saving.register_keras_serializable("stepsize")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of an update, counted from 0; the last rate is held beyond TOTAL_STEPS."""

    def __call__(self, step):
        return looked_up(RATES, step, keras.config.floatx())

    def get_config(self):
        return {}


TENSORS = {}


def looked_up(table, step, dtype):
    """Return the entry of a table for an update; the last entry is held beyond the end."""
    place = keras.ops.clip(keras.ops.cast(step, "int32"), 0, len(table) - 1)
    if keras.backend.backend() != "torch":
        return keras.ops.take(keras.ops.convert_to_tensor(table, dtype=dtype), place)
    # PyTorch would convert the whole table in each update; other backends trace the conversion once.
    key = id(table), dtype, place.device
    if key not in TENSORS:
        TENSORS[key] = keras.ops.convert_to_tensor(table, dtype=dtype)
    return keras.ops.take(TENSORS[key], place)


def make_schedule():
    """Return the schedule for the learning_rate of an optimizer."""
    return Schedule()
'''
_MOMENTUM_AT = '''
def momentum_at(k):
    """Return the momentum of update k."""
    return looked_up(MOMENTA, k, k.dtype)
'''
_MAKE_OPTIMIZER = '''
def make_optimizer():
    """Return the tuned optimizer with its schedule, for model.compile(optimizer=...).{note}"""
    schedule = make_schedule()
    return {call}
'''
_LIMIT_BY_VALUE = """
    def apply(self, grads, trainable_variables=None):
        # Keras accepts a single limit, so the limit by value is applied here, before the limit by norm.
        limited = [None if g is None else keras.ops.clip(g, -{value!r}, {value!r}) for g in grads]
        super().apply(limited, trainable_variables)
"""
_CLASS = '''
@keras.saving.register_keras_serializable("stepsize")
class {name}({base}):
    """{doc}"""
'''
_TENSORS = """
    def build(self, variables):
        super().build(variables)
        self.states = [self.remembered(start(wide(variable))) for variable in variables]

    def remembered(self, state):
        kept = {}
        for name, value in state.items():
            kept[name] = self.add_variable(shape=value.shape, dtype=value.dtype, name=name)
            kept[name].assign(keras.ops.copy(value))  # a separate buffer, which JAX can donate
        return kept

    def update_step(self, gradient, variable, learning_rate):
        x, state = wide(variable), self.states[self._get_variable_index(variable)]
        rate, k = (keras.ops.cast(number, x.dtype) for number in (learning_rate, self.iterations))
        x, after = update(x, keras.ops.cast(gradient, x.dtype), values(state), rate, k)
        self.assign(variable, keras.ops.cast(x, variable.dtype))
        for name, value in after.items():
            self.assign(state[name], value)
"""
_WHOLE = """
    def build(self, variables):
        super().build(variables)
        self.count, self.state = len(variables), {}
        for name, value in start(joined(variables)).items():
            self.state[name] = self.add_variable(shape=value.shape, dtype=value.dtype, name=name)
            self.state[name].assign(keras.ops.copy(value))  # a separate buffer, which JAX can donate

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        # Keras calls this method once per update, not once per variable: the rule sums over the whole model.
        if len(grads) != self.count:
            raise ValueError("this optimizer needs a gradient of every trainable variable in each update")
        x = joined(trainable_variables)
        rate, k = (keras.ops.cast(number, x.dtype) for number in (learning_rate, self.iterations))
        x, after = update(x, joined(grads), values(self.state), rate, k)
        place = 0
        for variable in trainable_variables:
            size = math.prod(variable.shape)
            moved = keras.ops.reshape(x[place : place + size], variable.shape)
            self.assign(variable, keras.ops.cast(moved, variable.dtype))
            place += size
        for name, value in after.items():
            self.assign(self.state[name], value)
"""
_MOVES = '''
    def eval(self):
        """Move the model to the average, which is the point to measure."""
        self.move(average, 1.0)

    def train(self):
        """Move the model to the point at which training goes on."""
        self.move(training_point, 0.0)

    def move(self, point, goal):
        """Move every variable to a point, unless the model is there. goal: 1 at the average, else 0."""
        moves = keras.ops.not_equal(self.is_average, goal)
        for variable, state in zip(self._trainable_variables, self.states):
            x = wide(variable)
            x = keras.ops.where(moves, point(x, values(state)), x)
            variable.assign(keras.ops.cast(x, variable.dtype))
        self.is_average.assign(goal)

    def build(self, variables):
        super().build(variables)
        self.is_average = self.add_variable(shape=(), name="is_average")  # saved with the model

    def apply(self, grads, trainable_variables=None):
        if self.built:
            self.train()  # without the callback below, only this gradient was computed at the average
        super().apply(grads, trainable_variables)
'''
_AVERAGING = '''
class Averaging(keras.callbacks.Callback):
    """A callback that validates the model at the average and leaves the model there after training.

    Usage: fit(callbacks=[Averaging()]). Without the callback the model stays at the point of the gradients.
    Then call the optimizer's eval() to measure the model. The optimizer cannot move the model by itself, as
    Keras does not tell an optimizer when fit() begins.
    """

    def on_train_begin(self, logs=None):
        self.trains = True
        self.optimizer().train()

    def on_test_begin(self, logs=None):
        self.optimizer().eval()

    def on_test_end(self, logs=None):
        if getattr(self, "trains", False):
            self.optimizer().train()

    def on_train_end(self, logs=None):
        self.trains = False
        self.optimizer().eval()

    def optimizer(self):
        optimizer = self.model.optimizer
        return getattr(optimizer, "inner_optimizer", optimizer)  # if a LossScaleOptimizer wraps it
'''
_AVERAGE_NOTE = (
    "Pass callbacks=[Averaging()] to fit(): the model is then measured and left at the average, as in the"
    " search."
)
_WIDE = '''
def wide(variable):
    """Return a variable as a tensor, at least in single precision."""
    tensor = keras.ops.stop_gradient(keras.ops.convert_to_tensor(variable))
    precision = keras.backend.standardize_dtype(tensor.dtype)
    return tensor if precision == "float64" else keras.ops.cast(tensor, "float32")


def values(state):
    """Return the variables of a state as tensors."""
    return {name: keras.ops.convert_to_tensor(variable) for name, variable in state.items()}
'''
_MAXIMUM = '''
def maximum(a, b):
    """Return the maximum in the given precision; keras.ops.maximum would make double precision single."""
    return keras.ops.where(a > b, a, b)
'''
_JOINED = '''
def joined(parts):
    """Return the whole model as one vector."""
    return keras.ops.concatenate([keras.ops.reshape(wide(part), (-1,)) for part in parts])
'''


def render(recommendation: Recommendation, total_steps: int) -> str:
    """Return a module with make_schedule() and make_optimizer(). Raises NotExportable."""
    optimizer = tuned_optimizer(recommendation)
    schedule = tables(recommendation, total_steps)
    cycles = any("MOMENTA" in section for section in schedule)
    library = native(optimizer, "keras", cycles=cycles)
    sections = _library_sections(optimizer, library) if library else _rule_sections(optimizer, cycles=cycles)
    body = [f"TOTAL_STEPS = {total_steps}\nPEAK = {optimizer.learning_rate!r}", *schedule]
    body += [_SCHEDULE, *sections]
    functions = "" if library else import_statement("keras.ops", "\n".join(sections), but=("maximum",))
    modules = f"{imports(''.join(body), 'math')}import keras\n"
    return join_sections([f"{header(recommendation, total_steps)}\n{modules}{functions}", *body])


def _library_sections(optimizer: Optimizer, library: Native) -> list[str]:
    """Return the sections that build the optimizer with Keras's own implementation."""
    call = library.call.format(**vars(optimizer))
    name, arguments = call.removesuffix(")").split("(", 1)
    sections = []
    if optimizer.gradient_clip_value and optimizer.gradient_clip_norm:
        doc = f"{optimizer.kind} that limits gradients by value and by norm."
        method = _LIMIT_BY_VALUE.format(value=optimizer.gradient_clip_value)
        sections.append(_CLASS.format(name="Tuned", base=name, doc=doc) + method)
        name = "Tuned"
    note = f"\n\n{_wrapped(library.note)}\n    " if library.note else ""
    call = f"{name}({', '.join([arguments, *_limits(optimizer)])})"
    return [*sections, _MAKE_OPTIMIZER.format(call=call, note=note)]


def _rule_sections(optimizer: Optimizer, *, cycles: bool) -> list[str]:
    """Return the sections that define the optimizer by its update rule. Raises NotExportable."""
    rule = exported_rule(optimizer, "Keras")
    name = "Averaged" if rule.average else "Tuned"
    call = f"{name}({', '.join(['schedule', *_limits(optimizer)])})"
    source = rule_source(rule, optimizer, "Keras", cycles=cycles)
    return [
        *([_MOMENTUM_AT] if cycles else []),
        *([_MAXIMUM] if any("maximum(" in section for section in source) else []),
        *source,
        _WIDE,
        *([_JOINED] if rule.is_whole else []),
        _class(optimizer, rule),
        *_averaged(optimizer, rule),
        _MAKE_OPTIMIZER.format(
            call=call, note=f"\n\n{_wrapped(_AVERAGE_NOTE)}\n    " if rule.average else ""
        ),
    ]


def _class(optimizer: Optimizer, rule: Rule) -> str:
    parts = [
        _CLASS.format(
            name="Tuned", base="keras.optimizers.Optimizer", doc=f"{optimizer.kind} as it was tuned."
        )
    ]
    parts.append(_WHOLE if rule.is_whole else _TENSORS)
    if optimizer.gradient_clip_value and optimizer.gradient_clip_norm:
        parts.append(_LIMIT_BY_VALUE.format(value=optimizer.gradient_clip_value))
    return "".join(parts)


def _averaged(optimizer: Optimizer, rule: Rule) -> list[str]:
    """Return the class that moves the model to its average and back, and the callback; empty if none."""
    if not rule.average or not rule.training_point:
        return []
    doc = "Return the point at which training goes on, which is the inverse of `average`."
    inverse = point_source("training_point", doc, rule.training_point, rule, optimizer)
    doc = f"{optimizer.kind} that can move the model to its average and back."
    return [inverse, _CLASS.format(name="Averaged", base="Tuned", doc=doc) + _MOVES, _AVERAGING]


def _limits(optimizer: Optimizer) -> list[str]:
    """Return the argument that limits gradients: Keras takes one limit, by norm if there are two."""
    if optimizer.gradient_clip_norm:
        return [f"global_clipnorm={optimizer.gradient_clip_norm!r}"]
    if optimizer.gradient_clip_value:
        return [f"clipvalue={optimizer.gradient_clip_value!r}"]
    return []


def _wrapped(note: str) -> str:
    return textwrap.fill(note, 100, initial_indent="    ", subsequent_indent="    ")


FORMAT = Format(
    name="keras",
    summary="a Keras module that defines `make_schedule()` and `make_optimizer()`",
    media_type="text/x-python",
    filename="stepsize_keras.py",
    render=render,
    implementation=partial(implementation, "keras"),
)
