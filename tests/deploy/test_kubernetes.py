"""The Kubernetes manifests: valid, closed, and in step with the image and the settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

from app.cli.commands.serve import check_address
from app.settings import Settings
from stepsize.main import main
from tests.support.recipes import ROOT, image, image_environment

FILES = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
VERSION = "1.37"

Manifest = dict[str, Any]  # Any: YAML


def documents() -> list[Manifest]:
    """Return every manifest."""
    return [document for file in FILES for document in yaml.safe_load_all(file.read_text())]


def pods() -> dict[str, Manifest]:
    """Return the specs of the pods by component."""
    controllers = [document for document in documents() if "template" in document.get("spec", {})]
    return {
        document["metadata"]["labels"]["app.kubernetes.io/component"]: document["spec"]["template"]["spec"]
        for document in controllers
    }


def container(component: str) -> Manifest:
    """Return the only container of a pod."""
    (only,) = pods()[component]["containers"]
    return dict(only)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_manifest_fits_the_schema(file: Path) -> None:
    for document in yaml.safe_load_all(file.read_text()):
        kubernetes_validate.validate(document, VERSION, strict=True)


def test_there_is_a_pod_for_each_part() -> None:
    assert set(pods()) == {"api", "migrate", "worker"}


@pytest.mark.parametrize("component", ["api", "migrate", "worker"])
def test_a_pod_runs_a_command_of_ours_as_the_images_user_with_no_rights(component: str) -> None:
    pod, main_container = pods()[component], container(component)
    assert main_container["args"][0] in main.list_commands(click.Context(main))
    assert "command" not in main_container
    user, group = map(int, image("USER").split(":"))
    security = pod["securityContext"]
    assert (security["runAsUser"], security["runAsGroup"], security["runAsNonRoot"]) == (user, group, True)
    assert main_container["securityContext"]["readOnlyRootFilesystem"] is True
    assert main_container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert main_container["resources"]["limits"]["memory"]
    assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize("component", ["api", "migrate", "worker"])
def test_the_password_comes_from_a_secret_and_every_variable_is_a_setting(component: str) -> None:
    values = {entry["name"]: entry for entry in container(component)["env"]}
    assert values.pop("PGPASSWORD")["valueFrom"]["secretKeyRef"]["name"] == "stepsize-database"
    shared = next(document for document in documents() if document["kind"] == "ConfigMap")["data"]
    known = {f"STEPSIZE_{name.upper()}" for name in Settings.model_fields}
    assert set(values) | set(shared) <= known
    assert "password" not in shared["STEPSIZE_DATABASE_URL"]


def test_the_api_may_listen_on_the_address_of_its_service() -> None:
    environment = image_environment() | {
        entry["name"]: entry["value"] for entry in container("api")["env"] if "value" in entry
    }
    settings = Settings(
        host=environment["STEPSIZE_HOST"], allow_open=environment["STEPSIZE_ALLOW_OPEN"], port=0
    )
    check_address(settings)
    ports = {port["name"]: port["containerPort"] for port in container("api")["ports"]}
    assert ports == {"http": int(image("EXPOSE"))}


def test_probes_and_services_name_ports_that_there_are() -> None:
    for component in ("api", "worker"):
        main_container = container(component)
        names = {port["name"] for port in main_container["ports"]}
        for probe in ("startupProbe", "livenessProbe"):
            assert main_container[probe]["httpGet"]["port"] in names
    worker = {entry["name"]: entry.get("value") for entry in container("worker")["env"]}
    assert int(worker["STEPSIZE_WORKER_METRICS_PORT"]) == container("worker")["ports"][0]["containerPort"]
    selectors = [document["spec"]["selector"] for document in documents() if document["kind"] == "Service"]
    labels = [
        document["spec"]["template"]["metadata"]["labels"]
        for document in documents()
        if "template" in document.get("spec", {})
    ]
    assert all(any(selector.items() <= label.items() for label in labels) for selector in selectors)
