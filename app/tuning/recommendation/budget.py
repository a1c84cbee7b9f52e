"""How large a job is: the updates that it may make, and whether a process could hold its widest batch."""

from __future__ import annotations

from app.spec.job import JobSpec
from app.spec.objective import FunctionSpec
from app.tuning.evaluation.cost import run_bytes
from app.tuning.evaluation.memory import PROCESS_BYTES
from app.tuning.evaluation.pruning import LEAST_BRACKET, pruning_rungs
from app.tuning.evaluation.requests import EvaluationRequest
from app.tuning.planning.rounds import Rounds
from app.tuning.recommendation.pipeline import most_runs, planned_runs

GIGABYTE = 1e9


def job_updates(spec: JobSpec) -> int:
    """Return the most updates that a whole job makes: search and advice."""
    return search_updates(spec) + most_runs(spec) * spec.budget.steps


def search_updates(spec: JobSpec) -> int:
    """Return the most updates that the search makes."""
    return spec.budget.trials * spec.replicates * spec.budget.steps


def search_share(spec: JobSpec) -> float:
    """Return the share of a job that the search takes; the advice takes the rest."""
    search = search_updates(spec)
    return search / (search + sum(planned_runs(spec).values()) * spec.budget.steps)


class AdviceShare:
    """The share of a job that is done while its advice goes on, request after request; it never falls.

    The updates of a stage are planned before it begins. A request gets its part of the share that is left:
    its own updates over those that are still planned. If a stage needs less than planned, the share grows
    faster from there on; if it needs more, slower.
    """

    def __init__(self, spec: JobSpec) -> None:
        self._planned = {stage: runs * spec.budget.steps for stage, runs in planned_runs(spec).items()}
        self._spent = 0  # updates of the stage before the request
        self._begun = self._ended = search_share(spec)  # the share before the request, and after it
        self._request: EvaluationRequest | None = None

    def begin(self, request: EvaluationRequest) -> None:
        """Count the request before this one as ended."""
        before = self._request
        self._spent = self._spent + before.updates if before and before.stage is request.stage else 0
        stages = list(self._planned)
        later = sum(self._planned[stage] for stage in stages[stages.index(request.stage) + 1 :])
        left = max(self._planned[request.stage] - self._spent, request.updates) + later
        self._begun = self._ended
        self._ended += (1.0 - self._begun) * request.updates / max(1, left)
        self._request = request

    def at(self, part: float) -> float:
        """Return the share once so much of the request is done, from 0 to 1."""
        return self._begun + part * (self._ended - self._begun)


def bracket_bytes(spec: JobSpec) -> int:
    """Estimated memory of the widest shard that cannot be cut.

    That is a bracket where a pruner ranks it, else a single trial; with all replicates in either case.
    """
    return _bracket(spec) * spec.replicates * run_bytes(spec)


def check_size(spec: JobSpec) -> list[tuple[str, str]]:
    """Return what no process could hold: pairs of a JSON pointer and a message; empty if all fits."""
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
