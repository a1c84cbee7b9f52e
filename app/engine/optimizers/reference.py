"""The public implementation that an optimizer equals, as data: tests compare with it and exports call it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reference:
    """How PyTorch code builds the optimizer, and from which package.

    call: a Python expression of `parameters` (a list of tensors) and PEAK (the peak learning rate). {name}
    stands for the literal of a hyperparameter. source: code that the call needs besides the package.
    setup: a statement to run on `optimizer` before its first step. note: what a user of the call has to know.
    attributes: of the class, which its step reads and PyTorch's copy of an optimizer leaves out.
    no_parity: why the call is no independent evidence, so that parity is not tested; empty if parity is
    tested.
    """

    call: str
    module: str = "torch"
    distribution: str = "torch"  # what pip installs
    version: str = "2.13.0"  # with which parity was shown
    source: str = ""
    setup: str = ""
    note: str = ""
    attributes: tuple[str, ...] = ()
    no_parity: str = ""

    def expression(self, hyperparameters: dict[str, object]) -> str:
        """Return the call with these hyperparameters."""
        return self.call.format(**{name: repr(value) for name, value in hyperparameters.items()})
