"""The rules of a fit verdict: pure, with the numbers that decide."""

import doctest
import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from edgeprof.fit import room
from edgeprof.fit.estimate import Estimate
from edgeprof.fit.formula import formula_estimate, kv_cache_mib
from edgeprof.fit.from_engine import DryRun, LlamaBuffers, PhaseMemory, llama_estimate, tensor_estimate
from edgeprof.fit.judging import judge
from edgeprof.fit.of_facts import room_of_facts
from edgeprof.fit.reasons import reasons_of
from edgeprof.fit.room import Room
from edgeprof.fit.score import fit_score
from edgeprof.fit.target import Target
from edgeprof.fit.verdict import Part
from edgeprof.modelfiles.memory_facts import LanguageFacts, MemoryFacts
from edgeprof_devices import load_profiles
from edgeprof_devices.fitting import room_of, target_of
from tests.hub import fleet

LLAMA = LanguageFacts(
    layers=30,
    width=576,
    feed_forward=1536,
    kv_values=384,
    vocabulary=49_152,
    trained_tokens=8192,
    repacked_mib=57.0,
    architecture="llama",
    licence="apache-2.0",
)
GGUF = MemoryFacts(format="gguf", file_mib=87.5, weights_mib=85.8, language=LLAMA)


@pytest.mark.parametrize(
    "module", ["estimate", "formula", "judging", "room", "verdict"], ids=lambda name: f"edgeprof.fit.{name}"
)
def test_examples(module: str) -> None:
    assert doctest.testmod(importlib.import_module(f"edgeprof.fit.{module}")).failed == 0


def of(mib: float, held: float, missing: str = "") -> Estimate:
    part = Part(name="all", mib=mib, held_mib=held, method="engine")
    return Estimate(method="engine", parts=(part,), missing=missing)


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [
        (300.0, "fits"),
        (200.0, "fits"),
        (199.0, "tight"),
        (93.0, "tight"),
        (91.0, "does not fit"),
        (None, "cannot tell"),
    ],
)
def test_the_two_lines_decide(limit: float | None, outcome: str) -> None:
    assert judge(of(200.0, 100.0), Room(limit, "")).outcome == outcome


def test_what_is_missing_is_a_lower_bound_and_may_still_be_too_much() -> None:
    bound = of(200.0, 200.0, missing="sizes are open.")
    assert judge(bound, Room(1000.0, "")).outcome == "cannot tell"
    assert judge(bound, Room(100.0, "")).outcome == "does not fit"


def test_the_worst_reason_wins_and_keeps_the_sum() -> None:
    reasons = reasons_of(GGUF, "llama-capi", Target(name="a phone", is_android=True), 128)
    fit = judge(of(200.0, 100.0), Room(1000.0, ""), reasons)
    assert (fit.outcome, fit.peak_mib) == ("does not fit", 200.0)
    assert "Android" in fit.sentence


@pytest.mark.parametrize(
    ("target", "subject"),
    [
        (Target(name="", machine="armv7l"), "wheel"),
        (Target(name="", machine="x86_64", isa=frozenset(("sse2",))), "instruction set"),
        (Target(name="", machine="x86_64", python=(3, 9)), "Python"),
        (Target(name="", machine="x86_64", disk_free_mib=50.0), "disk"),
    ],
)
def test_a_device_that_cannot_run_it_says_which_part_is_missing(target: Target, subject: str) -> None:
    against = [each for each in reasons_of(GGUF, "llama-capi", target, 128) if each.outcome == "does not fit"]
    assert [each.subject for each in against] == [subject]


def test_a_cache_in_fp16_is_what_llama_cpp_allocates() -> None:
    """SmolLM2-135M at 8,192 tokens: 180 MiB by llama.cpp's own log."""
    assert kv_cache_mib(LLAMA, 8192) == pytest.approx(180.0)


def test_the_formula_is_near_a_measured_run() -> None:
    """SmolLM2-135M Q4_0 at 128 tokens took 209 MiB (MiB of VmHWM) by a run on x86-64."""
    found = formula_estimate(GGUF, "llama-capi", 128)
    assert found is not None
    assert found.peak_mib == pytest.approx(209, rel=0.1)
    assert formula_estimate(GGUF, "openai-api", 128) is None


