"""An optimizer's own rule as Python functions, for a framework whose implementations differ from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from app.engine.optimizers import Optimizer
from app.engine.optimizers.rule import Rule
from app.errors import NotExportable

# Functions that NumPy, jax.numpy and keras.ops have under one name and with one meaning.
_FUNCTIONS = ("absolute", "full_like", "maximum", "sign", "sqrt", "where", "zeros_like")
_WIDTH = 90  # of a line that is not broken
_UPDATE = '''
def update(x, g, state, rate, k):
    """Update k, counted from 0, of {what}: its new value and state.

    This is {kind} as it was tuned; {framework} has none that {does}.
    """
'''
_POINT = '''
def {name}(x, state):
    """{doc}"""
'''


def carried_rule(optimizer: Optimizer, framework: str) -> Rule:
    """The rule of an optimizer that the framework lacks. Raises NotExportable."""
    rule = optimizer.rule()
    if rule is None:
        why = optimizer.no_reference or f"what {framework} has under this name is another method"
        whole = "Export it as torch, or the" if optimizer.reference else "Export the"
        raise NotExportable(
            f"{optimizer.kind} has no {framework} form: {why}. "
            f"{whole} schedule alone, as python or csv, or search other optimizers."
        )
    return rule


def rule_source(rule: Rule, optimizer: Optimizer, framework: str, *, cycles: bool) -> list[str]:
    """Source of `start(x)`, `update(x, g, state, rate, k)` and, where the run is measured elsewhere,
    `average(x, state)`; wants the functions of `imported`, and `momentum_at(k)` where it is cycled.
    """
    cycled = optimizer.momentum_field if cycles else None
    what = "the whole model as one vector" if rule.is_whole else "a tensor"
    sections = [
        "\n".join(
            [
                "def start(x):",
                f'    """The state of {what} before the first update."""',
                *_indented(_constants(optimizer, rule.state.values(), None)),
                *_indented(_dictionary("return ", rule.state)),
            ]
        )
    ]
    does = "cycles its momentum" if cycled else "equals it"
    head = _UPDATE.format(what=what, kind=optimizer.kind, framework=framework, does=does).strip("\n")
    body = [*_unpacked(rule), *_constants(optimizer, rule.lines, cycled)]
    if re.search(r"\bt\b", " ".join(rule.lines)):
        body.append("t = k + 1.0")
    body += ["before = x", *rule.lines] if rule.skips_zero_rates else rule.lines
    sections.append("\n".join([head, *_indented([*body, *_result(rule)])]))
    if rule.average is not None:
        doc = f"Where the run is to be measured: the average of {what}."
        sections.append(point_source("average", doc, rule.average, rule, optimizer))
    return sections


def point_source(name: str, doc: str, expression: str, rule: Rule, optimizer: Optimizer) -> str:
    """Return the source of a function of x and the state that returns an expression of both."""
    head = _POINT.format(name=name, doc=doc).strip("\n")
    body = [*_unpacked(rule, expression), *_constants(optimizer, [expression], None)]
    return "\n".join([head, *_indented([*body, f"return {expression}"])])


def imported(module: str, source: str, but: tuple[str, ...] = ()) -> str:
    """The import statement of those functions that the source uses, but for some that it defines."""
    used = [name for name in _FUNCTIONS if name not in but and re.search(rf"(?<!\.)\b{name}\(", source)]
    if "total(" in source:
        used.append("sum as total")
    return f"from {module} import {', '.join(used)}\n" if used else ""


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]


def _unpacked(rule: Rule, *texts: str) -> list[str]:
    """Gives the states their names, as far as the texts use them."""
    names = [name for name in rule.state if not texts or re.search(rf"\b{name}\b", " ".join(texts))]
    return [f'{name} = state["{name}"]' for name in names]


def _constants(optimizer: Optimizer, texts: Iterable[str], cycled: str | None) -> list[str]:
    """Gives the hyperparameters that the texts use their values; the cycled momentum is that of update k."""
    text = " ".join(texts)
    used = [name for name in vars(optimizer) if re.search(rf"\b{name}\b", text)]
    if not used:
        return []
    values = ["momentum_at(k)" if name == cycled else repr(getattr(optimizer, name)) for name in used]
    return [f"{', '.join(used)} = {', '.join(values)}"]


def _dictionary(start: str, entries: Mapping[str, str]) -> list[str]:
    """Lines of a dictionary after `start`: one, if it is not too long."""
    pairs = [f'"{name}": {value}' for name, value in entries.items()]
    line = f"{start}{{{', '.join(pairs)}}}"
    if len(line) <= _WIDTH:
        return [line]
    return [f"{start}{{", *(f"    {pair}," for pair in pairs), "}"]


def _result(rule: Rule) -> list[str]:
    names = {name: name for name in rule.state}
    if not rule.skips_zero_rates:
        return _dictionary("return x, ", names)
    return [
        *_dictionary("after = ", names),
        "# An update at a rate of zero leaves everything as it was.",
        "kept = {name: where(rate > 0.0, after[name], state[name]) for name in after}",
        "return where(rate > 0.0, x, before), kept",
    ]
