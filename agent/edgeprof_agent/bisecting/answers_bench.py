"""Compares what two builds answer: one inference of each in a child process, on the same inputs."""

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from edgeprof.bisecting import answers
from edgeprof.bisecting.answers import OutputDifference
from edgeprof.bisecting.course import Unusable
from edgeprof.bisecting.judging import Ratio
from edgeprof.errors import EdgeprofError
from edgeprof.privacy import NO_TELEMETRY
from edgeprof_agent.bisecting.bench import worker_python_set
from edgeprof_agent.bisecting.builds import Build
from edgeprof_agent.measuring.llama_path import path_of
from edgeprof_agent.measuring.model_facts import facts_of
from edgeprof_agent.measuring.worker_job import job_of
from edgeprof_agent.runtimes.registry import worker_python
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.running import request_of

_MODULE = "edgeprof_agent.worker.build_answers"


class Answers:
    """The answers of a series of builds, each asked once, in a folder of their own."""

    def __init__(self, builds: Sequence[Build], host: Host, folder: Path) -> None:
        self._builds = builds
        self._host = host
        self._folder = folder
        self._files: dict[int, Path] = {}

    def differences(self, base: int, candidate: int) -> list[OutputDifference]:
        """Raises Unusable where the candidate does not answer, EdgeprofError where the base does not."""
        if base not in self._files:
            try:
                self._asked(base, None)
            except Unusable as error:
                raise EdgeprofError(
                    "bisect_end_unusable",
                    f"{self._builds[base].label} cannot be tried: {error}. Name another end with --good.",
                ) from error
        return self._asked(candidate, self._files[base])

    def _asked(self, place: int, other: Path | None) -> list[OutputDifference]:
        build = self._builds[place]
        python = build.interpreter()
        file = self._folder / f"{place}.npz"
        with worker_python_set(build.setup.config.runtime, python):
            request = request_of(build.setup, self._host)
            path = path_of(request.config)
            run_as = replace(request, config=replace(request.config, runtime=path.runtime))
            job = job_of(
                run_as, "cold", request.protocol.deadline_s, facts=facts_of(request), eval_callback=path.eval_callback
            )
            command = [
                worker_python(request.config.runtime),
                "-m",
                _MODULE,
                str(file),
                *([str(other)] if other else []),
            ]
        found = _printed(command, msgspec.json.encode(job), request.protocol.deadline_s)
        self._files[place] = file
        return found


class AnswersBench:
    """A `Bench` by what builds answer."""

    def __init__(self, asked: Answers) -> None:
        self._asked = asked

    def compare(self, base: int, candidate: int, repeats: int) -> Ratio:
        """1 where the answers agree, 2 where they differ. There is nothing to repeat."""
        return answers.as_ratio(self._asked.differences(base, candidate))


def _printed(command: Sequence[str], job: bytes, deadline_s: float) -> list[OutputDifference]:
    """Raises Unusable with what the child process says."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("EDGEPROF_")}
    try:
        done = subprocess.run(
            command,
            input=job,
            capture_output=True,
            timeout=deadline_s,
            env={**environment, **NO_TELEMETRY},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise Unusable(f"it did not answer within {deadline_s:g} s") from None
    lines = [line for line in done.stdout.splitlines() if line.startswith(b"{")]
    if done.returncode != 0 or not lines:
        how = f"by signal {-done.returncode}" if done.returncode < 0 else f"with exit code {done.returncode}"
        said = [line.strip() for line in done.stderr.decode(errors="replace").splitlines() if line.strip()]
        raise Unusable(f"its process ended {how}" + (f": {said[-1].rstrip('.')}" if said else ""))
    document = json.loads(lines[-1])
    if "problem" in document:
        raise Unusable(str(document["problem"]).rstrip("."))
    return answers.read(document)
