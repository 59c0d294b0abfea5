"""What a way into llama.cpp costs: the data that ships, and the sentences made of it."""

import json
from pathlib import Path

from edgeprof_agent.runtimes.llama.binding_cost import DATA, BindingCosts, cost_notes, read

COSTS: BindingCosts = {
    "date": "2026-01-02",
    "cpu": "Some CPU",
    "command": "a command",
    "threads": 1,
    "model": "a-model",
    "versions": {"llama-cpp-python": "0.3.36", "xllamacpp": "2026.10.11549"},
    "costs": [
        {"variant": way, "figure": f"{figure}_tokens_per_s", "ratio": ratio, "ci_low": 0.5, "ci_high": 1.5, "pairs": 40}
        for way, figure, ratio in (
            ("llama-cpp-python", "prefill", 0.99),
            ("llama-capi", "decode", 0.95),
            ("llama_cpp.Llama", "prefill", 0.91),
            ("llama_cpp.Llama", "decode", 0.84),
        )
    ],
}


def files(folder: Path, cpuinfo: str) -> tuple[Path, Path]:
    data, cpu = folder / "costs.json", folder / "cpuinfo"
    data.write_text(json.dumps(COSTS))
    cpu.write_text(cpuinfo)
    return data, cpu


def test_a_variant_shows_its_own_cost_and_that_of_the_class_above_it(tmp_path: Path) -> None:
    own, above = cost_notes("llama-cpp-python", *files(tmp_path, "model name\t: Some CPU\n"))
    assert own.startswith(
        "llama-cpp-python (llama-cpp-python 0.3.36) reaches 0.99 in prefill (0.50 to 1.50, 40 pairs) "
        "of the rate of llama-bench (built from llama-cpp-python 0.3.36)"
    )
    assert above.startswith(
        "llama_cpp.Llama (llama-cpp-python 0.3.36) reaches 0.91 in prefill (0.50 to 1.50, 40 pairs) and 0.84 in decode"
    )
    assert "on a CPU of this name (Some CPU) on 2026-01-02" in own


def test_a_ratio_names_the_build_that_it_was_measured_with(tmp_path: Path) -> None:
    (note,) = cost_notes("llama-capi", *files(tmp_path, ""))
    assert note.startswith("llama-capi (xllamacpp 2026.10.11549) reaches 0.95 in decode")
    assert "llama-bench (built from llama-cpp-python 0.3.36)" in note


def test_a_cost_from_another_machine_says_so(tmp_path: Path) -> None:
    notes = cost_notes("llama-cpp-python", *files(tmp_path, "Model\t\t: Raspberry Pi 5 Model B\n"))
    assert all("on another machine than this one (Some CPU)" in note for note in notes)


def test_what_was_never_compared_has_no_sentence(tmp_path: Path) -> None:
    assert cost_notes("xllamacpp", *files(tmp_path, "")) == []


def test_the_data_that_ships_names_its_source() -> None:
    shipped = read(DATA)
    assert shipped["command"].startswith("python -m benchmarks.llama_fidelity")
    assert {cost["variant"] for cost in shipped["costs"]} >= {"xllamacpp"}
    assert all(cost["ci_low"] <= cost["ratio"] <= cost["ci_high"] for cost in shipped["costs"])
