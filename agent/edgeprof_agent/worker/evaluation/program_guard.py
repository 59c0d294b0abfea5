"""Runs `program.py` of the current folder, confined: a program of its own, started without edgeprof's packages.

    python -I -S -B program_guard.py SECONDS

It exits with PASSED once the program's last line has run. The program may exit with 0 by itself, which proves nothing.
"""

import contextlib
import os
import sys

MEMORY_BYTES = 1 << 30
FILE_BYTES = 1 << 20
PASSED, REFUSED = 96, 97
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_NEVER = (
    *("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill"),
    *("ctypes.", "shutil.", "os.chown", "os.chmod", "os.link", "os.symlink", "pty.", "signal.pthread_kill"),
)
_CHANGES = ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate")


def main() -> None:
    """Does not return."""
    _limit(int(sys.argv[1]))
    with open("program.py", encoding="utf-8") as file:
        source = file.read()
    try:
        program = compile(source, "program.py", "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
    here = os.path.realpath(os.getcwd()) + os.sep
    sys.addaudithook(lambda event, arguments: _look(event, arguments, here))
    exec(program, {"__name__": "__main__"})
    os._exit(PASSED)


def _limit(seconds: int) -> None:
    """The kernel's limits, and no network where the system lets an ordinary account have that."""
    import ctypes
    import resource

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    limits = {
        resource.RLIMIT_CPU: seconds,
        resource.RLIMIT_AS: MEMORY_BYTES,
        resource.RLIMIT_FSIZE: FILE_BYTES,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in limits.items():
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def _look(event: str, arguments: "tuple[object, ...]", here: str) -> None:
    """Python's audit hook: it cannot be taken away again."""
    is_refused = event.startswith(_NEVER)
    if event == "open":
        path, _, flags = arguments
        writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC)
        is_refused = bool(writes) and not (isinstance(path, str) and os.path.realpath(path).startswith(here))
    elif event in _CHANGES:
        is_refused = not os.path.realpath(str(arguments[0])).startswith(here)
    if is_refused:
        os.write(2, f"{event} is not allowed in a test of code\n".encode())
        os._exit(REFUSED)


if __name__ == "__main__":
    main()
