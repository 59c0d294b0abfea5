"""`python -m edgeprof_agent.isolation.runner`: the program of edgeprof-runner@.service, started for each worker.

systemd has put the sandbox around this process: its unit has no network, a read-only system, a scratch of limited size,
and a user of its own. Here the worker is started, held to its limits, watched, and killed when the agent hangs up.
What the unit should give is looked up before it is named: without it the layers lack it, and `strict` runs nothing.
"""

import os
import select
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from edgeprof_agent.isolation import hand_over, subreaper
from edgeprof_agent.isolation.confine import FILE_SIZE_LIMIT_BYTES, Confinement
from edgeprof_agent.isolation.hand_over import Request
from edgeprof_agent.isolation.subreaper import Adoption
from edgeprof_agent.isolation.unit_cgroup import UnitCgroup
from edgeprof_agent.isolation.watchdog import INTERVAL_S
from edgeprof_agent.worker_protocol.run_counter import COUNTER_FILE

SCRATCH = os.environ.get("TMPDIR", "/run/edgeprof-scratch")
"""The unit names its own; a dynamic user's /tmp lies on the disk and has no limit."""
UNIT = "edgeprof-runner@"
MAX_SCRATCH_BYTES = 1024**3
_WRITABLE = (SCRATCH, "/tmp", "/var/tmp", "/dev/shm", "/run/lock")
_READ_ONLY = ("/", "/usr", "/etc", "/var", "/run")


def main() -> int:
    """One worker, from the request on standard input to its end."""
    with socket.socket(fileno=0) as connection:
        try:
            request, fds = hand_over.read_request(connection)
        except (ValueError, KeyError, TypeError) as error:
            hand_over.send(connection, refused=f"the request cannot be read: {error}")
            return 1
        hidden = [file for file in request.files if not os.access(file, os.R_OK)]
        if hidden:
            hand_over.send(connection, refused=f"the runner's unit does not see {hidden[0]}")
            return 0
        adoption = subreaper.adopt()
        try:
            with adoption.starting():
                process = _spawn(request, fds)
                adoption.note(process.pid)
        except OSError as error:
            hand_over.send(connection, refused=f"{request.command[0]}: {error}")
            return 0
        with suppress(BrokenPipeError, ConnectionError):  # the agent has hung up: its worker has ended all the same
            _serve(connection, process, request, adoption)
    return 0


def _spawn(request: Request, fds: list[int]) -> "subprocess.Popen[bytes]":
    stdin, output, results, counter = fds
    with suppress(FileExistsError):
        os.symlink(f"/proc/self/fd/{counter}", f"{SCRATCH}/{COUNTER_FILE}")
    process = subprocess.Popen(
        [*request.command, str(results)],
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        pass_fds=(results, counter),
        cwd=SCRATCH,
        env={**request.environment, "HOME": SCRATCH, "TMPDIR": SCRATCH},
        start_new_session=True,
    )
    for fd in fds:
        os.close(fd)
    return process


def _serve(connection: socket.socket, process: "subprocess.Popen[bytes]", request: Request, adoption: Adoption) -> None:
    layers = unit_layers(request.files)
    unit = UnitCgroup.own() if "unit_cgroup" in layers else UnitCgroup(None)
    confinement = Confinement(process.pid, request.limits, layers)
    try:
        hand_over.send(connection, pid=process.pid, layers=confinement.layers)
        ending = _watch(connection, process, confinement)
        evidence = unit.memory_evidence() or confinement.memory_evidence()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = process.wait()
        adoption.finish(FILE_SIZE_LIMIT_BYTES)
        confinement.release()
        cleared, left = unit.clear()
    strays = adoption.ended + cleared
    hand_over.send(connection, status=status, ending=ending, evidence=evidence, strays=strays, left=left)


def _watch(connection: socket.socket, process: "subprocess.Popen[bytes]", confinement: Confinement) -> str | None:
    """Until the worker ends, holds too much (`memory`), or the agent hangs up."""
    exit_fd = os.pidfd_open(process.pid)
    try:
        while True:
            tick_s = INTERVAL_S if confinement.watched else None
            ready, _, _ = select.select([connection, exit_fd], [], [], tick_s)
            if ready:
                return None
            if confinement.over_limit():
                return "memory"
    finally:
        os.close(exit_fd)


def unit_layers(files: Iterable[str]) -> list[str]:
    """What the unit has really put around this process, as far as it can be seen from inside."""
    return [layer for layer, holds in _looked_up(files) if holds]


def _looked_up(files: Iterable[str]) -> Iterator[tuple[str, bool]]:
    in_unit = UNIT in Path("/proc/self/cgroup").read_text()
    yield "systemd_runner", in_unit
    yield "private_network", _interfaces() == ["lo"]
    yield (
        "read_only_view",
        all(map(_is_read_only, (*_READ_ONLY, *files))) and not any(map(_is_open, ("/root", "/home"))),
    )
    yield "scratch_limit", all(map(_is_small, _WRITABLE))
    yield "device_list", not any(map(_is_device_of_others, Path("/dev").iterdir()))
    yield "no_new_privileges", "NoNewPrivs:\t1" in Path("/proc/self/status").read_text()
    yield "unit_cgroup", in_unit


def _interfaces() -> list[str]:
    """Read, as the unit allows no netlink socket: below two lines of headings, `  lo: 0 0 ...`."""
    lines = Path("/proc/self/net/dev").read_text().splitlines()[2:]
    return [line.partition(":")[0].strip() for line in lines]


def _is_read_only(folder: str) -> bool:
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


def _is_open(folder: str) -> bool:
    """A home that can be looked into, and is not an empty one in its place."""
    try:
        return bool(os.listdir(folder))
    except OSError:
        return False


def _is_small(folder: str) -> bool:
    """A file system of its own that is small, or one where nothing can be written."""
    found = os.statvfs(folder)
    return _is_read_only(folder) or (os.path.ismount(folder) and found.f_frsize * found.f_blocks <= MAX_SCRATCH_BYTES)


def _is_device_of_others(node: Path) -> bool:
    """A disk or a kernel's node: PrivateDevices= leaves neither."""
    return stat.S_ISBLK(node.stat(follow_symlinks=False).st_mode) or node.name in ("mem", "kmsg", "port")


if __name__ == "__main__":
    sys.exit(main())
