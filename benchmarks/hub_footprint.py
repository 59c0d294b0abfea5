"""The hub's start and weight: seconds from start to the first answer, RSS of the hub and of its broker."""

import argparse
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import psutil

MIB = 2**20


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def once(broker: str) -> tuple[float, float, float]:
    """(seconds to the first answer, RSS of the hub, RSS of its children) of one start on an empty folder."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as data:
        start = time.monotonic()
        command = [sys.executable, "-m", "edgeprof", "hub", "serve", "--data", data, "--port", str(port)]
        hub = subprocess.Popen([*command, "--broker", broker], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not answers(f"{url}/api/v1/healthz"):
                time.sleep(0.02)
            took_s = time.monotonic() - start
            for path in ("/", "/api/v1/compare", "/api/v1/devices"):
                urllib.request.urlopen(url + path).read()
            process = psutil.Process(hub.pid)
            children = sum(child.memory_info().rss for child in process.children(recursive=True))
            return took_s, process.memory_info().rss / MIB, children / MIB
        finally:
            hub.terminate()
            hub.wait()


def answers(url: str) -> bool:
    """Whether the hub answers yet."""
    try:
        urllib.request.urlopen(url, timeout=1).read()
    except (urllib.error.URLError, OSError):
        return False
    return True


def main() -> None:
    """Medians over a few starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--broker", default="embedded", choices=("embedded", "mosquitto"))
    asked = parser.parse_args()
    runs = [once(asked.broker) for _ in range(asked.runs)]
    took, hub, children = (statistics.median(column) for column in zip(*runs, strict=True))
    print(f"{asked.broker}: first answer after {took:.2f} s; RSS hub {hub:.1f} MiB + broker {children:.1f} MiB", end="")
    print(f" = {hub + children:.1f} MiB (medians of {asked.runs})")


if __name__ == "__main__":
    main()
