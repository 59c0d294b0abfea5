"""What is asked of one run, from the click to the worker: each field once, with its words, its range and its places.

A field of `RunConfig` is part of the cell's key; one of `RunProtocol` is not. A new option is one field here and the
place that uses it. Wire, REST body, command-line options, form and checks follow from the field.
"""

from dataclasses import dataclass, field
from typing import Annotated

from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.run_field import SURFACES, FormInput, Option, RunField, Surface

MAX_THREADS = 256
"""More than any device here has cores; beyond it a runtime only fights itself."""
MAX_TOKENS = 1_048_576
MAX_SWEEP_POINTS = 200
MIN_SOAK_S = 10.0
"""The sustained part, a fifth of it, must hold more than a few samples of a slow model."""
DAY_S = 86_400.0

_SHORT_FORM = "The form holds what most campaigns change; the rest is set with `edgeprof flash` or the REST API."
_PROFILE_ONLY = "A campaign keeps to the default, or sets it through the REST API."
_NO_OPTION = "Set through the REST API and the Python interface only."
_NEVER: dict[Surface, str] = {"profile": _NO_OPTION, "flash": _NO_OPTION, "form": _SHORT_FORM}
_HERE: dict[Surface, str] = {"flash": _PROFILE_ONLY, "form": _SHORT_FORM}
_TERMINAL: dict[Surface, str] = {"form": _SHORT_FORM}


RuntimeName = Annotated[
    str,
    RunField(
        title="Runtime",
        help="Runtime variant (default: the device's first for the format).",
        option=Option(
            flags="--runtime", repeat_help="May be repeated. Default: the first installed one for the format."
        ),
        not_offered={"form": "The device's first runtime for the format is used."},
    ),
]


@dataclass(frozen=True, kw_only=True)
class RunOptions:
    """The part of a configuration that a person chooses: all of it but what the agent finds set on the device."""

    runtime: RuntimeName
    threads: Annotated[
        int,
        RunField(
            title="Threads",
            help="Threads; 0 is every core that the agent may use.",
            code="bad_threads",
            low=0,
            high=MAX_THREADS,
            option=Option(
                flags="--threads", repeat_help="May be repeated. 0, the default: every core that may be used."
            ),
            form=FormInput(label="Threads", note="0 is every core that the agent may use."),
        ),
    ] = 0
    provider: Annotated[
        str,
        RunField(
            title="Provider",
            help="ONNX Runtime's execution provider.",
            option=Option(
                flags="--provider", repeat_help="ONNX Runtime's execution provider; may be repeated. Default: cpu."
            ),
            not_offered=_TERMINAL,
        ),
    ] = "cpu"
    shapes: Annotated[
        dict[str, tuple[int, ...]],
        RunField(
            title="Input shapes",
            help="Sizes of a dynamic input.",
            models="tensor",
            option=Option(flags="--input-shape", metavar="NAME=1,3,224,224"),
            not_offered=_TERMINAL,
        ),
    ] = field(default_factory=lambda: {})
    prompt_tokens: Annotated[
        int,
        RunField(
            title="Tokens of a prompt",
            help="Length of a language model's prompt.",
            code="bad_prompt",
            unit="tokens",
            low=1,
            high=MAX_TOKENS,
            models="text",
            option=Option(flags="--prompt-tokens"),
            not_offered=_TERMINAL,
        ),
    ] = 128
    decode_tokens: Annotated[
        int,
        RunField(
            title="Tokens to generate",
            help="Tokens that a language model generates each time.",
            code="bad_decode",
            unit="tokens",
            low=1,
            high=MAX_TOKENS,
            models="text",
            option=Option(flags="--decode-tokens"),
            not_offered=_TERMINAL,
        ),
    ] = 32
    depth_tokens: Annotated[
        int,
        RunField(
            title="Tokens in memory",
            help="Tokens in a language model's context before generation is timed.",
            code="bad_depth",
            unit="tokens",
            low=0,
            high=MAX_TOKENS,
            models="text",
            option=Option(flags="--depth-tokens"),
            not_offered=_TERMINAL,
        ),
    ] = 0
    arrival_rate_per_s: Annotated[
        float,
        RunField(
            title="Requests a second",
            help="After the window, send requests at this rate, whether or not the last one has been answered.",
            code="bad_rate",
            unit="1/s",
            low=0,
            high=1e6,
            low_open=True,
            off=0.0,
            option=Option(flags="--rate", metavar="PER_S"),
            not_offered=_TERMINAL,
        ),
    ] = 0.0
    require_full_delegation: Annotated[
        bool,
        RunField(
            title="Full delegation",
            help="Fail if a node runs elsewhere than requested.",
            option=Option(flags="--require-full-delegation"),
            not_offered=_TERMINAL,
        ),
    ] = False


@dataclass(frozen=True, kw_only=True)
class RunConfig(RunOptions):
    """A requested configuration: one axis of a cell. A field at its default does not enter the key."""

    power_mode: Annotated[
        str,
        RunField(
            title="Power mode",
            help="The board's power mode. Empty: as found.",
            not_offered=dict.fromkeys(SURFACES, "An agent changes no power mode."),
        ),
    ] = ""


