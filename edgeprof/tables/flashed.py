"""What a run that only flashed a model says of it."""

from edgeprof.wire.messages import Result


def flashed_text(result: Result) -> str:
    """`flashed; loads in 412 ms (cold), 66 MiB`"""
    found = {row.metric: row.value for row in result.metrics}
    how = "cold" if "load_cold_ms" in found else "warm"
    load_ms = found.get("load_cold_ms", found.get("load_ms"))
    load = f"loads in {load_ms:,.3g} ms ({how})" if load_ms is not None else "load time not measured"
    memory_mib = found.get("peak_memory_mib")
    return f"flashed; {load}, {f'{memory_mib:,.0f} MiB' if memory_mib is not None else 'memory not measured'}"
