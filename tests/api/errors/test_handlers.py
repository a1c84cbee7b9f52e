"""Every error of the application is a problem, and every problem has its page."""

from __future__ import annotations

import logging

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.api.errors.handlers import documented, problem_body, summary
from app.api.system.problem_pages import problems
from app.errors import AppError

EVERY = list(problems().values())
NAMES = [error.__name__ for error in EVERY]


@pytest.mark.parametrize("error", EVERY, ids=NAMES)
def test_every_error_says_what_it_means_and_the_way_out(error: type[AppError]) -> None:
    paragraphs = (error.__doc__ or "").split("\n\n")
    assert len(paragraphs) >= 2
    assert summary(error).endswith(".")
    assert error.title
    assert error.slug == error.slug.lower().replace(" ", "-")
    assert 400 <= error.status < 600


@pytest.mark.parametrize("error", EVERY, ids=NAMES)
def test_every_error_has_a_page_at_its_type(client: TestClient, error: type[AppError]) -> None:
    answer = client.get(problem_body(error("x"))["type"])
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert error.slug in answer.text
    assert "The way out" in answer.text


@pytest.mark.parametrize("error", EVERY, ids=NAMES)
def test_every_error_is_rendered_with_its_status(app: FastAPI, error: type[AppError]) -> None:
    def fail() -> None:
        raise error("It is <so>.", errors=[("/seed", "must be >= 0")])

    app.add_api_route("/fail", fail)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/fail")
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()) == (
        error.status,
        {
            "type": f"/problems/{error.slug}",
            "title": error.title,
            "status": error.status,
            "detail": "It is <so>.",
            "errors": [{"pointer": "/seed", "detail": "must be >= 0"}],
        },
    )


def test_no_two_errors_share_a_page() -> None:
    errors: list[type[AppError]] = [AppError, *_subclasses(AppError)]
    slugs = [error.slug for error in errors]
    assert len(slugs) == len(set(slugs)) == len(EVERY)


def _subclasses(error: type[AppError]) -> list[type[AppError]]:
    return [subclass for child in error.__subclasses__() for subclass in (child, *_subclasses(child))]


def test_the_problems_are_listed(client: TestClient) -> None:
    page = client.get("/problems").text
    assert all(f'href="/problems/{error.slug}"' in page for error in EVERY)


@pytest.mark.parametrize(
    "path", ["/problems/none", "/nothing", "/v1", "/v1/jobs/", "/v1//jobs", "/docs/", "/%00"]
)
def test_an_unknown_path_is_a_404_problem(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "/problems/not-found"


@pytest.mark.parametrize("path", ["/assets/../pages.py", "/assets/%2e%2e/pages.py", "/docs/assets/none.js"])
def test_a_file_outside_the_served_folder_is_a_404_problem(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_crash_is_a_problem_without_a_stack_trace_and_is_logged_under_the_request_id(
    app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    def crash() -> None:
        raise ZeroDivisionError("a secret")

    app.add_api_route("/crash", crash)
    with TestClient(app, raise_server_exceptions=False) as client, caplog.at_level(logging.ERROR):
        answer = client.get("/crash", headers={"X-Request-Id": "abc-1"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.json()["type"] == "/problems/internal-error"
    assert "abc-1" in answer.json()["detail"]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "abc-1" in {getattr(record, "request_id", None) for record in caplog.records if record.exc_info}
    assert "ZeroDivisionError" in caplog.text


def test_an_answer_that_does_not_fit_its_model_is_a_500_problem(app: FastAPI) -> None:
    def wrong() -> int:
        return "text"  # type: ignore[return-value]

    app.add_api_route("/wrong", wrong)
    with TestClient(app, raise_server_exceptions=False) as client:
        answer = client.get("/wrong")
    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/internal-error")


def test_the_documentation_of_problems_is_by_status() -> None:
    responses = documented(*EVERY)
    assert list(responses) == sorted({error.status for error in EVERY})
    assert "job-not-found" in responses[404]["content"]["application/problem+json"]["examples"]
