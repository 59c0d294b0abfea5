"""The child process that measures what an engine reaches here: `... ceiling_child FD`, what is wanted on stdin."""

import importlib
import json
import os
import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import TypedDict, cast

from edgeprof_agent.operator_profile.bandwidth import bandwidth_gb_s
from edgeprof_agent.operator_profile.other_load import OtherLoad
from edgeprof_agent.operator_profile.table import CEILINGS
from edgeprof_agent.worker.lifeline import die_with_parent
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

MAX_OTHER_CORES = 0.5
"""More would lower the limits, and every place under them would read too well."""


class Wanted(TypedDict):
    """What the parent asks for."""

    runtime: str
    threads: int
    precisions: list[str]
    may_be_busy: bool
    """Whether the figures are wanted even if other programs disturb them."""


def main(arguments: list[str]) -> None:
    """Tells one line `ceiling`, or `failed`."""
    fd = int(arguments[0])
    reporter = Reporter(fd)
    die_with_parent()
    wanted = cast(Wanted, json.load(sys.stdin))
    try:
        module, _, name = CEILINGS[wanted["runtime"]].partition(":")
        peaks = cast("Callable[[int, list[str]], dict[str, float]]", getattr(importlib.import_module(module), name))
        others = OtherLoad()
        found = {
            "runtime_version": version(VARIANTS[wanted["runtime"]].package),
            "bandwidth_gb_s": bandwidth_gb_s(wanted["threads"]),
            "peak_gflop_s": peaks(wanted["threads"], wanted["precisions"]),
        }
        if others.cores() > MAX_OTHER_CORES and not wanted["may_be_busy"]:
            raise RuntimeFailure(
                "inference_error",
                f"other programs used {others.cores():.1f} cores while this machine's limits were measured. Run it "
                "again when the machine is quiet.",
            )
        os.write(fd, json.dumps({"event": "ceiling", "ceiling": found}).encode() + b"\n")
    except RuntimeFailure as failure:
        reporter.failed(failure.code, str(failure))
    except Exception as error:  # a library's error is the reason why there is no ceiling
        reporter.failed("inference_error", f"{type(error).__name__}: {error}")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
