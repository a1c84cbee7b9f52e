"""A real server, its document in a file, and the tools that `make test-clients` installs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.server import Server

FOLDER = os.environ.get("STEPSIZE_CLIENTS")


@pytest.fixture(scope="session")
def tools() -> Path:
    """Return the folder of the tools, which `make test-clients` installs and names; `make test` has none."""
    if FOLDER is None:
        pytest.skip("needs Node and tools of its own: run `make test-clients`")
    folder = Path(FOLDER).resolve()
    assert (folder / "stamp").exists(), f"{folder} is not complete; run `make test-clients`"
    return folder


@pytest.fixture(scope="session")
def server(tools: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a server for all clients."""
    with Server(tmp_path_factory.mktemp("clients") / "server") as running:
        yield running


@pytest.fixture(scope="session")
def document(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of the server's document."""
    path = tmp_path_factory.mktemp("document") / "openapi.json"
    path.write_bytes(server.http.get("/openapi.json").content)
    return path
