"""Figures of what came beside the measured window: cold start, open loop, soak, energy. One that fails costs itself."""

from collections.abc import Callable

from edgeprof_agent.measuring.energy_figures import add_energy, names_of
from edgeprof_agent.measuring.extras import Extras
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.measuring.post_window import RESPONSES, add_responses, add_sustained, sustained_metrics
from edgeprof_agent.measuring.summary import add_cold, cold_metrics
from edgeprof_agent.measuring.verdict import unreported
from edgeprof_agent.measuring.worker_run import Header, WorkerRun
from edgeprof_agent.worker_protocol.document import Measured


def add_extras(figures: Figures, header: Header, run: WorkerRun, measured: Measured, extras: Extras) -> None:
    """Figures of what came beside the window. Each step that fails leaves its own figures absent, with its reason."""
    steps: tuple[tuple[str, Callable[[], object], tuple[str, ...]], ...] = (
        ("the cold start's figures", lambda: add_cold(figures, measured, run.cold), cold_metrics(measured["kind"])),
        (
            "the open loop's figures",
            lambda: add_responses(figures, run.worker_output.open_loop),
            tuple(name for name, _ in RESPONSES),
        ),
        (
            "the soak's figures",
            lambda: add_sustained(figures, run.worker_output.soak, measured["kind"]),
            sustained_metrics(measured["kind"]),
        ),
        ("the reasons for absent figures", lambda: _miss_untold(figures, header, run, measured["kind"]), ()),
        (
            "energy",
            lambda: add_energy(figures, run.energy[0] if run.energy else _no_energy(run), measured["kind"]),
            names_of(measured["kind"]),
        ),
    )
    for what, step, names in steps:
        _, problem = extras.outcome(what, step, None)
        if problem is None:
            continue
        for name in names:
            if figures.value(name) is None:
                figures.miss(name, problem)


def _no_energy(run: WorkerRun) -> str:
    """Why there is no source, else what the worker said, else what became of it."""
    reason = run.worker_output.measured["absent"].get("energy_per_token_j") if run.worker_output.measured else None
    return run.no_energy or reason or unreported(run.worker_output, run.outcome, "energy")


def _miss_untold(figures: Figures, header: Header, run: WorkerRun, kind: str) -> None:
    """What was asked beyond the window and never told of: its figures are absent with what became of the worker."""
    if header.config.arrival_rate_per_s > 0 and run.worker_output.open_loop is None:
        for metric, _ in RESPONSES:
            figures.miss(metric, unreported(run.worker_output, run.outcome, "open_loop"))
    if header.protocol.soak_s > 0 and run.worker_output.soak is None:
        for metric in sustained_metrics(kind):
            figures.miss(metric, unreported(run.worker_output, run.outcome, "soak"))
