from __future__ import annotations

from itertools import pairwise

import pytest

from app.tuning.evaluation.requests import Seeds
from app.tuning.planning.plan import Plan
from app.tuning.planning.progress import AdviceShare
from tests.support.synthetic_evaluations import SyntheticEvaluations, advised, bowl
from tests.support.synthetic_evaluations import spec as synthetic_spec


def test_progress_grows_through_the_evaluation_requests_up_to_1() -> None:
    evaluations, spec = SyntheticEvaluations(bowl(), individual=0.3), synthetic_spec()
    advised(evaluations)
    share, shares = AdviceShare(Plan.of(spec)), [Plan.of(spec).search_share]
    for request in evaluations.requests:
        share.begin(request)
        shares += [share.at(part) for part in (0.1, 0.6, 1.0)]
    # It does so although the final is longer than planned.
    final = sum(request.updates for request in evaluations.requests if request.stage is Seeds.FINAL)
    assert final > Plan.of(spec).stage_runs[Seeds.FINAL] * spec.budget.steps
    assert all(a <= b for a, b in pairwise(shares))
    # Only further peaks at the last horizon find nothing left.
    assert len({share for share in shares if share < 1.0}) >= len(shares) - 4
    assert shares[-1] == pytest.approx(1.0)
    # The last stage has a share of its own: nothing jumps at the end.
    last = [
        request.updates for request in evaluations.requests if request.stage is evaluations.requests[-1].stage
    ]
    before = shares[-1 - 3 * len(last)]
    assert before < 1.0 - 0.5 * sum(last) / sum(request.updates for request in evaluations.requests)
