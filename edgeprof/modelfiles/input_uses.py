"""How a model uses its inputs, as far as its file says: what each one may hold without the model refusing it."""

from pathlib import Path

from edgeprof.modelfiles import parse
from edgeprof.modelfiles.input_use import InputUse
from edgeprof.wire.messages import ModelFormat


def input_uses(path: Path, model_format: ModelFormat) -> tuple[InputUse, ...]:
    """The inputs of a whole ONNX file, in its order. Empty for other formats.

    LiteRT's graph is read in the worker, where its interpreter shows it. Raises ModelFileError and OSError.
    """
    if model_format != "onnx":
        return ()
    from edgeprof.modelfiles.onnx_uses import uses_of  # only for a file that has them

    with parse.open_window(path) as window:
        return uses_of(window)
