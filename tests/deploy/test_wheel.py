"""The installed wheel has all that it needs, wherever it is started."""

from __future__ import annotations

import sqlite3
import subprocess
from pathlib import Path

import pytest

from tests.support.server import wait_for

pytestmark = pytest.mark.slow


def test_the_migrations_ship_in_the_wheel_and_run_from_any_folder(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    environment = {"STEPSIZE_DATABASE_URL": f"sqlite:///{tmp_path}/new/jobs.db"}
    for _ in range(2):  # the second time there is nothing to do
        run = subprocess.run(
            [installed / "stepsize", "migrate"],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        assert "newest schema" in run.stdout
    tables = sqlite3.connect(tmp_path / "new" / "jobs.db")
    names = {name for (name,) in tables.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables.close()
    assert {"alembic_version", "jobs", "trials"} <= names


def test_a_folder_named_app_in_the_working_directory_is_not_imported(installed: Path, tmp_path: Path) -> None:
    decoy = tmp_path / "app"
    decoy.mkdir()
    (decoy / "__init__.py").write_text("raise SystemExit('the wrong app')\n")
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [installed / "stepsize", "serve", "--port", "0", "--pool-processes", "1"],
            env={},
            cwd=tmp_path,
            stderr=output,
        )
    try:
        wait_for(lambda: "ready, 1 processes" in log.read_text(), 60, log.read_text)
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(20)
    assert "the wrong app" not in log.read_text()
