"""The export as a PyTorch module: the optimizer and its schedule."""

from __future__ import annotations

import re
import textwrap

from app.engine.optimizers import Optimizer
from app.engine.optimizers.reference import Reference
from app.errors import NotExportable
from app.spec.resources.recommendations import Recommendation
from app.tuning.exports.base import Format, header, imports, join_sections, requirement, tuned_optimizer
from app.tuning.exports.source.factor_functions import factor_source, momentum_source

_MAKE_SCHEDULER = '''
def make_scheduler(optimizer):
    """Return the recommended schedule; call its step() once per update.

    The last rate is held beyond TOTAL_STEPS.
    """
    return torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
'''

_CYCLING_LR = '''
class CyclingLR(torch.optim.lr_scheduler.LambdaLR):
    """A LambdaLR that sets the momentum of each update besides the learning rate."""

    def get_lr(self):
        for group in self.optimizer.param_groups:
            {statement}
        return super().get_lr()
'''
_CLASS = '''
class Tuned({base}):
    """{doc}"""
'''
_COPIES = """
    def __getstate__(self):
        # PyTorch copies the state only, but the update reads these attributes too.
        kept = {{name: getattr(self, name) for name in {names}}}
        return super().__getstate__() | kept
"""
_LIMITED_STEP = """
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        # Limit the gradients after the closure, which computes them.
        tensors = [tensor for group in self.param_groups for tensor in group["params"]]
{limits}
        super().step()
        return loss
"""
# 1e-300 acts as 0 in every product. At 0 itself PyTorch keeps no momentum buffer, and prodigy's package uses
# another formula.
_SETTERS = {
    "momentum": 'group["momentum"] = momentum(self.last_epoch) or 1e-300',
    "beta1": 'group["betas"] = (momentum(self.last_epoch) or 1e-300, *group["betas"][1:])',
}


def render(recommendation: Recommendation, total_steps: int) -> str:
    """Return a module with make_optimizer(parameters) and make_scheduler(optimizer).

    Raises NotExportable if PyTorch has no form of the optimizer.
    """
    return join_sections(sections(recommendation, total_steps))


def sections(recommendation: Recommendation, total_steps: int) -> list[str]:
    """Return the sections of the module, which other formats extend. Raises NotExportable."""
    optimizer = tuned_optimizer(recommendation)
    reference = _reference(optimizer)
    functions = [factor_source(recommendation, total_steps), momentum_source(recommendation, total_steps)]
    modules = "".join(f"import {name}\n" for name in sorted({reference.module, "torch"}))
    needs = "" if reference.distribution == "torch" else requirement(reference.distribution)
    return [
        f"{header(recommendation, total_steps)}{needs}\n"
        f"{imports(''.join(functions), 'math')}{modules}\n"
        f"TOTAL_STEPS = {total_steps}\nPEAK = {optimizer.learning_rate!r}",
        textwrap.dedent(reference.source),
        *_class(optimizer, reference),
        *functions,
        _make_optimizer(optimizer, reference),
        *_scheduler(optimizer, cycles=bool(functions[1])),
    ]


def implementation(optimizer: Optimizer) -> str | None:
    """Return the name of the implementation, as `Format` defines it.

    If the module derives a class of its own, the name is that of the base class.
    """
    reference = optimizer.reference
    if reference is None or reference.no_parity:
        return None if reference is None else ""
    name = reference.call.split("(")[0]
    derived = re.search(rf"^class {name}\(([\w.]+)\)", reference.source, re.MULTILINE)
    return derived[1] if derived else name


def _reference(optimizer: Optimizer) -> Reference:
    if optimizer.reference is None:
        raise NotExportable(
            f"{optimizer.kind} has no PyTorch form: {optimizer.no_reference}. "
            "Export the schedule alone, as python or csv, or search other optimizers."
        )
    return optimizer.reference


def _make_optimizer(optimizer: Optimizer, reference: Reference) -> str:
    text = "Return the tuned optimizer; call the scheduler's step() after each step() of the optimizer."
    if reference.note:
        note = textwrap.fill(reference.note, 100, initial_indent="    ", subsequent_indent="    ")
        text = f"{text}\n\n{note}\n    "
    call = reference.expression(vars(optimizer))
    if _class(optimizer, reference):
        call = f"Tuned({call.split('(', 1)[1]}"
    lines = [
        "def make_optimizer(parameters):",
        f'    """{text}"""',
        "    parameters = list(parameters)",
        f"    optimizer = {call}",
        *([f"    {reference.setup}"] if reference.setup else []),
        "    return optimizer",
    ]
    return "\n".join(lines)


def _class(optimizer: Optimizer, reference: Reference) -> list[str]:
    """Return the class that adds the limits and attributes that the reference lacks; empty if it lacks none.

    A hook would not do: copies of an optimizer lose their hooks, and a hook runs before the closure.
    """
    limits, attributes = _limits(optimizer), reference.attributes
    if not limits and not attributes:
        return []
    features = ["limits its gradients"] if limits else []
    if attributes:
        features.append("keeps its attributes in a copy")
    doc = f"{optimizer.kind} that {' and '.join(features)}."
    parts = [_CLASS.format(base=reference.call.split("(")[0], doc=doc)]
    if attributes:
        parts.append(_COPIES.format(names=str(attributes).replace("'", '"')))
    if limits:
        parts.append(_LIMITED_STEP.format(limits="\n".join(f"        {limit}" for limit in limits)))
    return ["".join(parts)]


def _scheduler(optimizer: Optimizer, *, cycles: bool) -> list[str]:
    """Return make_scheduler, after the class that sets the momentum if the schedule cycles it."""
    if not cycles or optimizer.momentum_field is None:
        return [_MAKE_SCHEDULER]
    statement = _SETTERS[optimizer.momentum_field]
    cycled = _MAKE_SCHEDULER.replace("torch.optim.lr_scheduler.LambdaLR", "CyclingLR")
    return [_CYCLING_LR.format(statement=statement), cycled]


def _limits(optimizer: Optimizer) -> list[str]:
    """Return the statements that limit the gradients of `tensors`."""
    calls = []
    if optimizer.gradient_clip_value:
        calls.append(f"clip_grad_value_(tensors, {optimizer.gradient_clip_value!r})")
    if optimizer.gradient_clip_norm:
        calls.append(f"clip_grad_norm_(tensors, {optimizer.gradient_clip_norm!r})")
    return [f"torch.nn.utils.{call}" for call in calls]


FORMAT = Format(
    name="torch",
    summary="a PyTorch module that defines `make_optimizer(parameters)` and `make_scheduler(optimizer)`",
    media_type="text/x-python",
    filename="stepsize_torch.py",
    render=render,
    implementation=implementation,
)
