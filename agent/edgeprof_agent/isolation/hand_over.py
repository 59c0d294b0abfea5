"""What the agent and the runner's unit say to each other over a socket of packets: one request, two answers.

The request comes with four descriptors: the worker's stdin, its output, the pipe of its results, and its run counter.
The first answer is `{"pid": ..., "layers": [...]}` or `{"refused": "..."}`; the second, once the worker has ended,
`{"status": ..., "ending": ..., "evidence": ..., "strays": ..., "left": ...}`. Closing the socket ends the worker.

`left`: processes in the unit's cgroup that could not be ended; null where the cgroup cannot be read.
"""

import json
import socket
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from edgeprof_agent.isolation.outcome import Limits

SOCKET = "/run/edgeprof-runner.socket"
MAX_PACKET_BYTES = 64 * 1024
FDS = 4


@dataclass(frozen=True, kw_only=True)
class Request:
    """`command` lacks the number of the pipe of results; `files` are those that the worker has to read."""

    command: list[str]
    environment: dict[str, str]
    files: list[str]
    limits: Limits


def send_request(connection: socket.socket, request: Request, fds: Sequence[int]) -> None:
    """Raises OSError where the other end is gone, or the request is longer than a packet may be."""
    packet = json.dumps(asdict(request)).encode()
    if len(packet) > MAX_PACKET_BYTES:
        raise OSError(f"a run with {len(request.files)} files does not fit into one packet")
    socket.send_fds(connection, [packet], list(fds))


def read_request(connection: socket.socket) -> tuple[Request, list[int]]:
    """Raises ValueError for anything else than a request with its descriptors."""
    packet, fds, _, _ = socket.recv_fds(connection, MAX_PACKET_BYTES, FDS)
    if len(fds) != FDS:
        raise ValueError(f"{len(fds)} descriptors came with the request, not {FDS}")
    told: dict[str, Any] = json.loads(packet)
    limits: dict[str, Any] = told["limits"]
    cores: list[int] | None = limits["cores"]
    request = Request(
        command=told["command"],
        environment=told["environment"],
        files=told["files"],
        limits=Limits(
            deadline_s=limits["deadline_s"],
            memory_limit_mib=limits["memory_limit_mib"],
            cores=None if cores is None else tuple(cores),
            output_bytes=limits["output_bytes"],
        ),
    )
    return request, fds


def send(connection: socket.socket, **answer: object) -> None:
    """One answer."""
    connection.send(json.dumps(answer).encode())


def read(connection: socket.socket) -> dict[str, Any] | None:
    """The next answer; None: the other end is gone. Raises BlockingIOError or TimeoutError as the socket is set."""
    packet = connection.recv(MAX_PACKET_BYTES)
    return json.loads(packet) if packet else None
