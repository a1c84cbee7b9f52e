"""One file a format of an exported schedule; `FORMATS` finds them."""

import importlib
import pkgutil

from app.tuning.exports.base import Format

__all__ = ["FORMATS", "Format"]


def _collect() -> dict[str, Format]:
    """The FORMAT of every module of this package that has one, by name."""
    found: dict[str, Format] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        candidate = getattr(module, "FORMAT", None)
        if isinstance(candidate, Format):
            if candidate.name in found:
                raise TypeError(f"two modules export the format {candidate.name!r}; rename one")
            found[candidate.name] = candidate
    return dict(sorted(found.items()))


FORMATS: dict[str, Format] = _collect()
