from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from app.domain.records import Configuration
from app.tuning.decision.race_history import Entrants
from app.tuning.evaluation.requests import Seeds
from app.tuning.learning_rates.safe_range import Needs
from app.tuning.racing.candidates import RaceCandidate
from app.tuning.racing.elimination import Standing, eliminate
from app.tuning.racing.final import LONGER, finalists, most_finalists, most_prolonged, race_final
from app.tuning.racing.practical_equivalence import negligible
from app.tuning.racing.selection import Choice, tied
from tests.support.jobs import ROSENBROCK, configuration, follow
from tests.support.synthetic_evaluations import NAN, SyntheticEvaluations, bowl, spec

REPLICATES = 16


def entries(shift: int = 0) -> list[RaceCandidate]:
    """Twelve that were searched, and a default. shift: other rates, so that other scatter is theirs."""
    searched = [
        RaceCandidate(
            label=str(i), configuration=configuration(kind, 0.01 * (i + 1) + 1e-5 * shift), source="search"
        )
        for i, kind in enumerate(["adam", "sgd"] * 6)
    ]
    usual = configuration("adam", 0.001 + 1e-5 * shift)
    return [
        *searched,
        RaceCandidate(label="default", configuration=usual, source="baseline", is_baseline=True),
    ]


ENTRIES = entries()


def behind(*gaps: float, default: float = 1.0) -> list[float]:
    """Of each searched entry the mean, 0.5 where none is given, and that of the default."""
    return [*gaps, *[0.5] * (len(ENTRIES) - 1 - len(gaps)), default]


def final(
    means: list[float], own: float, shift: int = 0, **parts: object
) -> tuple[Standing, SyntheticEvaluations]:
    """Run a final of which the runs scatter by `own` each."""
    who = entries(shift)
    by_key = {_key(entry.configuration): mean for entry, mean in zip(who, means, strict=True)}
    evaluations = SyntheticEvaluations(lambda found, steps: by_key[_key(found)], own=own)
    confirmation = {"top": 2, "replicates": REPLICATES}
    return follow(race_final(spec(confirmation=confirmation, **parts), who), evaluations), evaluations


def _key(found: Configuration) -> str:
    return f"{found.optimizer['kind']} {found.optimizer['learning_rate']}"


def test_a_final_that_is_clear_is_not_prolonged() -> None:
    found, evaluations = final(behind(0.0, 0.02), own=0.05)
    assert found.entries[found.leader].label == "0"
    assert sum(request.updates for request in evaluations.requests) <= len(ENTRIES) * REPLICATES * 60


def test_a_final_goes_on_while_others_may_be_better_by_a_part_of_the_gain() -> None:
    found, evaluations = final(behind(0.0, 0.1, 0.1, 0.1), own=0.5)
    assert found.seeds > 4 * REPLICATES
    assert found.entries[found.leader].label == "0"
    counts = [len(request.configurations) for request in evaluations.requests]
    assert counts[0] == len(ENTRIES)
    assert counts[-1] <= LONGER[-1][1]


def test_where_a_default_is_far_behind_the_same_doubt_is_negligible() -> None:
    near, _ = final(behind(0.0, 0.1, 0.1, 0.1), own=0.5)
    far, _ = final(behind(0.0, 0.1, 0.1, 0.1, default=1_000.0), own=0.5)
    assert far.seeds < near.seeds
    assert far.seeds <= 4 * REPLICATES


