"""The floating-point environment of a batch, and what it leaves behind."""

from __future__ import annotations

import platform
import sys
import warnings

import numpy as np
import pytest

from app.engine.batching.fp_environment import batch_arithmetic

TINY = np.full(4, 1e-30, dtype=np.float32)


@pytest.mark.skipif(
    (sys.platform, platform.machine()) != ("linux", "x86_64"), reason="only there is a switch"
)
def test_denormals_are_zero_inside_and_return_outside() -> None:
    with batch_arithmetic():
        assert not (TINY * np.float32(1e-10)).any()
    assert (TINY * np.float32(1e-10)).all()


def test_the_buffer_and_the_warnings_are_restored_after_an_error() -> None:
    size, handling = np.getbufsize(), np.geterr()
    inside = []

    def fail() -> None:
        with batch_arithmetic():
            inside.append(np.getbufsize())
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert inside != [size]
    assert np.getbufsize() == size
    assert np.geterr() == handling


def test_overflow_is_silent_inside() -> None:
    with warnings.catch_warnings(), batch_arithmetic():
        warnings.simplefilter("error")
        assert np.isinf(np.float32(1e38) * np.full(2, 1e38, dtype=np.float32)).all()
