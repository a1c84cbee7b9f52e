"""The datasets that come with the package: `DATASETS` says what there is, `load` gives the arrays."""

from app.data.builtin import Data, load
from app.data.catalogue import DATASETS, Dataset

__all__ = ["DATASETS", "Data", "Dataset", "load"]