def test_what_ran_is_not_run_again() -> None:
    _, evaluations = final(behind(0.0, 0.1, 0.1, 0.1), own=0.5)
    ran = [
        (_key(found), seed)
        for request in evaluations.requests
        for found in request.configurations
        for seed in request.replicates
    ]
    assert len(set(ran)) == len(ran)
    assert {seed // 1_000_000 for _, seed in ran} == {Seeds.FINAL // 1_000_000}


@pytest.mark.parametrize("replicates", [2, 3, 4, 16])
@pytest.mark.parametrize("own", [0.01, 0.3, 3.0, 100.0])
def test_a_final_takes_no_more_runs_than_are_counted(own: float, replicates: int) -> None:
    asked = spec(confirmation={"top": 2, "replicates": replicates})
    evaluations = SyntheticEvaluations(bowl(0.02, floor=0.1), own=own)
    who = [*entries(1)[:2], *entries()][-most_finalists(asked) :]
    found = follow(race_final(asked, who), evaluations)
    most = most_finalists(asked) * replicates + most_prolonged(replicates)
    assert len(who) == most_finalists(asked)
    assert sum(request.updates for request in evaluations.requests) <= most * 60
    assert found.seeds <= 8 * max(replicates, 2)


def test_the_leader_ran_on_every_seed_and_others_follow_by_what_they_are_behind() -> None:
    found, _ = final(behind(0.0, 0.1, 0.1, 0.1), own=0.5)
    assert found.runs[found.leader] == found.seeds > min(found.runs[row] for row in found.survivors)
    gaps = [found.behind(row) for row in found.survivors]
    assert gaps == sorted(gaps)
    assert gaps[0] == 0.0


def test_the_longer_final_finds_the_best_more_often() -> None:
    confirmation = {"top": 2, "replicates": REPLICATES}
    means, hits = behind(0.0, *[0.15] * 11), {"usual": 0, "longer": 0}
    for shift in range(12):
        found, evaluations = final(means, own=0.5, shift=shift)
        usual = follow(eliminate(spec(confirmation=confirmation), entries(shift), Seeds.FINAL), evaluations)
        hits["usual"] += usual.entries[usual.leader].label == "0"
        hits["longer"] += found.entries[found.leader].label == "0"
    assert hits["longer"] >= 10 > hits["usual"]


def test_a_mean_within_a_standard_error_is_no_tie_where_that_is_most_of_the_gain() -> None:
    found, _ = final(behind(0.0, *[0.3] * 11), own=30.0)
    most = 0.05 * found.behind(len(ENTRIES) - 1)
    others = [row for row in tied(found) if row != found.leader]
    assert all(found.behind(row) <= max(most, 0.0) for row in others)
    assert any(0.0 < found.behind(row) <= found.doubt(row) for row in found.survivors if row not in others)


def test_a_coins_toss_is_a_tie_even_with_a_default() -> None:
    near, far = (standing(0.0, (0.01, 1.0), (gap, 1.0)) for gap in (0.1, 0.4))
    assert tied(near) == (0, 1, 2)
    assert tied(far) == (0, 1)


def test_a_tie_lies_within_a_standard_error_even_where_more_is_negligible() -> None:
    found = standing(0.0, (0.3, 0.2), (1_000.0, 1.0))
    assert negligible(found) > 0.3
    assert tied(found) == (0,)


def standing(leader: float, *others: tuple[float, float]) -> Standing:
    """Four seeds. others: what they are behind, mean and twice the standard error; a default is last."""
    scatter = np.array([1.0, -1.0, 1.0, -1.0]) * 0.75**0.5
    values = np.array([np.full(4, leader), *(mean + own * scatter for mean, own in others)])
    rows = range(len(values))
    who = (*ENTRIES[: len(values) - 1], ENTRIES[-1])
    return Standing(entries=who, values=values, runs=(4,) * len(rows), survivors=tuple(rows))


def test_a_default_among_the_survivors_takes_no_place_of_the_confirmed() -> None:
    found = standing(0.0, (0.1, 0.1), (0.2, 0.1), (0.15, 0.1))
    found = replace(found, survivors=(0, 1, 3, 2))
    entrants = Entrants(race([1.0], ENTRIES[:1]), found, found)
    assert entrants.candidates(chosen(found, 0)) == list(found.entries[:3])


def test_those_that_are_tied_with_the_choice_are_confirmed_first() -> None:
    found = standing(0.0, (0.1, 0.1), (0.2, 0.1), (0.3, 0.1), (0.4, 0.1))
    entrants = Entrants(race([1.0], ENTRIES[:1]), found, found)
    assert entrants.candidates(chosen(found, 3, (0, 3))) == [found.entries[row] for row in (3, 0, 1)]


def chosen(final: Standing, row: int, same: tuple[int, ...] = (0,)) -> Choice:
    entry = final.entries[row]
    return Choice(entry=row, recommended=entry, tied=same, sweeps={}, needs=Needs(floor=0.0), range=None)


def test_a_look_that_the_elimination_has_passed_is_left_out() -> None:
    passed = 0
    for shift in range(10):
        found, evaluations = final(behind(0.0, 0.02, *[2.0] * 10, default=0.03), own=0.3, shift=shift)
        first, *looks = [request.replicates for request in evaluations.requests]
        assert all(before.stop == after.start for before, after in pairwise([first, *looks]))
        passed += any(stop % REPLICATES for stop in (seeds.stop for seeds in looks)) and found.seeds > 64
    assert passed  # the budget of an elimination ends amid a look; the final went on from there


def race(means: list[float], who: list[RaceCandidate]) -> Standing:
    """Return a race of two seeds that scatter a little."""
    values = np.array(means)[:, None] + np.array([[-0.2, 0.2]]) * np.arange(len(means))[:, None]
    order = np.argsort(means)
    return Standing(
        entries=tuple(who),
        values=values.astype(np.float64),
        runs=(2,) * len(who),
        survivors=tuple(int(row) for row in order[:4]),
    )


def test_the_best_of_another_kind_that_may_still_win_is_in_the_final() -> None:
    adams, sgd = ENTRIES[0:10:2], ENTRIES[1]
    near = race([1.0, 1.1, 1.2, 1.3, 1.4, 1.5], [*adams, sgd])
    met = finalists(spec(), near, near, [])
    assert met == [*adams[:4], sgd]  # the best constant rates are among them
    lost = race([1.0, 1.1, 1.2, 1.3, 1.4, 9_000.0], [*adams, sgd])
    assert sgd not in finalists(spec(), lost, lost, [])


def test_the_best_default_of_the_race_is_in_the_final() -> None:
    near = race([1.0, 1.1, 1.2, 1.3], ENTRIES[0:8:2])
    worse = replace(ENTRIES[1], source="baseline", label="worse")
    diverged = replace(ENTRIES[3], source="baseline", label="diverged")
    first = race([1.0, NAN, 8.0, 2.0], [ENTRIES[0], diverged, worse, ENTRIES[-1]])
    met = finalists(spec(), first, near, [])
    assert [entry for entry in met if entry.is_default] == [ENTRIES[-1]]


def test_where_all_replicates_are_the_same_one_run_each_decides() -> None:
    found, evaluations = final(behind(0.0, 0.1), own=0.0, objective=ROSENBROCK)
    assert found.seeds == 1
    assert len(evaluations.requests) == 1
