"""A stored trajectory decodes unchanged, and is small."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest

from app.engine.trajectories.codec import decode, encode
from tests.support.trajectories import make_trajectory

HEADER_BYTES = 256


@pytest.mark.parametrize("parameters", [None, 1, 10])
def test_a_decoded_trajectory_equals_the_encoded_one(parameters: int | None) -> None:
    trajectory = make_trajectory(rows=101, parameters=parameters)
    again = decode(encode(trajectory))
    for name in ("step", "loss", "validation_loss", "learning_rate", "gradient_norm", "gradient_norm_l1"):
        np.testing.assert_array_equal(getattr(again, name), getattr(trajectory, name))
    if parameters is None:
        assert again.parameters is None
    else:
        np.testing.assert_array_equal(again.parameters, trajectory.parameters)


def test_a_stored_value_takes_at_most_eight_bytes() -> None:
    trajectory = make_trajectory(rows=1001, parameters=2)
    values = 1001 * 8
    assert len(encode(trajectory)) <= 8 * values
    assert len(encode(make_trajectory(rows=2))) <= 8 * 2 * 6 + HEADER_BYTES


@pytest.mark.parametrize("rows", [1, 9, 10, 1001])
@pytest.mark.parametrize("parameters", [None, 2])
def test_a_stored_trajectory_equals_a_file_of_numpy(rows: int, parameters: int | None) -> None:
    data = encode(make_trajectory(rows=rows, parameters=parameters))
    saved = io.BytesIO()
    np.save(saved, np.load(io.BytesIO(data), allow_pickle=False), allow_pickle=False)
    assert data == saved.getvalue()


def test_any_numpy_reads_a_stored_trajectory_by_column() -> None:
    rows = np.load(io.BytesIO(encode(make_trajectory(rows=5, parameters=2))), allow_pickle=False)
    assert rows.dtype.names[:3] == ("step", "loss", "validation_loss")
    assert rows["parameters"].shape == (5, 2)


def test_single_precision_stays_single() -> None:
    trajectory = make_trajectory(rows=5)
    trajectory = replace(trajectory, loss=trajectory.loss.astype(np.float32))
    assert decode(encode(trajectory)).loss.dtype == np.float32


def test_a_norm_beyond_single_precision_is_infinite_and_no_error() -> None:
    trajectory = make_trajectory(rows=3)
    trajectory = replace(trajectory, gradient_norm=np.array([1.0, 1e300, 2.0]))
    assert np.isinf(decode(encode(trajectory)).gradient_norm[1])
