"""How large a block of rows is, by the processor's caches; no value depends on it."""

from __future__ import annotations

import os
import sys

_LARGE = 1_500_000  # bytes of a second-level cache that holds a block beside data and code
# Well inside a second-level cache of 2 MB.
_IN_SECOND_LEVEL = 1_250_000
# A small one holds no block that is worth its calls; the third level then holds a few megabytes.
_IN_THIRD_LEVEL = 5_000_000


# _SC_LEVEL2_CACHE_SIZE of glibc, for which Python has no name; elsewhere the number means nothing.
_SECOND_LEVEL_SIZE = 191
_PLAUSIBLE = range(1 << 17, 1 << 26)


def _block_bytes() -> int:
    try:
        second_level = os.sysconf(_SECOND_LEVEL_SIZE) if sys.platform == "linux" else 0
    except (ValueError, OSError):
        second_level = 0
    return _IN_THIRD_LEVEL if second_level in _PLAUSIBLE and second_level < _LARGE else _IN_SECOND_LEVEL


# The working set of a block: of as many rows as are stepped together.
BLOCK_BYTES = _block_bytes()
