"""What to run: the requested configuration, an axis of a cell. Each field once, with its words, range and places."""

from dataclasses import dataclass, field
from typing import Annotated

from edgeprof.wire.run_field import SHORT_FORM, SURFACES, FormInput, Option, RunField, Surface, short_flag

MAX_THREADS = 256
"""More than any device here has cores; beyond it a runtime only fights itself."""
MAX_TOKENS = 1_048_576
MAX_SIZE = 2**31 - 1
"""Of a dimension: what every runtime here can count."""
MAX_VALUE_CHARS = 1_000
"""Of one input's values: enough for a few numbers or a sentence; more belongs into MODEL.inputs.npz."""
MAX_SETTING_CHARS = 200

SIGNATURE_NOTE = "measured signature"
"""Begins the note of a run that says which of several signatures it measured."""

_TERMINAL: dict[Surface, str] = {"form": SHORT_FORM}

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
                flags="--threads",
                more_flags=short_flag("-t"),
                repeat_help="May be repeated. 0, the default: every core that may be used.",
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
            column="provider {}",
            not_offered=_TERMINAL,
        ),
    ] = "cpu"
    shapes: Annotated[
        dict[str, tuple[int, ...]],
        RunField(
            title="Input shapes",
            help="Sizes of a dynamic input; 0 is a size.",
            code="bad_shape",
            models="tensor",
            option=Option(flags="--input-shape", metavar="NAME=1,3,224,224"),
            not_offered=_TERMINAL,
        ),
    ] = field(default_factory=lambda: {})
    dims: Annotated[
        dict[str, int],
        RunField(
            title="Sizes of symbols",
            help="Size of a dimension that several inputs share, by its symbol in the file; 0 is a size.",
            code="bad_dim",
            low=0,
            high=MAX_SIZE,
            models="tensor",
            option=Option(flags="--dim", metavar="SYMBOL=N"),
            form=FormInput(label="Sizes of symbols", note="SYMBOL=N; separate several with semicolons.", size=20),
        ),
    ] = field(default_factory=lambda: {})
    input_values: Annotated[
        dict[str, str],
        RunField(
            title="Values of inputs",
            help="Value of an input: one for all of it, or one for each element, as in shape=3,4. The file "
            "MODEL.inputs.npz next to the model gives whole arrays.",
            code="bad_input",
            high=MAX_VALUE_CHARS,
            models="tensor",
            option=Option(flags="--input", metavar="NAME=VALUE"),
            form=FormInput(label="Values of inputs", note="NAME=VALUE; separate several with semicolons.", size=20),
        ),
    ] = field(default_factory=lambda: {})
    signature: Annotated[
        str,
        RunField(
            title="Signature",
            help="Signature of a TFLite model to measure (default: the one of its first graph).",
            code="bad_signature",
            high=200,
            models="tensor",
            option=Option(flags="--signature", metavar="NAME"),
            column="signature {}",
            not_offered=_TERMINAL,
        ),
    ] = ""
    settings: Annotated[
        dict[str, str],
        RunField(
            title="Runtime settings",
            help="A setting of the runtime, such as spinning=off or ubatch=128; `edgeprof tune` finds good ones.",
            code="bad_runtime_setting",
            high=MAX_SETTING_CHARS,
            option=Option(flags="--setting", metavar="NAME=VALUE"),
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
            option=Option(flags="--prompt-tokens", more_flags=short_flag("-p")),
            column="prompt {:,} tokens",
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
            option=Option(flags="--decode-tokens", more_flags=short_flag("-n")),
            column="generating {:,} tokens",
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
            column="depth {:,} tokens",
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
            column="{:g} requests/s",
            not_offered=_TERMINAL,
        ),
    ] = 0.0
    require_full_delegation: Annotated[
        bool,
        RunField(
            title="Full delegation",
            help="Fail if a node runs elsewhere than requested.",
            option=Option(flags="--require-full-delegation"),
            column="full delegation",
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
            column="power mode {}",
            not_offered=dict.fromkeys(SURFACES, "An agent changes no power mode."),
        ),
    ] = ""
    evaluation_set: Annotated[
        str,
        RunField(
            title="Evaluation set",
            help="Id of the evaluation set whose items the model answers. Empty: its speed is measured.",
            code="bad_evaluation_set",
            high=64,
            not_offered=dict.fromkeys(SURFACES, "`edgeprof evaluate`, and `--evaluate` of a campaign, set it."),
        ),
    ] = ""
    load_only: Annotated[
        bool,
        RunField(
            title="Flash only",
            help="Store the model, check it, load it once and report that. Its speed is not measured.",
            column="flash only",
            not_offered=dict.fromkeys(SURFACES, "`edgeprof flash --no-run`, and `flash_only` of a campaign, set it."),
        ),
    ] = False
    shots: Annotated[
        int,
        RunField(
            title="Examples in a prompt",
            help="Solved examples that stand before each item of an evaluation set.",
            code="bad_shots",
            low=0,
            high=64,
            column="{} shots",
            not_offered=dict.fromkeys(SURFACES, "`edgeprof evaluate`, and `--evaluate` of a campaign, set it."),
        ),
    ] = 0

    @property
    def is_speed(self) -> bool:
        """Whether the run measures speed, so that its figures belong into a cell of the comparison."""
        return not self.evaluation_set and not self.load_only
