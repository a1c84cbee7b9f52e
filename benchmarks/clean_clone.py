"""How long `make demo` takes from a clean clone: `python -m benchmarks.clean_clone`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Clone the last commit into a new folder, run the demonstration there and print the times."""
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "stepsize"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        begun = time.perf_counter()
        subprocess.run(["make", "setup"], cwd=clone, check=True, stdout=subprocess.DEVNULL)
        installed = time.perf_counter()
        subprocess.run(["make", "demo"], cwd=clone, check=True)
        ended = time.perf_counter()
    print(
        f"\ninstall {installed - begun:.0f} s, demo {ended - installed:.0f} s, together {ended - begun:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
