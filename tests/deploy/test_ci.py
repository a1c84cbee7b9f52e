"""The pipelines of the common hosts run what a developer runs, on every Python that the package supports."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.support.recipes import ROOT

GITHUB, GITLAB = ROOT / ".github" / "workflows" / "ci.yml", ROOT / ".gitlab-ci.yml"
PRE_COMMIT = ROOT / ".pre-commit-config.yaml"
CLASSIFIER = "Programming Language :: Python :: "


@pytest.mark.parametrize(("schema", "file"), [("github-workflows", GITHUB), ("gitlab-ci", GITLAB)])
def test_a_pipeline_fits_the_schema_of_its_host(schema: str, file: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    run = subprocess.run(
        [checker, "--builtin-schema", f"vendor.{schema}", file],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_supported_python_is_tested() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    supported = [
        line.removeprefix(CLASSIFIER) for line in project["classifiers"] if line.startswith(CLASSIFIER)
    ]
    github = yaml.safe_load(GITHUB.read_text(encoding="utf-8"))
    assert github["jobs"]["test"]["strategy"]["matrix"]["python"] == supported
    gitlab = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    assert gitlab["test"]["parallel"]["matrix"] == [{"PYTHON": supported}]


@pytest.mark.parametrize("file", [GITHUB, GITLAB, ROOT / ".ci" / "run"])
def test_a_pipeline_runs_targets_of_the_makefile(file: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    run = re.findall(r"(?:- |^|run: )make ([a-z-]+)", file.read_text(encoding="utf-8"), re.MULTILINE)
    assert {"check", "test"} <= set(run) <= targets


def test_a_commit_is_checked_by_the_tools_of_make_check() -> None:
    hooks = yaml.safe_load(PRE_COMMIT.read_text(encoding="utf-8"))["repos"][0]["hooks"]
    assert [hook["id"] for hook in hooks] == ["format", "lint", "types", "layers"]
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    tools = [re.sub(r"^\.venv/bin/", "", hook["entry"]).split()[0] for hook in hooks]
    assert all(f"$(BIN)/{tool}" in makefile for tool in tools)
