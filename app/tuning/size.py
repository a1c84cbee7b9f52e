"""How large a job is: the updates that it may make, and whether a process could hold its widest batch."""

from __future__ import annotations

from app.spec.job import JobSpec
from app.spec.objective import FunctionSpec
from app.tuning.advice import most_runs, planned_runs
from app.tuning.cost import run_bytes
from app.tuning.heats import Heat
from app.tuning.memory import PROCESS_BYTES
from app.tuning.pruning import LEAST_BRACKET, pruning_rungs
from app.tuning.rounds import Rounds

GIGABYTE = 1e9


def job_updates(spec: JobSpec) -> int:
    """The most updates that a whole job makes: search and advice."""
    return search_updates(spec) + most_runs(spec) * spec.budget.steps


def search_updates(spec: JobSpec) -> int:
    """The most updates that the search makes."""
    return spec.budget.trials * spec.replicates * spec.budget.steps


def search_share(spec: JobSpec) -> float:
    """The share of a job that its search is; the rest is the advice."""
    search = search_updates(spec)
    return search / (search + sum(planned_runs(spec).values()) * spec.budget.steps)


class AdviceShare:
    """The share of a job that is done while its advice goes on, heat after heat.

    What earlier stages did not need of what was planned is left out of the whole, what later ones may need
    is in it.
    """

    def __init__(self, spec: JobSpec) -> None:
        self._planned = {stage: runs * spec.budget.steps for stage, runs in planned_runs(spec).items()}
        self._done = self._begun = search_updates(spec)  # updates: before this heat, before its stage
        self._heat: Heat | None = None

    def begin(self, heat: Heat) -> None:
        """The heat before this one has ended."""
        if self._heat is not None:
            self._done += self._heat.updates
        if self._heat is None or self._heat.stage is not heat.stage:
            self._begun = self._done
        self._heat = heat

    def at(self, part: float) -> float:
        """The share once so much of the heat is done, from 0 to 1."""
        assert self._heat is not None
        stages, heat = list(self._planned), self._heat
        stage = max(self._begun + self._planned[heat.stage], self._done + heat.updates)
        later = sum(self._planned[one] for one in stages[stages.index(heat.stage) + 1 :])
        return (self._done + part * heat.updates) / (stage + later)


def bracket_bytes(spec: JobSpec) -> int:
    """Estimated memory of the widest shard that cannot be cut.

    That is a bracket where a pruner ranks it, else a single trial; with all replicates in either case.
    """
    return _bracket(spec) * spec.replicates * run_bytes(spec)


def check_size(spec: JobSpec) -> list[tuple[str, str]]:
    """What no process could hold: (JSON pointer, message with numbers and the way out); empty if all fits."""
    if bracket_bytes(spec) <= PROCESS_BYTES:
        return []
    run, bracket = run_bytes(spec), _bracket(spec)
    shape = "dimension" if isinstance(spec.objective, FunctionSpec) else "model or batch size"
    if run > PROCESS_BYTES:
        return [("/objective", _message("one run", run, f"take a smaller {shape}"))]
    if run * spec.replicates > PROCESS_BYTES:
        most = int(PROCESS_BYTES // run)
        what = f"a trial of {spec.replicates} replicates, which run together,"
        return [("/replicates", _message(what, run * spec.replicates, f"take at most {most} replicates"))]
    what = f"a bracket of {bracket} trials x {spec.replicates} replicates, ranked by {spec.pruner.kind},"
    most = int(PROCESS_BYTES // (run * bracket))
    fewer = [f"at most {most} replicates"] if most else []
    ways = ", ".join([*fewer, f"a smaller {shape}", "or pruner none"])
    pointer = "/replicates" if fewer else "/pruner"
    return [(pointer, _message(what, bracket_bytes(spec), f"take {ways}"))]


def _message(what: str, needed: int, way_out: str) -> str:
    takes = f"{what} would take about {needed / GIGABYTE:.3g} GB of memory"
    return f"{takes}, and the limit is {PROCESS_BYTES / GIGABYTE:.3g} GB; {way_out}"


def _bracket(spec: JobSpec) -> int:
    """How many trials must share a shard."""
    rounds = Rounds.of(spec)
    sizes = [len(rounds.numbers(r)) for r in range(len(rounds))]
    # Large runs are cut into as many brackets as there can be.
    brackets = [-(-size // max(1, size // LEAST_BRACKET)) for size in sizes]
    return max(size if pruning_rungs(spec, r, size) else 1 for r, size in enumerate(brackets))
