#!/usr/bin/env bash
# Guess:   lm-eval's `--model gguf` scores choices on any llama.cpp server with `/v1/completions`: it asks for `echo` and
#          `logprobs`, as OpenAI's API had them, and a server that cannot echo refuses.
# Reality: llama.cpp's own server takes `echo` with status 200 and ignores it: the text has the generated token alone, and
#          `logprobs` are of that token, in another form. lm-eval warns once a choice and leaves the choice out: two
#          questions give a list of no answers, without an error.
# Version: lm-eval 0.4.13, xllamacpp 2026.10.11549 (llama.cpp's server). Source: seen by running.
# Hurts:   anyone who evaluates a GGUF file with the server that ships. The harness needs llama-cpp-python's server,
#          which evaluates prompt and choice again for each choice. Read the logits by the C interface instead.
set -euo pipefail
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
python3 -m venv "$t/v"
"$t/v/bin/pip" install -q --disable-pip-version-check xllamacpp==2026.10.11549 gguf==0.19.0 lm-eval==0.4.13 2>/dev/null
cat >"$t/make.py" <<'P'
import sys

import numpy as np
from gguf import GGUFWriter

random, width, inner, words = np.random.default_rng(0), 64, 128, 259 + 64
file = GGUFWriter(sys.argv[1], "llama")
file.add_block_count(1)
file.add_context_length(512)
file.add_embedding_length(width)
file.add_feed_forward_length(inner)
file.add_head_count(2)
file.add_layer_norm_rms_eps(1e-5)
file.add_rope_dimension_count(width // 2)
file.add_vocab_size(words)
file.add_tokenizer_model("llama")
file.add_token_list(["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256)), *(f"w{i}" for i in range(64))])
file.add_token_scores([0.0] * words)
file.add_token_types([2, 3, 3, *[6] * 256, *[1] * 64])
file.add_bos_token_id(1)
file.add_eos_token_id(2)
file.add_unk_token_id(0)
shapes = {"token_embd": (words, width), "output": (words, width), "output_norm": (width,)}
for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
    shapes[f"blk.0.{name}"] = (width, width)
shapes |= {"blk.0.ffn_gate": (inner, width), "blk.0.ffn_up": (inner, width), "blk.0.ffn_down": (width, inner)}
shapes |= {"blk.0.attn_norm": (width,), "blk.0.ffn_norm": (width,)}
for name, shape in shapes.items():
    file.add_tensor(f"{name}.weight", random.standard_normal(shape, dtype=np.float32) * np.float32(0.1))
file.write_header_to_file()
file.write_kv_data_to_file()
file.write_tensors_to_file()
file.close()
P
cat >"$t/ask.py" <<'P'
import json
import os
import sys
import urllib.request
from types import SimpleNamespace

import xllamacpp
from lm_eval.models.gguf import GGUFLM

params = xllamacpp.CommonParams()
params.model.path, params.port, params.n_ctx, params.n_parallel, params.warmup = sys.argv[1], 0, 256, 1, False
server = xllamacpp.Server(params)
url = server.listening_address
body = {"prompt": "w1 w2 w3", "max_tokens": 1, "logprobs": 10, "echo": True, "temperature": 0}
asked = urllib.request.Request(f"{url}/v1/completions", json.dumps(body).encode(), {"Content-Type": "application/json"})
with urllib.request.urlopen(asked, timeout=60) as reply:
    status, choice = reply.status, json.load(reply)["choices"][0]
print(f"status {status}; echoed: {choice['text'].startswith('w1')}; logprobs have {sorted(choice['logprobs'])}")
questions = [SimpleNamespace(args=("w1 w2", " w3")), SimpleNamespace(args=("w1 w2", " w4"))]
answers = GGUFLM(url).loglikelihood(questions, disable_tqdm=True)
print(f"lm-eval: {len(questions)} questions, {len(answers)} answers", flush=True)
good = status == 200 and not choice["text"].startswith("w1") and "token_logprobs" not in choice["logprobs"] and not answers
print("as described" if good else "CHANGED", flush=True)
os._exit(0 if good else 1)
P
"$t/v/bin/python" "$t/make.py" "$t/m.gguf" >/dev/null
"$t/v/bin/python" "$t/ask.py" "$t/m.gguf" 2>/dev/null
