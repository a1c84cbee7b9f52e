"""A recommendation for a run of another length: its peak, and the basis of the peak."""

from __future__ import annotations

from dataclasses import dataclass

from app.spec.resources.recommendations import Recommendation
from app.tuning.horizons.fitted_line import Basis, peak_at

_WORDS = {
    Basis.TUNED: "the peak is the tuned one",
    Basis.MEASURED: "the peak was measured at that length",
    Basis.INTERPOLATED: "the peak is interpolated between two measured lengths",
    Basis.EXTRAPOLATED: "the peak is extrapolated beyond the measured lengths",
}


@dataclass(frozen=True, kw_only=True)
class Stretched:
    """A recommendation with the peak for a run of some length.

    recommendation: the recommendation with the peak of that length. total_steps: the updates of the run.
    basis: how the peak was obtained.
    """

    recommendation: Recommendation
    total_steps: int
    basis: Basis

    @property
    def peak(self) -> float:
        """The peak of the learning rate."""
        return float(self.recommendation.optimizer["learning_rate"])

    @property
    def tuned_total_steps(self) -> int:
        """The number of updates for which the setting was tuned."""
        return self.recommendation.total_steps

    @property
    def note(self) -> str:
        """The comment lines at the head of a module that compare the tuned and the exported length."""
        tuned, total = f"{self.tuned_total_steps:,}", f"{self.total_steps:,}"
        if self.total_steps == self.tuned_total_steps:
            return f"# Tuned for {tuned} updates, the length of this schedule ({self.basis}).\n"
        changed = "stretched" if self.total_steps > self.tuned_total_steps else "shortened"
        return (
            f"# Tuned for {tuned} updates and {changed} to {total} ({self.basis}):\n# {_WORDS[self.basis]}.\n"
        )


def stretch(recommendation: Recommendation, total_steps: int, *, keeps_peak: bool = False) -> Stretched:
    """Return the recommendation for a run of `total_steps` updates.

    keeps_peak: whether the tuned peak stays; otherwise the peak of that length replaces it.
    """
    if keeps_peak:
        return Stretched(recommendation=recommendation, total_steps=total_steps, basis=Basis.TUNED)
    horizon = peak_at(recommendation, total_steps)
    optimizer = recommendation.optimizer | {"learning_rate": horizon.peak}
    return Stretched(
        recommendation=recommendation.model_copy(update={"optimizer": optimizer}),
        total_steps=total_steps,
        basis=horizon.basis,
    )
