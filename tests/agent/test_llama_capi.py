"""llama.cpp by the C interface of the prebuilt library: what must be proven first, and what happens where it is not."""

import ctypes
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgeprof.wire.messages import RunProtocol
from edgeprof_agent.measuring import llama_path
from edgeprof_agent.runtimes.llama import verdicts
from edgeprof_agent.runtimes.llama.capi_canary import struct_problem
from edgeprof_agent.runtimes.llama.tiny_gguf import write_tiny_gguf
from edgeprof_agent.runtimes.llama.verdicts import PROOF, Layout, layout_of
from edgeprof_exports import catalogue, fetch
from tests.agent.gguf_models import tiny_llama
from tests.agent.measuring import measured, request_for, values

SHORT = RunProtocol(
    warmup_runs=1, warmup_limit_s=0.2, window_s=0.1, window_limit_s=0.2, deadline_s=60, cold_start=False
)


class Known(ctypes.Structure):
    """Four fields, with padding before the last and behind it."""

    _fields_ = [("a", ctypes.c_int32), ("b", ctypes.c_int32), ("c", ctypes.c_bool), ("d", ctypes.c_void_p)]


def left_behind(written: set[int]) -> tuple[bytes, bytes]:
    """A buffer after each pattern, zeros written at these places."""
    return bytes(0 if at in written else 0xAA for at in range(64)), bytes(
        0 if at in written else 0x55 for at in range(64)
    )


FIELDS = {*range(9), *range(16, 24)}


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        (FIELDS, None),
        (FIELDS | set(range(24, 32)), "the library writes 32 bytes, the layout ends at 24"),
        (FIELDS - {8, *range(16, 24)}, "the library writes 8 bytes, the layout ends at 24"),
        (FIELDS | {9}, "padding is written at byte 9"),
        (FIELDS - {8}, "a field is not written at byte 8"),
        (set[int](), "the library writes 0 bytes"),
    ],
)
def test_every_byte_that_is_written_must_belong_to_a_field(written: set[int], problem: str | None) -> None:
    found = struct_problem(Known, *left_behind(written))
    assert found is None if problem is None else problem in (found or "")


PROVE = """
import ctypes, json, os
from edgeprof_agent.runtimes.llama import capi_layout as known
from edgeprof_agent.runtimes.llama.capi_library import library_path
from edgeprof_agent.runtimes.llama.capi_proof import prove

fields = {name: list(getattr(known, name)._fields_) for name in ("ContextParams", "ModelParams")}

def swap(structure, a, b):
    names = [name for name, _ in fields[structure]]
    i, j = names.index(a), names.index(b)
    fields[structure][i], fields[structure][j] = fields[structure][j], fields[structure][i]

def drop(structure, a):
    fields[structure] = [field for field in fields[structure] if field[0] != a]

CHANGE
made = [type(name, (ctypes.Structure,), {"_fields_": own}) for name, own in fields.items()]
print(json.dumps(prove(library_path(), *made)._asdict()), flush=True)
os._exit(0)
"""


def verdict_after(change: str) -> dict[str, object]:
    """What the proof says of a layout that was changed, in a process that may die of it."""
    done = subprocess.run(
        [sys.executable, "-c", PROVE.replace("CHANGE", change)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_installed_library_has_the_layout_that_is_known() -> None:
    assert verdict_after("") == {"proven": True, "reason": "", "eval_callback": True}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("drop('ContextParams', 'reserved')", "the library writes 168 bytes, the layout ends at 160"),
        ("drop('ModelParams', 'load_mtp')", "the library writes 78 bytes, the layout ends at 77"),
        ("drop('ContextParams', 'n_outputs_max_per_seq')", "padding is written at byte 84"),
        ("swap('ContextParams', 'n_batch', 'n_ubatch')", "ContextParams.n_ubatch is 2048"),
        ("swap('ContextParams', 'yarn_ext_factor', 'rope_freq_scale')", "default is"),
        ("swap('ModelParams', 'n_gpu_layers', 'main_gpu')", "ModelParams.main_gpu is -1"),
        ("swap('ContextParams', 'n_ctx', 'n_ubatch')", "came back"),
        ("swap('ContextParams', 'kv_unified', 'embeddings')", "llama_decode ended with status"),
        ("swap('ContextParams', 'n_threads', 'n_threads_batch')", "came back"),
    ],
)
def test_a_layout_that_differs_is_refused_with_the_place(change: str, reason: str) -> None:
    verdict = verdict_after(change)
    assert verdict["proven"] is False
    assert reason in str(verdict["reason"])


def test_a_callback_at_a_wrong_place_costs_the_operators_alone() -> None:
    verdict = verdict_after("swap('ContextParams', 'cb_eval', 'samplers')")
    assert verdict["proven"] is True
    assert verdict["eval_callback"] is False


