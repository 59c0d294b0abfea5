"""Command-line options that several commands share, and how their texts are read."""

import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from edgeprof.errors import UsageError
from edgeprof.wire import named_values
from edgeprof.wire.formats import is_language
from edgeprof.wire.sweep_at import SweepAt

if TYPE_CHECKING:
    from edgeprof.modelfiles import ModelFile
    from edgeprof.wire import rest
    from edgeprof.wire.run_request import RunConfig


class FiniteRange(click.FloatRange):
    """A range of floats that NaN is not in: it is neither below nor above any bound, so that click lets it pass."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


class FilePath(click.Path):
    """As `click.Path(path_type=Path)`, but pathlib is imported only where a path is given: not for a help."""

    def convert(self, value: "str | os.PathLike[str]", param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from pathlib import Path

        return Path(os.fsdecode(super().convert(value, param, ctx)))


class OutputFormat(click.Choice[str]):
    """`table`, `csv`, `md` or `json`. Whoever expects a folder after -o is sent to --out."""

    def __init__(self) -> None:
        super().__init__(("table", "csv", "md", "json"))

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            names = ", ".join(self.choices)
            self.fail(f"{value!r} is not one of {names}. To save results in a folder, use --out.", param, ctx)
        return value


F = TypeVar("F", bound=Callable[..., object])


def sweep_options(command: F) -> F:
    """`--sweep` and `--sweep-dim`, as `sweeps` and `sweep_dims`; what they mean is `sweep_points`."""
    command = click.option(
        "--sweep-dim",
        "sweep_dims",
        metavar="NAME=1,2,4",
        multiple=True,
        help="Measure each of these sizes of a dynamic dimension. `batch` is the leading dimension of every input.",
    )(command)
    return click.option(
        "--sweep",
        "sweeps",
        metavar="NAME=1,3,224,224",
        multiple=True,
        help="Also measure this input shape. Separate several inputs of one point with semicolons.",
    )(command)


def size_options(command: F) -> F:
    """`--input-shape` and `--dim`, as `shapes` and `dims`: `parse_shapes` and `parse_dims` read them."""
    command = click.option(
        "--dim", "dims", multiple=True, metavar="SYMBOL=N", help="Size of a dimension by its symbol in the file."
    )(command)
    return click.option(
        "--input-shape", "shapes", multiple=True, metavar="NAME=1,3,224,224", help="Sizes of a dynamic input."
    )(command)


def sizes_of(shapes: tuple[str, ...], dims: tuple[str, ...]) -> dict[str, Any]:
    """Fields of a RunConfig, those that were given, in JSON's types. Raises UsageError."""
    found = {"shapes": {name: list(sizes) for name, sizes in parse_shapes(shapes).items()}, "dims": parse_dims(dims)}
    return {name: values for name, values in found.items() if values}


def sweep_points(
    model: "ModelFile",
    sweeps: tuple[str, ...],
    sweep_dims: tuple[str, ...],
    fixed: dict[str, tuple[int, ...]],
    signature: str = "",
    dims: Mapping[str, int] | None = None,
) -> tuple[SweepAt, ...]:
    """The points that `sweep_options` gave, with dimensions resolved from the model file. Raises UsageError."""
    if not sweeps and not sweep_dims:
        return ()
    from edgeprof.modelfiles import declared_inputs  # the readers of model files: not for a command's help
    from edgeprof.modelfiles.sweep_points import points_of, with_sizes
    from edgeprof.wire.formats import is_language

    if is_language(model.format):
        raise UsageError(
            "bad_sweep",
            "A language model has no input shapes to sweep. --sweep and --sweep-dim are for ONNX and TFLite models.",
        )
    declared = declared_inputs(model.folder / model.manifest.entry, model.format, signature)
    swept = parse_shapes(sweep_dims)
    return points_of(with_sizes(declared, dims or {}, swept), spelled_points(sweeps), swept, fixed)


def check_inputs(model: "ModelFile", config: "RunConfig | rest.CampaignRequest") -> None:
    """Raises UsageError where something was chosen for inputs that a language model does not have."""
    given = {"--input": config.input_values, "--dim": config.dims, "--input-shape": config.shapes}
    wrong = [option for option, values in given.items() if values]
    if wrong and is_language(model.format):
        raise UsageError(
            "bad_input",
            f"{model.manifest.entry} is a language model, which takes text only: leave {' and '.join(wrong)} out. Its "
            "lengths are --prompt-tokens and --decode-tokens.",
        )


def check_signature(model: "ModelFile", signature: str) -> None:
    """Raises UsageError `bad_signature` where a signature was chosen and the model does not have it."""
    if not signature:
        return
    from edgeprof.modelfiles import tflite_signatures

    path = model.folder / model.manifest.entry
    if model.format != "tflite":
        raise UsageError("bad_signature", f"{path.name} is not a TFLite model: it has no signatures.")
    tflite_signatures.chosen(tflite_signatures.signatures_of(path), signature, path.name)


def spelled_points(sweeps: tuple[str, ...]) -> list[dict[str, tuple[int, ...]]]:
    """`ids=1,64;mask=1,64` for each point, as SweepAt.shapes wants it. Raises UsageError."""
    return [parse_shapes(tuple(text.split(";"))) for text in sweeps]


def parse_dims(texts: tuple[str, ...]) -> dict[str, int]:
    """`batch=1` for each symbol, as RunConfig.dims wants it. Raises UsageError."""
    try:
        return named_values.parse(texts, "int")
    except ValueError as error:
        raise UsageError("bad_dim", str(error)) from None


def parse_shapes(texts: tuple[str, ...]) -> dict[str, tuple[int, ...]]:
    """`name=1,3,224,224` for each input, as RunConfig.shapes wants it. Raises UsageError."""
    try:
        return named_values.parse(texts, "tuple")
    except ValueError as error:
        raise UsageError("bad_shape", str(error)) from None
