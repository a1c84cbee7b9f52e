"""The compose file: valid, closed to others, and in the right order."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.commands.serve import check_address
from app.settings import Settings
from app.worker.queue.dbos_config import worker_id
from tests.support.recipes import COMPOSE, interpolate, service_environment, services

OURS = ("migrate", "api", "worker")
EVERY = ("postgres", *OURS)
SECRET = {"POSTGRES_PASSWORD": "p@ss:w/%rd #1"}


def test_the_file_fits_the_published_schema() -> None:
    command = [
        *(sys.executable, "-m", "check_jsonschema"),
        *("--builtin-schema", "vendor.compose-spec", str(COMPOSE)),
    ]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_the_services_are_these_four() -> None:
    assert set(services()) == set(EVERY)


def test_without_a_password_compose_refuses_with_the_way_out() -> None:
    for name in EVERY:
        values = [value for value in services()[name]["environment"].values() if value and "{" in value]
        assert values
        for given in ({}, {"POSTGRES_PASSWORD": ""}):
            with pytest.raises(LookupError, match="set POSTGRES_PASSWORD"):
                interpolate("".join(values), given)


def test_the_password_is_a_variable_and_not_a_part_of_the_url() -> None:
    for name in OURS:
        environment = service_environment(name, SECRET)
        assert environment["PGPASSWORD"] == SECRET["POSTGRES_PASSWORD"]
        assert "password" not in environment["STEPSIZE_DATABASE_URL"].lower()


def test_only_the_api_is_published_and_only_on_the_loopback() -> None:
    published = {name: service["ports"] for name, service in services().items() if "ports" in service}
    assert list(published) == ["api"]
    assert [interpolate(port, {}) for port in published["api"]] == ["127.0.0.1:8000:8000"]
    assert [interpolate(port, {"STEPSIZE_PORT": "9"}) for port in published["api"]] == ["127.0.0.1:9:8000"]


@pytest.mark.parametrize("name", EVERY)
def test_a_container_has_no_more_rights_than_it_needs(name: str) -> None:
    service = services()[name]
    assert service["read_only"]
    assert "/tmp" in service["tmpfs"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert name == "postgres" or "cap_add" not in service
    assert not {"privileged", "network_mode", "pid", "user"} & set(service)


def test_migrations_run_between_the_database_and_everything_else() -> None:
    order = {name: service.get("depends_on", {}) for name, service in services().items()}
    assert order["migrate"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("api", "worker"):
        assert order[name] == {"migrate": {"condition": "service_completed_successfully"}}
    assert services()["migrate"]["restart"] == "no"
    assert services()["worker"]["restart"] == services()["api"]["restart"] == "unless-stopped"


def test_the_api_keeps_the_health_check_of_the_image() -> None:
    assert "healthcheck" not in services()["api"]
    assert services()["worker"]["healthcheck"] == services()["migrate"]["healthcheck"] == {"disable": True}


def test_every_variable_is_a_setting_and_every_setting_can_be_given() -> None:
    names = {name for service in OURS for name in services()[service]["environment"]}
    settings = {f"STEPSIZE_{name.upper()}" for name in Settings.model_fields}
    assert names - {"PGPASSWORD"} <= settings
    fixed_by_the_image = {"STEPSIZE_HOST", "STEPSIZE_PORT"}
    beside_the_jobs = {"STEPSIZE_QUEUE_DATABASE_URL"}
    assert settings - names == fixed_by_the_image | beside_the_jobs


def test_the_api_may_listen_on_an_address_that_other_containers_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in service_environment("api", SECRET).items():
        if name.startswith("STEPSIZE_"):
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.host == "0.0.0.0"
    check_address(settings)


def test_data_outlives_the_containers() -> None:
    (volume,) = services()["postgres"]["volumes"]
    assert volume == "postgres:/var/lib/postgresql/data"  # where version 17 keeps it; 18 moved it


def test_an_installed_docker_compose_accepts_the_file(tmp_path: Path) -> None:
    try:
        probe = subprocess.run(["docker", "compose", "version"], capture_output=True, timeout=30, check=False)
    except FileNotFoundError:
        pytest.skip("no docker here")
    if probe.returncode != 0:
        pytest.skip("docker has no compose here")
    secrets = tmp_path / ".env"
    secrets.write_text("POSTGRES_PASSWORD=x\n")
    run = subprocess.run(
        ["docker", "compose", "--env-file", str(secrets), "--file", str(COMPOSE), "config", "--quiet"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_workers_of_one_host_and_process_id_have_different_names() -> None:
    settings = Settings(database_url="postgresql://stepsize@postgres/stepsize")
    assert worker_id(settings) != worker_id(settings)
