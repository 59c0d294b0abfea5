"""The process that runs a model's program: sets its limits, refuses what a test of code never needs, and runs it.

A script of its own, run by `program.py` with an isolated Python: it imports nothing of ours.
"""

import contextlib
import ctypes
import os
import resource
import sys

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_NEVER = (
    *("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "ctypes."),
    *("shutil.", "os.chown", "os.chmod", "os.link", "os.symlink", "pty.", "signal.pthread_kill"),
)
_CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def main(arguments: list[str]) -> None:
    """`arguments`: seconds of CPU, bytes of memory, bytes of a file, exit code of a pass, exit code of a refusal."""
    cpu_s, memory_bytes, file_bytes, passed, refused = map(int, arguments)
    _leave_the_network()
    _limit("CPU", cpu_s)
    _limit("AS", memory_bytes)
    _limit("FSIZE", file_bytes)
    _limit("CORE", 0)
    with open("program.py", encoding="utf-8") as file:
        source = file.read()
    try:
        program = compile(source, "program.py", "exec")
    except (SyntaxError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    _guard(os.path.realpath(os.getcwd()) + os.sep, refused)
    exec(program, {"__name__": "__main__"})
    os._exit(passed)


def _leave_the_network() -> None:
    """A namespace with nothing in it, where the system allows one; sockets are refused in any case."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _limit(name: str, value: int) -> None:
    kind = getattr(resource, f"RLIMIT_{name}")
    hard = resource.getrlimit(kind)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def _guard(here: str, refused_code: int) -> None:
    """From now on Python itself ends the process at what is refused."""

    def is_here(path: object) -> bool:
        return isinstance(path, str) and os.path.realpath(path).startswith(here)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        refused = event.startswith(_NEVER)
        if event == "open":
            path, _, flags = arguments
            writes = isinstance(flags, int) and flags & _WRITES
            refused = bool(writes) and not is_here(path)
        elif event in _CHANGES:
            refused = not all(map(is_here, arguments[: 2 if event == "os.rename" else 1]))
        if refused:
            os.write(2, f"edgeprof: {event} is not allowed in a test of code\n".encode())
            os._exit(refused_code)

    sys.addaudithook(hook)


if __name__ == "__main__":
    main(sys.argv[1:])
