"""Schemathesis generates requests from the OpenAPI document: the answers must match the document.

A minute a database; STEPSIZE_SCHEMATHESIS_S=600 for a thorough run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.db import Database
from app.db.queries import workers
from app.services import jobs, range_tests
from app.settings import Settings
from app.spec.resources.range_tests import RangeTestSpec
from tests.support.databases import Databases
from tests.support.server import Server
from tests.support.stored_jobs import store_finished_job, store_running_job, store_searched_job

SECONDS = int(os.environ.get("STEPSIZE_SCHEMATHESIS_S", "60"))
SEED = 20_260_101
CHECKS = (
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_headers_conformance", "response_schema_conformance", "unsupported_method"),
)
FINISHED = 40  # jobs: some are deleted on the way


@pytest.mark.timeout(SECONDS * 3 + 120)
def test_every_answer_matches_the_openapi_document(databases: Databases, tmp_path: Path) -> None:
    settings = Settings(database_url=databases.migrated(tmp_path))
    stored = store_jobs(settings)
    server = Server(tmp_path, "--no-worker", database_url=settings.database_url, ready="/healthz")
    with server:
        command = [
            *(str(Path(sys.executable).with_name("st")), "run", f"{server.http.base_url}/openapi.json"),
            *("--wait-for-schema", "60"),  # a busy machine takes its time to make the document
            *("--checks", ",".join(CHECKS), "--seed", str(SEED), "--max-time", str(SECONDS)),
            *("--request-timeout", "20", "--no-color", "--generation-database", "none"),
            *("--suppress-health-check", "all", "--warnings", "off", "--continue-on-failure"),
        ]
        hooks = {"SCHEMATHESIS_HOOKS": "tests.acceptance.schemathesis_hooks", "STEPSIZE_TEST_JOBS": stored}
        root = Path(__file__).resolve().parents[2]
        run = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | hooks | {"PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
        )
        log = server.log.read_text()
    assert run.returncode == 0, run.stdout[-20_000:] + run.stderr[-3_000:]
    assert "Traceback" not in log, log[-10_000:]


def store_jobs(settings: Settings) -> str:
    """Store jobs in several states; return their ids, finished jobs first and a range test last."""
    db = Database(settings.database)
    finished = [store_finished_job(db, settings) for _ in range(FINISHED)]
    others = [store_running_job(db, settings), store_searched_job(db, settings, 40)]
    paused = store_running_job(db, settings)
    jobs.pause(db, paused)
    function = {"objective": {"kind": "function", "name": "quadratic"}, "optimizer": {"kind": "sgd"}}
    range_test = range_tests.submit(db, settings, RangeTestSpec.model_validate(function), None).id
    with db.write() as session:  # a worker that seems to live, and does nothing
        workers.beat(session, "worker", datetime.now(UTC) + timedelta(hours=1))
    db.close()
    return f"{','.join(finished)};{','.join([*others, paused])};{range_test}"
