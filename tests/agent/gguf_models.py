"""A tiny GGUF language model made on the spot: one layer of random weights, in the layout of the GGUF specification."""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt

WIDTH, FEED_FORWARD, HEADS, WORDS = 64, 128, 4, 1024
ALIGNMENT = 32
UINT16, UINT32, FLOAT32, STRING, ARRAY, INT32 = 2, 4, 6, 8, 9, 5
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


def tiny_llama(path: Path, *, nan_in: str = "", words: int = WORDS, listed: bool = True) -> Path:
    """A model that loads and generates; what it says means nothing. `nan_in` names a tensor to fill with NaN.

    `listed`: whether the file lists its words, without which it does not load.
    """
    rng = np.random.default_rng(7)
    tensors = {
        name: rng.standard_normal(shape, np.float32) * np.float32(0.125) for name, shape in _shapes(words).items()
    }
    metadata = _metadata(words) if listed else _metadata(words)[:-3]
    if nan_in:
        tensors[nan_in][...] = np.nan
    path.write_bytes(_file(metadata, tensors))
    return path


def split_llama(first: Path, second: Path) -> None:
    """The same model in two parts, half of its tensors in each, under names that need not be those of parts."""
    rng = np.random.default_rng(7)
    shapes = _shapes(WORDS)
    tensors = {name: rng.standard_normal(shape, np.float32) * np.float32(0.125) for name, shape in shapes.items()}
    names = list(tensors)
    for number, (path, held) in enumerate(((first, names[:6]), (second, names[6:]))):
        split = [
            _pair("split.no", UINT16, struct.pack("<H", number)),
            _pair("split.count", UINT16, struct.pack("<H", 2)),
            _pair("split.tensors.count", INT32, struct.pack("<i", len(names))),
        ]
        metadata = [*(_metadata(WORDS) if number == 0 else ()), *split]
        path.write_bytes(_file(metadata, {name: tensors[name] for name in held}))


def _file(metadata: list[bytes], tensors: dict[str, npt.NDArray[np.float32]]) -> bytes:
    head, body = _infos(tensors)
    start = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata)) + b"".join(metadata) + head
    return start + b"\0" * (-len(start) % ALIGNMENT) + body


def _shapes(words: int) -> dict[str, tuple[int, ...]]:
    return {
        "token_embd.weight": (words, WIDTH),
        "output_norm.weight": (WIDTH,),
        "blk.0.attn_norm.weight": (WIDTH,),
        "blk.0.attn_q.weight": (WIDTH, WIDTH),
        "blk.0.attn_k.weight": (WIDTH, WIDTH),
        "blk.0.attn_v.weight": (WIDTH, WIDTH),
        "blk.0.attn_output.weight": (WIDTH, WIDTH),
        "blk.0.ffn_norm.weight": (WIDTH,),
        "blk.0.ffn_gate.weight": (FEED_FORWARD, WIDTH),
        "blk.0.ffn_up.weight": (FEED_FORWARD, WIDTH),
        "blk.0.ffn_down.weight": (WIDTH, FEED_FORWARD),
    }


def _metadata(count: int) -> list[bytes]:
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    words += [f"word{index}" for index in range(len(words), count)]
    kinds = [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * (count - 259)]
    return [
        _pair("general.architecture", STRING, _string("llama")),
        _pair("llama.context_length", UINT32, struct.pack("<I", 512)),
        _pair("llama.embedding_length", UINT32, struct.pack("<I", WIDTH)),
        _pair("llama.block_count", UINT32, struct.pack("<I", 1)),
        _pair("llama.feed_forward_length", UINT32, struct.pack("<I", FEED_FORWARD)),
        _pair("llama.attention.head_count", UINT32, struct.pack("<I", HEADS)),
        _pair("llama.rope.dimension_count", UINT32, struct.pack("<I", WIDTH // HEADS)),
        _pair("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
        _pair("tokenizer.ggml.model", STRING, _string("llama")),
        _pair("tokenizer.ggml.tokens", ARRAY, _array(STRING, [_string(word) for word in words])),
        _pair("tokenizer.ggml.scores", ARRAY, _array(FLOAT32, [struct.pack("<f", -index) for index in range(count)])),
        _pair("tokenizer.ggml.token_type", ARRAY, _array(INT32, [struct.pack("<i", kind) for kind in kinds])),
    ]


def _infos(tensors: dict[str, npt.NDArray[np.float32]]) -> tuple[bytes, bytes]:
    head = body = b""
    for name, tensor in tensors.items():
        sizes = tensor.shape[::-1]
        head += _string(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, 0, len(body))
        body += tensor.tobytes() + b"\0" * (-tensor.nbytes % ALIGNMENT)
    return head, body


def _pair(key: str, kind: int, value: bytes) -> bytes:
    return _string(key) + struct.pack("<I", kind) + value


def _array(kind: int, items: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
