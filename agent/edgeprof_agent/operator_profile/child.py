"""The child process of an operator profile: `python -m edgeprof_agent.operator_profile.child FD`, a job on stdin.

It tells one line `profile`, or `failed`. What it is killed by is the parent's to read.
"""

import importlib
import json
import os
import sys
from collections.abc import Callable
from typing import cast

from edgeprof_agent.operator_profile.document import ProfileDocument
from edgeprof_agent.operator_profile.table import PROFILERS
from edgeprof_agent.worker.lifeline import die_with_parent
from edgeprof_agent.worker.opening import open_model
from edgeprof_agent.worker.reporter import Reporter
from edgeprof_agent.worker_protocol.adapter import RuntimeFailure, TensorModel, TextModel
from edgeprof_agent.worker_protocol.document import WorkerJob, job_from

Record = Callable[["TensorModel | TextModel", WorkerJob], ProfileDocument]


def main(arguments: list[str]) -> None:
    """Leaves without tidying up: a library's end may take long or fail, and everything has been told."""
    fd = int(arguments[0])
    reporter = Reporter(fd)
    die_with_parent()
    job = job_from(json.load(sys.stdin))
    try:
        opened = open_model(job, reporter)
        reporter.enter("profile")
        module, _, name = PROFILERS[job["config"].runtime].partition(":")
        record = cast(Record, getattr(importlib.import_module(module), name))
        _tell(fd, json.dumps({"event": "profile", "profile": record(opened.model, job)}).encode() + b"\n")
    except RuntimeFailure as failure:
        reporter.failed(failure.code, str(failure))
    except Exception as error:  # whatever a runtime raises is a fact about the model
        reporter.failed("inference_error", f"{type(error).__name__}: {error}")
    sys.stdout.flush()
    os._exit(0)


def _tell(fd: int, line: bytes) -> None:
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(fd, rest) :]


if __name__ == "__main__":
    main(sys.argv[1:])
