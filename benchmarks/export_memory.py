"""Exports of a made-up hub of 200,000 results: how long each takes, and what hub and exporter need above idle."""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.hub_scale import MIB, hub_on, rss_mib

KINDS = ("csv", "ndjson", "parquet")


def exported(url: str, out: Path, hub: psutil.Process) -> tuple[float, float, float]:
    """(seconds, the hub's largest RSS in MiB, the exporter's largest)."""
    start, hub_mib, own_mib = time.monotonic(), 0.0, 0.0
    command = [sys.executable, "-m", "edgeprof", "export", str(out), "--hub", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        exporter = psutil.Process(process.pid)
        while process.poll() is None:
            hub_mib = max(hub_mib, rss_mib(hub))
            try:
                own_mib = max(own_mib, exporter.memory_info().rss / MIB)
            except psutil.Error:
                break
            time.sleep(0.1)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return time.monotonic() - start, hub_mib, own_mib


def idle_mib() -> float:
    """RSS of a Python that has loaded the command and does nothing."""
    code = "import edgeprof.commands.export, psutil; print(psutil.Process().memory_info().rss)"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(ran.stdout) / MIB


def main() -> None:
    """One after the other, on a folder that `edgeprof hub seed` filled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="a folder filled by `edgeprof hub seed`")
    asked = parser.parse_args()
    own_idle = idle_mib()
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            with hub_on(asked.data) as (url, _, process):
                idle, out = rss_mib(process), Path(folder) / f"all.{kind}"
                took_s, hub_mib, own_mib = exported(url, out, process)
            size = out.stat().st_size / MIB
            print(
                f"{kind}: {took_s:.0f} s, {size:.0f} MiB; hub +{hub_mib - idle:.0f} MiB above idle ({idle:.0f}), "
                f"exporter +{own_mib - own_idle:.0f} MiB above idle ({own_idle:.0f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