def test_a_verdict_is_kept_by_the_librarys_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "library.so"
    library.write_bytes(b"one build")
    monkeypatch.setattr(verdicts, "library_path", lambda: library)
    asked: list[str] = []

    def proven(python: str) -> tuple[Layout, bool]:
        asked.append(python)
        return Layout(True, eval_callback=True), True

    monkeypatch.setattr(verdicts, "_proven", proven)
    folder = tmp_path / "cache"
    assert [layout_of(sys.executable, folder) for _ in range(3)] == [Layout(True, "", True)] * 3
    assert len(asked) == 1
    library.write_bytes(b"another build")
    layout_of(sys.executable, folder)
    assert len(asked) == 2
    library.write_bytes(b"one build")
    assert layout_of(sys.executable, folder).proven
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("script", "reason", "kept"),
    [
        ("kill -SEGV $$", "SIGSEGV", True),
        ("kill -ABRT $$", "SIGABRT", True),
        ("kill -KILL $$", "SIGKILL", False),
        ("exit 3", "exit code 3 and no verdict", False),
        ('echo \'{"proven": false, "reason": "odd", "eval_callback": false}\'', "odd", True),
        ("echo '[]'", "no verdict", False),
    ],
)
def test_a_check_that_dies_refuses_and_is_kept_where_the_library_is_to_blame(
    script: str, reason: str, kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python, library, folder = tmp_path / "python", tmp_path / "library.so", tmp_path / "cache"
    python.write_text(f'#!/bin/sh\nif [ "$1" = -c ]; then echo {library}; exit; fi\n{script}\n')
    python.chmod(0o755)
    library.write_bytes(b"a library")
    layout = layout_of(str(python), folder)
    assert not layout.proven
    assert reason in layout.reason
    assert len(list(folder.glob(f"*-{PROOF}.json"))) == kept


def test_a_cache_that_cannot_be_written_or_read_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    assert layout_of(sys.executable, tmp_path / "cache").proven


def given(monkeypatch: pytest.MonkeyPatch, layout: Layout) -> None:
    """Makes this the verdict."""

    def known(python: str) -> Layout:
        return layout

    monkeypatch.setattr(llama_path, "layout_of", known)


def test_a_run_takes_the_c_interface_and_shows_what_it_opens(tmp_path: Path) -> None:
    result = measured(request_for(tiny_llama(tmp_path / "tiny.gguf"), "llama-capi", protocol=SHORT))
    assert result.status == "measured", result.failure
    assert result.effective is not None
    assert result.effective.runtime == "llama-capi"
    assert result.effective.operators["MUL_MAT"] == 8
    assert {"kv_cache_mib", "tokenize_ms", "sample_ms"} <= set(values(result))


def test_an_unproven_layout_falls_back_to_the_server_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given(monkeypatch, Layout(False, "ContextParams: 176 bytes"))
    result = measured(request_for(tiny_llama(tmp_path / "tiny.gguf"), "llama-capi", protocol=SHORT))
    assert result.status == "measured", result.failure
    assert result.config.runtime == "llama-capi"
    assert result.effective is not None
    assert result.effective.runtime == "xllamacpp"
    assert result.effective.notes[0] == (
        "llama-capi was requested, the server path (xllamacpp) ran: ContextParams: 176 bytes"
    )


def test_operators_are_absent_where_the_callback_is_not_proven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, Layout(True))
    result = measured(request_for(tiny_llama(tmp_path / "tiny.gguf"), "llama-capi", protocol=SHORT))
    assert result.effective is not None
    assert result.effective.operators == {}
    assert any("evaluation callback was not proven" in note for note in result.effective.notes)


GREEDY = """
import ctypes, json, os, sys
from pathlib import Path
from edgeprof_agent.runtimes.llama.capi_library import CapiLibrary, library_path
from edgeprof_agent.runtimes.llama.greedy import EndOfText, greedy_tokens
from edgeprof_agent.runtimes.llama.llamacpp_context import LlamaContext
from edgeprof_agent.runtimes.llama.server_tokens import server_tokens
path, threads, prompts, count = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), int(sys.argv[4])
api = CapiLibrary(library_path())
model = api.llama_model_load_from_file(path.encode(), api.llama_model_default_params())
end, ours = EndOfText(api, api.llama_model_get_vocab(model)), []
for prompt in prompts:
    context = LlamaContext(api, model, 256, threads)
    ours.append(greedy_tokens(api, context, prompt, count, end))
    context.close()
print(json.dumps([ours, server_tokens(Path(path), prompts, count, 256, threads)]), flush=True)
os._exit(0)
"""
PROMPTS = [
    [504, 3575, 282, 4649, 314],
    [5195, 1047, 260, 9122, 7398, 47, 1116],
    [19556, 28, 451, 1501, 314],
    list(range(1000, 1040)),
]


def both_ways(path: Path, threads: int, prompts: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    """24 tokens after each prompt by decode calls, and by the server."""
    command = [sys.executable, "-c", GREEDY, str(path), str(threads), json.dumps(prompts), "24"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=170)
    assert done.returncode == 0, signal.Signals(-done.returncode).name if done.returncode < 0 else done.stderr
    ours, servers = json.loads(done.stdout.splitlines()[-1])
    assert [len(tokens) for tokens in ours] == [24] * len(prompts)
    return ours, servers


@pytest.mark.parametrize("threads", [1, 2])
def test_greedy_tokens_are_the_servers(threads: int, tmp_path: Path) -> None:
    ours, servers = both_ways(write_tiny_gguf(tmp_path / "tiny.gguf"), threads, [[5, 300, 400], list(range(260, 300))])
    assert ours == servers


@pytest.mark.full
@pytest.mark.parametrize("threads", [1, 2])
def test_greedy_tokens_of_a_real_model_are_the_servers(threads: int) -> None:
    ours, servers = both_ways(fetch.ensure(catalogue.load_recipes()["smollm2-135m-q4-1"], print), threads, PROMPTS)
    assert ours == servers
