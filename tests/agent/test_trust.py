"""Each rule of the trust badge on its own: what raises a mark, what does not, and what cannot be looked for."""

import random
from dataclasses import replace

import pytest

from edgeprof.wire.evidence import TRUST_CAUSES, Conditions, MemoryProfile, Timing
from edgeprof.wire.messages import DeviceState, Stamp
from edgeprof_agent.evaluating.observing import trust_in
from edgeprof_agent.measuring.published_median import published_median
from edgeprof_agent.measuring.run_evidence import RunEvidence
from edgeprof_agent.measuring.trust import RULES, trust_of
from edgeprof_agent.telemetry.gate import Passed
from edgeprof_agent.worker_protocol.document import MadeUpWork

TIMING = Timing(clock_resolution_ns=40.0, loop_overhead_ns=80.0, warmup_runs=50, settled=True, window_end="precision")
QUIET = Conditions(
    window_s=2.0,
    sample_hz_asked=10.0,
    sample_hz_got=10.0,
    temperature_min_c=45.0,
    temperature_max_c=48.0,
    cpu_mhz_min=1800.0,
    cpu_mhz_max=1800.0,
    others_cpu_share=0.02,
    stolen_cpu_share=0.0,
    throttle_events=0,
    swapped_in_pages=0,
    memory_pressure_share=0.0,
    wall_clock_step_ms=0.0,
    waited_cpu_share=0.002,
    worker_stopped_s=0.0,
    worker_still_s=0.0,
    clock_slew_ppm=12.0,
    clock_sources=("arch_sys_counter",),
)
STATE = DeviceState(
    at=Stamp(boot_id="b", monotonic_ns=0, wall_s=0.0),
    temperature_c=45.0,
    temperature_source="cpu-thermal",
    cpu_mhz=1800.0,
    governor="performance",
    load_1m=0.1,
    memory_available_mib=3000.0,
    throttled=False,
    power_mode=None,
    throttle_flags_known=("under_voltage", "frequency_capped", "throttled", "soft_limit"),
    cpus_online=(0, 1, 2, 3),
    clock_source="arch_sys_counter",
)
DRAWN = random.Random(20_261_123)
STEADY_MS = [20.0 + DRAWN.gauss(0, 0.1) for _ in range(200)]
RUN = RunEvidence(
    medians_of={"latency": STEADY_MS},
    published={"latency": published_median(STEADY_MS)},
    pieces_ms=STEADY_MS,
    timing=TIMING,
    conditions=QUIET,
    memory=MemoryProfile(phases=(), major_faults=0),
    before=STATE,
    after=STATE,
    output={"non_finite": 0, "wrong_shapes": [], "notes": []},
    emulated=False,
    replays=None,
    gate=Passed(),
)


def seen(**changes: object) -> RunEvidence:
    return replace(RUN, conditions=replace(QUIET, **changes))  # pyright: ignore[reportArgumentType]


def with_samples(samples_ms: list[float]) -> RunEvidence:
    published = {"latency": published_median(samples_ms)}
    return replace(RUN, medians_of={"latency": samples_ms}, published=published, pieces_ms=samples_ms)


def marks(run: RunEvidence) -> dict[str, str]:
    return {mark.cause: mark.reason for mark in trust_of(run).marks}


def test_there_is_a_rule_for_every_cause() -> None:
    assert tuple(RULES) == TRUST_CAUSES


def test_a_quiet_run_has_no_mark_and_nothing_unchecked() -> None:
    trust = trust_of(RUN)
    assert trust.is_clean
    assert trust.unchecked == {}


@pytest.mark.parametrize(
    ("cause", "run", "figure"),
    [
        ("busy", seen(others_cpu_share=0.25), "25%"),
        ("busy", seen(waited_cpu_share=0.4), "waited for a core 40%"),
        ("busy", seen(stolen_cpu_share=0.07), "hypervisor took processor time worth 7%"),
        ("emulated", replace(RUN, emulated=True), "plays another device"),
        ("hot_start", replace(RUN, gate=Passed(300.0, "61.2 °C, waiting for 55.0 °C")), "61.2 °C"),
        ("stalled", seen(worker_stopped_s=0.6), "0.6 s"),
        (
            "suspect_output",
            replace(RUN, output={"non_finite": 3, "wrong_shapes": [], "notes": []}),
            "infinite output values: 3",
        ),
        (
            "suspect_output",
            replace(RUN, output={"non_finite": 0, "wrong_shapes": ["y is [1]"], "notes": []}),
            "y is [1]",
        ),
        ("swapping", seen(swapped_in_pages=1), "from swap: 1"),
        ("swapping", seen(memory_pressure_share=0.2), "20%"),
        ("swapping", replace(RUN, memory=MemoryProfile(phases=(), major_faults=4000)), "from disk: 4000"),
        ("throttled", seen(throttle_flags=("thermal",), throttle_events=7), "thermal; its counters grew by 7"),
        ("throttled", replace(RUN, after=replace(STATE, throttle_flags=("soft_limit",))), "soft limit"),
        ("throttled", replace(RUN, after=replace(STATE, throttle_flags_since_boot=("throttled",))), "throttled"),
        ("under_voltage", seen(throttle_flags=("under_voltage",)), "under-voltage"),
        ("unstable_clock", seen(cpu_mhz_min=1200.0), "1200 and 1800 MHz"),
        ("unstable_clock", seen(clock_sources=("tsc", "hpet")), "tsc to hpet"),
        ("unstable_clock", seen(wall_clock_step_ms=-3_600_000.0), "-3600000 ms"),
        ("unstable_clock", seen(clock_slew_ppm=83_333.0), "+83333 ppm"),
        ("unstable_clock", seen(cpus_gone=(2,)), "a core went offline: 2"),
        ("unstable_clock", replace(RUN, after=replace(STATE, cpus_online=(0, 1, 2))), "a core went offline: 3"),
        ("unsettled", with_samples([20.0 + 4.0 * index / 200 for index in range(200)]), "drifts"),
        ("unsettled", with_samples([20.0] * 90 + [25.0] * 110), "step of +25"),
        ("noisy", with_samples([10.0, 11.0, 12.0, 9.0, 14.0, 30.0, 8.0]), "is imprecise: it lies between"),
    ],
)
def test_each_cause_raises_its_own_mark_with_the_figure(cause: str, run: RunEvidence, figure: str) -> None:
    found = marks(run)
    assert list(found) == [cause]
    assert figure in found[cause]


