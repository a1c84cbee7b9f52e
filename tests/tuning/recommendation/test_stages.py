"""The words for the stages of a job."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import String

from app.db.tables import EventRow, JobRow
from app.tuning.evaluation.requests import EvaluationRequest, Seeds
from app.tuning.recommendation.stages import STAGES, WORDS, stage_word
from tests.support.jobs import configuration

ROOT = Path(__file__).resolve().parents[3]


def request(stage: Seeds, steps: int) -> EvaluationRequest:
    return EvaluationRequest(
        configurations=(configuration(),), replicates=range(stage + 3, stage + 5), steps=steps
    )


def test_every_stage_has_a_word() -> None:
    assert set(WORDS) == set(Seeds)
    assert [stage_word(request(stage, 60)) for stage in Seeds] == [WORDS[stage] for stage in Seeds]


def test_every_word_fits_its_column_and_the_name_of_its_event() -> None:
    beside = len("1234567-0.123456-")  # run and fraction
    stage, name = (
        row.__table__.columns[column].type for row, column in ((JobRow, "stage"), (EventRow, "name"))
    )
    assert isinstance(stage, String)
    assert isinstance(name, String)
    assert stage.length is not None
    assert name.length is not None
    for word in STAGES:
        assert len(word) <= stage.length
        assert len(word) + beside <= name.length


def test_every_word_is_documented() -> None:
    page = (ROOT / "docs" / "reference" / "http.md").read_text()
    assert [word for word in STAGES if f"`{word}`" not in page] == []
