"""The context of the page Add a device: the line to paste, what it changes, what the hub has for it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof_hub.joining.kinds import Kind

SCRIPT = "edgeprof-install.sh"


@dataclass(frozen=True, kw_only=True)
class AddDevicePage:
    """`line` is empty until a person asks for one with a secret of its own (`makes_secret`).

    `expires`: when that secret ends, as HH:MM UTC. `reach`: why no other machine can join by this address, and
    `restart` the command that changes that; empty where one can.
    """

    line: str
    sha256: str
    kinds: Sequence[Kind]
    asks_token: bool
    makes_secret: bool = False
    expires: str = ""
    reach: str = ""
    restart: str = ""


def line_of(url: str, sha256: str, token: str = "") -> str:
    """What a person pastes on the device: nothing runs unless the script is the one that this page shows.

    A join token goes to the standard input by the shell's own `printf`, so that no process list shows it. `-k`: the
    script is checked by its hash, and from there on the hub by its CA's.

    >>> line_of("http://hub:8765", "ab").startswith("curl -fsS http://hub:8765/install.sh -o edgeprof-install.sh &&")
    True
    """
    options = "-fsSk" if url.startswith("https:") else "-fsS"
    fetch = f"curl {options} {shlex.quote(f'{url}/install.sh')} -o {SCRIPT}"
    check = f'echo "{sha256}  {SCRIPT}" | sha256sum -c'
    run = f"sudo sh {SCRIPT} --hub {shlex.quote(url)}"
    return f"{fetch} && {check} && " + (f"printf %s {shlex.quote(token)} | {run} --join -" if token else run)
