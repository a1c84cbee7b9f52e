"""The catalogue: meaning and origin of each dataset, shipped or generated."""

from __future__ import annotations

from app.data.dataset import Dataset
from app.data.generated import GENERATED

_UCI = "UCI Machine Learning Repository, CC BY 4.0, as in scikit-learn"

_SHIPPED = (
    Dataset(
        name="breast_cancer",
        summary="Malignant or benign, from 30 measurements of cell nuclei in 569 breast tumours (Wisconsin).",
        source=f"Wolberg, Street & Mangasarian 1993, doi:10.24432/C5DW2B; {_UCI}.",
        objective="classification",
        rows=569,
        features=30,
        classes=2,
    ),
    Dataset(
        name="diabetes",
        summary="Progression of diabetes within a year, from ten measurements of 442 patients.",
        source=(
            "Efron, Hastie, Johnstone & Tibshirani 2004, doi:10.1214/009053604000000067; published by the "
            "authors with the paper, as in scikit-learn, not scaled."
        ),
        objective="regression",
        rows=442,
        features=10,
        classes=None,
    ),
    Dataset(
        name="digits",
        summary="Handwritten digits: 1,797 images of 8 x 8 pixels in 17 shades of grey, 10 classes.",
        source=f"Alpaydin & Kaynak 1998, doi:10.24432/C50P49; {_UCI}.",
        objective="classification",
        rows=1797,
        features=64,
        classes=10,
    ),
    Dataset(
        name="iris",
        summary="Three species of iris, from the lengths and widths of sepals and petals of 150 flowers.",
        source=f"Fisher 1936, doi:10.1111/j.1469-1809.1936.tb02137.x; doi:10.24432/C56C76; {_UCI}.",
        objective="classification",
        rows=150,
        features=4,
        classes=3,
    ),
    Dataset(
        name="wine",
        summary="Three cultivars, from 13 chemical measurements of 178 Italian wines.",
        source=f"Aeberhard & Forina 1992, doi:10.24432/C5PC7J; {_UCI}.",
        objective="classification",
        rows=178,
        features=13,
        classes=3,
    ),
)

DATASETS: dict[str, Dataset] = {
    dataset.name: dataset
    for dataset in sorted(
        (*_SHIPPED, *(cls.entry() for cls in GENERATED.values())), key=lambda entry: entry.name
    )
}
