"""Why this system makes no namespaces for us, and the one thing that changes it."""

import os
from collections.abc import Mapping
from pathlib import Path

from edgeprof_agent.isolation.lacking import Lack

RUNNER = "sudo systemctl enable --now edgeprof-runner.socket"
_SWITCHES = (
    ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
    (
        "kernel/apparmor_restrict_unprivileged_userns",
        "1",
        "sudo apt-get install apparmor-profiles && sudo ln -s /usr/share/apparmor/extra-profiles/bwrap-userns-restrict "
        "/etc/apparmor.d/ && sudo systemctl reload apparmor",
    ),
)
"""Of Debian, of the kernel, and of Ubuntu 23.10 and newer, below /proc/sys; with the value that forbids."""


def why_refused(words: str, root: Path = Path("/"), environ: Mapping[str, str] = os.environ) -> Lack:
    """`words` are bubblewrap's own."""
    if "INVOCATION_ID" in environ and "\nSeccomp:\t2" in _read(root / "proc/self/status"):  # set by systemd
        return Lack("this service's unit forbids namespaces, and no runner of its own is enabled", RUNNER)
    for name, value, mend in _SWITCHES:
        if _read(root / "proc/sys" / name) == value:
            return Lack(f"bubblewrap may not make user namespaces: {name.replace('/', '.')} is {value}", mend)
    if (root / ".dockerenv").exists() or (root / "run/.containerenv").exists():
        return Lack("bubblewrap may not make namespaces in this container; run the agent outside of it")
    last = words.splitlines()[-1].rstrip(".")[:200] if words else "it gave no reason"
    return Lack(f"bubblewrap does not work here: {last}")


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
