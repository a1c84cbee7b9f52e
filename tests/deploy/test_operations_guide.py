"""The operations guide and .env.example name every setting, with its default and what it is."""

from __future__ import annotations

import re

import pytest

from app.settings import Settings
from tests.support.recipes import ROOT

GUIDE = (ROOT / "docs" / "operations.md").read_text()
EXAMPLE = (ROOT / ".env.example").read_text()
MACHINES_OWN = {"pool_processes": "one a core"}  # defaults that are not the same everywhere


def variable(name: str) -> str:
    """Return the variable of a setting."""
    return f"STEPSIZE_{name.upper()}"


def default(name: str) -> str:
    """Return a setting's default, as a variable has it; empty if there is none."""
    value = Settings.model_fields[name].default
    if value is None or name in MACHINES_OWN:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_guide_has_a_row_for_every_setting(name: str) -> None:
    shown = f"`{default(name)}`" if default(name) else MACHINES_OWN.get(name, "none")
    row = f"| `{variable(name)}` | {shown} | {Settings.model_fields[name].description} |"
    assert row in GUIDE.splitlines()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_the_example_file_has_every_setting_with_its_default(name: str) -> None:
    line = f"{variable(name)}={default(name)}"
    if default(name):
        assert line in EXAMPLE.splitlines()
    else:
        assert re.search(rf"^# {line}( |$)", EXAMPLE, re.MULTILINE)


@pytest.mark.parametrize("text", [GUIDE, EXAMPLE], ids=["guide", "example"])
def test_no_variable_is_named_that_does_not_exist(text: str) -> None:
    known = {variable(name) for name in Settings.model_fields} | {"STEPSIZE_SERVER"}
    assert set(re.findall(r"STEPSIZE_[A-Z_]+", text)) <= known
