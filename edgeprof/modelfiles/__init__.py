"""What a model file is: its format by content, whether it is whole, and the files that belong to it."""

from edgeprof.modelfiles.declared import DeclaredInput, declared_inputs
from edgeprof.modelfiles.inspection import ModelFile, first_look, format_of_name, inspect
from edgeprof.modelfiles.weights import small_weights_share

__all__ = [
    "DeclaredInput",
    "ModelFile",
    "declared_inputs",
    "first_look",
    "format_of_name",
    "inspect",
    "small_weights_share",
]
