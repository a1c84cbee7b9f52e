"""The few calls of the API that the command line makes."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import httpx

TIMEOUT_S = 30.0

Body = dict[str, Any]


class ApiError(Exception):
    """The server refused, or could not be reached; the text is for the user."""


class JobsClient:
    """Jobs on a server."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=TIMEOUT_S)

    def __enter__(self) -> JobsClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def submit(self, spec: bytes) -> Body:
        """Posts a job. Raises ApiError with the fields that the server refused."""
        headers = {"Content-Type": "application/json"}
        return self._call("POST", "/v1/jobs", content=spec, headers=headers)

    def job(self, job_id: str) -> Body:
        """The job."""
        return self._call("GET", f"/v1/jobs/{job_id}")

    def recommendation(self, job_id: str) -> Body | None:
        """The recommendation, or None where there is none."""
        try:
            return self._call("GET", f"/v1/jobs/{job_id}/recommendation")
        except ApiError:
            return None

    def _call(self, method: str, path: str, **request: Any) -> Body:  # Any: httpx's own options
        try:
            answer = self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise ApiError(f"{self.url} does not answer ({error}); is `stepsize serve` running?") from None
        body: Body = answer.json()
        if answer.is_success:
            return body
        lines = [f"{body.get('title', answer.reason_phrase)}: {body.get('detail', '')}"]
        lines += [f"  {item['pointer']}: {item['detail']}" for item in body.get("errors") or []]
        raise ApiError("\n".join(lines))
