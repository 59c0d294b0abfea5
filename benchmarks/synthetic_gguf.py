"""Makes a GGUF llama of random weights in one storage type, for speed only: `FILE TYPE WIDTH LAYERS`.

Runs in an environment of its own that has the package gguf, and imports nothing of ours.
"""

import importlib
import sys
from typing import Any

VOCABULARY = 4000


def main(path: str, kind: str, width: int, layers: int) -> None:
    """Feed-forward layers are 8/3 as wide, rounded to whole blocks of 32 weights."""
    gguf: Any = importlib.import_module("gguf")
    np: Any = importlib.import_module("numpy")
    draw = np.random.default_rng(0)
    wide = width * 8 // 3 // 256 * 256
    out = gguf.GGUFWriter(path, "llama")
    out.add_block_count(layers)
    out.add_context_length(2048)
    out.add_embedding_length(width)
    out.add_feed_forward_length(wide)
    out.add_head_count(width // 64)
    out.add_head_count_kv(width // 64)
    out.add_layer_norm_rms_eps(1e-5)
    out.add_rope_dimension_count(64)
    out.add_vocab_size(VOCABULARY)
    rest = VOCABULARY - 259
    words = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)] + [f"w{i}" for i in range(rest)]
    out.add_tokenizer_model("llama")
    out.add_token_list(words)
    out.add_token_scores([0.0] * VOCABULARY)
    out.add_token_types([2, 3, 3] + [6] * 256 + [1] * rest)
    out.add_bos_token_id(1)
    out.add_eos_token_id(2)
    out.add_unk_token_id(0)
    stored = getattr(gguf.GGMLQuantizationType, kind)

    def add(name: str, *shape: int) -> None:
        weights = (draw.standard_normal(shape, dtype="f") * 0.05).astype("f")
        out.add_tensor(name, gguf.quants.quantize(weights, stored), raw_dtype=stored)

    add("token_embd.weight", VOCABULARY, width)
    add("output.weight", VOCABULARY, width)
    out.add_tensor("output_norm.weight", np.ones(width, "f"))
    for layer in range(layers):
        for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
            add(f"blk.{layer}.{name}.weight", width, width)
        add(f"blk.{layer}.ffn_gate.weight", wide, width)
        add(f"blk.{layer}.ffn_up.weight", wide, width)
        add(f"blk.{layer}.ffn_down.weight", width, wide)
        for name in ("attn_norm", "ffn_norm"):
            out.add_tensor(f"blk.{layer}.{name}.weight", np.ones(width, "f"))
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.write_tensors_to_file()
    out.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
