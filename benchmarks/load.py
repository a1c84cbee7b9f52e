"""A small HTTP load generator: keep-alive connections on raw sockets, cheap beside what is measured."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


class Connection:
    """One keep-alive connection that asks for one path again and again, or posts one body there."""

    def __init__(self, port: int, path: str, body: object = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        self._status = b"HTTP/1.1 200"
        if body is not None:
            data = json.dumps(body).encode()
            kind = f"Content-Type: application/json\r\nContent-Length: {len(data)}"
            self._request = f"POST {path} HTTP/1.1\r\nHost: x\r\n{kind}\r\n\r\n".encode() + data
            self._status = b"HTTP/1.1 202"

    def ask(self) -> None:
        """Send one request and read its whole answer; raise ValueError if the server refuses it."""
        self._socket.sendall(self._request)
        data = b""
        while b"\r\n\r\n" not in data:
            data += self._read()
        head, body = data.split(b"\r\n\r\n", 1)
        if not head.startswith(self._status):
            raise ValueError(head.decode(errors="replace"))
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        missing = int(lengths[0].split(b":")[1]) - len(body)
        while missing > 0:
            missing -= len(self._read())

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()

    def _read(self) -> bytes:
        data = self._socket.recv(65536)
        if not data:
            raise ValueError("the server closed the connection")
        return data


def rate(port: int, path: str, *, connections: int, seconds: float) -> float:
    """Measure the answers a second of so many clients that each ask as soon as they were answered."""
    counts = [0] * connections
    deadline = time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = Connection(port, path)
        while time.perf_counter() < deadline:
            connection.ask()
            counts[number] += 1
        connection.close()

    _in_threads(client, connections)
    return sum(counts) / seconds


@dataclass(frozen=True)
class Latencies:
    """How long answers took, from the moment they were due to be asked for."""

    milliseconds: NDArray[np.float64]

    def percentile(self, share: float) -> float:
        """Return the latency below which this share, in percent, stays."""
        return float(np.percentile(self.milliseconds, share))


@dataclass(frozen=True)
class Load:
    """What a server did at full load."""

    per_second: float
    latencies: Latencies


def posts(port: int, path: str, body: object, *, connections: int, seconds: float) -> Load:
    """Measure so many clients that each post a body as soon as the last post was accepted."""
    found: list[list[float]] = [[] for _ in range(connections)]
    deadline = time.perf_counter() + seconds

    def client(number: int) -> None:
        connection = Connection(port, path, body)
        while (begun := time.perf_counter()) < deadline:
            connection.ask()
            found[number].append(1e3 * (time.perf_counter() - begun))
        connection.close()

    _in_threads(client, connections)
    times = np.concatenate([np.array(part) for part in found])
    return Load(len(times) / seconds, Latencies(times))


def latencies(port: int, path: str, *, per_second: float, connections: int, seconds: float) -> Latencies:
    """Measure the latencies at a fixed rate of requests, whether or not earlier ones were answered."""
    spacing = connections / per_second
    begun = time.perf_counter() + 0.1
    found: list[list[float]] = [[] for _ in range(connections)]

    def client(number: int) -> None:
        connection = Connection(port, path)
        due = begun + number * spacing / connections
        while due < begun + seconds:
            time.sleep(max(0.0, due - time.perf_counter()))
            connection.ask()
            found[number].append(1e3 * (time.perf_counter() - due))
            due += spacing
        connection.close()

    _in_threads(client, connections)
    return Latencies(np.concatenate([np.array(part) for part in found]))


def _in_threads(client: Callable[[int], None], count: int) -> None:
    threads = [threading.Thread(target=client, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
