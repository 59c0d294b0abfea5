"""What an ONNX file asks of a runtime: its opset, and operators outside the sets that ONNX Runtime defines."""

from edgeprof.modelfiles.onnx_nodes import nodes
from edgeprof.modelfiles.parse import messages, numbers, text
from edgeprof.modelfiles.window import FileWindow

# Field numbers of onnx.proto.
_OPSET, _DOMAIN, _VERSION = 8, 1, 2
_NODE_TYPE, _NODE_DOMAIN = 4, 7
_MODEL_FUNCTIONS, _FUNCTION_NAME, _FUNCTION_DOMAIN = 25, 1, 10
_STANDARD = ("", "ai.onnx")
_KNOWN = frozenset((*_STANDARD, "ai.onnx.ml", "ai.onnx.preview.training", "com.microsoft", "com.microsoft.nchwc"))
"""Domains of the operators in ONNX Runtime's CPU build (onnxruntime/core/graph/constants.h)."""


def onnx_needs(window: FileWindow) -> tuple[int | None, tuple[str, ...]]:
    """The opset of the standard operators, and `domain.Name` of foreign ones that the file does not define itself."""
    opset: int | None = None
    for imported in messages(window, (0, window.size), _OPSET):
        if text(window, imported, _DOMAIN) in _STANDARD:
            opset = next(numbers(window, imported, _VERSION), opset)
    own = {
        (text(window, each, _FUNCTION_DOMAIN), text(window, each, _FUNCTION_NAME))
        for each in messages(window, (0, window.size), _MODEL_FUNCTIONS)
    }
    used = {(text(window, node, _NODE_DOMAIN), text(window, node, _NODE_TYPE)) for node in nodes(window)}
    foreign = {f"{domain}.{name}" for domain, name in used - own if domain not in _KNOWN}
    return opset, tuple(sorted(foreign))
