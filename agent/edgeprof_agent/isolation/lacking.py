"""What keeps a worker's layers from being a full sandbox, with the one thing that adds it."""

from collections.abc import Iterable
from typing import NamedTuple

from edgeprof.wire.guards import lacking


class Lack(NamedTuple):
    """`mend` is a command to be copied, or empty where no single one does it."""

    why: str
    mend: str = ""

    @property
    def sentence(self) -> str:
        """Both, as a result carries it.

        >>> Lack("bubblewrap is not installed", "sudo apt-get install bubblewrap").sentence
        'bubblewrap is not installed. Fix: sudo apt-get install bubblewrap'
        """
        return f"{self.why}. Fix: {self.mend}" if self.mend else f"{self.why}."


_OF_GUARD = {
    "scratch": Lack("this bubblewrap cannot limit the scratch; version 0.7 can", "sudo apt-get install bubblewrap"),
    "processes": Lack("nothing limits root's processes here; run the agent as another user"),
    "leftovers": Lack("this kernel cannot end what a worker leaves behind; Linux 3.4 can"),
}


def what_lacks(layers: Iterable[str], missing: Lack | None) -> Lack | None:
    """None of a full sandbox. `missing`: why none was made."""
    guards = [guard.name for guard in lacking(layers)]
    if not guards:
        return None
    if missing is not None:
        return missing
    if all(name in _OF_GUARD for name in guards):
        return _OF_GUARD[guards[0]]
    return Lack(f"these guards are not confirmed: {', '.join(guards)}")