def test_an_engine_s_readings_become_a_sum_up_to_the_highest_peak() -> None:
    def phase(name: str, rss: int, peak: int, held: int) -> PhaseMemory:
        return PhaseMemory(phase=name, rss_kib=rss * 1024, peak_kib=peak * 1024, held_kib=held * 1024)

    phases = (phase("interpreter", 12, 12, 6), phase("runtime", 50, 50, 25), phase("load", 90, 120, 60))
    found = tensor_estimate(DryRun(runtime="onnxruntime", phases=(*phases, phase("first_inference", 80, 95, 50))))
    assert found.peak_mib == pytest.approx(120, abs=1)
    assert [part.name for part in found.parts] == ["Python", "runtime", "model", "passing peak", "window"]
    text = DryRun(
        runtime="llama-capi",
        phases=(*phases[:2], phase("dry_run", 60, 60, 35)),
        buffers=LlamaBuffers(model_mib=28, context_mib=5, compute_mib=3, context_tokens=128),
    )
    summed = {part.name: part.mib for part in llama_estimate(text, 86.0).parts}
    assert summed["weights, repacked"] == pytest.approx(58.0)
    assert summed["weights, mapped"] == pytest.approx(86.0)


def test_pages_that_a_phase_gives_back_hide_nothing_that_it_holds() -> None:
    loaded = PhaseMemory(phase="load", rss_kib=300 * 1024, peak_kib=300 * 1024, held_kib=100 * 1024)
    ran = PhaseMemory(phase="first_inference", rss_kib=295 * 1024, peak_kib=300 * 1024, held_kib=290 * 1024)
    found = tensor_estimate(DryRun(runtime="onnxruntime", phases=(loaded, ran)))
    assert found.held_mib == pytest.approx(290, abs=1)
    assert found.peak_mib == pytest.approx(300, abs=1)


@pytest.mark.parametrize(
    ("memory_mib", "limit_mib", "has_mib"),
    [
        (1000.0, 2048.0, 800.0),
        (1000.0, 900.0, 800.0),
        (1000.0, 300.0, 300.0),
        (1000.0, None, 800.0),
        (0.0, 512.0, 512.0),
    ],
)
def test_a_limit_gives_no_more_than_the_board_has(memory_mib: float, limit_mib: float | None, has_mib: float) -> None:
    facts = replace(fleet.facts(1), memory_mib=memory_mib, memory_limit_mib=limit_mib)
    assert room_of_facts(facts).mib == pytest.approx(has_mib)


@pytest.mark.parametrize("lacking", [{"layers": 0}, {"kv_values": 0}])
def test_a_head_without_what_the_cache_follows_from_is_a_lower_bound(lacking: dict[str, int]) -> None:
    headless = replace(GGUF, language=replace(LLAMA, **lacking))  # pyright: ignore[reportArgumentType]
    found = formula_estimate(headless, "llama-capi", 8192)
    assert found is not None
    assert "KV cache" in found.missing
    assert judge(found, Room(100_000.0, "")).outcome == "cannot tell"
    whole = formula_estimate(GGUF, "llama-capi", 8192)
    assert whole is not None
    assert judge(whole, Room(100_000.0, "")).outcome == "fits"


def test_every_profile_has_a_room_or_says_what_to_enter() -> None:
    for profile in load_profiles().values():
        found = room_of(profile)
        assert found.mib is not None or "--memory-limit-mib" in found.source
        assert target_of(profile).name == profile.title
    assert room.of_profile(0.1, "").mib == 0.0


def test_the_public_score_is_of_at_least_200_pairs_and_meets_its_bounds() -> None:
    score = fit_score()
    assert score.pairs >= 200
    assert score.engine_fits_and_died <= 0.01 * score.engine_said_fits
    assert score.engine_no_and_ran <= 0.05 * score.engine_said_no
    assert score.engine_error_median <= 0.10


def test_the_page_shows_the_public_score() -> None:
    page = (Path(__file__).parents[2] / "docs/fit.md").read_text(encoding="utf-8")
    score = fit_score()
    rows = (
        f"scored on {score.pairs} pairs",
        f"| {score.engine_fits_and_died} of {score.engine_said_fits} "
        f"| {score.formula_fits_and_died} of {score.formula_said_fits} |",
        f"| {score.engine_no_and_ran} of {score.engine_said_no} "
        f"| {score.formula_no_and_ran} of {score.formula_said_no} |",
        f"| {100 * score.engine_error_median:.1f} % | {100 * score.formula_error_median:.1f} % |",
        f"| {100 * score.engine_error_max:.1f} % | {100 * score.formula_error_max:.1f} % |",
    )
    assert [row for row in rows if row not in page] == []
