"""Warnings about the suggestions of a range test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from app.tuning.lr_finder.bootstrap import HIGH, LOW, Spread
from app.tuning.lr_finder.curve_end import End, Reason
from app.tuning.lr_finder.fastai_rules import SLIDE_WIDTH, Reading, Vector, falls, slide_stays

MAX_VALLEY_FACTOR = 30.0  # largest factor between a suggestion and the valley: one and a half decades
MAX_SPREAD_FACTOR = 10.0  # largest ratio of the high to the low end of a spread
MAX_LISTED = 3  # most spikes in a warning


def warnings_of(
    y: Vector,
    losses: Vector,
    spike_updates: NDArray[np.intp],
    end: End,
    reading: Reading,
    spread: Spread,
) -> Iterator[str]:
    """Yield the warnings.

    y: the smoothed losses that the suggestions come from. spike_updates: the updates that were left out.
    """
    if len(spike_updates):
        yield _left_out(losses, spike_updates)
    if not falls(y):
        yield _no_fall(end)
        return
    if end.reason is Reason.LAST_UPDATE and int(np.argmin(y)) == len(y) - 1:
        yield "the loss still falls at the highest learning rate; raise it"
    if len(y) <= SLIDE_WIDTH:
        yield f"no slide: only {len(y)} updates count, and it wants more than {SLIDE_WIDTH}; take the valley"
    elif slide_stays(y):
        yield "the slide stays at the end of the curve, where slopes hardly differ; take the valley"
    yield from _far_apart(reading)
    yield from _wide(spread)


def _left_out(losses: Vector, spike_updates: NDArray[np.intp]) -> str:
    noun, verb = ("loss", "stands") if len(spike_updates) == 1 else ("losses", "stand")
    named = ", ".join(f"{losses[k]:.4g} of update {k}" for k in spike_updates[:MAX_LISTED].tolist())
    unlisted = len(spike_updates) - MAX_LISTED
    more = f" and {unlisted} more" if unlisted > 0 else ""
    return (
        f"the {noun} {named}{more}, counted from 0, {verb} apart from the losses around and did not count; "
        "if that recurs, look for the cause in the data"
    )


def _no_fall(end: End) -> str:
    if end.reason is Reason.NOT_FINITE:
        return (
            f"the loss of update {end.count}, counted from 0, is not finite: the test ends there, before it "
            "fell; leave that update out, or begin at a lower learning rate"
        )
    if end.reason is Reason.LOSS_ROSE:
        return f"the loss does not fall before it rises: {end.detail}; begin at a lower learning rate"
    return (
        "the loss does not fall between the tenth that is left out at the start and the end; begin at a "
        "lower learning rate, or make more updates"
    )


def _far_apart(reading: Reading) -> Iterator[str]:
    """Yield a warning for each suggestion that is far from the valley."""
    valley = reading.valley
    for field in fields(Reading):
        rate = getattr(reading, field.name)
        if valley is None or rate is None:
            continue
        factor = max(rate / valley, valley / rate)
        if factor > MAX_VALLEY_FACTOR:
            side = "below" if rate < valley else "above"
            yield (
                f"{field.name} {rate:.3g} lies a factor of {factor:,.0f} {side} valley {valley:.3g}; take "
                "the valley, and try rates around it"
            )


def _wide(spread: Spread) -> Iterator[str]:
    """Yield a warning for each suggestion with a wide spread over the noise."""
    for field in fields(Spread):
        bounds = getattr(spread, field.name)
        if bounds is not None and bounds[1] > MAX_SPREAD_FACTOR * bounds[0]:
            yield (
                f"{field.name} depends on the noise: {HIGH - LOW:.0%} of curves with the noise drawn anew "
                f"have it between {bounds[0]:.3g} and {bounds[1]:.3g}; average the losses of several seeds"
            )
