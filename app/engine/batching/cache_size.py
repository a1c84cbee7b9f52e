"""The memory of a block of rows, by the processor's caches; no value depends on it."""

from __future__ import annotations

import os
import sys

_MIN_SECOND_LEVEL_BYTES = 1_500_000  # smallest second-level cache that holds a block beside data and code
# Bytes of a block in the second-level cache: well below 2 MB.
_SECOND_LEVEL_BLOCK_BYTES = 1_250_000
# Bytes of a block in the third-level cache, for processors with a small second level: a block that fits
# into a small second level would be too small for the overhead of its calls.
_THIRD_LEVEL_BLOCK_BYTES = 5_000_000


# _SC_LEVEL2_CACHE_SIZE of glibc, for which Python has no name; on other systems the number means nothing.
_SECOND_LEVEL_SYSCONF = 191
_PLAUSIBLE_CACHE_BYTES = range(1 << 17, 1 << 26)


def _block_bytes() -> int:
    try:
        second_level = os.sysconf(_SECOND_LEVEL_SYSCONF) if sys.platform == "linux" else 0
    except (ValueError, OSError):
        second_level = 0
    if second_level in _PLAUSIBLE_CACHE_BYTES and second_level < _MIN_SECOND_LEVEL_BYTES:
        return _THIRD_LEVEL_BLOCK_BYTES
    return _SECOND_LEVEL_BLOCK_BYTES


# Memory of a block's working set: the arrays of all rows that are stepped together.
BLOCK_BYTES = _block_bytes()
