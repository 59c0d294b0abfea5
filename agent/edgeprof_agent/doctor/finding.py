"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "missing", "optional"]
Group = Literal["runtimes", "power", "heat and clocks", "memory", "isolation", "hub"]


@dataclass(frozen=True)
class Finding:
    """`mend` is a command, or empty where nothing need be done. `costs`: what is not measured without it."""

    group: Group
    subject: str
    verdict: Verdict
    detail: str
    mend: str = ""
    costs: str = ""
