"""What an idle, connected agent costs: PSS, CPU and traffic of its process, on a real hub and broker.

python benchmarks/agent_idle.py [--seconds 60] [--hub URL | --tls]

With --tls the agent has joined the hub, and speaks HTTPS and MQTT with its own certificate.
"""

import json
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import click

PSS_LIMIT_MIB = 30.0
CPU_LIMIT_PERCENT = 0.1
TRAFFIC_LIMIT_MB = 5.0
"""A month, as a mobile network counts it."""
MONTH_S = 30 * 86_400.0
HEADER_BYTES = 52
"""IPv4 20, TCP with time stamps 32: of each segment."""
SETTLE_S = 5.0


@dataclass(frozen=True)
class Idle:
    """The agent's process over the measured span; CPU is user and kernel time as a share of one core."""

    seconds: float
    pss_mib_max: float
    rss_mib_max: float
    cpu_percent: float
    threads: int
    traffic_bytes: int
    """On its connections, both ways, headers of IP and TCP with them."""
    traffic_mb_per_month: float


def measure(pid: int, seconds: float) -> Idle:
    """Twelve samples of memory, and the scheduler's own count of nanoseconds."""
    began_s, began_ns, began_bytes = time.monotonic(), cpu_ns(pid), traffic_bytes(pid)
    pss: list[float] = []
    rss: list[float] = []
    for _ in range(12):
        time.sleep(seconds / 12)
        pss.append(memory_mib(pid, "Pss"))
        rss.append(memory_mib(pid, "Rss"))
    span_s = time.monotonic() - began_s
    traffic = traffic_bytes(pid) - began_bytes
    return Idle(
        seconds=round(span_s, 1),
        pss_mib_max=round(max(pss), 2),
        rss_mib_max=round(max(rss), 2),
        cpu_percent=round((cpu_ns(pid) - began_ns) / 1e9 / span_s * 100, 4),
        threads=len(list(Path(f"/proc/{pid}/task").iterdir())),
        traffic_bytes=traffic,
        traffic_mb_per_month=round(traffic / span_s * MONTH_S / 1e6, 3),
    )


def traffic_bytes(pid: int) -> int:
    """What the process's connections have carried since they began, by the kernel's own count (`ss`)."""
    listed = subprocess.run(["ss", "-tinpHO"], capture_output=True, text=True, check=True).stdout.splitlines()
    mine = [line for line in listed if f"pid={pid}," in line and not _is_to_itself(line, listed, pid)]
    return sum(
        _count(line, "bytes_sent")
        + _count(line, "bytes_received")
        + HEADER_BYTES * (_count(line, "segs_out") + _count(line, "segs_in"))
        for line in mine
    )


def _is_to_itself(line: str, listed: list[str], pid: int) -> bool:
    """Both ends are the process's own: what wakes paho's loop never leaves it."""
    local, peer = line.split()[3:5]
    return any(other.split()[3:5] == [peer, local] and f"pid={pid}," in other for other in listed)


def _count(line: str, name: str) -> int:
    found = re.search(rf"\b{name}:(\d+)", line)
    return int(found[1]) if found else 0


def memory_mib(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"the kernel tells no {name}")


def cpu_ns(pid: int) -> int:
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir())


def until(question: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 30
    while not question():
        if time.monotonic() > deadline_s:
            raise RuntimeError("the hub or the agent did not come up within 30 s")
        time.sleep(0.1)


def answer(url: str) -> object:
    with urllib.request.urlopen(url, timeout=5) as reply:
        return json.load(reply)


def is_up(hub_url: str) -> bool:
    try:
        answer(f"{hub_url}/api/v1/bootstrap")
    except urllib.error.URLError:
        return False
    return True


def is_connected(hub_url: str) -> bool:
    devices = cast(list[dict[str, object]], answer(f"{hub_url}/api/v1/devices"))
    return any(device["name"] == "idle" and device["online"] for device in devices)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from edgeprof.cli import main; main()", *arguments]


@contextmanager
def process(*arguments: str) -> Generator["subprocess.Popen[bytes]", None, None]:
    with subprocess.Popen(command(*arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        try:
            yield child
        finally:
            child.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def with_agent(hub_url: str, folder: str, seconds: float, joined_url: str | None = None) -> Idle:
    """`joined_url`: where the agent joins first and then connects, by TLS."""
    until(lambda: is_up(hub_url))
    if joined_url:
        join(hub_url, joined_url, f"{folder}/agent")
    url = joined_url or hub_url
    with process("agent", "run", "--hub", url, "--data", f"{folder}/agent", "--name", "idle") as agent:
        until(lambda: is_connected(hub_url))
        time.sleep(SETTLE_S)
        return measure(agent.pid, seconds)


def join(hub_url: str, joined_url: str, data: str) -> None:
    made = command("hub", "join-secret", "--hub", hub_url)
    token = subprocess.run(made, check=True, capture_output=True).stdout
    subprocess.run(command("agent", "join", "--hub", joined_url, "--data", data), check=True, input=token)


@click.command()
@click.option("--seconds", default=60.0, show_default=True)
@click.option("--hub", "hub_url", help="A hub without a token that runs already (default: one is started).")
@click.option("--tls", is_flag=True, help="The agent joins the hub and uses its own certificate.")
def main(seconds: float, hub_url: str | None, tls: bool) -> None:
    """Print the figures as JSON; end with 1 if a limit is exceeded."""
    with tempfile.TemporaryDirectory() as folder:
        if hub_url:
            idle = with_agent(hub_url, folder, seconds)
        else:
            port, tls_port = free_port(), free_port()
            serve = ["hub", "serve", "--port", str(port), "--data", f"{folder}/hub"]
            serve += ["--tls", "--tls-port", str(tls_port)] if tls else []
            joined_url = f"https://127.0.0.1:{tls_port}" if tls else None
            with process(*serve):
                idle = with_agent(f"http://127.0.0.1:{port}", folder, seconds, joined_url)
    limits = {"pss_mib": PSS_LIMIT_MIB, "cpu_percent": CPU_LIMIT_PERCENT, "traffic_mb_per_month": TRAFFIC_LIMIT_MB}
    click.echo(json.dumps({**asdict(idle), "limits": limits}, indent=2))
    is_above = idle.pss_mib_max > PSS_LIMIT_MIB or idle.cpu_percent > CPU_LIMIT_PERCENT
    sys.exit(is_above or idle.traffic_mb_per_month > TRAFFIC_LIMIT_MB)


if __name__ == "__main__":
    main()
