"""A late page of a list of 20,000 trials is read from an index, as the first page is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, event, insert, text

from app.db import Database
from app.db.queries import jobs as table
from app.db.tables import TrialRow
from app.services import jobs
from app.settings import Settings
from app.spec.job import JobSpec
from tests.support.stored_jobs import BODY

COUNT = 20_000
LIMIT = 50
DEPTHS = {  # how far into each list: "order_by=value" ends with trials without a value
    "": [19_000],
    "order_by=value": [10_000, 19_000],
    "state=pruned": [4_500],
    "order_by=value&state=completed": [14_000],
}
STATES = ("completed", "completed", "completed", "pruned")


@pytest.fixture
def large(client: TestClient, db: Database, settings: Settings) -> str:
    """Return the id of a job of 20,000 trials; a quarter has no value, and values repeat."""
    job_id = jobs.submit(db, settings, JobSpec.model_validate(BODY)).id
    now = datetime.now(UTC)
    with db.write() as session:
        row = table.find(session, job_id)
        assert row is not None
        trials: list[dict[str, Any]] = [
            {
                "job_key": row.key,
                "number": number,
                "round": 0,
                "seed": 0,
                "steps_done": 0,
                "state": STATES[number % 4],
                "value": None if number % 4 == 3 else float(number % 1000),
                "optimizer": {},
                "schedule": {},
                "params": {},
                "created_at": now,
            }
            for number in range(COUNT)
        ]
        session.execute(insert(TrialRow), trials)
    with db.engine.begin() as connection:
        connection.execute(text("ANALYZE"))
    return job_id


def test_deep_pages_are_read_from_an_index(client: TestClient, app: FastAPI, large: str) -> None:
    for query, depths in DEPTHS.items():
        path = f"/v1/jobs/{large}/trials?{query}"
        token, seen = None, 0
        while token is not None or seen == 0:
            if seen in depths:
                with recorded(app.state.database) as statements:
                    client.get(path, params={"limit": LIMIT, "page_token": token})
                check_plans(
                    app.state.database, [statement for statement in statements if "LIMIT" in statement[0]]
                )
            page = client.get(path, params={"limit": 500} | ({"page_token": token} if token else {})).json()
            seen += len(page["items"])
            token = page["next_page_token"]
        assert max(depths) < seen <= COUNT


Statement = tuple[str, Any]  # Any: the parameters, as the driver takes them


@contextmanager
def recorded(database: Database) -> Iterator[list[Statement]]:
    """Collect the statements that run in the block."""
    statements: list[Statement] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    yield statements
    event.remove(database.engine, "before_cursor_execute", note)


def check_plans(database: Database, statements: list[Statement]) -> None:
    """Fail if one of these queries has a bad plan."""
    assert statements
    with database.engine.connect() as connection:
        for statement in statements:
            check_plan(connection, statement)


def check_plan(connection: Connection, statement: Statement) -> None:
    """Fail if the database would sort, or read more rows than it returns."""
    sql, parameters = statement
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters).all()
        plan = "\n".join(row[3] for row in rows)
        assert "SEARCH" in plan, plan
        assert "SCAN" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan
        # The last part of the key bounds the search, so that it starts where the page does.
        assert any(bound in plan for bound in ("number>?", "(value,number)>(?,?)")), plan
        return
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", parameters).one()[0]
    for node in nodes(plan["Plan"]):
        assert node["Node Type"] in ("Limit", "Index Scan", "Index Only Scan"), plan
        assert node["Actual Rows"] <= LIMIT + 1
        assert node.get("Rows Removed by Filter", 0) == 0, plan


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)
