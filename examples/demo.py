"""The demonstration of `make demo`: a server of its own, the example job, its progress, its answer.

Run in a terminal, the server stays up afterwards, to be looked at, until Ctrl-C.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parent / ".demo"
JOB = HERE / "digits.json"
READY_WITHIN_S = 60.0


def main() -> int:
    """Run the demonstration and return the exit status."""
    FOLDER.mkdir(exist_ok=True)
    database = FOLDER / "stepsize.db"
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    serve = ["serve", "--database-url", f"sqlite:///{database}", "--log-level", "warning"]
    print(f"Starting a server at {url} on {database.relative_to(HERE.parent)} ...", flush=True)
    server = subprocess.Popen([sys.executable, "-m", "app", *serve, "--port", str(port)], cwd=HERE.parent)
    try:
        wait_until_ready(url, server)
        print(f"Submitting {JOB.relative_to(HERE.parent)} ...", flush=True)
        submit = [sys.executable, "-m", "app", "submit", str(JOB), "--server", url, "--watch"]
        status = subprocess.run(submit, cwd=HERE.parent, check=False).returncode
        if sys.stdout.isatty() and status == 0:
            print(f"\nThe page of jobs is at {url}/ . The server stays up until Ctrl-C.", flush=True)
            server.wait()
        else:
            print("\nTo look at it later: STEPSIZE_DATABASE_URL=sqlite:///.demo/stepsize.db make serve")
        return status
    except KeyboardInterrupt:
        return 0
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()


def free_port() -> int:
    """Return port 8000 if it is free, else any free port."""
    for port in (8000, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no port is free on 127.0.0.1")


def wait_until_ready(url: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until the server and its worker answer."""
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit(f"the server ended with status {server.returncode}")
        try:
            if httpx2.get(f"{url}/readyz", timeout=2.0).is_success:
                return
        except httpx2.TransportError:
            pass  # not listening yet
        time.sleep(0.2)
    raise SystemExit(f"the server was not ready within {READY_WITHIN_S:.0f} s")


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(main())
