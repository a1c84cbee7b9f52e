"""Generated clients submit and read a job, and a linter finds no error in the OpenAPI document."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import MINUTES_S, run
from tests.support.server import Server

HERE = Path(__file__).resolve().parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(MINUTES_S)]


@pytest.fixture
def python_client(tools: Path, document: Path, tmp_path: Path) -> Path:
    """Return the folder of the Python package that openapi-python-client makes."""
    options = ("--path", document, "--output-path", tmp_path / "stepsize_client", "--meta", "none")
    run(tools / "bin" / "openapi-python-client", "generate", *options, "--fail-on-warning", cwd=tmp_path)
    return tmp_path


def test_a_generated_python_client_submits_and_reads_a_job(
    python_client: Path, tools: Path, server: Server
) -> None:
    script = HERE / "python_client.py"
    out = run(tools / "bin" / "python", script, python_client, server.http.base_url, cwd=python_client)
    printed: dict[str, Any] = json.loads(out)
    assert (printed["state"], printed["spec"]) == ("succeeded", "JobSpec")
    assert printed["trials"] == ["AdamOptimizer"] * 4
    assert printed["schedules"] == ["CosineSchedule"] * 4
    assert all(0.01 <= rate <= 0.5 for rate in printed["learning_rates"])
    assert printed["recommended"].endswith("Optimizer")
    assert all(name.endswith("Schedule") for name in printed["candidates"])
    namespace: dict[str, Any] = {}
    exec(printed["module"], namespace)
    assert [namespace["learning_rate"](k) for k in range(7)] == pytest.approx(printed["rates"])
    assert (
        printed["default_replicates"] == 4
    )  # of a small dataset; the document names no default that is another's
    assert printed["range_test"] == ["RangeTest", "RangeTestSpec"]


def test_a_generated_typescript_client_submits_and_reads_a_job(
    tools: Path, document: Path, server: Server, tmp_path: Path
) -> None:
    for name in ("client.ts", "tsconfig.json", "package.json"):
        shutil.copy(HERE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(tools / "node" / "node_modules")
    programs = tmp_path / "node_modules" / ".bin"
    run(
        programs / "openapi-typescript",
        document,
        "-o",
        "api.d.ts",
        "--default-non-nullable",
        "false",
        cwd=tmp_path,
    )
    run(programs / "tsc", "--strict", cwd=tmp_path)
    printed: dict[str, Any] = json.loads(run("node", "built/client.js", server.http.base_url, cwd=tmp_path))
    assert (printed["state"], printed["seed"]) == ("succeeded", 0)
    assert len(printed["rates"]) == 4
    assert all(0.01 <= rate <= 0.5 for rate in printed["rates"])
    assert isinstance(printed["recommended"], str)
    assert all(printed["candidates"])
    assert "TOTAL_STEPS = 7" in printed["module"]


def test_the_linter_of_documents_finds_no_error(tools: Path, document: Path, tmp_path: Path) -> None:
    program = tools / "node" / "node_modules" / ".bin" / "spectral"
    options = ("--ruleset", HERE / "spectral.yaml", "--fail-severity", "error", "--format", "json")
    report = json.loads(run(program, "lint", *options, document, cwd=tmp_path).partition("\n\n")[0])
    assert [entry for entry in report if entry["severity"] == 0] == []
