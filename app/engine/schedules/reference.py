"""The public implementations that a schedule equals, as data: tests compare with them, docs name them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Reference:
    """How another package builds the body of a schedule.

    call: a Python expression over the fields of the schedule, `peak`, `horizon`, `optimizer` (PyTorch's),
    `length(fraction)` (updates, at least 1), `updates(fraction)` (the same, or 0) and the package's modules.
    Its value is a scheduler of PyTorch, or a function of the update.
    needs: an expression that is true if the package can do the same; empty for always.
    differs: how many updates at the start have another rate in the package, as a Deviation says.
    """

    call: str
    needs: str = ""
    distribution: str = "torch"  # what pip installs
    version: str = "2.13.0"  # with which parity was shown
    differs: int = 0

    @property
    def name(self) -> str:
        """Return the name of the called function, as in torch.optim.lr_scheduler.StepLR."""
        return self.call.partition("(")[0].removeprefix("lambda k: ")
