"""The proposals of a round: the client's enqueued configurations, then those of the sampler."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.records import Configuration, FinishedTrial
from app.spec.job import JobSpec
from app.tuning.planning.plan import Plan
from app.tuning.samplers import Ask, sampler_of
from app.tuning.space.enqueue import enqueued_configurations
from app.tuning.space.tree import SearchSpace


def ask_round(
    plan: Plan, r: int, finished: Sequence[FinishedTrial], kept: dict[str, object] | None = None
) -> list[Configuration]:
    """Return the configurations of round r, in the order of their numbers.

    The configurations that the client enqueued come first, then the sampler's proposals. The result is a pure
    function of the spec and of the trials of earlier rounds and other jobs. Trials of later rounds are
    ignored, and the order of the trials does not matter. Every round rebuilds the sampler's state and begins
    a new random stream, so a job that was killed goes on as if uninterrupted.
    finished: the ended trials. kept: see `Ask`; if each round of a search passes the same dictionary, the
    sampler may continue from its last state.
    """
    past = [trial for trial in finished if trial.round < plan.rounds.seen(r)]
    return ask_numbers(plan.spec, r, plan.rounds.numbers(r), past, kept)


def ask_numbers(
    spec: JobSpec,
    r: int,
    numbers: range,
    finished: Sequence[FinishedTrial],
    kept: dict[str, object] | None = None,
) -> list[Configuration]:
    """Return the configurations of round r for these numbers, asked from all of these finished trials."""
    sampler, space = sampler_of(spec), SearchSpace.of(spec)
    first = enqueued_configurations(spec, space, numbers)
    if len(first) == len(numbers):
        return first
    # A sampler that goes by the numbers starts after the enqueued trials, so that no point is left out.
    shift = 0 if sampler.reads_past else len(spec.enqueue)
    earlier = sorted(finished, key=lambda trial: trial.number)
    return first + sampler.ask(
        Ask(
            space=space,
            seed=spec.seed,
            round=r,
            numbers=range(numbers.start + len(first) - shift, numbers.stop - shift),
            past=earlier if sampler.reads_past else (),
            kept={} if kept is None else kept,
        )
    )
