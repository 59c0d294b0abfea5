"""What really ran, put together from what the worker told of its setting, its outputs and its operators. Pure."""

from collections.abc import Sequence

from edgeprof.wire.evidence import SweepPoint
from edgeprof.wire.messages import Effective
from edgeprof_agent.measuring import placement
from edgeprof_agent.measuring.text_points import sweep_notes
from edgeprof_agent.measuring.verdict import aftermath
from edgeprof_agent.measuring.worker_run import Header, WorkerRun
from edgeprof_agent.worker_protocol.document import Measured, Operators


def effective_of(header: Header, measured: Measured, run: WorkerRun, points: Sequence[SweepPoint]) -> Effective:
    """The effective configuration of a run that measured, with every note about it."""
    setting = measured["setting"]
    operators = run.worker_output.operators or _NOT_READ
    return Effective(
        runtime=header.path.runtime if header.path else header.config.runtime,
        runtime_version=setting["runtime_version"],
        threads=setting["threads"],
        affinity=tuple(measured["affinity"]),
        provider=setting["provider"],
        nodes_per_provider=operators["nodes_per_provider"],
        delegate=setting["delegate"],
        operators=operators["operators"],
        integer_kernels=operators["integer_kernels"],
        float_kernels=operators["float_kernels"],
        inputs=setting["inputs"],
        input_source=setting["input_source"],
        notes=(
            *(header.path.notes if header.path else ()),
            *_placement_notes(header, measured, operators),
            *setting["notes"],
            *_output_notes(measured),
            *operators["notes"],
            *(sweep_notes(points, header.config) if measured["kind"] == "text" else ()),
            *aftermath(run.worker_output, run.outcome),
        ),
    )


def bare_effective(header: Header, measured: Measured) -> Effective:
    """Only what the worker itself reported: for a run whose notes could not be made."""
    setting = measured["setting"]
    return Effective(
        runtime=header.config.runtime,
        runtime_version=setting["runtime_version"],
        threads=setting["threads"],
        affinity=tuple(measured["affinity"]),
        provider=setting["provider"],
        nodes_per_provider={},
        delegate=setting["delegate"],
        operators={},
        integer_kernels=None,
        float_kernels=None,
        inputs=setting["inputs"],
        input_source=setting["input_source"],
        notes=(),
    )


def _placement_notes(header: Header, measured: Measured, operators: Operators) -> tuple[str, ...]:
    return placement.notes_of(
        header.path.runtime if header.path else header.config.runtime,
        header.config.require_full_delegation,
        placement.claim_of(header.model.name, header.small_weights_share),
        operators["nodes_per_provider"],
        (operators["integer_kernels"], operators["float_kernels"]),
        measured["setting"]["threads"],
        measured["affinity"],
    )


def _output_notes(measured: Measured) -> tuple[str, ...]:
    output = measured["output"]
    if output is None:
        unread = measured["output_unread"]
        return (f"the outputs could not be checked: {unread}",) if unread else ()
    bad = output["non_finite"]
    odd = (f"{bad} output values are NaN or infinite for this input",) if bad else ()
    return (*odd, *output["wrong_shapes"], *output["notes"])


_NOT_READ: Operators = {
    "operators": {},
    "nodes_per_provider": {},
    "integer_kernels": None,
    "float_kernels": None,
    "notes": [],
}
