"""A container's CPU quota and memory limit, in recorded trees, and in a real cgroup where one can be made."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof_agent.doctor import container
from edgeprof_agent.machine import programs_for
from edgeprof_agent.measuring import worker_job
from edgeprof_agent.measuring.trust import trust_of
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.sensors.cgroup_limits import cpu_quota, memory_limit_mib, own_threads, usable_threads
from edgeprof_agent.telemetry.base import Absent, Site
from edgeprof_agent.telemetry.conditions import conditions_of
from edgeprof_agent.telemetry.quota import Quota
from edgeprof_agent.telemetry.trace import Trace
from tests.agent.measuring import BUNDLED, measured, request_for
from tests.agent.test_trust import seen as run_with

S = 1_000_000_000
V2_MOUNT = "30 24 0:26 {shown} /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"
V1_MOUNTS = (
    "31 24 0:27 {shown} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "32 24 0:28 {shown} /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory"
)


def tree(root: Path, own: str, mounts: str, content: dict[str, str]) -> Path:
    """A machine with this /proc/self/cgroup, mounts and files below /sys/fs/cgroup."""
    for path, text in {"proc/self/cgroup": own, "proc/self/mountinfo": mounts, **content}.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n")
    return root


@pytest.mark.parametrize(
    ("own", "mounts", "content", "quota", "limit_mib"),
    [
        # Docker with a cgroup namespace: the container's own group is the root of what it sees.
        ("0::/", V2_MOUNT.format(shown="/"), {"cpu.max": "40000 100000", "memory.max": "268435456"}, 0.4, 256.0),
        ("0::/", V2_MOUNT.format(shown="/"), {"cpu.max": "max 100000", "memory.max": "max"}, None, None),
        ("0::/", V2_MOUNT.format(shown="/"), {}, None, None),
        # Nested: a slice of 4 cores holds a service of 2.5, and the other way round.
        (
            "0::/a.slice/b.service",
            V2_MOUNT.format(shown="/"),
            {"a.slice/cpu.max": "400000 100000", "a.slice/b.service/cpu.max": "250000 100000"},
            2.5,
            None,
        ),
        (
            "0::/a.slice/b.service",
            V2_MOUNT.format(shown="/"),
            {
                "a.slice/cpu.max": "50000 100000",
                "a.slice/b.service/cpu.max": "max 100000",
                "a.slice/memory.max": "536870912",
                "a.slice/b.service/memory.max": "1073741824",
            },
            0.5,
            512.0,
        ),
        # Without a namespace: the mount shows only the container's part of the path.
        ("0::/docker/abc", V2_MOUNT.format(shown="/docker/abc"), {"cpu.max": "150000 100000"}, 1.5, None),
        ("0::/../elsewhere", V2_MOUNT.format(shown="/"), {"cpu.max": "100000 50000"}, 2.0, None),
        (
            "4:cpu,cpuacct:/docker/abc\n3:memory:/docker/abc",
            V1_MOUNTS.format(shown="/docker/abc"),
            {
                "cpu,cpuacct/cpu.cfs_quota_us": "40000",
                "cpu,cpuacct/cpu.cfs_period_us": "100000",
                "memory/memory.limit_in_bytes": "268435456",
            },
            0.4,
            256.0,
        ),
        (
            "4:cpu,cpuacct:/x\n3:memory:/x",
            V1_MOUNTS.format(shown="/"),
            {
                "cpu,cpuacct/x/cpu.cfs_quota_us": "-1",
                "cpu,cpuacct/x/cpu.cfs_period_us": "100000",
                "memory/x/memory.limit_in_bytes": "9223372036854771712",
            },
            None,
            None,
        ),
    ],
)
def test_the_tightest_limit_holds(
    own: str, mounts: str, content: dict[str, str], quota: float | None, limit_mib: float | None, tmp_path: Path
) -> None:
    root = tree(tmp_path, own, mounts, {f"sys/fs/cgroup/{path}": text for path, text in content.items()})
    assert cpu_quota(root) == quota
    assert memory_limit_mib(root) == limit_mib


@pytest.mark.parametrize("text", ["", "garbage", "0::", "::::", "0::/a/b"])
def test_files_that_say_nothing_are_no_limit(text: str, tmp_path: Path) -> None:
    root = tree(tmp_path, text, "nonsense\n\n1 2 - cgroup2", {})
    assert cpu_quota(root) is None
    assert memory_limit_mib(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("cores", "quota", "threads"), [(4, None, 4), (4, 0.4, 1), (4, 1.0, 1), (4, 2.5, 2), (2, 8.0, 2), (1, 0.1, 1)]
)
def test_a_run_takes_no_more_threads_than_its_quota(cores: int, quota: float | None, threads: int) -> None:
    assert usable_threads(cores, quota) == threads


def _one(chosen: int | None = None) -> int:
    return min(1, chosen or 1)


def test_a_requested_number_of_threads_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_job, "own_threads", _one)
    request = request_for(BUNDLED / "digits-cnn-int8.onnx")
    assert job_of(replace(request, config=replace(request.config, threads=3)), "measure", 10.0)["config"].threads == 3
    assert job_of(replace(request, config=replace(request.config, threads=0)), "measure", 10.0)["config"].threads == 1


@pytest.mark.parametrize("stopped", ["throttled_usec 2300000", "throttled_time 2300000000"])
def test_the_probe_reads_both_versions(stopped: str, tmp_path: Path) -> None:
    stat = f"nr_periods 98\nnr_throttled 96\n{stopped}"
    content = {"sys/fs/cgroup/cpu.max": "40000 100000", "sys/fs/cgroup/cpu.stat": stat}
    root = tree(tmp_path, "0::/", V2_MOUNT.format(shown="/"), content)
    probe = Quota(Site(root, 0, (0,)))
    assert dict(zip(probe.labels, probe.read(), strict=True)) == {
        "periods": 98.0,
        "throttled": 96.0,
        "throttled_s": pytest.approx(2.3),
        "cores": 0.4,
    }


def test_without_a_quota_there_is_no_probe(tmp_path: Path) -> None:
    with pytest.raises(Absent, match="no CPU quota"):
        Quota(Site(tree(tmp_path, "0::/", V2_MOUNT.format(shown="/"), {}), 0, (0,)))


def test_what_the_quota_took_of_the_window_is_in_the_conditions() -> None:
    trace = Trace(asked_hz=10.0, columns=[("cpu_quota", label) for label in Quota.labels])
    for second in range(6):
        trace.add(second * S, [10.0 * second, 9.0 * second, 0.6 * second, 0.4], 0)
    seen = conditions_of(trace, [{"start_ns": S, "end_ns": 4 * S, "units": 1}], 2)
    assert (seen.cpu_quota, seen.quota_periods, seen.quota_throttled_periods) == (0.4, 30, 27)
    assert seen.quota_throttled_share == pytest.approx(0.6)


def test_the_quota_is_a_cause_of_its_own_and_others_are_not_blamed_for_it() -> None:
    held = {"cpu_quota": 0.4, "quota_periods": 98, "quota_throttled_periods": 96, "quota_throttled_share": 0.6}
    (mark,) = _busy(others_cpu_share=1.6, waited_cpu_share=0.61, **held)
    assert "held back by a CPU quota of 0.4 cores: throttled in 96 of 98 periods" in mark
    assert "other programs" not in mark
    assert "waited" not in mark
    (both,) = _busy(others_cpu_share=1.6, waited_cpu_share=0.9, **held)
    assert "CPU quota" in both
    assert "other programs" in both
    assert "30%" in both


@pytest.mark.parametrize(
    "seen",
    [
        {"cpu_quota": 2.0, "quota_periods": 98, "quota_throttled_periods": 0, "quota_throttled_share": 0.0},
        {"cpu_quota": 2.0, "quota_periods": 98, "quota_throttled_periods": 1, "quota_throttled_share": 0.002},
        {},
    ],
)
def test_a_quota_that_did_not_run_out_is_no_cause(seen: dict[str, float]) -> None:
    assert _busy(others_cpu_share=0.0, waited_cpu_share=0.0, **seen) == []


def _busy(**seen: float) -> list[str]:
    return [mark.reason for mark in trust_of(run_with(**seen)).marks if mark.cause == "busy"]


def test_doctor_names_what_limits(tmp_path: Path) -> None:
    content = {
        "sys/fs/cgroup/cpu.max": "250000 100000",
        "sys/fs/cgroup/memory.max": "268435456",
        "proc/meminfo": "MemTotal:        8052416 kB",
    }
    root = tree(tmp_path, "0::/", V2_MOUNT.format(shown="/"), content)
    found = {finding.subject: finding.detail for finding in container.look(root)}
    assert found["CPU quota"].startswith("2.5 cores: runs take 2 threads")
    assert found["memory of this container"].startswith("256 of the machine's 7864 MiB")


@pytest.mark.parametrize(
    ("machine", "bits", "built_for", "programs"),
    [
        ("aarch64", 32, "linux-armv7l", "armv7l"),
        ("aarch64", 32, "linux-aarch64", "armv7l"),
        ("aarch64", 32, "linux-armv6l", "armv6l"),
        ("x86_64", 32, "linux-i686", "i686"),
        ("aarch64", 64, "linux-aarch64", None),
        ("armv7l", 32, "linux-armv7l", None),
    ],
)
def test_a_32_bit_userland_is_seen_under_a_64_bit_kernel(
    machine: str, bits: int, built_for: str, programs: str | None
) -> None:
    assert programs_for(machine, bits, built_for) == programs


@pytest.fixture
def group() -> Iterator[Path | None]:
    """A real cgroup of 0.4 of a core that this process is in; None where none can be made (no root, no controller)."""
    v2 = Path("/sys/fs/cgroup/cgroup.controllers").exists()
    folder = Path("/sys/fs/cgroup") / ("" if v2 else "cpu") / f"edgeprof-test-{os.getpid()}"
    own = next(
        (line.split(":", 2)[2] for line in Path("/proc/self/cgroup").read_text().splitlines() if ":cpu:" in line), "/"
    )
    home = Path("/sys/fs/cgroup") / ("" if v2 else "cpu") / own.strip("/")
    try:
        folder.mkdir()
        if v2:
            (folder / "cpu.max").write_text("40000 100000")
        else:
            (folder / "cpu.cfs_quota_us").write_text("40000")
        # What else runs here must not keep it from using its quota up.
        (folder / ("cpu.weight" if v2 else "cpu.shares")).write_text("10000" if v2 else "100000")
        (folder / "cgroup.procs").write_text(str(os.getpid()))
    except OSError:
        with suppress(OSError):
            folder.rmdir()
        yield None
        return
    try:
        yield folder
    finally:
        (home / "cgroup.procs").write_text(str(os.getpid()))
        folder.rmdir()


def test_a_real_quota_is_found_followed_and_named(group: Path | None) -> None:
    if group is None:
        return  # the recorded trees above stand for it
    assert cpu_quota() == pytest.approx(0.4)
    assert own_threads() == 1
    request = request_for(BUNDLED / "digits-cnn-fp32.onnx")
    config = replace(request.config, threads=0)
    protocol = replace(request.protocol, window_s=2.0, window_limit_s=2.0)
    result = measured(replace(request, config=config, protocol=protocol))
    assert result.effective is not None
    assert (result.effective.threads, result.effective.cpu_quota) == (1, pytest.approx(0.4))
    assert result.trust is not None
    reasons = {mark.cause: mark.reason for mark in result.trust.marks}
    assert "held back by a CPU quota of 0.4 cores" in reasons["busy"]
