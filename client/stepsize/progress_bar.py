"""The progress of a job for `stepsize watch`: a bar on a terminal, else a line for each change."""

from __future__ import annotations

import math
import sys
import time
from typing import Any, Protocol, TextIO

import click

from stepsize.http_client import ApiError, JobsClient

POLL_S = 0.25
RESTART_WAIT_S = 30.0
BAR_COLUMNS = 30
LINE_STEP = 10  # percent of the whole job, after which there is a line without a change of stage
FINAL = ("succeeded", "failed", "cancelled")


def watch_job(client: JobsClient, job_id: str, stream: TextIO | None = None) -> dict[str, Any]:
    """Show the progress of a job until it ends; return the job. stream: standard error by default."""
    job = client.job(job_id)
    display = _display(sys.stderr if stream is None else stream)
    try:
        while True:
            display.show(job)
            if job["state"] in FINAL:
                return job
            time.sleep(POLL_S)
            job = _patiently(client, job_id)
    finally:
        display.close()


class Display(Protocol):
    """What shows the progress of a job."""

    def show(self, job: dict[str, Any]) -> None:
        """Show where the job is now."""

    def close(self) -> None:
        """Leave the line to what follows."""


class Bar:
    """One line of a terminal, which each call of `show` overwrites."""

    def __init__(self, stream: TextIO) -> None:
        self._left = ""
        self._bar: Any = click.progressbar(  # Any: click exports no name for the class
            length=100,
            file=stream,
            width=BAR_COLUMNS,
            show_eta=False,  # click extrapolates; the server knows what is left
            item_show_func=lambda _: self._left,
            bar_template="%(label)s [%(bar)s] %(info)s",
        )

    def show(self, job: dict[str, Any]) -> None:
        """Write the line again."""
        self._bar.label = f"{job['name']}: {doing(job)}"
        self._bar.pos = percent(job)
        self._left = remaining(job)
        self._bar.render_progress()

    def close(self) -> None:
        """End the line."""
        self._bar.render_finish()


class Lines:
    """A line for each change of state or stage and for each tenth of the job; no carriage returns."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._last: tuple[str, str | None, int] | None = None

    def show(self, job: dict[str, Any]) -> None:
        """Write a line where something changed."""
        progress = job["progress"]
        now = (job["state"], progress.get("stage"), percent(job) // LINE_STEP)
        if now == self._last:
            return
        self._last = now
        parts = [f"{job['name']}: {doing(job)}", f"{percent(job)} %", remaining(job)]
        print(", ".join(part for part in parts if part), file=self._stream, flush=True)

    def close(self) -> None:
        """Do nothing: every line has ended."""


def _display(stream: TextIO) -> Display:
    return Bar(stream) if stream.isatty() else Lines(stream)


def doing(job: dict[str, Any]) -> str:
    """Return what the job is at: its stage while it runs, with the trials of the search; else its state."""
    progress = job["progress"]
    stage = progress.get("stage")  # a server of an older release tells none
    if job["state"] != "running" or stage is None:
        return str(job["state"])
    if stage != "search":
        return str(stage)
    ended = sum(progress[f"trials_{state}"] for state in ("completed", "pruned", "diverged", "failed"))
    return f"search ({ended} of {progress['trials_total']} trials)"


def percent(job: dict[str, Any]) -> int:
    """Return the share of the whole job that is done, rounded down; 100 only if the job has ended."""
    done = math.floor(100.0 * float(job["progress"]["fraction"]) + 1e-9)  # 100 * 0.29 is a little below 29
    return done if job["state"] in FINAL else min(done, 99)


def remaining(job: dict[str, Any]) -> str:
    """Return the time left in words; empty if it is unknown."""
    left_s = job["progress"]["eta_s"]
    if left_s is None or job["state"] != "running":
        return ""
    return f"about {duration(left_s)} left"


def duration(seconds: float) -> str:
    """Return a duration with one unit, such as "40 s" or "3 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{round(seconds / 3600)} h"


def _patiently(client: JobsClient, job_id: str) -> dict[str, Any]:
    """Return the job; wait for a server that is started anew, since its jobs go on."""
    deadline = time.monotonic() + RESTART_WAIT_S
    while True:
        try:
            return client.job(job_id)
        except ApiError as error:
            if (error.status is not None and error.status < 500) or time.monotonic() > deadline:
                raise ApiError(f"{error}\nTo go on watching: stepsize watch {job_id}", error.status) from None
        time.sleep(POLL_S)
