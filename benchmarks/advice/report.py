"""The report: what each problem gave, then the figures that were promised."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np

from benchmarks.advice import safe
from benchmarks.advice.figures import Losses, Outcome, share, standard_error
from benchmarks.advice.peer import best_within, replicates_within
from benchmarks.advice.problems import CLEAR, CORE, FRESH, FRESHER, PEER_SEED, Problem
from benchmarks.advice.store import Store, Task
from benchmarks.advice.tasks import Plain, adam

JOBS = 10
STUDIES = 5  # of the peer
TOGETHER = 5  # studies of the peer in one process
COARSENESS = 1.25
ALIKE = 0.01  # of the gap from Adam to the oracle: 1e-32 is not worse than 0


class Peer(StrEnum):
    """Whether Optuna is compared: its studies run where they are not stored, or only stored ones count."""

    RUN = "run"
    STORED = "stored"
    NONE = "none"


def run(
    problems: Sequence[Problem] = CORE,
    seeds: range = range(JOBS),
    store: Store | None = None,
    *,
    peer: Peer = Peer.RUN,
    studies: int = STUDIES,
) -> Iterator[str]:
    """Yield the lines of the report; results that are not stored yet are computed first.

    seeds: of the jobs. peer: whether Optuna runs too, which takes most of the time. studies: how many of it
    on each problem.
    """
    store = store or Store()
    which = f"seeds {seeds[0]} to {seeds[-1]}"
    yield f"default jobs with {which}; means over fresh seeds [95 % interval]; * tuned on"
    # Of all problems at once: a process that waited for the others of one would be lost to the next.
    store.do([*map(_oracle, problems), *(task for problem in problems for task in _jobs(problem, seeds))])
    if peer is Peer.RUN:
        store.do(task for problem in problems for task in _peers(problem, seeds, store, studies))
    outcomes: dict[str, Outcome] = {}
    for problem in problems:
        outcomes[problem.name] = outcome = _outcome(problem, seeds, store, peer, studies)
        yield from _lines(problem, outcome, seeds, store)
    yield ""
    yield from _summary(outcomes)
    answers = [(problem, [store[task] for task in _jobs(problem, seeds)]) for problem in problems]
    found = [one for problem, of_problem in answers for one in safe.ranges(problem, of_problem, store)]
    yield from safe.summary(found)
    yield from _stages([answer for _, of_problem in answers for answer in of_problem])
    held = {problem.name: outcomes[problem.name] for problem in problems if not problem.tuned}
    if held and len(held) < len(outcomes):
        yield "on the problems that no default was tuned on:"
        yield from (f"  {line}" for line in _summary(held))


def _outcome(problem: Problem, seeds: range, store: Store, peer: Peer, studies: int) -> Outcome:
    name = problem.name
    oracle, answers = _oracle(problem), [store[task] for task in _jobs(problem, seeds)]
    peers = [] if peer is Peer.NONE else _peers(problem, seeds, store, studies)
    if not all(task in store for task in peers):
        peers = []
    spent = _spent(problem, seeds, store)
    incumbents = [found for task in peers for found in store[task]]
    groups: list[list[Plain]] = [
        [answer["configuration"] for answer in answers],
        [best_within(found, spent) for found in incumbents],
        [store[oracle]],
        [adam(name)],
    ]
    seeds_each = _enough(store, name, store[oracle], adam(name))
    advised, others, best, usual = _losses(store, name, groups, seeds_each)
    return Outcome(
        advised=advised,
        peers=others if peers else None,
        oracle=best[0],
        adam=usual[0],
        stated=[answer["ci95"] for answer in answers],
    )


def _enough(store: Store, name: str, oracle: Plain, usual: Plain) -> int:
    """Return the number of fresh seeds that tell how far Adam is from the oracle, within limits."""
    for seeds in (FRESH, *FRESHER):
        (best, other), *_ = _losses(store, name, [[oracle, usual]], seeds)
        gap = other - best
        if not np.isfinite(gap).all() or standard_error(gap) <= CLEAR * gap.mean():
            break
    return seeds


def _losses(store: Store, name: str, groups: Sequence[Sequence[Plain]], seeds: int) -> list[Losses]:
    """Return the losses of each group, (configurations, seeds)."""
    marks = (0, FRESH, *FRESHER)
    parts = [(a, b) for a, b in pairwise(marks) if b <= seeds]
    tasks = [
        [[Task("losses", (name, found, *part)) for part in parts] for found in group] for group in groups
    ]
    store.do(task for group in tasks for row in group for task in row)
    return [np.array([np.concatenate([store[task] for task in row]) for row in group]) for group in tasks]


def _oracle(problem: Problem) -> Task:
    return Task("oracle", (problem.name,))


def _jobs(problem: Problem, seeds: range) -> list[Task]:
    return [Task("job", (problem.name, seed)) for seed in seeds]


def _spent(problem: Problem, seeds: range, store: Store) -> int:
    """Return the number of gradients of a job, as the mean of the jobs."""
    answers = [store[task] for task in _jobs(problem, seeds)]
    return round(sum(int(answer["evaluations"]) for answer in answers) / len(seeds))


def _peers(problem: Problem, seeds: range, store: Store, studies: int) -> list[Task]:
    """Return studies in groups; each takes at least as many gradients as a job."""
    # In coarse steps: a job that spends a little more or less is compared with studies that are known.
    evaluations = round(COARSENESS ** math.ceil(math.log(_spent(problem, seeds, store), COARSENESS)))
    groups = [list(range(low, min(low + TOGETHER, studies))) for low in range(0, studies, TOGETHER)]
    replicates = replicates_within(problem.spec(PEER_SEED), evaluations)
    return [Task("peer", (problem.name, group, evaluations, replicates)) for group in groups]


def _lines(problem: Problem, outcome: Outcome, seeds: range, store: Store) -> Iterator[str]:
    answers = [store[task] for task in _jobs(problem, seeds)]
    sources = Counter(answer["source"] for answer in answers)
    yield (
        f"{problem.name}{' *' if problem.tuned else ''}: advised {outcome.advised.mean():.4g}, oracle "
        f"{outcome.oracle.mean():.4g}, Adam {outcome.adam.mean():.4g}{_peer(outcome)}; "
        f"{_spent(problem, seeds, store):,} gradients; "
        f"{len(outcome.oracle):,} fresh seeds; "
        f"{', '.join(f'{count} {source}' for source, count in sources.most_common())}"
    )
    regret = "not measured, Adam is as good as the oracle or one of them diverged"
    if outcome.is_measured:
        regret = str(outcome.regret)
    yield (
        f"  regret {regret}; less Adam {outcome.against_adam}; {_against_peer(outcome)}"
        f"covered {sum(outcome.covered)} of {len(seeds)}"
    )


def _summary(outcomes: dict[str, Outcome]) -> Iterator[str]:
    found = list(outcomes.values())
    n = len(found)
    measured = [outcome.regret.mean for outcome in found if outcome.is_measured]
    if measured:
        yield (
            f"normalised regret over {len(measured)} problems: median {median(measured):.3f} (must: 0.03), "
            f"worst {max(measured):.3f} (must: 0.15)"
        )
    worse = [name for name, outcome in outcomes.items() if outcome.against_adam.low > 0.0]
    better = sum(outcome.against_adam.high < 0.0 for outcome in found)
    yield (
        f"significantly worse than Adam at its defaults on {len(worse)}{_named(worse)} (must: 0), "
        f"better on {better} of {n} (must: 8 of 10)"
    )
    peers = {name: gap for name, outcome in outcomes.items() if (gap := outcome.against_peer) is not None}
    if peers:
        lower = sum(gap.mean <= 0.0 for gap in peers.values())
        as_good = sum(gap.mean <= ALIKE * max(0.0, outcomes[name].gap) for name, gap in peers.items())
        beaten = [name for name, gap in peers.items() if gap.low > 0.0]
        yield (
            f"at least as good as Optuna: lower mean on {lower} of {len(peers)}, or higher by at most "
            f"{100.0 * ALIKE:g} % of the gap to Adam on {as_good} (must: 8 of 10); significantly worse on "
            f"{len(beaten)}{_named(beaten)}"
        )
    covered = [flag for outcome in found for flag in outcome.covered]
    yield f"the stated 95 % interval covers the mean in {share(covered)} of {len(covered)} jobs (must: 0.9)"


def _stages(answers: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the share of each stage in the gradients of a job, the mean over the jobs."""
    shares: Counter[str] = Counter()
    for answer in answers:
        for stage, updates in answer["stages"].items():
            shares[stage] += updates / answer["evaluations"] / len(answers)
    parts = ", ".join(f"{stage} {part:.0%}" for stage, part in shares.items())
    yield f"of the gradients of a job: {parts}"


def _peer(outcome: Outcome) -> str:
    return "" if outcome.peers is None else f", Optuna {outcome.peers.mean():.4g}"


def _against_peer(outcome: Outcome) -> str:
    return "" if outcome.against_peer is None else f"less Optuna {outcome.against_peer}; "


def _named(names: Sequence[str]) -> str:
    return f" ({', '.join(names)})" if names else ""
