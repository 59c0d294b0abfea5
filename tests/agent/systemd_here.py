"""A real systemd in namespaces of its own, with our units alone: no service of this machine is started or touched."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

SYSTEMD = Path("/lib/systemd/systemd")
PYTHON = Path("/usr/bin/python3")
_PACKAGING = Path(__file__).parents[2] / "agent/packaging"
_GROUP = "edgeprof-runner:x:64999:\n"
_TARGETS = ("basic", "sockets", "shutdown", "timers", "paths", "multi-user", "slices", "network-online", "network")
_BOOT = """
set -e
mount --make-rprivate /
{before}
mount -t proc proc /proc
mount --bind {folder}/units /lib/systemd/system
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs /var/lib
mkdir -p /run/lock /run/keep /var/lib/private/edgeprof-agent
chmod 700 /var/lib/private
mount --bind {folder} /run/keep
{more}
umount -R /sys/fs/cgroup
mount -t cgroup2 none /sys/fs/cgroup
mount -t tmpfs -o mode=1777 tmpfs /tmp
exec env -i container=lxc PATH=/usr/sbin:/usr/bin:/sbin:/bin {systemd} --system --unit=multi-user.target
"""

_OWN_GROUP = """
mount --bind {folder}/group /etc/group
mkdir -p /opt
mount --bind {folder}/opt /opt
"""
_OWN_ETC = """
cp -a /etc {folder}/etc
mount --bind {folder}/etc /etc
rm -rf /etc/systemd/system
mkdir -p /etc/systemd/system /opt
mount -t tmpfs -o mode=755 tmpfs /opt
"""


def why_not() -> str | None:
    """Why no systemd can be started here for a test."""
    if os.geteuid() != 0 or not SYSTEMD.exists() or shutil.which("unshare") is None:
        return "starting a systemd takes root, systemd and unshare"
    if _hierarchy() is None:
        return "no cgroup of version 2 is mounted"
    told = subprocess.run([PYTHON, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, text=True)
    if told.stdout.strip() != str(sys.version_info[:2]):
        return f"{PYTHON} is not of this Python's version: our packages do not fit it"
    return None


@contextmanager
def booted(folder: Path, client: Path) -> Generator["Systemd"]:
    """`client` runs as the agent's unit, with the path of the file that it tells its results in."""
    _prepare(folder, client)
    with _running(folder, "mount -t tmpfs tmpfs /etc/systemd/system", _OWN_GROUP) as systemd:
        yield systemd


@contextmanager
def fresh(folder: Path) -> Generator["Systemd"]:
    """A machine with nothing of edgeprof on it: its own /etc, /opt and /var/lib, and this machine's network."""
    folder.chmod(0o755)
    _targets(folder / "units")
    with _running(folder, _OWN_ETC, "") as systemd:
        yield systemd


@contextmanager
def _running(folder: Path, before: str, more: str) -> Generator["Systemd"]:
    group = Path(f"{_hierarchy()}/edgeprof-test-{os.getpid()}")
    group.mkdir()
    before, more = (text.format(folder=folder) for text in (before, more))
    boot = _BOOT.format(folder=folder, systemd=SYSTEMD, before=before, more=more)
    command = ("unshare", "--pid", "--fork", "--mount", "--ipc", "--uts", "--cgroup", "--kill-child", "sh", "-c", boot)
    shell = f'echo $$ > {group}/cgroup.procs; exec "$@"'
    with subprocess.Popen(["sh", "-c", shell, "sh", *command], stdin=subprocess.DEVNULL) as process:
        try:
            yield Systemd(_child(process.pid), folder)
        finally:
            process.kill()
            process.wait()
    for _ in range(100):
        try:
            for inner in sorted((each for each in group.rglob("*") if each.is_dir()), reverse=True):
                inner.rmdir()
            group.rmdir()
            return
        except OSError:
            time.sleep(0.05)


class Systemd:
    """One that runs."""

    def __init__(self, pid: int, folder: Path) -> None:
        self._pid = pid
        self.folder = folder
        for _ in range(100):
            if self.call("systemctl", "is-system-running").stdout.strip() in ("running", "degraded"):
                return
            time.sleep(0.1)

    def call(self, *command: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        """A command beside it, in its namespaces."""
        inside = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/", *command]
        whole = ["nsenter", "--target", str(self._pid), "--all", *inside]
        return subprocess.run(whole, input=stdin, capture_output=True, text=True, timeout=120, check=False)


def _prepare(folder: Path, client: Path) -> None:
    """Units, a group, and an environment of the system's Python with our packages: ProtectHome= hides others."""
    folder.chmod(0o755)
    units, venv = folder / "units", folder / "opt/edgeprof/venv"
    _targets(units)
    (units / "edgeprof-agent.service.d").mkdir()
    for name in ("edgeprof-agent.service", "edgeprof-runner.socket", "edgeprof-runner@.service"):
        shutil.copy(_PACKAGING / name, units)
    shutil.copy(_PACKAGING / "runner.conf", units / "edgeprof-agent.service.d")
    (units / "edgeprof-agent.service.d/zz-test.conf").write_text(
        "[Unit]\nAfter=\nWants=\nWants=edgeprof-runner.socket\nAfter=edgeprof-runner.socket\n"
        "[Service]\nType=oneshot\nRestart=no\nWatchdogSec=0\nExecStart=\n"
        f"ExecStart=/opt/edgeprof/venv/bin/python {client} /var/lib/private/edgeprof-agent/told.json\n"
        "StandardOutput=append:/run/keep/log\nStandardError=append:/run/keep/log\n"
    )
    (units / "edgeprof-runner@.service.d").mkdir()
    (units / "edgeprof-runner@.service.d/zz-test.conf").write_text(
        "[Service]\nStandardOutput=append:/run/keep/log\nStandardError=append:/run/keep/log\nMemoryMax=1G\n"
    )
    (folder / "group").write_text(Path("/etc/group").read_text() + _GROUP)
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", venv], check=True)
    packages = next((venv / "lib").glob("python*/site-packages"))
    (packages / "shared.pth").write_text("\n".join(path for path in sys.path if path.startswith("/")) + "\n")


def _targets(units: Path) -> None:
    units.mkdir()
    for name in _TARGETS:
        shutil.copy(SYSTEMD.parent / f"system/{name}.target", units)
    (units / "sysinit.target").write_text("[Unit]\nDefaultDependencies=no\n")


def _child(pid: int) -> int:
    """unshare's first process."""
    for _ in range(200):
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        if told and Path(f"/proc/{told[0]}/comm").read_text().strip() == "systemd":
            return int(told[0])
        time.sleep(0.05)
    raise AssertionError("systemd did not start")


def _hierarchy() -> str | None:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, rest = line.partition(" - ")
        if rest.startswith("cgroup2 "):
            return fields.split()[4]
    return None