@pytest.mark.parametrize(
    "run",
    [
        seen(others_cpu_share=0.09, waited_cpu_share=0.04, stolen_cpu_share=0.04),
        seen(memory_pressure_share=0.009),
        replace(RUN, memory=MemoryProfile(phases=(), major_faults=3)),
        seen(cpu_mhz_min=1700.0),
        seen(wall_clock_step_ms=4.0),
        seen(clock_slew_ppm=-400.0),
        replace(
            RUN,
            before=replace(STATE, throttle_flags_since_boot=("throttled",)),
            after=replace(STATE, throttle_flags_since_boot=("throttled",)),
        ),
    ],
)
def test_what_stays_below_a_threshold_is_no_mark(run: RunEvidence) -> None:
    assert marks(run) == {}


def test_work_that_was_made_up_is_marked_or_stays_open() -> None:
    depends: MadeUpWork = {"depends": ["input 'n' was made up as 9: 2 ms with it, 1 ms with 0"], "unchecked": ["m"]}
    assert list(marks(replace(RUN, made_up_work=depends))) == ["made_up_work"]
    late: MadeUpWork = {"depends": [], "unchecked": ["m"]}
    for found in (late, "the worker died of SIGSEGV"):
        assert marks(replace(RUN, made_up_work=found)) == {}
        assert "made_up_work" in trust_of(replace(RUN, made_up_work=found)).unchecked
    assert "made_up_work" not in trust_of(replace(RUN, made_up_work={"depends": [], "unchecked": []})).unchecked


def test_a_few_very_slow_samples_of_a_short_model_are_no_mark() -> None:
    """A timer interrupt or a page fault in an inference of 50 µs belongs to a normal machine."""
    drawn = random.Random(7)
    samples = [0.05 + drawn.expovariate(1 / 0.0005) for _ in range(5000)]
    for index in range(100, 5000, 500):
        samples[index] = 1.5
    assert marks(with_samples(samples)) == {}


def test_one_long_sample_without_processor_time_is_a_stall() -> None:
    samples = list(STEADY_MS)
    samples[100] = 700.0
    assert list(marks(replace(with_samples(samples), conditions=replace(QUIET, worker_still_s=0.6)))) == ["stalled"]
    assert marks(with_samples(samples)) == {}, "the processor worked on: the model itself took so long"


def test_a_worker_that_others_kept_waiting_is_busy_and_not_stalled() -> None:
    samples = list(STEADY_MS)
    samples[100] = 700.0
    conditions = replace(QUIET, worker_still_s=0.6, waited_cpu_share=0.5)
    assert list(marks(replace(with_samples(samples), conditions=conditions))) == ["busy"]


def test_two_speeds_leave_the_median_in_doubt() -> None:
    drawn = random.Random(11)
    samples = [drawn.choice((20.0, 26.0)) + drawn.gauss(0, 0.2) for _ in range(2000)]
    found = marks(with_samples(samples))
    assert list(found) == ["noisy"]
    assert "two speeds, 20" in found["noisy"]


def test_a_warm_up_at_its_limit_is_forgiven_when_the_window_is_steady() -> None:
    unsettled = replace(TIMING, settled=False)
    assert marks(replace(RUN, timing=unsettled)) == {}
    few = replace(with_samples(STEADY_MS[:10]), timing=unsettled)
    assert "reached its limit" in marks(few)["unsettled"]


def test_what_a_device_cannot_tell_is_said_and_not_taken_for_well() -> None:
    blind = Conditions(
        window_s=2.0,
        sample_hz_asked=10.0,
        sample_hz_got=0.0,
        absent=dict.fromkeys(("others_cpu_share", "worker_still_s", "swapped_in_pages", "cpu_mhz_max"), "not here"),
    )
    unknown = replace(STATE, throttle_flags_known=(), throttled=None)
    run = replace(
        RUN,
        medians_of={"latency": STEADY_MS[:3]},
        published={"latency": published_median(STEADY_MS[:3])},
        conditions=blind,
        memory=MemoryProfile(phases=()),
        before=unknown,
        after=unknown,
        output=None,
        made_up_work="the worker died",
        gate=Passed(unchecked="this device reports no temperature"),
    )
    trust = trust_of(run)
    assert trust.is_clean
    assert set(trust.unchecked) == set(TRUST_CAUSES) - {"emulated", "replayed", "unsettled"}
    assert "needs 6 samples" in trust.unchecked["noisy"]


def test_the_badge_of_an_evaluation_has_the_causes_that_speak_against_its_times() -> None:
    crowded = replace(QUIET, others_cpu_share=0.5)
    found = trust_in(crowded, (STATE, STATE), Passed(hot="61.0 °C"), emulated=False, replays="pi")
    assert [mark.cause for mark in found.marks] == ["busy", "hot_start", "replayed"]
    assert trust_in(QUIET, (STATE, STATE), Passed(), emulated=False, replays=None).marks == ()
