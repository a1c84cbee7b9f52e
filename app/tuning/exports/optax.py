"""The export as an optax gradient transformation: the optimizer and its schedule."""

from __future__ import annotations

import textwrap
from functools import partial

from app.engine.optimizers import Optimizer
from app.engine.optimizers.rule import Native
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format, header, imports, join_sections, tuned_optimizer
from app.tuning.exports.source.jax_and_keras import implementation, native, tables, weight_decay
from app.tuning.exports.source.optimizer_rules import exported_rule, import_statement, rule_source

_MAKE_SCHEDULE = '''
def make_schedule():
    """Return the schedule: the learning rate of an update, counted from 0.

    The last rate is held beyond TOTAL_STEPS.
    """
    rates = jnp.asarray(RATES)
    return lambda count: rates[jnp.clip(count, 0, TOTAL_STEPS - 1)]
'''
_MOMENTUM_AT = '''
def momentum_at(k):
    """Return the momentum of update k; the last momentum is held beyond TOTAL_STEPS."""
    return jnp.asarray(MOMENTA, k.dtype)[jnp.clip(k, 0, TOTAL_STEPS - 1).astype(jnp.int32)]
'''
_MAKE_OF_LIBRARY = '''
def make_optimizer():
    """Return the tuned optimizer with its schedule; pass the parameters to its update()."""
    schedule = make_schedule()
    return optax.chain({parts})
'''
_TENSORS = '''
def vectors(tree):
    """Return the tensors of a tree, at least in single precision, and the function that restores it."""
    leaves, structure = jax.tree.flatten(tree)
    wide = [jnp.asarray(leaf, jnp.promote_types(leaf.dtype, jnp.float32)) for leaf in leaves]
    return wide, structure.unflatten
'''
_WHOLE = '''
def vectors(tree):
    """Return the tree as one vector, at least in single precision, and the function that restores it."""
    vector, unravel = ravel_pytree(tree)
    wide = jnp.asarray(vector, jnp.promote_types(vector.dtype, jnp.float32))
    return [wide], lambda parts: unravel(parts[0].astype(vector.dtype))
'''
_MAKE_OF_RULE = '''
def make_optimizer():
    """Return the tuned optimizer with its schedule; pass the parameters to its update()."""
    schedule = make_schedule()

    def init(parameters):
        # Copies, so that a jitted update can donate both the parameters and the state.
        return jnp.zeros([], jnp.int32), [start(jnp.copy(x)) for x in vectors(parameters)[0]]

    def step(gradients, state, parameters=None):
        if parameters is None:
            raise ValueError("this optimizer needs the parameters: update(gradients, state, parameters)")
        k, states = state
        (xs, restored), (gs, _) = vectors(parameters), vectors(gradients)
        after = [
            update(x, g, part, schedule(k).astype(x.dtype), k.astype(x.dtype))
            for x, g, part in zip(xs, gs, states)
        ]
        steps = [moved - x for (moved, _), x in zip(after, xs)]
        return cast(restored(steps), parameters), (k + 1, [part for _, part in after])

    return optax.chain({parts})
'''
_CAST = '''
def cast(steps, parameters):
    """Return the steps in the precision of the parameters."""
    return jax.tree.map(lambda step, x: step.astype(x.dtype), steps, parameters)
'''
_EVALUATION = '''
def evaluation_parameters(parameters, state):
    """Return the average of the training, which is the point to measure and to save.

    parameters: the current point of the training. state: the state from the optimizer's init() or update().
    """
    xs, restored = vectors(parameters)
    return cast(restored([average(x, part) for x, part in zip(xs, state[-1][1])]), parameters)
'''


def render(recommendation: Recommendation, total_steps: int) -> str:
    """Return a module with make_schedule() and make_optimizer(). Raises NotExportable."""
    optimizer = tuned_optimizer(recommendation)
    schedule = tables(recommendation, total_steps)
    cycles = any("MOMENTA" in section for section in schedule)
    library = native(optimizer, "optax", cycles=cycles)
    sections = _library_sections(optimizer, library) if library else _rule_sections(optimizer, cycles=cycles)
    body = [f"TOTAL_STEPS = {total_steps}\nPEAK = {optimizer.learning_rate!r}", *schedule]
    body += [_MAKE_SCHEDULE, *sections]
    source = "\n".join(body)
    modules = "".join(
        f"{line}\n"
        for line, used in (
            ("import jax", "jax." in source),
            ("import jax.numpy as jnp", True),
            ("import optax", True),
            ("from jax.flatten_util import ravel_pytree", "ravel_pytree(" in source),
        )
        if used
    )
    functions = "" if library else import_statement("jax.numpy", "\n".join(sections))
    start = f"{header(recommendation, total_steps)}\n{imports(source, 'math')}{modules}{functions}"
    return join_sections([start, *body])


def _library_sections(optimizer: Optimizer, library: Native) -> list[str]:
    """Return the section that builds the optimizer with optax's own implementation."""
    parts = _limits(optimizer)
    if weight_decay(optimizer) and not library.decays:
        parts.append(f"optax.add_decayed_weights({weight_decay(optimizer)!r})")
    parts.append(library.call.format(**vars(optimizer)))
    return [_MAKE_OF_LIBRARY.format(parts=_listed(parts))]


def _rule_sections(optimizer: Optimizer, *, cycles: bool) -> list[str]:
    """Return the sections that define the optimizer by its update rule. Raises NotExportable."""
    rule = exported_rule(optimizer, "optax")
    parts = [*_limits(optimizer), "optax.GradientTransformation(init, step)"]
    return [
        *([_MOMENTUM_AT] if cycles else []),
        *rule_source(rule, optimizer, "optax", cycles=cycles),
        _WHOLE if rule.is_whole else _TENSORS,
        _CAST,
        _MAKE_OF_RULE.format(parts=_listed(parts)),
        *([_EVALUATION] if rule.average else []),
    ]


def _limits(optimizer: Optimizer) -> list[str]:
    parts = []
    if optimizer.gradient_clip_value:
        parts.append(f"optax.clip({optimizer.gradient_clip_value!r})")
    if optimizer.gradient_clip_norm:
        parts.append(f"optax.clip_by_global_norm({optimizer.gradient_clip_norm!r})")
    return parts


def _listed(parts: list[str]) -> str:
    return "\n" + textwrap.indent("".join(f"{part},\n" for part in parts), " " * 8) + " " * 4


FORMAT = Format(
    name="optax",
    summary="a JAX module that defines `make_schedule()` and `make_optimizer()`",
    media_type="text/x-python",
    filename="stepsize_optax.py",
    render=render,
    implementation=partial(implementation, "optax"),
)
