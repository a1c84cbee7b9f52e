"""Commands of other programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

MINUTES_S = 600  # longest time of a command


def run(*command: object, cwd: Path) -> str:
    """Return what a command wrote; it must succeed."""
    # Generators of clients format with the ruff that is beside them.
    path = os.pathsep.join([str(Path(str(command[0])).parent), os.environ["PATH"]])
    ended = subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=os.environ | {"NO_COLOR": "1", "PATH": path},
        capture_output=True,
        text=True,
        timeout=MINUTES_S,
    )
    assert ended.returncode == 0, f"{command[0]}: {ended.stdout}\n{ended.stderr}"
    return ended.stdout
