"""Settings that a runtime variant takes beyond threads and provider: one table for every place that names them. Pure.

A run has them in `RunConfig.settings`, as text. A setting that stands at its default is left out there, so that it
changes no key.
"""

from collections.abc import Mapping
from typing import NamedTuple

ONNX = ("onnxruntime",)
LITERT = ("litert", "tflite-runtime")
LLAMA = ("llama-capi", "llama-cpp-python")
LOCAL = (*ONNX, *LITERT, *LLAMA, "xllamacpp")
MAX_CORES_CHARS = 200


class RuntimeSetting(NamedTuple):
    """One setting. `values` starts with the default: what edgeprof runs where nothing is said."""

    name: str
    runtimes: tuple[str, ...]
    values: tuple[str, ...]
    meaning: str
    is_exact: bool = True
    """Whether answers stay the same to within rounding. Else it belongs behind a quality gate."""
    is_free: bool = False
    """Whether it takes other values, too: a list of cores."""

    @property
    def default(self) -> str:
        """What holds where the setting is not given; empty: nothing is set."""
        return self.values[0]


SETTINGS: tuple[RuntimeSetting, ...] = (
    RuntimeSetting(
        "spinning", ONNX, ("on", "off"), "Whether idle threads spin: faster hand-over, at the price of busy cores."
    ),
    RuntimeSetting(
        "graph_level", ONNX, ("all", "extended", "basic", "off"), "How far the graph is optimized when it is loaded."
    ),
    RuntimeSetting(
        "arena", ONNX, ("on", "off"), "Whether memory comes from an arena, which is quicker and keeps what it has."
    ),
    RuntimeSetting(
        "memory_pattern", ONNX, ("on", "off"), "Whether the memory of a run is planned from the run before it."
    ),
    RuntimeSetting(
        "prepacking", ONNX, ("on", "off"), "Whether weights are laid out again for the kernels, as a second copy."
    ),
    RuntimeSetting(
        "dynamic_block", ONNX, ("0", "4"), "Into how many blocks a thread's share of work is cut; 0 is one."
    ),
    RuntimeSetting(
        "denormals",
        ONNX,
        ("kept", "zero"),
        "Whether numbers too small for the full precision are computed as 0.",
        is_exact=False,
    ),
    RuntimeSetting(
        "delegate",
        LITERT,
        ("xnnpack", "none"),
        "Whether XNNPACK takes the nodes that it can, or the builtin kernels run all.",
    ),
    RuntimeSetting(
        "flash_attention", LLAMA, ("auto", "on", "off"), "Whether attention is one fused operator; auto decides itself."
    ),
    RuntimeSetting(
        "ubatch", LLAMA, ("512", "64", "128", "256", "1024"), "Tokens of a prompt that are computed at a time."
    ),
    RuntimeSetting(
        "repacking", LLAMA, ("on", "off"), "Whether weights are laid out again for the CPU's kernels when loaded."
    ),
    RuntimeSetting(
        "kv_type",
        LLAMA,
        ("f16", "q8_0", "q4_0", "f32", "bf16"),
        "Number type of the KV cache. Below f16 it saves memory and costs precision.",
        is_exact=False,
    ),
    RuntimeSetting(
        "cores", LOCAL, ("",), "The cores that the run may use, as in 0,2: one of each pair, or the large ones.",
        is_free=True,
    ),
)  # fmt: skip


def settings_for(runtime: str) -> tuple[RuntimeSetting, ...]:
    """Those that a runtime variant takes.

    >>> [each.name for each in settings_for("litert")]
    ['delegate', 'cores']
    """
    return tuple(each for each in SETTINGS if runtime in each.runtimes)


def setting_problem(runtime: str, given: Mapping[str, str]) -> str | None:
    """Why a runtime cannot take these settings, as a sentence; None where it can.

    >>> setting_problem("litert", {"delegate": "none"})
    >>> setting_problem("litert", {"arena": "off"})
    "litert has no setting 'arena'. Settings: delegate, cores."
    """
    known = {each.name: each for each in settings_for(runtime)}
    for name, value in given.items():
        if name not in known:
            names = f"Settings: {', '.join(known)}." if known else "It takes none."
            return f"{runtime} has no setting {name[:40]!r}. {names}"
        if known[name].is_free:
            try:
                cores_of(value)
            except ValueError:
                return f"{value[:40]!r} is not a list of cores. Use cores=0,2."
        elif value not in known[name].values:
            return f"{value[:40]!r} is not a value of {name}. Values: {', '.join(known[name].values)}."
    return None


def value_of(runtime: str, given: Mapping[str, str], name: str) -> str:
    """The value that holds for a run: the given one, or the default.

    >>> value_of("onnxruntime", {"arena": "off"}, "arena"), value_of("onnxruntime", {}, "arena")
    ('off', 'on')
    """
    if name in given:
        return given[name]
    return next(each.default for each in settings_for(runtime) if each.name == name)


def cores_of(text: str) -> tuple[int, ...]:
    """The cores of the setting `cores`, in order, each once. Raises ValueError.

    >>> cores_of("2,0")
    (0, 2)
    """
    found = tuple(sorted({int(part) for part in text.split(",")}))
    if found[0] < 0 or len(text) > MAX_CORES_CHARS:
        raise ValueError(text)
    return found


def is_exact(given: Mapping[str, str]) -> bool:
    """Whether none of these settings can change answers beyond rounding."""
    loose = {each.name for each in SETTINGS if not each.is_exact}
    return not loose & set(given)
