"""Runs into Weights & Biases by its own package, which is imported here and nowhere else."""

import importlib
import json
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, cast

from edgeprof.errors import EdgeprofError, MissingPartError
from edgeprof.publish.wandb import WandbRun

INIT_TIMEOUT_S = 30.0
FINISH_TIMEOUT_S = 60.0
"""For the upload of one run, a few kilobytes; W&B alone would try for days."""
_LEAN: Mapping[str, object] = {
    "silent": True,
    "console": "off",
    "disable_git": True,
    "disable_code": True,
    "save_code": False,
    # The machine that publishes is not the one that was measured: nothing of it belongs into a run.
    "x_disable_meta": True,
    "x_disable_stats": True,
    "x_disable_machine_info": True,
    "x_save_requirements": False,
    "init_timeout": INIT_TIMEOUT_S,
    "finish_timeout": FINISH_TIMEOUT_S,
    "finish_timeout_raises": True,
}


class WandbError(EdgeprofError):
    """W&B could not be reached, or refused, or its folder cannot be written."""


class _Run(Protocol):
    settings: Any

    def log(self, data: dict[str, float], step: int) -> None: ...
    def finish(self, exit_code: int) -> None: ...


class _Wandb(Protocol):
    """What is used of wandb, which need not be there."""

    def Settings(self, **settings: object) -> Any: ...
    def setup(self, settings: object) -> Any: ...
    def init(self, **arguments: object) -> _Run: ...
    def teardown(self, exit_code: int | None = None) -> None: ...


class WandbRuns:
    """Sends runs to one project, or writes them into the folder for `wandb sync`. One service process for all of them.

    The key is in the environment and wandb reads it there: it is never held here.
    """

    def __init__(self, folder: Path, project: str, entity: str | None, is_online: bool) -> None:
        self._wandb = _wandb()
        self._folder = folder / "wandb"
        self._where = {"project": project, "entity": entity}
        self._is_online = is_online
        mode = "online" if is_online else "offline"
        try:
            self._settings = self._wandb.Settings(mode=mode, root_dir=str(folder.absolute()), **_LEAN)
            self.address = str(self._wandb.setup(self._settings).settings.base_url)
        except Exception as error:  # wandb checks its variables here, each with an error of its own kind
            problem = " ".join(str(error).split())[:500]
            raise WandbError("wandb_failed", f"wandb rejected its settings (WANDB_ variables): {problem}") from error
        self.target = f"{self.address if is_online else 'wandb sync'}, {entity + '/' if entity else ''}{project}"

    def __enter__(self) -> "WandbRuns":
        # wandb would go to the system's folder for temporary files without a word, if it cannot write here.
        self._folder.mkdir(parents=True, exist_ok=True)
        start = "run-" if self._is_online else "offline-run-"  # then the time, a dash and the id
        found = self._folder.glob(f"{start}*-*")
        self._begun = {path.name.removeprefix(start).partition("-")[2]: path for path in found}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        # After a failure only the service ends here; its own complaint about that would hide the sentence.
        with suppress(Exception):
            self._wandb.teardown(exit_code=0 if kind is None else 1)

    def send(self, run: WandbRun) -> None:
        """One run, all of it, before this returns. Raises WandbError with W&B's own sentence."""
        if (left := self._begun.pop(run.run_id, None)) is not None:
            shutil.rmtree(left)  # a publish broke off between this run and its mark
        what = {"id": run.run_id, "name": run.name, "group": run.group, "tags": run.tags, "config": run.config}
        try:
            self._settings.host = run.host
            # Without `resume`, W&B replaces a run that has this id already.
            began = self._wandb.init(
                **self._where, **what, job_type="edgeprof", reinit="create_new", settings=self._settings
            )
            if run.figures:
                began.log(run.figures, step=0)
            began.finish(exit_code=1 if run.has_failed else 0)
        except Exception as error:  # wandb's own, and what its service's end leaves behind
            raise self._error(str(error) or type(error).__name__) from error
        if self._is_online and (problem := _fatal(Path(began.settings.log_internal))):
            raise self._error(problem)

    def _error(self, problem: str) -> WandbError:
        what = f"W&B at {self.address} rejected the run" if self._is_online else "W&B could not write the run"
        return WandbError("wandb_failed", f"{what}: {problem.splitlines()[0][:500]}")


def _wandb() -> _Wandb:
    # Crash reports and usage figures to its makers; read at import.
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    try:
        module = importlib.import_module("wandb")
    except ModuleNotFoundError:
        module = None
    # A folder called wandb where Python is started imports as an empty package.
    if not hasattr(module, "init"):
        raise MissingPartError(
            "extra_missing", "Publishing to W&B needs an extra. Install it with: pip install 'edgeprof[wandb]'"
        )
    return cast(_Wandb, module)


def _fatal(log: Path) -> str | None:
    """Why an upload was given up: wandb tells its log, while `finish` returns as if all had gone well."""
    with suppress(OSError):
        for line in log.read_text(errors="replace").splitlines():
            with suppress(ValueError):
                entry = json.loads(line)
                if str(entry.get("level", "")).startswith("ERROR+"):
                    return str(entry.get("msg", "its log has no more"))
    return None
