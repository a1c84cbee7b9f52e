"""Range tests in the services."""

from __future__ import annotations

import pytest

from app.db import Database
from app.errors import QuotaExceeded
from app.services import range_tests
from app.settings import Settings
from app.spec.resources.range_tests import RangeTestSpec

SPEC = RangeTestSpec.model_validate(
    {"objective": {"kind": "function", "name": "quadratic"}, "optimizer": {"kind": "sgd"}}
)


@pytest.mark.parametrize("limit", [{"max_steps": 50}, {"max_updates": 50}])
def test_a_range_test_beyond_the_quota_names_its_field(
    db: Database, settings: Settings, limit: dict[str, int]
) -> None:
    with pytest.raises(QuotaExceeded) as caught:
        range_tests.submit(db, settings.model_copy(update=limit), SPEC, None)
    assert caught.value.errors is not None
    assert [pointer for pointer, _ in caught.value.errors] == ["/steps"]
