"""Each service of the compose file, as a process: its own command and variables, and a real PostgreSQL."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2
import psycopg
import pytest
from psycopg import sql

from tests.support.databases import PostgresServer
from tests.support.recipes import health_check, image_command, service_environment, services
from tests.support.server import Json, free_port, wait_for

pytestmark = pytest.mark.slow

SECRET = {"POSTGRES_PASSWORD": "p@ss:w/%rd #1", "STEPSIZE_POOL_PROCESSES": "1"}
NAMED = "@postgres:5432/stepsize"  # the server's name inside the network of compose
GRACE_S = 15.0
JOB: Json = {
    "objective": {"kind": "classification", "dataset": "digits", "model": {"kind": "mlp", "hidden": [64]}},
    "budget": {"trials": 24, "steps": 1000},
    "sampler": {"kind": "tpe"},
    "confirmation": None,
}


class Deployment:
    """The services' processes, as compose would start them."""

    def __init__(self, postgres: PostgresServer, installed: Path, folder: Path) -> None:
        self._database = f"@/stepsize?host={postgres.folder}"
        self._installed = installed
        self._folder = folder
        self.log = folder / "log"
        port = free_port()
        self._port = str(port)
        self.http = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30.0)

    def environment(self, name: str) -> dict[str, str]:
        """Return the service's variables, with the database and a local port of this machine."""
        values = service_environment(name, SECRET)
        assert NAMED in values["STEPSIZE_DATABASE_URL"]
        values["STEPSIZE_DATABASE_URL"] = values["STEPSIZE_DATABASE_URL"].replace(NAMED, self._database)
        if "STEPSIZE_WORKER_METRICS_PORT" in values:  # in a container of its own, each worker has its own
            values["STEPSIZE_WORKER_METRICS_PORT"] = str(free_port())
        here = {"PATH": str(self._installed), "STEPSIZE_PORT": self._port, "STEPSIZE_HOST": "127.0.0.1"}
        return values | here

    def run(self, name: str, command: list[str]) -> subprocess.CompletedProcess[str]:
        """Run a command as inside the container of a service; return its output."""
        program = self._installed / command[0]
        return subprocess.run(
            [program, *command[1:]],
            env=self.environment(name),
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @contextmanager
    def started(self, name: str) -> Iterator[subprocess.Popen[bytes]]:
        """Yield the service's process; kill it at the end if it still lives."""
        command = image_command(services()[name]["command"])
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [self._installed / command[0], *command[1:]],
                env=self.environment(name),
                cwd=self._folder,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def answers(self, path: str) -> bool:
        """Return whether the API answers 200 there."""
        try:
            return self.http.get(path).is_success
        except httpx2.TransportError:
            return False

    def wait_until_ready(self) -> None:
        """Wait until API and a worker answer."""
        wait_for(lambda: self.answers("/readyz"), 60, self.log.read_text)

    def submit(self) -> str:
        """Post the job and return its id."""
        answer = self.http.post("/v1/jobs", json=JOB)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def wait_for_job(self, job_id: str) -> None:
        """Wait until the job has succeeded."""
        wait_for(
            lambda: self.http.get(f"/v1/jobs/{job_id}").json()["state"] == "succeeded", 60, self.log.read_text
        )


@pytest.fixture
def deployment(postgres: PostgresServer, installed: Path, tmp_path: Path) -> Iterator[Deployment]:
    """Yield the services on a fresh database, after `migrate`."""
    with _guarded_database(postgres):
        deployment = Deployment(postgres, installed, tmp_path)
        migrated = deployment.run("migrate", image_command(services()["migrate"]["command"]))
        assert migrated.returncode == 0, migrated.stderr
        assert SECRET["POSTGRES_PASSWORD"] not in migrated.stdout + migrated.stderr
        yield deployment
        deployment.http.close()


def test_the_services_of_compose_run_a_job_and_report_their_health(deployment: Deployment) -> None:
    with deployment.started("api") as api, deployment.started("worker") as worker:
        deployment.wait_until_ready()
        healthy = deployment.run("api", health_check())
        assert healthy.returncode == 0, healthy.stderr
        deployment.wait_for_job(deployment.submit())
        for process in (worker, api):
            process.terminate()
            process.wait(GRACE_S)
        assert worker.returncode == 0
        assert deployment.run("api", health_check()).returncode != 0
    assert "Traceback" not in deployment.log.read_text()
    assert SECRET["POSTGRES_PASSWORD"] not in deployment.log.read_text()


def test_a_job_continues_after_its_worker_is_killed(deployment: Deployment, postgres: PostgresServer) -> None:
    with ExitStack() as stack:
        stack.enter_context(deployment.started("api"))
        workers = [stack.enter_context(deployment.started("worker")) for _ in range(2)]
        deployment.wait_until_ready()
        wait_for(lambda: deployment.log.read_text().count(": ready,") == 2, 60, deployment.log.read_text)
        job_id = deployment.submit()
        wait_for(lambda: _owner(postgres, workers) is not None, 30, deployment.log.read_text)
        owner = _owner(postgres, workers)
        assert owner is not None
        owner.kill()
        deployment.wait_for_job(job_id)
        assert owner.wait() == -9
    assert "is gone; taking over" in deployment.log.read_text()


def _owner(
    postgres: PostgresServer, workers: list[subprocess.Popen[bytes]]
) -> subprocess.Popen[bytes] | None:
    """Return the worker that runs a job now."""
    with psycopg.connect(postgres.url("stepsize_queue")) as queue:
        row = queue.execute(
            "SELECT executor_id FROM dbos.workflow_status WHERE status = 'PENDING'"
        ).fetchone()
    return next((worker for worker in workers if row and f"-{worker.pid}-" in row[0]), None)


@contextmanager
def _guarded_database(postgres: PostgresServer) -> Iterator[None]:
    """Yield a database `stepsize` whose role of that name needs the password, and is no superuser."""
    rules = postgres.folder / "pg_hba.conf"
    trusting = rules.read_text()
    rules.write_text(f"local all stepsize scram-sha-256\n{trusting}")
    with _administrator(postgres) as server:
        password = sql.Literal(SECRET["POSTGRES_PASSWORD"])
        server.execute(sql.SQL("CREATE ROLE stepsize LOGIN CREATEDB PASSWORD {}").format(password))
        server.execute("CREATE DATABASE stepsize OWNER stepsize")
        server.execute("SELECT pg_reload_conf()")
    try:
        wait_for(lambda: _password_is_missed(postgres), 10, lambda: "the new rules")
        yield
    finally:
        rules.write_text(trusting)
        with _administrator(postgres) as server:
            server.execute("DROP DATABASE IF EXISTS stepsize_queue WITH (FORCE)")
            server.execute("DROP DATABASE stepsize WITH (FORCE)")
            server.execute("DROP ROLE stepsize")
            server.execute("SELECT pg_reload_conf()")


def _password_is_missed(postgres: PostgresServer) -> bool:
    try:
        psycopg.connect(dbname="stepsize", user="stepsize", host=str(postgres.folder)).close()
    except psycopg.OperationalError as error:
        return "no password supplied" in str(error)
    return False


@contextmanager
def _administrator(postgres: PostgresServer) -> Iterator[psycopg.Connection]:
    with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
        yield connection
