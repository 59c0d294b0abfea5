"""Commands that quieten this machine before a measurement, each with its way back. Nothing here runs one.

What is read: clocks, boost, swap and cores below a root, so that a recorded machine can be looked at as well. Other
load is in other_load.py.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from edgeprof_agent.doctor import other_load
from edgeprof_agent.sensors import files
from edgeprof_agent.sensors.device_tree import in_container as in_container_of
from edgeprof_agent.telemetry.cpu_lists import cpus_of

CPU = "sys/devices/system/cpu"
BIG_CORE_RATIO = 1.1
"""Cores whose highest clock is less than this apart are of one kind; favoured cores differ by a few percent."""

_ON_HOST = "this is a container: look at the machine that runs it"


@dataclass(frozen=True)
class TuningStep:
    """`do` and `undo` are commands for a shell, both empty where nothing is to be done or nothing is known.

    `undo` alone is empty where `do` holds for one command only.
    """

    subject: str
    verdict: Literal["change", "fine", "unknown"]
    detail: str
    do: str = ""
    undo: str = ""


def steps(root: Path = Path("/"), wait: Callable[[], None] = other_load.wait) -> list[TuningStep]:
    """What would make this machine quieter, in the order of what it usually brings."""
    in_container = in_container_of(root)
    looks = (_governor, _boost, _swap)
    found = [_on_host(step) if in_container else step for look in looks for step in look(root)]
    return [*found, *_load(root, in_container, wait), _cores(root)]


def _on_host(step: TuningStep) -> TuningStep:
    """A container sees the values of its host, and may not change them."""
    if step.verdict == "fine":
        return step
    return TuningStep(step.subject, "unknown", f"{step.detail}; {_ON_HOST}" if step.verdict == "change" else _ON_HOST)


def _governor(root: Path) -> Iterator[TuningStep]:
    policies = files.folders(root / CPU / "cpufreq", "policy*")
    by_name = defaultdict[str, list[str]](list)
    for policy in policies:
        if name := files.text(policy / "scaling_governor"):
            by_name[name].append(_path(root, policy / "scaling_governor"))
    if not by_name:
        yield TuningStep(
            "governor", "unknown", "the kernel shows no clock policy; a virtual machine's host owns the clocks"
        )
        return
    others = {name: paths for name, paths in by_name.items() if name != "performance"}
    if not others:
        yield TuningStep("governor", "fine", "performance")
        return
    offered = [files.text(policy / "scaling_available_governors") for policy in policies]
    if any(each and "performance" not in each.split() for each in offered):
        yield TuningStep("governor", "unknown", f"{', '.join(others)}; this kernel offers no performance governor")
        return
    do = _write("performance", (path for paths in others.values() for path in paths))
    undo = " && ".join(_write(name, paths) for name, paths in others.items())
    yield TuningStep("governor", "change", f"{', '.join(others)}: the clock follows the load", do, undo)


def _boost(root: Path) -> Iterator[TuningStep]:
    """intel_pstate counts the other way round than cpufreq: 1 is off (kernel, admin-guide/pm/intel_pstate.rst)."""
    for name, off in (("intel_pstate/no_turbo", "1"), ("cpufreq/boost", "0")):
        value = files.text(root / CPU / name)
        if value == off:
            yield TuningStep("turbo", "fine", "off")
            return
        if value:
            detail = "on: the clock depends on heat and on how many cores work"
            yield TuningStep(
                "turbo", "change", detail, _write(off, [f"/{CPU}/{name}"]), _write(value, [f"/{CPU}/{name}"])
            )
            return
    cpuinfo = files.text(root / "proc/cpuinfo") or ""
    if "hypervisor" in cpuinfo:
        yield TuningStep("turbo", "unknown", "this is a virtual machine, whose host owns the clocks")
    elif not cpuinfo or "vendor_id" in cpuinfo:  # x86 processors have it
        yield TuningStep("turbo", "unknown", "the kernel shows no switch for it; the firmware's set-up may have one")
    else:
        yield TuningStep("turbo", "fine", "this processor has none")


def _swap(root: Path) -> Iterator[TuningStep]:
    table = files.text(root / "proc/swaps")
    if table is None:
        yield TuningStep("swap", "unknown", "/proc/swaps cannot be read")
        return
    areas = [line.split() for line in table.splitlines()[1:]]
    areas = [area for area in areas if len(area) == 5]
    if not areas:
        yield TuningStep("swap", "fine", "off")
        return
    used_kib = sum(int(area[3]) for area in areas if area[3].isdigit())
    names = " ".join(area[0] for area in areas)
    free_kib = _available_kib(root)
    if used_kib and (free_kib is None or used_kib >= free_kib):
        detail = f"{names} hold {used_kib // 1024} MiB, which does not fit into free memory: stop programs first"
        yield TuningStep("swap", "unknown", detail)
        return
    undo = " && ".join(f"sudo swapon{_priority(area[4])} {area[0]}" for area in areas)
    yield TuningStep("swap", "change", f"on: {names}", f"sudo swapoff {names}", undo)


def _load(root: Path, in_container: bool, wait: Callable[[], None]) -> Iterator[TuningStep]:
    found = other_load.look(root, wait)
    if found is None:
        yield TuningStep("other load", "unknown", "no processes are recorded here")
        return
    for program in found:
        text = f"{program.name} (process {program.pid}) uses {program.cores:.0%} of a core"
        if program.keep:
            yield TuningStep("other load", "unknown", f"{text}; {program.keep}")
        else:
            yield TuningStep("other load", "change", text, program.stop, program.resume)
    if in_container:
        yield TuningStep("other load", "unknown", "processes outside this container are not seen")
    elif not found:
        yield TuningStep("other load", "fine", f"no process uses {other_load.MIN_CORES:.0%} of a core or more")


def _cores(root: Path) -> TuningStep:
    """Which cores to measure on. `taskset` holds for one command, and needs no way back."""
    online = cpus_of(files.text(root / CPU / "online") or "")
    if not online:
        return TuningStep("cores", "unknown", "the kernel does not list its cores")
    if isolated := cpus_of(files.text(root / CPU / "isolated") or ""):
        return _taskset(isolated, f"{_listed(isolated)} are isolated from other programs")
    clocks = {core: _highest_khz(root, core) for core in online}
    known = [khz for khz in clocks.values() if khz is not None]
    fast = tuple(core for core in online if (clocks[core] or 0) * BIG_CORE_RATIO > max(known, default=0.0))
    if known and len(fast) < len(online):
        return _taskset(_one_a_core(root, fast), f"{_listed(fast)} of {_listed(online)} are the fast ones")
    first = _one_a_core(root, online)
    if len(first) < len(online):
        return _taskset(first, f"{_listed(online)} share {len(first)} physical cores")
    return TuningStep("cores", "fine", f"{_listed(online)} are alike")


def _taskset(cores: Iterable[int], detail: str) -> TuningStep:
    cores = tuple(cores)
    return TuningStep(
        "cores",
        "change",
        f"{detail}; for an agent: --cores {_listed(cores)}",
        f"taskset -c {_listed(cores)} edgeprof profile MODEL",
    )


def _one_a_core(root: Path, cores: Iterable[int]) -> tuple[int, ...]:
    """The first hyperthread of each physical core."""
    firsts = {
        (cpus_of(files.text(root / f"{CPU}/cpu{core}/topology/thread_siblings_list") or "") or (core,))[0]: core
        for core in sorted(cores, reverse=True)
    }
    return tuple(sorted(firsts.values()))


def _highest_khz(root: Path, core: int) -> float | None:
    """Of the policy that drives this core."""
    for policy in files.folders(root / CPU / "cpufreq", "policy*"):
        driven = cpus_of(files.text(policy / "related_cpus") or "")
        if core in driven or (not driven and policy.name == f"policy{core}"):
            return files.number(policy / "cpuinfo_max_freq")
    return None


def _available_kib(root: Path) -> int | None:
    for line in (files.text(root / "proc/meminfo") or "").splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1])
    return None


def _priority(text: str) -> str:
    """A negative one is the kernel's own choice and cannot be given (swapon(8))."""
    return f" -p {text}" if text.isdigit() else ""


def _write(value: str, paths: Iterable[str]) -> str:
    return f"echo {value} | sudo tee {' '.join(paths)}"


def _path(root: Path, file: Path) -> str:
    return f"/{file.relative_to(root)}"


def _listed(cores: Iterable[int]) -> str:
    """`0-3,6`."""
    spans: list[list[int]] = []
    for core in cores:
        if spans and core == spans[-1][1] + 1:
            spans[-1][1] = core
        else:
            spans.append([core, core])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)
