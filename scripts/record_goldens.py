"""Records the paths of the reference optimizers that the conformance tests compare with.

    python -m scripts.record_goldens [KIND ...]

Needs what `make parity` installs. A path is kept for as long as the reference is stable under a change of
its start by a few units in the last place.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from app.engine.optimizers import OPTIMIZERS
from tests.support.parity.paths import KEPT_STEPS, STEPS, case_dict, cases
from tests.support.parity.torch_paths import stable_steps, torch_path, versions

FOLDER = Path(__file__).parent.parent / "tests" / "conformance" / "golden"
PER_PROBLEM = 5


def main() -> None:
    """Record the kinds that are named, or all."""
    for kind in sys.argv[1:] or OPTIMIZERS:
        reference = OPTIMIZERS[kind].reference
        if reference is not None and not reference.no_parity:
            record(kind)


def record(kind: str) -> None:
    """Write one file."""
    found = list(cases(kind, PER_PROBLEM, seed=0))
    # Any: arrays, and the text beside them.
    arrays: dict[str, Any] = {}
    for row, case in enumerate(found):
        path, end = torch_path(case)
        stable = stable_steps(case, path)
        arrays[f"path{row}"] = path[[step - 1 for step in KEPT_STEPS if step <= stable]]
        if stable == STEPS:
            arrays[f"end{row}"] = end
        print(f"{kind} {case.problem} {row}: stable for {stable} steps")
    about = {"package": versions(kind), "cases": [case_dict(case) for case in found]}
    np.savez_compressed(FOLDER / f"optimizer_{kind}.npz", about=np.array(json.dumps(about)), **arrays)


if __name__ == "__main__":
    main()
