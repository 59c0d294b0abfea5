"""A language model of half a megabyte, made on the spot: one layer of random weights, in the GGUF format.

What it generates means nothing. It is what a library is tried with before a real model is entrusted to it. It never
generates a byte: the server lists no probabilities for a byte that is half a character.
"""

import struct
from array import array
from pathlib import Path
from random import Random

WORDS, WIDTH, FEED_FORWARD, HEADS, TRAINED_TOKENS = 512, 64, 128, 2, 1024
_ALIGNMENT = 32
_UINT32, _FLOAT32, _STRING, _ARRAY, _INT32 = 4, 6, 8, 9, 5
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6
_FIRST_BYTE, _FIRST_WORD = 3, 259
_SHAPES: dict[str, tuple[int, ...]] = {
    # the first size is that of a row, as ggml counts
    "token_embd.weight": (WIDTH, WORDS),
    "output_norm.weight": (WIDTH,),
    "output.weight": (WIDTH, WORDS),
    "blk.0.attn_norm.weight": (WIDTH,),
    "blk.0.attn_q.weight": (WIDTH, WIDTH),
    "blk.0.attn_k.weight": (WIDTH, WIDTH),
    "blk.0.attn_v.weight": (WIDTH, WIDTH),
    "blk.0.attn_output.weight": (WIDTH, WIDTH),
    "blk.0.ffn_norm.weight": (WIDTH,),
    "blk.0.ffn_gate.weight": (WIDTH, FEED_FORWARD),
    "blk.0.ffn_up.weight": (WIDTH, FEED_FORWARD),
    "blk.0.ffn_down.weight": (FEED_FORWARD, WIDTH),
}


def write_tiny_gguf(path: Path) -> Path:
    """The same bytes every time."""
    draw = Random(7)
    head, body = b"", b""
    for name, sizes in _SHAPES.items():
        head += _string(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, 0, len(body))
        count = sizes[0] * (sizes[1] if len(sizes) > 1 else 1)
        drawn = array("f", (draw.random() - 0.5 for _ in range(count)))
        if name == "output.weight":
            drawn[_FIRST_BYTE * WIDTH : _FIRST_WORD * WIDTH] = array("f", bytes(4 * 256 * WIDTH))
        values = drawn.tobytes()
        body += values + b"\0" * (-len(values) % _ALIGNMENT)
    pairs = _metadata()
    start = struct.pack("<4sIQQ", b"GGUF", 3, len(_SHAPES), len(pairs)) + b"".join(pairs) + head
    path.write_bytes(start + b"\0" * (-len(start) % _ALIGNMENT) + body)
    return path


def _metadata() -> list[bytes]:
    words = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    words += [f"word{index}" for index in range(len(words), WORDS)]
    kinds = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256, *[_NORMAL] * (WORDS - _FIRST_WORD)]
    sizes = {
        "context_length": TRAINED_TOKENS,
        "embedding_length": WIDTH,
        "block_count": 1,
        "feed_forward_length": FEED_FORWARD,
        "attention.head_count": HEADS,
        "rope.dimension_count": WIDTH // HEADS,
    }
    return [
        _pair("general.architecture", _STRING, _string("llama")),
        *(_pair(f"llama.{key}", _UINT32, struct.pack("<I", size)) for key, size in sizes.items()),
        _pair("llama.attention.layer_norm_rms_epsilon", _FLOAT32, struct.pack("<f", 1e-5)),
        _pair("tokenizer.ggml.model", _STRING, _string("llama")),
        _pair("tokenizer.ggml.tokens", _ARRAY, _array(_STRING, [_string(word) for word in words])),
        _pair("tokenizer.ggml.scores", _ARRAY, _array(_FLOAT32, [struct.pack("<f", -index) for index in range(WORDS)])),
        _pair("tokenizer.ggml.token_type", _ARRAY, _array(_INT32, [struct.pack("<i", kind) for kind in kinds])),
    ]


def _pair(key: str, kind: int, value: bytes) -> bytes:
    return _string(key) + struct.pack("<I", kind) + value


def _array(kind: int, items: list[bytes]) -> bytes:
    return struct.pack("<IQ", kind, len(items)) + b"".join(items)


def _string(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data
