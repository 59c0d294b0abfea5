"""What a model gone astray might try, each harmless here: prints as JSON what became of it. Standard library alone."""

import json
import os
import signal
import socket
import sys
from collections.abc import Callable

FD, ASKED = int(sys.argv[2]), json.loads(sys.argv[1])


def connect() -> None:
    socket.create_connection(("127.0.0.1", ASKED["port"]), 2).close()


def send() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(b"x", ("192.0.2.1", 9))  # a documentation address: it leads nowhere


def reach_abstract() -> None:
    with socket.socket(socket.AF_UNIX) as unix:
        unix.connect(f"\0{ASKED['abstract']}")


def write(path: str) -> Callable[[], None]:
    def act() -> None:
        with open(path, "w") as file:
            file.write("x")

    return act


def read(path: str) -> Callable[[], str]:
    def act() -> str:
        with open(path) as file:
            return file.read()

    return act


def fill() -> None:
    with open("/tmp/big", "wb") as file:
        for _ in range(64):
            file.write(bytes(1024 * 1024))


def fork_away() -> int:
    started = 0
    while started < 2000:
        try:
            child = os.fork()
        except OSError:
            return started
        if child == 0:
            signal.pause()
        started += 1
    return started


def outcome(attempt: Callable[[], object]) -> object:
    try:
        return attempt()
    except OSError as error:
        return type(error).__name__


ATTEMPTS: dict[str, Callable[[], object]] = {
    "connect": connect,
    "send": send,
    "reach_abstract": reach_abstract,
    "write_outside": write(ASKED["outside"]),
    "write_root": write("/edgeprof-was-here"),
    "write_system": write("/usr/edgeprof-was-here"),
    "write_device": write("/dev/edgeprof-was-here"),
    "write_kernel_setting": write("/proc/sys/kernel/core_pattern"),
    "write_sys": write("/sys/edgeprof-was-here"),
    "write_model": write(ASKED["model"]),
    "read_token": read(ASKED["token"]),
    "read_accounts": read("/etc/passwd"),
    "read_model": lambda: os.stat(ASKED["model"]).st_size,
    "write_scratch": write("/tmp/scratch"),
    "others": lambda: [int(name) for name in os.listdir("/proc") if name.isdecimal() and int(name) > 2],
    "environment": lambda: {name: os.environ.get(name) for name in ASKED["variables"]},
    "fill": fill,
    "fork_away": fork_away,
}
ROW = {name: outcome(ATTEMPTS[name]) for name in ASKED["attempts"]}
os.write(FD, json.dumps(ROW).encode() + b"\n")
