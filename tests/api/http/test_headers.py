"""Verbs and headers that every path has: HEAD, OPTIONS, 405, entity tags, request ids, security."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from tests.support.stored_jobs import BODY

TAGGED = [
    *("", "/trials", "/trials/0", "/trials/0/trajectory", "/trajectories", "/importances"),
    *("/recommendation", "/recommendation/schedule"),
]


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("PUT", "/v1/jobs", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/v1/jobs/x", "DELETE, GET, HEAD, OPTIONS"),
        ("GET", "/v1/jobs/x/cancel", "OPTIONS, POST"),
        ("HEAD", "/v1/jobs/x/cancel", "OPTIONS, POST"),
        ("DELETE", "/", "GET, HEAD, OPTIONS"),
        ("POST", "/openapi.json", "GET, HEAD, OPTIONS"),
        ("POST", "/docs/assets/swagger-ui.css", "GET, HEAD, OPTIONS"),
        ("BREW", "/healthz", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_wrong_verb_is_405_and_allow_lists_the_right_ones(
    client: TestClient, method: str, path: str, allow: str
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allow)
    if method != "HEAD":
        assert answer.json()["type"] == "/problems/method-not-allowed"


def test_options_lists_the_verbs(client: TestClient) -> None:
    answer = client.options("/v1/jobs")
    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert client.options("/nothing").status_code == 404


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/jobs", "/v1/optimizers", "/healthz", "/assets/jobs.js"])
def test_head_is_get_without_the_body(client: TestClient, path: str) -> None:
    head, get = client.head(path), client.get(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "etag", "cache-control"):
        assert head.headers.get(name) == get.headers.get(name)


def test_head_of_a_missing_resource_is_404(client: TestClient) -> None:
    answer = client.head("/v1/jobs/none")
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("path", TAGGED)
def test_an_unchanged_answer_is_not_sent_again(client: TestClient, finished: str, path: str) -> None:
    first = client.get(f"/v1/jobs/{finished}{path}")
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for given in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = client.get(f"/v1/jobs/{finished}{path}", headers={"If-None-Match": given})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


def test_a_changed_answer_is_sent_again(client: TestClient) -> None:
    job_id = client.post("/v1/jobs", json=BODY).json()["id"]
    tag = client.get(f"/v1/jobs/{job_id}").headers["etag"]
    client.post(f"/v1/jobs/{job_id}/cancel")
    answer = client.get(f"/v1/jobs/{job_id}", headers={"If-None-Match": tag})
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.headers["etag"] != tag


def test_an_error_has_no_entity_tag(client: TestClient) -> None:
    assert "etag" not in client.get("/v1/jobs/none", headers={"If-None-Match": "*"}).headers


def test_long_answers_are_compressed_if_the_client_accepts_it(client: TestClient) -> None:
    answer = client.get("/v1/optimizers", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["items"]
    plain = client.get("/v1/optimizers", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.json() == answer.json()


@pytest.mark.parametrize(
    "path", ["/trials/0/trajectory", "/trajectories", "/recommendation", "/export?format=jsonl"]
)
def test_the_results_of_a_job_are_compressed_too(client: TestClient, finished: str, path: str) -> None:
    address = f"/v1/jobs/{finished}{path}"
    zipped = client.get(address, headers={"Accept-Encoding": "gzip"})
    plain = client.get(address, headers={"Accept-Encoding": "identity"})
    if len(plain.content) >= 1000:
        assert zipped.headers["content-encoding"] == "gzip"
        assert "Accept-Encoding" in zipped.headers["vary"]
    assert (zipped.content, zipped.headers.get("etag")) == (plain.content, plain.headers.get("etag"))


def test_a_request_id_is_taken_over(client: TestClient) -> None:
    answer = client.get("/healthz", headers={"X-Request-Id": "abc.1:2_3-4"})
    assert answer.headers["x-request-id"] == "abc.1:2_3-4"


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "<script>"])
def test_a_request_id_that_does_not_fit_a_log_is_replaced(client: TestClient, given: str) -> None:
    made = client.get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"]
    assert made != given
    assert len(made) == 32


def test_two_requests_have_different_ids(client: TestClient) -> None:
    ids = {client.get("/healthz").headers["x-request-id"] for _ in range(3)}
    assert len(ids) == 3


@pytest.mark.parametrize("path", ["/", "/docs", "/problems", "/v1/jobs", "/nothing", "/assets/jobs.js"])
def test_every_answer_has_the_headers_that_restrain_a_browser(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "http" not in headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "known"),
    [
        (
            "/v1/jobs?state=queued&limt=3",
            "did you mean limit? The known parameters are: state, name, limit, page_token",
        ),
        ("/v1/optimizers?x", "takes no query parameters"),
        ("/healthz?%00=1", "takes no query parameters"),
        ("/v1/jobs/none/trials?LIMIT=3", "known parameters are: state, order_by, limit, page_token"),
    ],
)
def test_an_unknown_parameter_is_422_and_the_known_ones_are_named(
    client: TestClient, path: str, known: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"].startswith("/query/")
    assert known in error["detail"]


def test_an_unknown_parameter_is_refused_before_anything_is_stored(client: TestClient) -> None:
    assert client.post("/v1/jobs?dryrun=true", json=BODY).status_code == 422
    assert client.get("/v1/jobs").json()["items"] == []
