"""The share of a job that is done while its advice goes on."""

from __future__ import annotations

from app.tuning.evaluation.requests import EvaluationRequest
from app.tuning.planning.plan import Plan


class AdviceShare:
    """The share of a job that is done while its advice goes on, request after request; it never falls.

    The updates of a stage are planned before it begins. A request gets its part of the share that is left:
    its own updates over those that are still planned. If a stage needs less than planned, the share grows
    faster from there on; if it needs more, slower.
    """

    def __init__(self, plan: Plan) -> None:
        self._planned = {stage: runs * plan.steps for stage, runs in plan.stage_runs.items()}
        self._spent = 0  # updates of the stage before the request
        self._begun = self._ended = plan.search_share  # the share before the request, and after it
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
