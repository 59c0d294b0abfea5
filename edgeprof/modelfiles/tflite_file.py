"""TFLite: a flatbuffer. Every table and vector that the schema reaches is checked to lie within the file.

Field numbers from tensorflow/lite/schema.fbs. Options of single operators are left to the runtime.
"""

from edgeprof.modelfiles.flatbuffer import BYTES, FLOATS, INTS, LONGS, TEXT, FarData, Field, Schema, Walker, slot_of
from edgeprof.modelfiles.window import FileWindow, PastEnd

MAGIC = b"TFL3"
MAGIC_AT = 4


_TABLES: Schema = {
    "Model": {
        1: Field("tables", "OperatorCode"),
        2: Field("tables", "SubGraph"),
        3: TEXT,
        4: Field("tables", "Buffer"),
        5: INTS,
        6: Field("tables", "Metadata"),
        7: Field("tables", "SignatureDef"),
    },
    "OperatorCode": {1: TEXT},
    "SubGraph": {0: Field("tables", "Tensor"), 1: INTS, 2: INTS, 3: Field("tables", "Operator"), 4: TEXT},
    "Tensor": {
        0: INTS,
        3: TEXT,
        4: Field("table", "Quantization"),
        6: Field("table", "Sparsity"),
        7: INTS,
        9: Field("tables", "VariantSubType"),
    },
    "Quantization": {0: FLOATS, 1: FLOATS, 2: FLOATS, 3: LONGS, 5: Field("table", "Options")},
    "Sparsity": {0: INTS, 1: INTS, 2: Field("tables", "Dimension")},
    "Dimension": {3: Field("table", "Options"), 5: Field("table", "Options")},
    "VariantSubType": {0: INTS},
    "Operator": {
        1: INTS,
        2: INTS,
        4: Field("table", "Options"),
        5: BYTES,
        7: BYTES,
        8: INTS,
        12: Field("table", "Options"),
    },
    "Buffer": {0: BYTES},
    "Metadata": {0: TEXT},
    "SignatureDef": {0: Field("tables", "TensorMap"), 1: Field("tables", "TensorMap"), 2: TEXT},
    "TensorMap": {0: TEXT},
    "Options": {},
}

_FAR_DATA: FarData = {"Buffer": (1, 2), "Operator": (9, 10)}

_NEEDED_IN_MODEL = (1, 2, 4)


def check(window: FileWindow) -> None:
    """Raises ModelFileError unless the file is a TFLite model whose parts all lie within it."""
    try:
        if window.read(MAGIC_AT, len(MAGIC)) != MAGIC:
            raise window.damaged("it does not start like a TFLite file")
        root = window.u32(0)
        Walker(window, _TABLES, _FAR_DATA).table("Model", root)
        if not all(slot_of(window, root, number) for number in _NEEDED_IN_MODEL):
            raise window.damaged("it has no operators, graphs or buffers")
    except PastEnd:
        raise window.truncated("TFLite") from None
