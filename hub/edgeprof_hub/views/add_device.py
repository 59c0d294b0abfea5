"""The context of the page Add a device: the line to paste, what it changes, what the hub has for it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from edgeprof_hub.joining.kinds import Kind

SCRIPT = "edgeprof-install.sh"


@dataclass(frozen=True)
class AddDevicePage:
    """`reach`: why no other machine can join by this address; empty where one can."""

    line: str
    sha256: str
    kinds: Sequence[Kind]
    asks_token: bool
    reach: str = ""
    script: str = SCRIPT


def line_of(url: str, sha256: str) -> str:
    """What a person pastes on the device: nothing runs unless the script is the one that this page shows.

    >>> line_of("http://hub:8765", "ab").startswith("curl -fsS http://hub:8765/install.sh -o edgeprof-install.sh &&")
    True
    """
    fetch = f"curl -fsS {shlex.quote(f'{url}/install.sh')} -o {SCRIPT}"
    check = f'echo "{sha256}  {SCRIPT}" | sha256sum -c'
    return f"{fetch} && {check} && sudo sh {SCRIPT} --hub {shlex.quote(url)}"
