"""The lines of the log: one line per record, with its fields, in both formats."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime
from pathlib import Path

import pytest

from app.cli.log_format import TEXT, JsonLines, TextLines
from app.observability import log_context


def line(formatter: logging.Formatter, message: str, *arguments: object, **extra: object) -> str:
    record = logging.makeLogRecord(
        {"name": "app.x", "levelno": 20, "levelname": "INFO", "msg": message, "args": arguments} | extra
    )
    return formatter.format(record)


def test_a_json_line_is_one_object_with_the_fields_of_call_and_context() -> None:
    with log_context.bound(job_id="job_1", run=2):
        text = line(JsonLines(), "did %d of\n%s", 3, "é", status=200)
    assert "\n" not in text
    document = json.loads(text)
    assert datetime.fromisoformat(document.pop("time")).tzinfo is not None
    assert document == {
        "level": "info",
        "logger": "app.x",
        "message": "did 3 of\né",
        "job_id": "job_1",
        "run": 2,
        "status": 200,
    }


def test_no_field_of_a_call_replaces_one_of_the_line() -> None:
    document = json.loads(line(JsonLines(), "done", time="t", level="l", logger="x", run=1))
    assert datetime.fromisoformat(document.pop("time")).tzinfo is not None
    assert document == {"level": "info", "logger": "app.x", "message": "done", "run": 1}


def test_a_field_of_a_call_replaces_one_of_the_context() -> None:
    with log_context.bound(run=1):
        assert json.loads(line(JsonLines(), "done", run=2))["run"] == 2


def test_a_json_line_shows_a_value_that_json_does_not_have_as_text() -> None:
    assert json.loads(line(JsonLines(), "done", path=Path("a/b")))["path"] == "a/b"


def test_a_json_line_holds_the_stack_trace() -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        text = line(JsonLines(), "failed", exc_info=sys.exc_info())
    assert "\n" not in text
    assert json.loads(text)["exception"].endswith("ValueError: two\nlines")


@pytest.mark.parametrize(
    ("given", "written"), [("plain", "plain"), (5, "5"), ("a b", '"a b"'), ("a=b", '"a=b"'), ("", '""')]
)
def test_a_text_line_ends_with_its_fields(given: object, written: str) -> None:
    text = line(TextLines(TEXT), "done", field=given)
    assert text.endswith(f"INFO    app.x: done field={written}")


def test_a_field_cannot_begin_another_line() -> None:
    assert "\n" not in line(TextLines(TEXT), "done", field="a\nb")


def test_fields_end_with_their_block_and_inner_ones_are_added() -> None:
    with log_context.bound(job_id="job_1"):
        with log_context.bound(run=1):
            assert log_context.current() == {"job_id": "job_1", "run": 1}
        assert log_context.current() == {"job_id": "job_1"}
    assert log_context.current() == {}
