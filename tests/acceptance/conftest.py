"""Share one server among the tests that do not stop it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.server import Server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of real processes, which take seconds, as slow."""
    for item in items:
        if "acceptance" in item.path.parts:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a running server."""
    with Server(tmp_path_factory.mktemp("server")) as running:
        yield running
