"""What would remove each cause of a trust badge, in one line; docs/tasks/trust-badge.md has the long form."""

from edgeprof.tables.trust import QUOTA
from edgeprof.wire.evidence import TrustCause, TrustMark

REMEDIES: dict[TrustCause, str] = {
    "busy": "Stop other programs, or give the model cores of its own (agent run --cores 2,3). Then repeat the run.",
    "emulated": "Run it on the real board. Only that has the board's times and energy.",
    "hot_start": "Let the device cool longer: --heat-wait-s 900, or start each run below one temperature.",
    "made_up_work": "Give the input the value of your use: --input NAME=VALUE.",
    "noisy": "Measure longer (--window-s 10 --window-limit-s 60), or repeat the run 5 times.",
    "replayed": "Run it on the real board, without --replay.",
    "stalled": "Find what stopped the process (dmesg names it). Then repeat the run.",
    "suspect_output": "Feed a real sample (model.inputs.npz), and check the output against the unquantized variant.",
    "swapping": "Free memory on the device, or take a smaller variant. Then repeat the run.",
    "throttled": "Cool the board to see its full speed. If your product throttles, measure that: --soak 600.",
    "under_voltage": "Use the board's own power supply and a short cable. Reboot, then repeat the run.",
    "unsettled": "Give it more time: --warmup-limit-s 30 --window-s 10 --window-limit-s 60.",
    "unstable_clock": "Fix the clock: edgeprof doctor --tune prints the command and its way back.",
}
_OF_A_QUOTA = "Raise the CPU quota of the agent's container, or use no more threads than it has cores."


def remedy(mark: TrustMark) -> str:
    """What to do about one finding.

    >>> remedy(TrustMark(cause="replayed", reason=""))
    'Run it on the real board, without --replay.'
    """
    return _OF_A_QUOTA if mark.cause == "busy" and QUOTA in mark.reason else REMEDIES[mark.cause]
