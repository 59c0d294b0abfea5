"""What really ran, put together from what the worker told of its setting, its outputs and its operators. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from edgeprof.wire.evidence import SweepPoint
from edgeprof.wire.messages import Effective
from edgeprof_agent.measuring import arithmetic, placement
from edgeprof_agent.measuring.arithmetic import Kernels, kernels_of
from edgeprof_agent.measuring.text_points import depth_note, sweep_notes
from edgeprof_agent.measuring.verdict import aftermath
from edgeprof_agent.measuring.worker_run import Header, WorkerRun
from edgeprof_agent.telemetry.conditions import quota_of
from edgeprof_agent.worker_protocol.document import Measured, Operators, RuntimeSetting, no_operators
from edgeprof_agent.worker_protocol.order import median


def effective_of(header: Header, measured: Measured, run: WorkerRun, points: Sequence[SweepPoint]) -> Effective:
    """The effective configuration of a run that measured, with every note about it."""
    setting = measured["setting"]
    operators = run.worker_output.operators or no_operators()
    kernels = _kernels(header, operators)
    return replace(
        bare_effective(header, setting, measured["affinity"]),
        nodes_per_provider=operators["nodes_per_provider"],
        operators=operators["operators"],
        integer_kernels=kernels.integer,
        float_kernels=kernels.floats,
        notes=(
            *(header.path.notes if header.path else ()),
            *_placement_notes(header, measured, operators, kernels),
            *_quota_notes(header, run),
            *setting["notes"],
            *_output_notes(measured),
            *operators["notes"],
            *kernels.notes,
            *(_text_notes(header, measured, points) if measured["kind"] == "text" else ()),
            *aftermath(run.worker_output, run.outcome),
        ),
        cpu_quota=quota_of(run.trace),
    )


def bare_effective(
    header: Header, setting: RuntimeSetting, affinity: Sequence[int], notes: tuple[str, ...] = ()
) -> Effective:
    """Only what the worker itself reported, without operators: what stands where no more is known."""
    return Effective(
        runtime=header.actual_runtime,
        runtime_version=setting["runtime_version"],
        threads=setting["threads"],
        affinity=tuple(affinity),
        provider=setting["provider"],
        nodes_per_provider={},
        delegate=setting["delegate"],
        operators={},
        integer_kernels=None,
        float_kernels=None,
        inputs=setting["inputs"],
        input_source=setting["input_source"],
        notes=notes,
    )


def _kernels(header: Header, operators: Operators) -> Kernels:
    counts = (operators["integer_kernels"], operators["float_kernels"], operators["half_kernels"])
    return kernels_of(operators["operators"], *counts, header.weights.matmul_nbits if header.weights else {})


def _placement_notes(header: Header, measured: Measured, operators: Operators, kernels: Kernels) -> tuple[str, ...]:
    weights = header.weights
    claim = arithmetic.claim_of(header.model.name, weights.small_share if weights else None)
    computed_in = (
        arithmetic.disguise_sentence(claim, kernels),
        arithmetic.widened_sentence(weights.half_share if weights else None, kernels),
    )
    return placement.notes_of(
        header.actual_runtime,
        header.config.require_full_delegation,
        operators["nodes_per_provider"],
        computed_in,
        measured["setting"]["threads"],
        measured["affinity"],
    )


def _text_notes(header: Header, measured: Measured, points: Sequence[SweepPoint]) -> tuple[str, ...]:
    """Of a requested sweep as a whole, else of the one depth that the worker measured by itself."""
    if header.protocol.sweep:
        return sweep_notes(points, header.config)
    steps_ns = zip(measured["decode_steps"], measured["series_ns"]["decode"], strict=True)
    rates = [steps / total_ns * 1e9 for steps, total_ns in steps_ns if steps]
    note = depth_note(points, header.config, median(rates) if rates else None)
    return (note,) if note else ()


def _quota_notes(header: Header, run: WorkerRun) -> tuple[str, ...]:
    """More threads than the quota has cores stop each other early in every period."""
    quota = quota_of(run.trace)
    threads = header.config.threads
    if quota is None or not threads or threads <= max(1, quota):
        return ()
    return (f"{threads} threads were requested under a CPU quota of {quota:g} cores: they use it up sooner",)


def _output_notes(measured: Measured) -> tuple[str, ...]:
    output = measured["output"]
    if output is None:
        unread = measured["output_unread"]
        return (f"the outputs could not be checked: {unread}",) if unread else ()
    bad = output["non_finite"]
    odd = (f"{bad} output values are NaN or infinite for this input",) if bad else ()
    return (*odd, *output["wrong_shapes"], *output["notes"])
