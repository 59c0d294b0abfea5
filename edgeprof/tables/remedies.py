"""What would remove each cause of a trust badge, and each failure, in one line.

docs/tasks/trust-badge.md has the long form of the first.
"""

from edgeprof.tables.trust import QUOTA
from edgeprof.wire.evidence import TrustCause, TrustMark
from edgeprof.wire.failures import FailureCode

REMEDIES: dict[TrustCause, str] = {
    "busy": "Stop other programs, or give the model cores of its own (agent run --cores 2,3). Then repeat the run.",
    "emulated": "Run it on the real board. Only that has the board's times and energy.",
    "hot_start": "Let the device cool, or start each run below one temperature: --start-below-c 50.",
    "made_up_work": "Give the input the value of your use: --input NAME=VALUE.",
    "noisy": "Repeat it 5 times (edgeprof flash --repeats 5): a verdict uses all runs.",
    "replayed": "Run it on the real board, without --replay.",
    "stalled": "Find what stopped the process (dmesg names it). Then repeat the run.",
    "suspect_output": "Feed a real sample (model.inputs.npz), and check the output against the unquantized variant.",
    "swapping": "Free memory on the device, or take a smaller variant. Then repeat the run.",
    "throttled": "Cool the board to see its full speed. If your product throttles, measure that: --soak 600.",
    "under_voltage": "Use the board's own power supply and a short cable. Reboot, then repeat the run.",
    "unsettled": "Repeat it on an idle, cool device. Or profile there with --warmup-limit-s 30 --window-s 10.",
    "unstable_clock": "Fix the clock: edgeprof doctor --tune prints the command and its way back.",
}
_OF_A_QUOTA = "Raise the CPU quota of the agent's container, or use no more threads than it has cores."

FAILURE_REMEDIES: dict[FailureCode, str] = {
    "bad_set": "Check the set: edgeprof set check FOLDER. Then push it again.",
    "cancelled": "Repeat the run.",
    "crash": "Try another runtime or version. The log says where it died; send the runtime's makers a bundle.",
    "does_not_fit": "Take a smaller variant or a shorter context, or a device with more memory.",
    "download_failed": "Check the network between device and hub. Then repeat the run.",
    "external_data_outside": "Export the model again with its external data in its own folder.",
    "hash_mismatch": "Repeat the run: the agent fetches the file again. If it happens again, check the device's disk.",
    "inference_error": "Give the inputs of your use: --input-shape, --dim or --input. The log names the operator.",
    "input_unsupported": "Give the input a value: --input NAME=VALUE, or MODEL.inputs.npz next to the model.",
    "internal_error": "Report it with the log below.",
    "interrupted": "Repeat the run.",
    "killed_unknown": "Look at dmesg. If the kernel's memory killer names the worker, free memory on the device.",
    "load_error": "Try another version of the runtime, or export the model again with an older opset.",
    "no_answers": "Check that the set's task is the model's. The artifact `outcomes` has the reason of each item.",
    "no_result": "Repeat the run. If it happens again, report it with the log.",
    "no_space": "Free disk space on the device, or take a smaller variant.",
    "not_a_model": "Send a .onnx, .ort, .tflite, .gguf or .served file.",
    "not_sandboxed": "Add what the message names. On the device, edgeprof doctor shows what is missing.",
    "operator_unsupported": "Use a runtime that has the operator, or export the model without it.",
    "out_of_memory": "Take a smaller variant or a shorter context, or raise the memory limit.",
    "partial_delegation": "Leave --require-full-delegation out, or use a model whose operators the delegate has.",
    "phone_lost": "Check the cable; edgeprof agent phones on its host prints what is wrong. Then repeat the run.",
    "runtime_missing": "Install the runtime on the device: edgeprof doctor prints the line.",
    "shape_required": "Give the size: --input-shape NAME=1,3,224,224 or --dim SYMBOL=N.",
    "thermal_abort": "Cool the device, or raise --start-below-c.",
    "timeout": "Give the model less work. On the device, edgeprof profile --deadline-s allows more time.",
    "truncated": "Send the whole file again.",
    "unsupported_model": "Export it as a model of one graph that a runtime here can open.",
    "unsupported_task": "Evaluate with another runtime, or on a set of the model's task.",
    "wrong_format": "Give the file the ending of its format, and send it again.",
}


def remedy(mark: TrustMark) -> str:
    """What to do about one finding.

    >>> remedy(TrustMark(cause="replayed", reason=""))
    'Run it on the real board, without --replay.'
    """
    return _OF_A_QUOTA if mark.cause == "busy" and QUOTA in mark.reason else REMEDIES[mark.cause]
