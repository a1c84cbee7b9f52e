"""The image, as far as it can be judged without building it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest

from app.cli.commands.serve import check_address
from app.settings import Settings
from tests.support.recipes import DOCKERFILE, ROOT, image, image_command, image_environment, stages


def test_hadolint_has_no_complaint() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    run = subprocess.run(
        [hadolint, "--no-color", DOCKERFILE], capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_every_stage_starts_from_the_same_pinned_python() -> None:
    bases = [stage[0][1].split(" AS ")[0] for stage in stages()]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    version = bases[0].partition(":")[2].split("-")[0]
    classifiers = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["classifiers"]
    assert f"Programming Language :: Python :: {version}" in classifiers


def test_the_shipped_stage_runs_as_a_fixed_user_that_is_not_root() -> None:
    user, _, group = image("USER").partition(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    accounts = next(rest for keyword, rest in stages()[-1] if keyword == "RUN")
    assert f"--uid {user}" in accounts
    assert f"--gid {group}" in accounts


def test_the_shipped_stage_installs_nothing() -> None:
    assert not any("install " in rest and "--directory" not in rest for _, rest in stages()[-1])


def test_dependencies_are_installed_by_hash_and_never_compiled() -> None:
    commands = [rest for keyword, rest in stages()[0] if keyword == "RUN" and "requirements.lock" in rest]
    assert len(commands) == 1
    assert "--require-hashes" in commands[0]
    assert "--only-binary :all:" in commands[0]


def test_all_that_is_copied_exists_and_is_let_through_to_the_builder() -> None:
    copied = {name for keyword, rest in stages()[0] if keyword == "COPY" for name in rest.split()[:-1]}
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == allowed
    assert all((ROOT / name).exists() for name in copied)


def test_the_image_alone_does_not_open_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in image_environment().items():
        if name.startswith("STEPSIZE_"):
            monkeypatch.setenv(name, value)
    assert image_command() == ["stepsize", "serve"]
    with pytest.raises(click.UsageError, match="STEPSIZE_ALLOW_OPEN"):
        check_address(Settings())
    monkeypatch.setenv("STEPSIZE_ALLOW_OPEN", "1")
    check_address(Settings())  # what the operations guide tells to say


def test_the_port_is_the_one_that_the_server_listens_on() -> None:
    assert image("EXPOSE") == str(Settings.model_fields["port"].default)
