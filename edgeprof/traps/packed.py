"""`edgeprof/traps/table.json`, made from the catalogue: `python -m edgeprof.traps.packed edgeprof/traps/table.json`."""

import sys
from pathlib import Path

import msgspec

from edgeprof.traps.catalogue import catalogue
from edgeprof.traps.recognise import RECOGNISERS
from edgeprof.traps.table import ShownTrap


def table_json() -> bytes:
    """What runs and pages read: the traps that a run can show."""
    shown = {
        trap.id: ShownTrap(title=trap.title, effect=trap.effect, way_out=trap.way_out)
        for traps in catalogue().values()
        for trap in traps
        if trap.id in RECOGNISERS
    }
    return msgspec.json.format(msgspec.json.encode(shown)) + b"\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(table_json())
