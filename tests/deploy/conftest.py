"""The wheels, built from what the Dockerfile copies, and installed in a separate environment."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.support.recipes import ROOT, stages

JUNK = shutil.ignore_patterns("__pycache__", "*.db", "*.db-*")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the command `stepsize`, installed from the wheel and away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in _copied():
        target = source / name
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=JUNK)
        else:
            source.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, target)
    _pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(source / "client"), str(source))
    wheels = [str(wheel) for wheel in sorted(folder.glob("*.whl"))]
    assert len(wheels) == 2
    environment = folder / "environment"
    venv.create(environment, with_pip=False, symlinks=True)
    python = environment / "bin" / "python"
    _pip("--python", str(python), "install", "--no-deps", "--no-index", *wheels)
    _lend_dependencies(environment)
    return python.parent


def _copied() -> list[str]:
    return [name for keyword, rest in stages()[0] if keyword == "COPY" for name in rest.split()[:-1]]


def _lend_dependencies(environment: Path) -> None:
    """Let the new environment import the packages of this one.

    A line of a .pth file adds a folder and runs none of that folder's own .pth files, so that an editable
    installation of the checkout stays out.
    """
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    packages = environment / "lib" / version / "site-packages"
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    run = subprocess.run(command, capture_output=True, text=True, timeout=110, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
