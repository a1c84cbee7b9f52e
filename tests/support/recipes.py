"""Dockerfile and docker-compose.yml as Python values."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "docker-compose.yml"

REFERENCE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


def stages() -> list[list[tuple[str, str]]]:
    """Return the instructions of each stage of the image, as (keyword, the rest of its line)."""
    lines = [line for line in DOCKERFILE.read_text().splitlines() if not line.startswith("#")]
    stages: list[list[tuple[str, str]]] = []
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        if line.strip():
            keyword, rest = line.split(maxsplit=1)
            if keyword == "FROM":
                stages.append([])
            stages[-1].append((keyword, rest))
    return stages


def image(keyword: str) -> str:
    """Return the last instruction of that name in the stage that is shipped."""
    return [rest for name, rest in stages()[-1] if name == keyword][-1]


def image_environment() -> dict[str, str]:
    """Return the variables that the image sets."""
    return dict(pair.split("=", 1) for pair in shlex.split(image("ENV")))


def image_command(command: list[str] | None = None) -> list[str]:
    """Return the entrypoint with that command, or with the image's own: what a container runs."""
    entrypoint: list[str] = json.loads(image("ENTRYPOINT"))
    default: list[str] = json.loads(image("CMD"))
    return entrypoint + (default if command is None else command)


def health_check() -> list[str]:
    """Return the command of the image's health check."""
    command: list[str] = json.loads(image("HEALTHCHECK").partition(" CMD ")[2])
    return command


def services() -> dict[str, dict[str, Any]]:  # Any: YAML
    """Return the services of the compose file, before variables are put in."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return services


def service_environment(name: str, given: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a service's container if compose itself runs with those of `given`."""
    values = image_environment()
    for variable, value in services()[name]["environment"].items():
        if value is not None:
            values[variable] = interpolate(value, given)
        elif variable in given:
            values[variable] = given[variable]
    return values


def interpolate(text: str, given: Mapping[str, str]) -> str:
    """Put variables in as compose does; raise LookupError with the message of a required one."""

    def value(match: re.Match[str]) -> str:
        value = given.get(match["name"], "")
        if not value and match["kind"] == "?":
            raise LookupError(match["rest"])
        return value or (match["rest"] if match["kind"] == "-" else "")

    return REFERENCE.sub(value, text)
