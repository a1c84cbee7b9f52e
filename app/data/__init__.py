"""The datasets that come with the package: `DATASETS` lists them, `load` returns their arrays."""

from app.data.catalogue import DATASETS
from app.data.dataset import Data, Dataset
from app.data.loading import load

__all__ = ["DATASETS", "Data", "Dataset", "load"]
