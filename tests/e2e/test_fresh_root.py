"""A fresh Debian root joins a real hub from the hub's own wheels, with no network but the hub. Prints the figure."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

MAX_MB = 40.0
"""Fetched before runtimes."""
INSIDE = """
set -eu
ip link set lo up
"$1" -m edgeprof hub serve --data "$2" --port 18765 --new-token & hub=$!
trap 'kill $hub; [ -z "$4" ] || echo -1 >/proc/sys/fs/binfmt_misc/$4' EXIT
if [ -n "$4" ]; then
    mountpoint -q /proc/sys/fs/binfmt_misc || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
    printf '%s' "$5" >/proc/sys/fs/binfmt_misc/register
fi
url=http://127.0.0.1:18765
for _ in $(seq 100); do curl -fsS $url/install.sh -o "$3/root/e.sh" 2>/dev/null && break; sleep 0.2; done
cp "$2/token" "$3/root/token"
mount --bind /proc "$3/proc"; mount --bind /dev "$3/dev"
time chroot "$3" sh /root/e.sh --hub $url --join /root/token --extras none --start
chroot "$3" /opt/edgeprof/venv/bin/edgeprof agent install --uninstall
"""


QEMU = "/usr/bin/qemu-aarch64-static"
FORMAT = "edgeprof-test-aarch64"
REGISTERED = (
    f":{FORMAT}:M::\\x7fELF\\x02\\x01\\x01" + "\\x00" * 9 + "\\x02\\x00\\xb7\\x00:"
    "\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00" + "\\xff" * 8 + f"\\xfe\\xff\\xff\\xff:{QEMU}:FP"
)
"""As Debian's qemu-user-static registers it with the kernel. F: the interpreter is opened now, outside of the root."""


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("debootstrap", "unshare", "curl", "ip"))),
    reason="needs root, debootstrap, unshare, curl and ip",
)
def test_a_fresh_debian_root_joins_without_another_network(tmp_path: Path) -> None:
    root, data = tmp_path / "root", tmp_path / "hub"
    run("debootstrap", "--variant=minbase", "--include=python3", "bookworm", str(root))
    run(sys.executable, "-m", "edgeprof", "hub", "wheels", "--data", str(data), "--for", "x86_64-cp311")
    check(run(*ISOLATED, sys.executable, str(data), str(root), "", ""))


@pytest.mark.full
@pytest.mark.timeout(1800)
@pytest.mark.skipif(
    os.geteuid() != 0 or not all(map(shutil.which, ("debootstrap", "unshare", "curl", "ip", QEMU))),
    reason="needs root, debootstrap, unshare, curl, ip and qemu-user-static",
)
def test_a_fresh_arm64_root_joins_under_qemu(tmp_path: Path) -> None:
    """Packages are unpacked and not configured: that would take minutes under qemu, and joining needs none of it."""
    root, data = tmp_path / "root", tmp_path / "hub"
    run("debootstrap", "--foreign", "--arch=arm64", "--variant=minbase", "--include=python3", "bookworm", str(root))
    for package in sorted((root / "var/cache/apt/archives").glob("*.deb")):
        run("dpkg-deb", "--extract", str(package), str(root))
    for name in ("passwd", "group"):
        shutil.copy(root / f"usr/share/base-passwd/{name}.master", root / "etc" / name)
    run(sys.executable, "-m", "edgeprof", "hub", "wheels", "--data", str(data), "--for", "aarch64-cp311")
    text = run(*ISOLATED, sys.executable, str(data), str(root), FORMAT, REGISTERED)
    assert "aarch64, Python 3.11" in text
    check(text)


def check(text: str) -> None:
    assert "joined     the hub hears this device as" in text
    fetched = re.search(r"([\d.]+) MB from the hub", text)
    assert fetched is not None
    assert float(fetched[1]) <= MAX_MB
    print(text)


ISOLATED = ("unshare", "--net", "--mount", "bash", "-c", INSIDE, "-")


def run(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout
