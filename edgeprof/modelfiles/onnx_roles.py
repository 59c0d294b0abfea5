"""What ONNX operators do with the values of each input, and which ones hand values on."""

from edgeprof.modelfiles.input_use import Role

ROLES: dict[tuple[str, int], Role] = {
    ("Gather", 1): "index",
    ("GatherElements", 1): "index",
    ("GatherBlockQuantized", 1): "index",
    ("OneHot", 0): "nothing",
    ("OneHot", 1): "depth",
    ("GRU", 4): "length",
    ("LSTM", 4): "length",
    ("RNN", 4): "length",
    ("ReverseSequence", 1): "length",
    ("Reshape", 1): "shape",
    ("Expand", 1): "one",
    ("ConstantOfShape", 0): "one",
    ("RandomNormal", 0): "one",
    ("Tile", 1): "one",
    ("Resize", 2): "scales",
    ("Resize", 3): "sizes",
    ("Upsample", 1): "scales",
    ("Slice", 1): "begins",
    ("Slice", 2): "ends",
    ("Slice", 3): "axes",
    ("Slice", 4): "one",
    ("Pad", 1): "nothing",
    ("Pad", 3): "axes",
    ("Loop", 0): "times",
    ("Loop", 1): "condition",
    ("If", 0): "condition",
    ("Range", 0): "nothing",
    ("Range", 1): "count",
    ("Range", 2): "one",
    ("TopK", 1): "k",
    ("Div", 1): "divisor",
    ("Mod", 1): "divisor",
    ("Squeeze", 1): "axes",
    ("Unsqueeze", 1): "axes",
    ("CumSum", 1): "nothing",
    ("Split", 1): "splits",
    ("SplitToSequence", 1): "splits",
    ("AffineGrid", 1): "one",
    ("NonMaxSuppression", 2): "count",
    ("SequenceAt", 1): "nothing",
    ("SequenceErase", 1): "nothing",
    ("SequenceInsert", 2): "nothing",
    ("NonZero", 0): "mask",
    ("Compress", 1): "mask",
    ("com.microsoft.Attention", 3): "key_lengths",
    ("com.microsoft.Attention", 6): "nothing",
    ("MultiHeadAttention", 4): "key_lengths",
    ("GroupQueryAttention", 5): "length",
    ("GroupQueryAttention", 6): "length",
    ("STFT", 1): "step",
    ("STFT", 3): "size",
    ("HannWindow", 0): "size",
    ("HammingWindow", 0): "size",
    ("BlackmanWindow", 0): "size",
    **{(f"Reduce{kind}", 1): "axes" for kind in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare")},
}
EMBED, EMBEDDINGS = "EmbedLayerNormalization", {0: 2, 1: 4}
"""ONNX Runtime's fused embedding (contrib operators): ids and segments, and the inputs that hold their tables."""
SAME_VALUES = frozenset(
    ("Cast", "CastLike", "Identity", "Squeeze", "Unsqueeze", "Flatten", "Transpose", "Reshape", "Expand", "Concat")
)
"""What hands the values of its first input on: a use behind it is a use of the input. (Concat: of every input.)"""
COUNTED: frozenset[Role] = frozenset(("length", "times", "count", "ends"))
"""Uses of a number of things, which arithmetic before them only shifts or scales."""
ROUNDING = frozenset(("Abs", "Ceil", "Clip", "Floor", "Relu", "Round"))
"""What leaves a whole number within bounds as it is."""
EITHER = {"Max": 0, "Min": 0, "Where": 1}
"""What chooses among its inputs, from this one on."""
SUMS = frozenset(("ReduceSum", "CumSum"))
"""A sum of ones is a length: what is summed is a mask. (Keys are never fewer than asked.)"""
RANKS = {"BatchNormalization": 4, "Gemm": 2, "GlobalAveragePool": 4, "GRU": 3, "LSTM": 3, "RNN": 3}
"""Dimensions of the first input. (Of pooling and normalization: as images have.)"""
RANKED_BY_SIZES = {"Conv": 1, "ConvTranspose": 1, "ConvInteger": 1, "QLinearConv": 3, "MatMul": 1}
"""As many dimensions as the stored tensor in this place has."""
RANKED_BY_COUNT = {"Resize": (2, 3), "Upsample": (1,)}
"""As many dimensions as the stored tensor in one of these places has values."""
SAME_RANK = frozenset(
    ("Add", "Cast", "Clip", "DequantizeLinear", "Div", "Identity", "Mul", "Pad", "QuantizeLinear", "Relu", "Sub")
)
"""What leaves the number of dimensions of its first input as it is."""
GROUPED_QUERY, PAST_KEY = "GroupQueryAttention", 3
"""Lengths of its keys: those of the past (batch, heads, PAST, size) and of the query (batch, NEW, hidden)."""
