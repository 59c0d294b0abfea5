"""The child process of a dry run: `python -m edgeprof_agent.fitting.child FD`, a worker's job on stdin.

It tells one line `dry_run`, or `failed`. What it is killed by is the parent's to read.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import cast

from edgeprof_agent.fitting.table import DRY_RUNS
from edgeprof_agent.worker.lifeline import die_with_parent
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure
from edgeprof_agent.worker_protocol.document import WorkerJob, job_from


def main(arguments: list[str]) -> None:
    """Leaves without tidying up: a library's end may take long or fail, and everything has been told."""
    fd = int(arguments[0])
    reporter = Reporter(fd)
    die_with_parent()
    job = job_from(json.load(sys.stdin))
    try:
        module, _, name = DRY_RUNS[job["config"].runtime].partition(":")
        run = cast("Callable[[WorkerJob, Reporter], object]", getattr(importlib.import_module(module), name))
        found = run(job, reporter)
        os.write(fd, json.dumps({"event": "dry_run", "dry_run": found}).encode() + b"\n")
    except RuntimeFailure as failure:
        reporter.failed(failure.code, str(failure))
    except Exception as error:  # whatever a runtime raises is a fact about the model
        reporter.failed("load_error", f"{type(error).__name__}: {error}")
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
