"""The update rule of an optimizer as Python functions, for a framework without an equal optimizer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from app.engine.optimizers import Optimizer
from app.engine.optimizers.rule import Rule
from app.errors import NotExportable

# Functions with the same name and meaning in NumPy, jax.numpy and keras.ops.
_FUNCTIONS = ("absolute", "full_like", "maximum", "sign", "sqrt", "where", "zeros_like")
_MAX_WIDTH = 90  # characters; a longer line is broken
_UPDATE = '''
def update(x, g, state, rate, k):
    """Return the value and the state of {what} after update k, counted from 0.

    The rule is that of {kind} as it was tuned; {framework} has no implementation that {property}.
    """
'''
_POINT = '''
def {name}(x, state):
    """{doc}"""
'''


def exported_rule(optimizer: Optimizer, framework: str) -> Rule:
    """Return the update rule of an optimizer that the framework lacks. Raises NotExportable."""
    rule = optimizer.rule()
    if rule is None:
        why = optimizer.no_reference or f"the method that {framework} has under this name is another one"
        whole = "Export it as torch, or the" if optimizer.reference else "Export the"
        raise NotExportable(
            f"{optimizer.kind} has no {framework} form: {why}. "
            f"{whole} schedule alone, as python or csv, or search other optimizers."
        )
    return rule


def rule_source(rule: Rule, optimizer: Optimizer, framework: str, *, cycles: bool) -> list[str]:
    """Return the source of `start(x)` and `update(x, g, state, rate, k)`, one section each.

    A rule that measures the run at an average has `average(x, state)` too. The sections need the functions of
    `import_statement`, and `momentum_at(k)` if the momentum is cycled.
    """
    cycled = optimizer.momentum_field if cycles else None
    what = "the whole model as one vector" if rule.is_whole else "a tensor"
    sections = [
        "\n".join(
            [
                "def start(x):",
                f'    """Return the state of {what} before the first update."""',
                *_indented(_constants(optimizer, rule.state.values(), None)),
                *_indented(_dictionary("return ", rule.state)),
            ]
        )
    ]
    lacking = "cycles its momentum" if cycled else "equals it"
    head = _UPDATE.format(what=what, kind=optimizer.kind, framework=framework, property=lacking).strip("\n")
    body = [*_unpacked(rule), *_constants(optimizer, rule.lines, cycled)]
    if re.search(r"\bt\b", " ".join(rule.lines)):
        body.append("t = k + 1.0")
    body += ["before = x", *rule.lines] if rule.skips_zero_rates else rule.lines
    sections.append("\n".join([head, *_indented([*body, *_result(rule)])]))
    if rule.average is not None:
        doc = f"Return the average of {what}, which is the point to measure."
        sections.append(point_source("average", doc, rule.average, rule, optimizer))
    return sections


def point_source(name: str, doc: str, expression: str, rule: Rule, optimizer: Optimizer) -> str:
    """Return the source of a function that evaluates an expression of x and the state."""
    head = _POINT.format(name=name, doc=doc).strip("\n")
    body = [*_unpacked(rule, expression), *_constants(optimizer, [expression], None)]
    return "\n".join([head, *_indented([*body, f"return {expression}"])])


def import_statement(module: str, source: str, but: tuple[str, ...] = ()) -> str:
    """Return the statement that imports the functions that the source uses.

    but: functions that the source defines itself.
    """
    used = [name for name in _FUNCTIONS if name not in but and re.search(rf"(?<!\.)\b{name}\(", source)]
    if "total(" in source:
        used.append("sum as total")
    return f"from {module} import {', '.join(used)}\n" if used else ""


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _unpacked(rule: Rule, *texts: str) -> list[str]:
    """Return the statements that assign each state to its name, if the texts use the name."""
    names = [name for name in rule.state if not texts or re.search(rf"\b{name}\b", " ".join(texts))]
    return [f'{name} = state["{name}"]' for name in names]


def _constants(optimizer: Optimizer, texts: Iterable[str], cycled: str | None) -> list[str]:
    """Return the statement that assigns the hyperparameters that the texts use; empty if none.

    cycled: the name of the cycled momentum, which takes the value of update k.
    """
    text = " ".join(texts)
    used = [name for name in vars(optimizer) if re.search(rf"\b{name}\b", text)]
    if not used:
        return []
    values = ["momentum_at(k)" if name == cycled else repr(getattr(optimizer, name)) for name in used]
    return [f"{', '.join(used)} = {', '.join(values)}"]


def _dictionary(start: str, values: Mapping[str, str]) -> list[str]:
    """Return the lines of a dictionary after `start`: a single line if it is not too long."""
    pairs = [f'"{name}": {value}' for name, value in values.items()]
    line = f"{start}{{{', '.join(pairs)}}}"
    if len(line) <= _MAX_WIDTH:
        return [line]
    return [f"{start}{{", *(f"    {pair}," for pair in pairs), "}"]


def _result(rule: Rule) -> list[str]:
    names = {name: name for name in rule.state}
    if not rule.skips_zero_rates:
        return _dictionary("return x, ", names)
    return [
        *_dictionary("after = ", names),
        "# An update at a learning rate of zero changes nothing.",
        "kept = {name: where(rate > 0.0, after[name], state[name]) for name in after}",
        "return where(rate > 0.0, x, before), kept",
    ]
