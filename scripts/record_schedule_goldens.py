"""Records the factors of the reference schedules that the conformance tests compare with.

    python -m scripts.record_schedule_goldens [KIND ...]

Needs what `make parity` installs. Of a thousand updates every seventh is kept, and the last.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from app.engine.schedules import SCHEDULES
from tests.support.parity.factors import HORIZONS, applies, cases, kept
from tests.support.parity.package_factors import package, package_factors, package_momenta

FOLDER = Path(__file__).parent.parent / "tests" / "conformance" / "golden"
RANDOM_CASES = 2


def main() -> None:
    """Record the kinds that are named, or all."""
    for kind in sys.argv[1:] or SCHEDULES:
        if SCHEDULES[kind].references:
            record(kind)


def record(kind: str) -> None:
    """Write one file: the first reference, on every case that it can do."""
    reference = SCHEDULES[kind].references[0]
    # Any: arrays, and the text beside them.
    arrays: dict[str, Any] = {}
    found: list[dict[str, Any]] = []
    for fields in cases(kind, RANDOM_CASES, seed=0):
        for horizon in HORIZONS:
            if applies(reference, fields, horizon):
                arrays[f"factors{len(found)}"] = kept(package_factors(reference, fields, horizon))
                if fields.get("cycle_momentum"):
                    arrays[f"momenta{len(found)}"] = kept(package_momenta(reference, fields, horizon))
                found.append({"fields": fields, "horizon": horizon})
    about = {"package": package(reference), "cases": found}
    np.savez_compressed(FOLDER / f"schedule_{kind}.npz", about=np.array(json.dumps(about)), **arrays)
    print(f"{kind}: {len(found)} cases of {about['package']}")


if __name__ == "__main__":
    main()
