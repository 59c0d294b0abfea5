"""Where the time of a generated token goes: the sentence, and a real reading of it."""

import re
from dataclasses import replace
from pathlib import Path

from edgeprof_agent.runtimes.llama.llamacpp_times import sentence
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import measured, request_for


def test_shares_and_the_cost_of_reading_them_stand_in_one_sentence() -> None:
    times_ns = {"MUL_MAT": 9_000_000, "FLASH_ATTN_EXT": 600_000, "ADD": 400_000}
    assert sentence(times_ns, 10_000_000, 11_700_000, 8) == (
        "time by operator in one generated token, the median of 8: MUL_MAT 9 ms (90%), FLASH_ATTN_EXT 0.6 ms (6%), "
        "ADD 0.4 ms (4%). They add up to 1.00 of a token's time without this reading, which itself makes a token "
        "1.17 times as long"
    )


def test_more_than_six_operators_are_summed_up() -> None:
    found = sentence({f"OP{index}": 1_000_000 for index in range(8)}, 8_000_000, 9_000_000, 3)
    assert "OP5 1 ms (12%), 2 others 2 ms." in found


def test_a_run_by_the_c_interface_reports_them(tmp_path: Path) -> None:
    asked = request_for(tiny_llama(tmp_path / "tiny.gguf"), "llama-capi")
    result = measured(replace(asked, config=replace(asked.config, prompt_tokens=16, decode_tokens=4)))
    assert result.effective is not None
    (found,) = [note for note in result.effective.notes if note.startswith("time by operator")]
    assert re.search(r"MUL_MAT [0-9.e-]+ ms \([0-9]+%\)", found)
