"""What a check of gates ends with, for a script or a CI job: they hold, one fails, or one is undecided. Pure."""

from collections.abc import Sequence

from edgeprof.errors import EdgeprofError, UsageError

HOLDS = ("passes", "reference")


class GateFails(EdgeprofError):
    """A gate does not hold."""

    exit_code = 4


class GateUndecided(EdgeprofError):
    """No gate fails, and of one it is not known whether it holds."""

    exit_code = 5


def check_gates(states: Sequence[str]) -> None:
    """Nothing where all hold. `states`: of each gate on each variant, as `GateVerdict.state`, or empty: no verdict.

    Raises GateFails where one fails, else GateUndecided where one is undecided; UsageError without any gate.

    >>> check_gates(["passes", "reference"])
    """
    if not states:
        raise UsageError("no_gate", "No gate to check. Set one with `edgeprof gate FAMILY LINE`.")
    failed = states.count("fails")
    if failed:
        raise GateFails("gate_fails", f"{failed} of {_verdicts(len(states))} {'fails' if failed == 1 else 'fail'}.")
    undecided = sum(state not in HOLDS for state in states)
    if undecided:
        verb = "is" if undecided == 1 else "are"
        raise GateUndecided(
            "gate_undecided",
            f"{undecided} of {_verdicts(len(states))} {verb} undecided, and none fails. Answer more items of the set.",
        )


def _verdicts(count: int) -> str:
    return f"{count} verdict{'' if count == 1 else 's'}"
