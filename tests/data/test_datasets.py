"""The datasets match the catalogue."""

from __future__ import annotations

import numpy as np
import pytest

from app.data import DATASETS, load
from app.engine.inputs.tokens import NO_TOKEN


@pytest.mark.parametrize("name", list(DATASETS))
def test_the_arrays_have_the_shape_and_the_classes_of_the_catalogue(name: str) -> None:
    dataset, data = DATASETS[name], load(name)
    assert dataset.name == name
    assert len(data.inputs) == dataset.rows
    if dataset.form == "features":
        assert data.inputs.shape == (dataset.rows, dataset.features)
        assert data.inputs.dtype == np.float64
        assert np.isfinite(data.inputs).all()
    elif dataset.form == "tokens":
        assert data.inputs.dtype == np.int64
        assert (data.inputs.min(), data.inputs.max()) == (NO_TOKEN, dataset.features - 1)
    else:
        assert (data.inputs.min(axis=0) == 0).all()
        assert tuple(data.inputs.max(axis=0) + 1) == dataset.input_sizes
    assert data.targets.shape == (dataset.rows,)
    assert data.classes == dataset.classes
    if dataset.classes is not None:
        assert np.unique(data.targets).tolist() == list(range(dataset.classes))


@pytest.mark.parametrize("name", list(DATASETS))
def test_every_dataset_has_a_summary_and_a_source(name: str) -> None:
    assert DATASETS[name].summary.endswith(".")
    assert "doi:" in DATASETS[name].source or "arXiv:" in DATASETS[name].source


def test_known_rows_of_the_datasets_have_their_values() -> None:
    assert load("iris").inputs[0].tolist() == [5.1, 3.5, 1.4, 0.2]
    assert load("digits").inputs.max() == 16
    assert load("digits").targets[:10].tolist() == list(range(10))
    assert load("diabetes").targets[:3].tolist() == [151.0, 75.0, 141.0]


def test_loading_twice_gives_the_same_read_only_arrays() -> None:
    assert load("wine") is load("wine")
    with pytest.raises(ValueError, match="read-only"):
        load("wine").inputs[0, 0] = 1.0


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(KeyError, match="'mnist' is no dataset; choose one of: breast_cancer, dense_cl"):
        load("mnist")
