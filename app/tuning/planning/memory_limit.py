"""The memory of a job's widest shard, and what to change if no process can hold it."""

from __future__ import annotations

from app.spec.job import JobSpec
from app.spec.objective import FunctionSpec
from app.tuning.evaluation.cost import run_bytes
from app.tuning.evaluation.memory import PROCESS_BYTES
from app.tuning.evaluation.pruning import LEAST_BRACKET, pruning_rungs
from app.tuning.planning.rounds import Rounds

GIGABYTE = 1e9


def bracket_bytes(spec: JobSpec, rounds: Rounds) -> int:
    """Estimate the memory of the widest shard that cannot be cut.

    That is a bracket if a pruner ranks it, else a single trial; with all replicates in either case.
    """
    return _largest_bracket(spec, rounds) * spec.replicates * run_bytes(spec)


def memory_faults(spec: JobSpec, rounds: Rounds) -> list[tuple[str, str]]:
    """Return what no process could hold: pairs of a JSON pointer and a message; empty if all fits."""
    run, bracket = run_bytes(spec), _largest_bracket(spec, rounds)
    if bracket * spec.replicates * run <= PROCESS_BYTES:
        return []
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
    return [(pointer, _message(what, bracket * spec.replicates * run, f"take {ways}"))]


def _message(what: str, needed: int, way_out: str) -> str:
    takes = f"{what} would take about {needed / GIGABYTE:.3g} GB of memory"
    return f"{takes}, and the limit is {PROCESS_BYTES / GIGABYTE:.3g} GB; {way_out}"


def _largest_bracket(spec: JobSpec, rounds: Rounds) -> int:
    """Return the size of the largest bracket: as many trials must share a shard."""
    sizes = [len(rounds.numbers(r)) for r in range(len(rounds))]
    # Large runs are cut into as many brackets as there can be.
    brackets = [-(-size // max(1, size // LEAST_BRACKET)) for size in sizes]
    return max(size if pruning_rungs(spec, r, size) else 1 for r, size in enumerate(brackets))
