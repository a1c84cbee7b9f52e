"""Fixtures of many short tests on one PostgreSQL database, emptied before each."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.settings import Settings
from tests.support.databases import Databases


@pytest.fixture
def settings(databases: Databases, tmp_path: Path) -> Settings:
    """Return the settings of a server on a migrated database without rows."""
    return Settings(database_url=databases.emptied(tmp_path))
