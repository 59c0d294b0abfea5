"""Known traps of the runtime that a run has walked into: its facts put together, and held against the catalogue."""

import platform
from collections.abc import Mapping

from edgeprof.traps.facts import TrapFacts
from edgeprof.wire.evidence import FoundTrap
from edgeprof_agent.measuring.worker_run import Header
from edgeprof_agent.worker_protocol.document import Measured, Operators

_ALL_ZERO = ", all 0"


def traps_of(header: Header, measured: Measured, operators: Operators | None) -> tuple[FoundTrap, ...]:
    """In the order of the catalogue. A model behind an endpoint, or on a recorded machine, shows none."""
    from edgeprof.traps.recognise import recognised  # an idle agent need not hold it

    if measured["remote"] is not None or header.replays is not None:
        return ()
    return recognised(facts_of_run(header, measured, operators))


def facts_of_run(header: Header, measured: Measured, operators: Operators | None) -> TrapFacts:
    """What the worker told, and what the file says of itself."""
    weights, setting = header.weights, measured["setting"]
    return TrapFacts(
        runtime=header.actual_runtime,
        model_format=header.model.format,
        machine=platform.machine(),
        provider=setting["provider"],
        threads=setting["threads"],
        cores=len(measured["affinity"]),
        delegate=setting["delegate"],
        operators=operators["operators"] if operators else {},
        integer_kernels=operators["integer_kernels"] if operators else None,
        half_kernels=operators["half_kernels"] if operators else None,
        float_kernels=operators["float_kernels"] if operators else None,
        half_share=weights.half_share if weights else None,
        integer_weights=weights.products if weights else {},
        nbits_levels=weights.matmul_nbits if weights else {},
        gguf_values=weights.gguf_values if weights else {},
        gguf_type=weights.gguf_type if weights else "",
        zero_inputs=zero_inputs(setting["inputs"]),
    )


def zero_inputs(inputs: Mapping[str, str]) -> tuple[str, ...]:
    """Names of the float inputs, where every one of them is all zero: a state that begins at zero is no trap.

    >>> zero_inputs({"x": "float32[1,64], all 0", "n": "int32[1] = 20"})
    ('x',)
    """
    floats = {name: text for name, text in inputs.items() if text.startswith("float")}
    zero = tuple(name for name, text in floats.items() if text.endswith(_ALL_ZERO))
    return zero if len(zero) == len(floats) else ()
