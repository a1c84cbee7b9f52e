"""Random streams are stable and apart."""

from __future__ import annotations

import pytest

from app.engine.seeds import Purpose, stream


def test_a_stream_keeps_its_numbers_forever() -> None:
    # Golden: stored trials replay only while these hold.
    assert stream(7, Purpose.ORDER, 3).integers(0, 2**63, size=2).tolist() == [
        8297589279189685966,
        1246384495621730173,
    ]


def test_purposes_keep_their_numbers() -> None:
    numbers = {
        "SPLIT": 0,
        "INITIALISATION": 1,
        "ORDER": 2,
        "NOISE": 3,
        "DROPOUT": 4,
        "SAMPLER": 5,
        "RACE_MEANS": 6,
    }
    assert {name: Purpose[name].value for name in numbers} == numbers


def test_equal_names_give_equal_streams() -> None:
    assert stream(1, Purpose.NOISE, 2).random() == stream(1, Purpose.NOISE, 2).random()


@pytest.mark.parametrize("other", [(2, Purpose.NOISE, 2), (1, Purpose.SPLIT, 2), (1, Purpose.NOISE, 3)])
def test_another_seed_purpose_or_replicate_gives_another_stream(other: tuple[int, Purpose, int]) -> None:
    assert stream(1, Purpose.NOISE, 2).random() != stream(*other).random()


def test_a_negative_seed_is_refused() -> None:
    with pytest.raises(ValueError, match="seed=-1"):
        stream(-1, Purpose.NOISE, 0)
