"""The progress bar of `stepsize watch`."""

from __future__ import annotations

import time
from typing import Any

from tqdm import tqdm

from app.cli.api_client import ApiError, JobsClient

POLL_S = 0.25
RESTART_WAIT_S = 30.0
FORMAT = "{desc} {percentage:3.0f}%|{bar:30}| {unit}"  # tqdm puts a comma before its postfix


def watch_job(client: JobsClient, job_id: str) -> dict[str, Any]:
    """Shows the progress of a job until it ends; returns the job."""
    job = client.job(job_id)
    with tqdm(total=100, bar_format=FORMAT, dynamic_ncols=True) as bar:
        while True:
            progress = job["progress"]
            bar.n = round(100 * progress["fraction"])
            bar.set_description_str(f"{job['name']}: {job['state']:9}", refresh=False)
            bar.unit = _counts(job)
            bar.refresh()
            if job["state"] in ("succeeded", "failed", "cancelled"):
                return job
            time.sleep(POLL_S)
            job = _patiently(client, job_id)


def _patiently(client: JobsClient, job_id: str) -> dict[str, Any]:
    """The job; a server that is started anew is waited for, since its jobs go on."""
    deadline = time.monotonic() + RESTART_WAIT_S
    while True:
        try:
            return client.job(job_id)
        except ApiError as error:
            if (error.status is not None and error.status < 500) or time.monotonic() > deadline:
                raise ApiError(f"{error}\nTo go on watching: stepsize watch {job_id}", error.status) from None
        time.sleep(POLL_S)


def _counts(job: dict[str, Any]) -> str:
    progress = job["progress"]
    done = sum(progress[f"trials_{state}"] for state in ("completed", "pruned", "diverged", "failed"))
    parts = [f"{done}/{progress['trials_total']} trials"]
    if progress["trials_pruned"]:
        parts.append(f"{progress['trials_pruned']} pruned")
    if progress["trials_diverged"]:
        parts.append(f"{progress['trials_diverged']} diverged")
    if job["best"] is not None:
        parts.append(f"best {job['best']['value']:.5g}")
    racing = job["spec"]["confirmation"] is not None and done == progress["trials_total"]
    if racing and job["state"] == "running":
        parts.append("racing the best on fresh seeds")
    return ", ".join(parts)