@dataclass(frozen=True, kw_only=True)
class RunProtocol:
    """How long and how often to measure. It is no axis of a cell: more repeats are the same quantity, better known.

    Warm-up is at least `warmup_runs` and goes on until the speed is steady, for at most `warmup_limit_s`. The window is
    at least `min_runs` and `window_s`, and goes on until the median's 95 % interval lies within +- `precision` of it,
    for at most `window_limit_s`. `sweep`, `soak_s` come after it and change nothing in it.
    """

    warmup_runs: Annotated[
        int,
        RunField(
            title="Runs of warm-up",
            help="Least number of warm-up runs. Warm-up goes on until the speed is steady.",
            code="bad_warmup",
            low=0,
            high=100_000,
            option=Option(flags="--warmup"),
            not_offered=_HERE,
        ),
    ] = 5
    warmup_limit_s: Annotated[
        float,
        RunField(
            title="Seconds of warm-up",
            help="Warm-up ends here even if the speed is not steady.",
            code="bad_warmup",
            unit="s",
            low=0,
            high=3600,
            option=Option(flags="--warmup-limit-s"),
            not_offered=_HERE,
        ),
    ] = 5.0
    min_runs: Annotated[
        int, RunField(title="Least runs in the window", help="The window has at least so many.", not_offered=_NEVER)
    ] = 20
    max_runs: Annotated[
        int, RunField(title="Most runs in the window", help="The window has at most so many.", not_offered=_NEVER)
    ] = 100_000
    window_s: Annotated[
        float,
        RunField(
            title="Seconds of the window",
            help="The window lasts at least this long.",
            code="bad_window",
            unit="s",
            low=0.01,
            high=3600,
            option=Option(flags="--window-s"),
            not_offered=_HERE,
        ),
    ] = 2.0
    window_limit_s: Annotated[
        float,
        RunField(
            title="Greatest length of the window",
            help="The precision target extends the window up to this length. Default: {default:g}, or --window-s.",
            code="bad_window",
            unit="s",
            low=0.01,
            high=DAY_S,
            option=Option(flags="--window-limit-s", derived_default=True),
            not_offered=_HERE,
        ),
    ] = 10.0
    precision: Annotated[
        float,
        RunField(
            title="The precision of a median",
            help="The window ends when the median is known to ± this share.",
            code="bad_precision",
            low=0.0001,
            high=1,
            option=Option(flags="--precision"),
            not_offered=_TERMINAL,
        ),
    ] = 0.01
    deadline_s: Annotated[
        float,
        RunField(
            title="Time limit",
            help="Kill a measurement that takes longer. Sweep, requests at a rate and soak get extra time.",
            code="bad_deadline",
            unit="s",
            low=1,
            high=DAY_S,
            option=Option(flags="--deadline-s"),
            not_offered=_HERE,
        ),
    ] = 300.0
    seed: Annotated[
        int, RunField(title="Seed", help="Seed of the synthetic inputs and arrivals.", not_offered=_NEVER)
    ] = 20_261_123
    cold_start: Annotated[
        bool,
        RunField(
            title="Cold start",
            help="First, a start with the model's files dropped from the page cache.",
            option=Option(flags="--no-cold-start", help="Skip the start with the files dropped from the page cache."),
            not_offered=_HERE,
        ),
    ] = True
    sweep: Annotated[
        tuple[SweepAt, ...],
        RunField(
            title="Points of a sweep",
            help="Input shapes, or token counts of a language model, to measure after the window.",
            code="bad_sweep",
            high=MAX_SWEEP_POINTS,
            option=Option(flags="--sweep", by_hand=True),
            not_offered=_TERMINAL,
        ),
    ] = ()
    soak_s: Annotated[
        float,
        RunField(
            title="Seconds of a soak",
            help="After the rest, load the model without a pause for this long.",
            code="bad_soak",
            unit="s",
            low=MIN_SOAK_S,
            high=DAY_S,
            off=0.0,
            option=Option(flags="--soak", metavar="SECONDS"),
            form=FormInput(
                label="Soak, s",
                note="Load without a pause after the measurement; 0 for none, otherwise at least 10.",
                size=5,
            ),
        ),
    ] = 0.0
    start_below_c: Annotated[
        float | None,
        RunField(
            title="Start temperature",
            help="Wait until the device is cooler than this.",
            code="bad_start",
            unit="°C",
            low=-40,
            high=120,
            option=Option(flags="--start-below-c", metavar="°C"),
            not_offered=_TERMINAL,
        ),
    ] = None
    heat_wait_s: Annotated[
        float,
        RunField(
            title="Wait for the start temperature",
            help="Wait at most this long for --start-below-c. Default: {default:g}.",
            code="bad_start",
            unit="s",
            low=0,
            high=DAY_S,
            option=Option(flags="--heat-wait-s", derived_default=True),
            not_offered=_HERE,
        ),
    ] = 300.0
    energy: Annotated[
        bool,
        RunField(
            title="Energy",
            help="After the window, read power at idle, under load, and at idle, where a source can be read (90 s or "
            "more).",
            option=Option(flags="--energy/--no-energy"),
            form=FormInput(label="Energy, too", note="A minute and a half more, where a power source can be read."),
        ),
    ] = True
    energy_limit_s: Annotated[
        float,
        RunField(
            title="Load for energy",
            help="Load for energy lasts at most this long, even if a slow meter needs more.",
            code="bad_energy_limit",
            unit="s",
            low=1,
            high=DAY_S,
            option=Option(flags="--energy-limit-s"),
            not_offered=_TERMINAL,
        ),
    ] = 900.0


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """One run as it is requested: what to run (an axis of the cell) and how to measure it."""

    config: RunConfig
    protocol: RunProtocol
