"""The peer of `benchmarks.http`: a bare FastAPI application whose one route reads one row."""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from fastapi import FastAPI
from sqlalchemy import create_engine, text

engine = create_engine(os.environ["BARE_DATABASE"])
app = FastAPI()


@app.get("/jobs/{job_id}")
def read_job(job_id: str) -> dict[str, Any]:
    """Return the row, as it is."""
    with engine.connect() as connection:
        row = connection.execute(text("SELECT * FROM jobs WHERE id = :id"), {"id": job_id}).one()
    return dict(row._mapping)


if __name__ == "__main__":
    uvicorn.run(app, port=int(os.environ["BARE_PORT"]), log_level="warning")
