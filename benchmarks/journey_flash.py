"""One command flashes one model to every board over a weak link, while link, hub and broker fail. What became of it."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.fault_count import HUB_DATABASE, Count, count, open_work, rows
from benchmarks.fault_fleet import online
from benchmarks.journey_boards import Boards, Site
from benchmarks.weak_link import WeakLink, Weather
from edgeprof.wire.rest import TERMINAL_STATES

WEAK = Weather(delay_ms=40, loss=0.01, mbps=8)
CUT_AT_S, CUT_S = 20.0, 60.0
HUB_DIES_AT_S, BROKER_DIES_AT_S = 110.0, 130.0
LIMIT_S = 1500.0
OPTIONS = ("--all", "--threads", "1", "--no-energy", "--precision", "0.2")


@dataclass(frozen=True, kw_only=True)
class Flashed:
    """Times in seconds from Enter."""

    command: str
    exit_code: int
    said: tuple[str, ...]
    """The command's own last lines."""
    partial_at_cut: int
    """Boards in the middle of a download when the link was cut."""
    back_s: float
    """From the mended link until the hub heard every board again."""
    ended_s: tuple[float, ...]
    """When the hub had the end of each job."""
    quiet_s: float
    failures: tuple[str, ...]
    """Jobs without a measurement, as `device: state (note)`."""
    sent_mb: float
    lost_share: float
    model_mb: float
    counted: Count


def flash(site: Site, boards: Boards, link: WeakLink, model: Path) -> Flashed:
    """Until every job has ended and every outbox is empty, or the limit is over."""
    link.set(WEAK)
    sent_before_mb = link.mb_to_boards
    words = ["flash", str(model), *OPTIONS]
    began_s, wall_s = time.monotonic(), time.time()
    with (site.folder / "flash.log").open("w") as log:
        command = subprocess.Popen(
            [sys.executable, "-m", "edgeprof", *words], env=site.environment, stdout=log, stderr=subprocess.STDOUT
        )

    def until(at_s: float) -> None:
        _pass(site, lambda: time.monotonic() - began_s >= at_s, at_s)

    until(CUT_AT_S)
    partial = sum(any((site.folder / name / "partial").glob("*")) for name in boards.names)
    link.cut()
    until(CUT_AT_S + CUT_S)
    link.mend()
    mended_s = time.monotonic()
    _pass(site, lambda: len(online(site.client)) == len(boards.names), LIMIT_S)
    back_s = time.monotonic() - mended_s
    until(HUB_DIES_AT_S)
    site.kill_hub()
    until(BROKER_DIES_AT_S)
    if not site.kill_broker():
        raise SystemExit("No broker ran when it was to be killed.")
    _pass(site, lambda: command.poll() is not None and not open_work(site.folder, boards.names), LIMIT_S)
    quiet_s = time.monotonic() - began_s
    names = {device.device_id: device.name for device in online(site.client)}
    offline = tuple(name for name in boards.names if name not in names.values())
    jobs = rows(site.folder / HUB_DATABASE, "SELECT device_id, state, coalesce(note, ''), updated_s FROM job")
    return Flashed(
        command=f"edgeprof flash {model.name} {' '.join(OPTIONS)}",
        exit_code=command.wait(30),
        said=tuple((site.folder / "flash.log").read_text().splitlines()[-8:]),
        partial_at_cut=partial,
        back_s=back_s,
        ended_s=tuple(sorted(float(at) - wall_s for _, state, _, at in jobs if state in TERMINAL_STATES)),
        quiet_s=quiet_s,
        failures=tuple(
            f"{names.get(device, device)}: {state} ({note})" for device, state, note, _ in jobs if state != "measured"
        ),
        sent_mb=link.mb_to_boards - sent_before_mb,
        lost_share=link.lost_share,
        model_mb=model.stat().st_size / 1e6,
        counted=count(site.folder, boards.names, offline),
    )


def _pass(site: Site, is_over: Callable[[], bool], limit_s: float) -> None:
    """Until then, with the hub kept alive; no longer than the limit."""
    deadline_s = time.monotonic() + limit_s
    while time.monotonic() < deadline_s and not is_over():
        site.tick()
        time.sleep(0.2)


def at(ended_s: Sequence[float], share: float) -> float:
    """When this share of the jobs had ended; nan where none has."""
    return ended_s[min(len(ended_s) - 1, int(share * len(ended_s)))] if ended_s else float("nan")
