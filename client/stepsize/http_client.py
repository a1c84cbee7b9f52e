"""The calls of the API that the command line makes."""

from __future__ import annotations

from types import TracebackType
from typing import Any
from urllib.parse import quote

import httpx2

TIMEOUT_S = 30.0

Body = dict[str, Any]


class ApiError(Exception):
    """The server refused, or could not be reached (status None); the text is for the user."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class JobsClient:
    """The jobs of a server."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        self._http = httpx2.Client(base_url=self.url, timeout=TIMEOUT_S)

    def __enter__(self) -> JobsClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    def submit(self, spec: bytes) -> Body:
        """Post a job. Raises ApiError with the fields that the server refused."""
        headers = {"Content-Type": "application/json"}
        return self._call("POST", "/v1/jobs", content=spec, headers=headers)

    def job(self, job_id: str) -> Body:
        """Return a job."""
        return self._call("GET", f"/v1/jobs/{quote(job_id, safe='')}")

    def recommendation(self, job_id: str) -> Body | None:
        """Return the recommendation of a job; None if there is none."""
        try:
            return self._call("GET", f"/v1/jobs/{quote(job_id, safe='')}/recommendation")
        except ApiError as error:
            if error.status == 409:
                return None
            raise

    def _call(self, method: str, path: str, **request: Any) -> Body:  # Any: httpx2's own options
        try:
            answer = self._http.request(method, path, **request)
        except httpx2.TransportError as error:
            raise ApiError(f"{self.url} does not answer ({error}); is `stepsize serve` running?") from None
        try:
            body: Body = answer.json()
        except ValueError:
            raise ApiError(
                f"{self.url} answered {answer.status_code} with something that is not JSON; is it Stepsize?",
                answer.status_code,
            ) from None
        if answer.is_success:
            return body
        lines = [f"{body.get('title', answer.reason_phrase)}: {body.get('detail', '')}"]
        lines += [f"  {item['pointer']}: {item['detail']}" for item in body.get("errors") or []]
        raise ApiError("\n".join(lines), answer.status_code)
