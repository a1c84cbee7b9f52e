"""The formats of an exported schedule, one module each; `FORMATS` collects them."""

import importlib
import pkgutil

from app.tuning.exports.base import Format

__all__ = ["FORMATS", "Format"]


def _collect() -> dict[str, Format]:
    """Return the FORMAT of every module of this package that defines one, by name.

    Raises TypeError if two modules define the same name.
    """
    formats: dict[str, Format] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        exported = getattr(module, "FORMAT", None)
        if isinstance(exported, Format):
            if exported.name in formats:
                raise TypeError(f"two modules export the format {exported.name!r}; rename one")
            formats[exported.name] = exported
    return dict(sorted(formats.items()))


FORMATS: dict[str, Format] = _collect()
