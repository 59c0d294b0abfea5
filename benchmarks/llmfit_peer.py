"""llmfit's estimates for the public rows of decode, asked from its own command in an environment of its own.

Each row's board becomes a hardware profile of llmfit: memory, bandwidth of theory, for a GPU its rate, unified memory.
`llmfit --profile P plan MODEL --quant Q --context 2048 --json` answers with `current.estimated_tps`. For a CPU llmfit
uses a constant and takes no notice of the profile's bandwidth. Its other way (`--ram`, `--cpu-cores`, no profile)
knows the cores: it is asked, too, and the better one of both is its score.
"""

import json
import subprocess
import tempfile
import venv
from collections.abc import Iterable
from pathlib import Path

import msgspec

from edgeprof.prediction.public_rows import PublicRow, board_lines

VERSION = "1.1.17"
CONTEXT = 2048
MODELS = {
    "gemma-2-2b": "google/gemma-2-2b-it",
    "gemma-3-1b": "google/gemma-3-1b-it",
    "gemma-3-270m": "google/gemma-3-270m-it",
    "granite-3.1-2b": "ibm-granite/granite-3.1-2b-instruct",
    "llama-2-13b": "meta-llama/Llama-2-13b-chat-hf",
    "llama-2-70b": "meta-llama/Llama-2-70b-chat-hf",
    "llama-2-7b": "unsloth/llama-2-7b-chat",
    "llama-3.1-8b": "meta-llama/Llama-3.1-8B-Instruct",
    "llama-3.2-1b": "meta-llama/Llama-3.2-1B-Instruct",
    "llama-3.2-3b": "meta-llama/Llama-3.2-3B-Instruct",
    "phi-3-mini": "microsoft/phi-3-mini-4k-instruct",
    "qwen1.5-1.8b": "Qwen/Qwen1.5-1.8B-Chat",
    "qwen2.5-0.5b": "Qwen/Qwen2.5-0.5B",
    "qwen2.5-1.5b": "Qwen/Qwen2.5-1.5B-Instruct",
    "qwen2.5-3b": "Qwen/Qwen2.5-3B-Instruct",
    "qwen2.5-7b": "Qwen/Qwen2.5-7B-Instruct",
    "r1-distill-llama-8b": "deepseek-ai/DeepSeek-R1-Distill-Llama-8B",
    "r1-distill-qwen-1.5b": "deepseek-ai/DeepSeek-R1-Distill-Qwen-1.5B",
    "r1-distill-qwen-14b": "deepseek-ai/DeepSeek-R1-Distill-Qwen-14B",
    "r1-distill-qwen-7b": "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
    "smollm-135m": "HuggingFaceTB/SmolLM-135M-Instruct",
    "smollm2-1.7b": "HuggingFaceTB/SmolLM2-1.7B-Instruct",
    "smollm2-135m": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "tinyllama-1.1b": "TinyLlama/TinyLlama-1.1B-Chat-v1.0",
}


class _Current(msgspec.Struct):
    estimated_tps: float | None = None


class _Plan(msgspec.Struct):
    current: _Current


class Answer(msgspec.Struct, frozen=True):
    """Of one row: tokens a second by its profile and by cores, or why there is none."""

    by_profile: float | None
    by_cores: float | None
    problem: str = ""


def llmfit_answers(rows: Iterable[PublicRow]) -> dict[str, Answer]:
    """By row id. Installs llmfit from PyPI in a folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        venv.create(folder / "env", with_pip=True)
        python = folder / "env" / "bin" / "python"
        install = [python, "-m", "pip", "install", "-q", f"llmfit=={VERSION}"]
        subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
        program = folder / "env" / "bin" / "llmfit"
        return {row.id: _answer(program, folder, row) for row in rows}


def _answer(program: Path, folder: Path, row: PublicRow) -> Answer:
    board = board_lines()[row.board.id]
    profile = folder / f"{row.board.id}-{row.work.processor}.json"
    profile.write_text(json.dumps(_hardware(row, float(board["memory_gib"]), profile.stem)))
    plan = ["plan", MODELS[row.family], "--quant", row.quantization, "--context", str(CONTEXT), "--json"]
    by_profile = _asked([program, "--no-dashboard", "--profile", profile, *plan])
    by_cores = "no GPU can be described so"
    if row.work.processor == "cpu":
        cores = ["--ram", f"{board['memory_gib']}G", "--cpu-cores", board["cores"]]
        by_cores = _asked([program, "--no-dashboard", *cores, *plan])
    return Answer(
        by_profile if isinstance(by_profile, float) else None,
        by_cores if isinstance(by_cores, float) else None,
        by_profile if isinstance(by_profile, str) else "",
    )


def _hardware(row: PublicRow, memory_gib: float, name: str) -> dict[str, object]:
    hardware: dict[str, object] = {
        "total_ram_gb": memory_gib,
        "unified_memory": row.work.processor == "gpu",
        "ddr_bandwidth_gbps": row.board.bandwidth_theory_gb_s,
    }
    if row.work.processor == "gpu":
        hardware["gpu_memory_bandwidth_gbps"] = row.board.bandwidth_theory_gb_s
        hardware["gpu_compute_tflops_fp16"] = 2 * (row.board.gpu_tflops or 0)
    return {"schema_version": 1, "name": name, "hardware": hardware}


def _asked(command: list[str | Path]) -> float | str:
    ended = subprocess.run(command, capture_output=True, check=False)
    if ended.returncode:
        return ended.stderr.decode().strip().splitlines()[-1]
    found = msgspec.json.decode(ended.stdout, type=_Plan).current.estimated_tps
    return "no estimate" if found is None else found
