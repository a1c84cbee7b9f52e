"""The optimizer and its schedule for Keras 3, on any of its backends."""

from __future__ import annotations

import textwrap
from functools import partial

from app.engine.optimizers import Optimizer
from app.engine.optimizers.rule import Native, Rule
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format, header, imports, joined, tuned_optimizer
from app.tuning.exports.source.jax_and_keras import implementation, native, tables
from app.tuning.exports.source.optimizer_rules import carried_rule, imported, point_source, rule_source

_SCHEDULE = '''
@keras.saving.register_keras_serializable("stepsize")
class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """The learning rate of an update, counted from 0; beyond TOTAL_STEPS the last one is held."""

    def __call__(self, step):
        return looked_up(RATES, step, keras.config.floatx())

    def get_config(self):
        return {}


TENSORS = {}


def looked_up(table, step, dtype):
    """The entry of a table for an update; beyond its end the last one is held."""
    place = keras.ops.clip(keras.ops.cast(step, "int32"), 0, len(table) - 1)
    if keras.backend.backend() != "torch":
        return keras.ops.take(keras.ops.convert_to_tensor(table, dtype=dtype), place)
    # PyTorch would convert the whole table in each update; the others trace this once.
    key = id(table), dtype, place.device
    if key not in TENSORS:
        TENSORS[key] = keras.ops.convert_to_tensor(table, dtype=dtype)
    return keras.ops.take(TENSORS[key], place)


def make_schedule():
    """For the learning_rate of an optimizer."""
    return Schedule()
'''
_MOMENTUM_AT = '''
def momentum_at(k):
    """The momentum of update k."""
    return looked_up(MOMENTA, k, k.dtype)
'''
_MAKE_OPTIMIZER = '''
def make_optimizer():
    """The tuned optimizer with its schedule, for model.compile(optimizer=...).{note}"""
    schedule = make_schedule()
    return {call}
'''
_CUTTING = """
    def apply(self, grads, trainable_variables=None):
        # Keras takes one limit alone; the other one comes first, here.
        cut = [None if g is None else keras.ops.clip(g, -{value!r}, {value!r}) for g in grads]
        super().apply(cut, trainable_variables)
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
            kept[name].assign(keras.ops.copy(value))  # a buffer of its own, which JAX can donate
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
            self.state[name].assign(keras.ops.copy(value))  # a buffer of its own, which JAX can donate

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        # What Keras calls once an update, not once a variable: the rule needs sums over the whole model.
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
        """Put the average in place, which is what to measure."""
        self.move(average, 1.0)

    def train(self):
        """Put the point in place at which the training goes on."""
        self.move(training_point, 0.0)

    def move(self, point, goal):
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
            self.train()  # without the callback below only this gradient was taken at the average
        super().apply(grads, trainable_variables)
'''
_AVERAGING = '''
class Averaging(keras.callbacks.Callback):
    """For fit(callbacks=[Averaging()]): validate at the average, and leave the model there in the end.

    Without it the model stays where its gradients are taken; call its optimizer's eval() to measure it.
    Keras tells no optimizer when fit() begins, so that the optimizer cannot do this alone.
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
        own = self.model.optimizer
        return getattr(own, "inner_optimizer", own)  # of one that scales the loss
'''
_AVERAGE_NOTE = (
    "Pass callbacks=[Averaging()] to fit(): the model is then measured and left at the average, as it was in"
    " the search."
)
_WIDE = '''
def wide(variable):
    """A variable as a tensor, at least in single precision."""
    tensor = keras.ops.stop_gradient(keras.ops.convert_to_tensor(variable))
    precision = keras.backend.standardize_dtype(tensor.dtype)
    return tensor if precision == "float64" else keras.ops.cast(tensor, "float32")


def values(state):
    """The variables of a state as tensors."""
    return {name: keras.ops.convert_to_tensor(variable) for name, variable in state.items()}
'''
_MAXIMUM = '''
def maximum(a, b):
    """keras.ops.maximum, which makes double precision single."""
    return keras.ops.where(a > b, a, b)
'''
_JOINED = '''
def joined(parts):
    """The whole model as one vector."""
    return keras.ops.concatenate([keras.ops.reshape(wide(part), (-1,)) for part in parts])
'''


def render(recommendation: Recommendation, total_steps: int) -> str:
    """A module with make_schedule() and make_optimizer(). Raises NotExportable."""
    optimizer = tuned_optimizer(recommendation)
    functions = tables(recommendation, total_steps)
    cycles = any("MOMENTA" in section for section in functions)
    found = native(optimizer, "keras", cycles=cycles)
    own = _native(optimizer, found) if found else _carried(optimizer, cycles=cycles)
    body = [f"TOTAL_STEPS = {total_steps}\nPEAK = {optimizer.learning_rate!r}", *functions]
    body += [_SCHEDULE, *own]
    carried = "" if found else imported("keras.ops", "\n".join(own), but=("maximum",))
    used = imports("\n".join(body), "math")
    return joined([f"{header(recommendation, total_steps)}\n{used}import keras\n{carried}", *body])


def _native(optimizer: Optimizer, found: Native) -> list[str]:
    call = found.call.format(**vars(optimizer))
    name, arguments = call.removesuffix(")").split("(", 1)
    sections = []
    if optimizer.gradient_clip_value and optimizer.gradient_clip_norm:
        doc = f"{optimizer.kind} that limits gradients by value and by norm."
        cutting = _CUTTING.format(value=optimizer.gradient_clip_value)
        sections.append(_CLASS.format(name="Tuned", base=name, doc=doc) + cutting)
        name = "Tuned"
    note = f"\n\n{_wrapped(found.note)}\n    " if found.note else ""
    call = f"{name}({', '.join([arguments, *_limits(optimizer)])})"
    return [*sections, _MAKE_OPTIMIZER.format(call=call, note=note)]


def _carried(optimizer: Optimizer, *, cycles: bool) -> list[str]:
    rule = carried_rule(optimizer, "Keras")
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
    parts = [_CLASS.format(name="Tuned", base="keras.optimizers.Optimizer", doc=f"{optimizer.kind}.")]
    parts.append(_WHOLE if rule.is_whole else _TENSORS)
    if optimizer.gradient_clip_value and optimizer.gradient_clip_norm:
        parts.append(_CUTTING.format(value=optimizer.gradient_clip_value))
    return "".join(parts)


def _averaged(optimizer: Optimizer, rule: Rule) -> list[str]:
    """Return the class that moves to the average and back, and its callback, if the rule has an average."""
    if not rule.average or not rule.training_point:
        return []
    doc = "The point of the training: the inverse of `average`."
    back = point_source("training_point", doc, rule.training_point, rule, optimizer)
    doc = f"{optimizer.kind} that can move the model to its average and back."
    return [back, _CLASS.format(name="Averaged", base="Tuned", doc=doc) + _MOVES, _AVERAGING]


def _limits(optimizer: Optimizer) -> list[str]:
    """Arguments of any optimizer of Keras, which takes one of both; else the norm, after `_CUTTING`."""
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
