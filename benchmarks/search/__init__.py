"""How well and how fast the samplers search, beside Optuna's TPE; what was computed is kept in `.bench/`."""

from benchmarks.search.report import run

__all__ = ["run"]
