"""Starts a worker inside bubblewrap, and finds its process from outside."""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, cast

from edgeprof_agent.isolation import bubblewrap
from edgeprof_agent.isolation.counter import COUNTER_BYTES, open_counter_file
from edgeprof_agent.isolation.inside import Inside
from edgeprof_agent.isolation.lacking import Lack
from edgeprof_agent.isolation.processes import children_of, name_of
from edgeprof_agent.isolation.python_folders import python_folders
from edgeprof_agent.isolation.started import Started, process_fd, spawn
from edgeprof_agent.isolation.userns import why_refused

PROGRAM = "bwrap"
INSTALL = "sudo apt-get install bubblewrap"
_START_S = 10.0
_TICK_S = 0.0005
_TRY_S = 5.0
_SIGNALLED = 128
"""bwrap(1) ends with 128 and the number of the signal that its command died of."""


def start(command: Sequence[str], results: int, environment: Mapping[str, str], inside: Inside) -> "Started | Lack":
    """The worker with its job still to come, or why there is none."""
    program = shutil.which(PROGRAM)
    if program is None:
        return Lack("bubblewrap is not installed", INSTALL)
    view = bubblewrap.View(
        files=[(Path(os.path.realpath(file)), file) for file in inside.files],
        folders=(*python_folders(command[0], environment), *inside.folders),
        devices=bubblewrap.accelerators() if inside.devices is None else inside.devices,
        options=_options(program),
    )
    counter, (reading, writing) = open_counter_file(), os.pipe()
    with _Files(counter, reading) as files:
        arguments = bubblewrap.arguments(view, bubblewrap.system_links(), counter, writing)
        try:
            process = spawn(
                [program, *arguments, "--", *command, str(results)], (results, counter, writing), "/", environment
            )
        except OSError as error:
            return Lack(f"{program}: {error}")
        finally:
            os.close(writing)
        init = _init_of(reading)
        pid = _command_of(process, init) if init else None
        if init is None or (pid is None and not _has_ended_well(reading)):
            return _failed(process, init)
        files.add(process_fd(init))
        layers = ("bubblewrap", *_seen(pid or init), *bubblewrap.layers(view.options))
        return BwrapWorker(process, pid or init, init, layers, files.taken())


class _Files:
    """Descriptors that are closed unless somebody takes them."""

    def __init__(self, *fds: int) -> None:
        self._fds = list(fds)

    def __enter__(self) -> "_Files":
        return self

    def __exit__(self, *_: object) -> None:
        for fd in self._fds:
            os.close(fd)

    def add(self, fd: int | None) -> None:
        if fd is not None:
            self._fds.append(fd)

    def taken(self) -> tuple[int, ...]:
        fds, self._fds = self._fds, []
        return tuple(fds)


class BwrapWorker(Started):
    """`process` is bwrap itself; `pid` is the worker's, as we see it.

    `init` is the namespace's first process. `files`: the run counter; bwrap's report, which must stay open (it dies of
    SIGPIPE else); and, on Linux 5.3 and newer, `init`.
    """

    def __init__(
        self, process: "subprocess.Popen[bytes]", pid: int, init: int, layers: tuple[str, ...], files: tuple[int, ...]
    ) -> None:
        super().__init__(process, pid)
        self._init = init
        self._files = files
        self.layers = layers

    def end(self) -> int:
        """With bwrap dies the first process of its namespace, and with that one everything in it."""
        code = super().end()
        for init_fd in self._files[2:]:
            select.select([init_fd], [], [], _START_S)
        _reap(self._init)
        return _SIGNALLED - code if code > _SIGNALLED else code

    def runs(self) -> int | None:
        """As the worker counted them."""
        with _Files(*self._files):
            return int.from_bytes(os.pread(self._files[0], COUNTER_BYTES, 0), sys.byteorder, signed=True)


def _reap(init: int) -> None:
    """It became our child, where this process is a subreaper."""
    with suppress(ChildProcessError):
        os.waitpid(init, os.WNOHANG)


def _seen(pid: int) -> tuple[str, ...]:
    """Layers that the kernel confirms: namespaces other than ours, and no way to gain rights."""
    found: list[str] = []
    for kind, layer in (("net", "private_network"), ("pid", "pid_namespace")):
        with suppress(OSError):
            if os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"):
                found.append(layer)
    with suppress(OSError):
        if "NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text():
            found.append("no_new_privileges")
    return tuple(found)


def _init_of(status: int) -> int | None:
    """The namespace's first process, which bwrap tells as soon as it has one."""
    told = b""
    until = time.monotonic() + _START_S
    while b"\n" not in told and select.select([status], [], [], max(0.0, until - time.monotonic()))[0]:
        data = os.read(status, 4096)
        if not data:
            break
        told += data
    with suppress(ValueError, KeyError):
        return int(json.loads(told.partition(b"\n")[0])["child-pid"])
    return None


def _command_of(process: "subprocess.Popen[bytes]", init: int) -> int | None:
    """The worker: the first process's only child, once it has become another program than bwrap."""
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        for child in children_of(init):
            if name_of(child) not in ("", PROGRAM):
                return child
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return None
        time.sleep(_TICK_S)
    return None


def _has_ended_well(status: int) -> bool:
    """Whether the command ran at all: bwrap tells an exit code only then."""
    os.set_blocking(status, False)
    with suppress(BlockingIOError):
        return b"exit-code" in os.read(status, 4096)
    return False


def _failed(process: "subprocess.Popen[bytes]", init: int | None) -> Lack:
    process.kill()
    words = cast(IO[bytes], process.stdout).read(4096).decode(errors="replace").strip()
    for pipe in (process.stdin, process.stdout):
        cast(IO[bytes], pipe).close()
    process.wait(_START_S)
    if init is not None:
        _reap(init)
    return why_refused(words)


@lru_cache(maxsize=4)
def _options(program: str) -> frozenset[str]:
    told = subprocess.run([program, "--help"], capture_output=True, timeout=_TRY_S, check=False)
    words = (told.stdout + told.stderr).decode(errors="replace").split()
    return frozenset(word for word in words if word.startswith("--"))
