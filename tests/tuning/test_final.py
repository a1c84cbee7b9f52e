from __future__ import annotations

import pytest

from app.spec.records import Configuration
from app.tuning.elimination import Standing, eliminate
from app.tuning.field import Entry
from app.tuning.final import LONGER, most_finalists, most_prolonged, race_final
from app.tuning.heats import Seeds
from app.tuning.preference import tied
from tests.tuning.jobs import ROSENBROCK, configuration, follow
from tests.tuning.worlds import World, spec

REPLICATES = 16


def entries(shift: int = 0) -> list[Entry]:
    """Twelve that were searched, and a default. shift: other rates, so that other scatter is theirs."""
    searched = [
        Entry(label=str(i), configuration=configuration(kind, 0.01 * (i + 1) + 1e-5 * shift), source="search")
        for i, kind in enumerate(["adam", "sgd"] * 6)
    ]
    usual = configuration("adam", 0.001 + 1e-5 * shift)
    return [*searched, Entry(label="default", configuration=usual, source="baseline", is_baseline=True)]


ENTRIES = entries()


def behind(*gaps: float, default: float = 1.0) -> list[float]:
    """Of each searched entry the mean, 0.5 where none is given, and that of the default."""
    return [*gaps, *[0.5] * (len(ENTRIES) - 1 - len(gaps)), default]


def final(means: list[float], own: float, shift: int = 0, **parts: object) -> tuple[Standing, World]:
    """A final of which the runs scatter by `own` each."""
    who = entries(shift)
    by_key = {_key(entry.configuration): mean for entry, mean in zip(who, means, strict=True)}
    world = World(lambda found, steps: by_key[_key(found)], own=own)
    confirmation = {"top": 2, "replicates": REPLICATES}
    return follow(race_final(spec(confirmation=confirmation, **parts), who), world), world


def _key(found: Configuration) -> str:
    return f"{found.optimizer['kind']} {found.optimizer['learning_rate']}"


def test_a_final_that_is_clear_is_not_prolonged() -> None:
    found, world = final(behind(0.0, 0.02), own=0.05)
    assert found.entries[found.leader].label == "0"
    assert sum(heat.updates for heat in world.heats) <= len(ENTRIES) * REPLICATES * 60


def test_a_final_goes_on_while_others_may_be_better_by_a_part_of_the_gain() -> None:
    found, world = final(behind(0.0, 0.1, 0.1, 0.1), own=0.5)
    assert found.seeds > 4 * REPLICATES
    assert found.entries[found.leader].label == "0"
    counts = [len(heat.configurations) for heat in world.heats]
    assert counts[0] == len(ENTRIES) and counts[-1] <= LONGER[-1][1]


def test_where_a_default_is_far_behind_the_same_doubt_is_negligible() -> None:
    near, _ = final(behind(0.0, 0.1, 0.1, 0.1), own=0.5)
    far, _ = final(behind(0.0, 0.1, 0.1, 0.1, default=1_000.0), own=0.5)
    assert far.seeds < near.seeds and far.seeds <= 4 * REPLICATES


def test_what_ran_is_not_run_again() -> None:
    _, world = final(behind(0.0, 0.1, 0.1, 0.1), own=0.5)
    ran = [
        (_key(found), seed)
        for heat in world.heats
        for found in heat.configurations
        for seed in heat.replicates
    ]
    assert len(set(ran)) == len(ran)
    assert {seed // 1_000_000 for _, seed in ran} == {Seeds.FINAL // 1_000_000}


@pytest.mark.parametrize("own", [0.01, 0.3, 3.0, 100.0])
def test_a_final_takes_no_more_runs_than_are_counted(own: float) -> None:
    _, world = final(behind(0.0, 0.1, 0.0, 0.1), own=own)
    asked = spec(confirmation={"top": 2, "replicates": REPLICATES})
    most = max(most_finalists(asked), len(ENTRIES)) * REPLICATES + most_prolonged(REPLICATES)
    assert sum(heat.updates for heat in world.heats) <= most * 60


def test_the_leader_ran_on_every_seed_and_others_follow_by_what_they_are_behind() -> None:
    found, _ = final(behind(0.0, 0.1, 0.1, 0.1), own=0.5)
    assert found.runs[found.leader] == found.seeds > min(found.runs[row] for row in found.survivors)
    gaps = [found.behind(row) for row in found.survivors]
    assert gaps == sorted(gaps) and gaps[0] == 0.0


def test_the_longer_final_finds_the_best_more_often() -> None:
    confirmation = {"top": 2, "replicates": REPLICATES}
    means, hits = behind(0.0, *[0.15] * 11), {"usual": 0, "longer": 0}
    for shift in range(12):
        found, world = final(means, own=0.5, shift=shift)
        usual = follow(eliminate(spec(confirmation=confirmation), entries(shift), Seeds.FINAL), world)
        hits["usual"] += usual.entries[usual.leader].label == "0"
        hits["longer"] += found.entries[found.leader].label == "0"
    assert hits["longer"] >= 10 > hits["usual"]


def test_a_mean_within_a_standard_error_is_no_tie_where_that_is_most_of_the_gain() -> None:
    found, _ = final(behind(0.0, *[0.3] * 11), own=30.0)
    most = 0.05 * found.behind(len(ENTRIES) - 1)
    others = [row for row in tied(found) if row != found.leader]
    assert all(found.behind(row) <= max(most, 0.0) for row in others)
    assert any(0.0 < found.behind(row) <= found.doubt(row) for row in found.survivors if row not in others)


def test_where_all_replicates_are_the_same_one_run_each_decides() -> None:
    found, world = final(behind(0.0, 0.1), own=0.0, objective=ROSENBROCK)
    assert found.seeds == 1 and len(world.heats) == 1
