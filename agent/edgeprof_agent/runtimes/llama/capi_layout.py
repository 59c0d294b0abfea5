"""llama.cpp's parameter structures as the prebuilt library lays them out. Nothing here is trusted before it is proven.

The order of the fields is that of llama.h. Releases add fields in the middle, and the library cannot tell its version,
so that capi_proof.py compares what it finds here with what the library does.
"""

import ctypes
from collections.abc import Mapping

_INT32 = ctypes.c_int32
_UINT32 = ctypes.c_uint32
_FLOAT = ctypes.c_float
_BOOL = ctypes.c_bool
_POINTER = ctypes.c_void_p

EVAL_CALLBACK = ctypes.CFUNCTYPE(_BOOL, _POINTER, _BOOL, _POINTER)
LOG_CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, _POINTER)


class ModelParams(ctypes.Structure):
    """`llama_model_params`: 78 bytes written, of 80."""

    n_gpu_layers: int
    use_extra_bufts: bool

    _fields_ = [
        ("devices", _POINTER),
        ("tensor_buft_overrides", _POINTER),
        ("n_gpu_layers", _INT32),
        ("split_mode", _INT32),
        ("load_mode", _INT32),
        ("lazy_mode", _INT32),
        ("main_gpu", _INT32),
        ("tensor_split", _POINTER),
        ("progress_callback", _POINTER),
        ("progress_callback_user_data", _POINTER),
        ("kv_overrides", _POINTER),
        ("vocab_only", _BOOL),
        ("check_tensors", _BOOL),
        ("use_extra_bufts", _BOOL),
        ("no_host", _BOOL),
        ("no_alloc", _BOOL),
        ("load_mtp", _BOOL),
    ]


class ContextParams(ctypes.Structure):
    """`llama_context_params`: 168 bytes. `reserved` is a field whose meaning is not known here; nothing sets it."""

    n_ctx: int
    n_batch: int
    n_ubatch: int
    n_seq_max: int
    n_outputs_max: int
    n_threads: int
    n_threads_batch: int
    flash_attn_type: int
    swa_full: bool
    kv_unified: bool
    type_k: int
    type_v: int
    cb_eval: object

    _fields_ = [
        ("n_ctx", _UINT32),
        ("n_batch", _UINT32),
        ("n_ubatch", _UINT32),
        ("n_seq_max", _UINT32),
        ("n_rs_seq", _UINT32),
        ("n_outputs_max", _UINT32),
        ("n_outputs_max_per_seq", _UINT32),
        ("n_threads", _INT32),
        ("n_threads_batch", _INT32),
        ("ctx_type", _INT32),
        ("rope_scaling_type", _INT32),
        ("pooling_type", _INT32),
        ("attention_type", _INT32),
        ("flash_attn_type", _INT32),
        ("rope_freq_base", _FLOAT),
        ("rope_freq_scale", _FLOAT),
        ("yarn_ext_factor", _FLOAT),
        ("yarn_attn_factor", _FLOAT),
        ("yarn_beta_fast", _FLOAT),
        ("yarn_beta_slow", _FLOAT),
        ("yarn_orig_ctx", _UINT32),
        ("defrag_thold", _FLOAT),
        ("cb_eval", EVAL_CALLBACK),
        ("cb_eval_user_data", _POINTER),
        ("type_k", _INT32),
        ("type_v", _INT32),
        ("reserved", _POINTER),
        ("abort_callback", _POINTER),
        ("abort_callback_data", _POINTER),
        ("embeddings", _BOOL),
        ("offload_kqv", _BOOL),
        ("no_perf", _BOOL),
        ("op_offload", _BOOL),
        ("swa_full", _BOOL),
        ("kv_unified", _BOOL),
        ("samplers", _POINTER),
        ("n_samplers", ctypes.c_size_t),
        ("ctx_other", _POINTER),
    ]


class ChatMessage(ctypes.Structure):
    """`llama_chat_message`."""

    _fields_ = [("role", ctypes.c_char_p), ("content", ctypes.c_char_p)]


class Batch(ctypes.Structure):
    """`llama_batch`, which is passed by value."""

    _fields_ = [
        ("n_tokens", _INT32),
        ("token", ctypes.POINTER(_INT32)),
        ("embd", ctypes.POINTER(_FLOAT)),
        ("pos", ctypes.POINTER(_INT32)),
        ("n_seq_id", ctypes.POINTER(_INT32)),
        ("seq_id", ctypes.POINTER(ctypes.POINTER(_INT32))),
        ("logits", ctypes.POINTER(ctypes.c_int8)),
    ]


MODEL_DEFAULTS: Mapping[str, float] = {
    "n_gpu_layers": -1,
    "split_mode": 1,
    "load_mode": -1,
    "lazy_mode": 1,
    "main_gpu": 0,
    "vocab_only": 0,
    "check_tensors": 0,
    "use_extra_bufts": 1,
    "no_host": 0,
    "no_alloc": 0,
}
CONTEXT_DEFAULTS: Mapping[str, float] = {
    "n_ctx": 512,
    "n_batch": 2048,
    "n_ubatch": 512,
    "n_seq_max": 1,
    "n_rs_seq": 0,
    "n_outputs_max": 0,
    "n_outputs_max_per_seq": 1,
    "n_threads": 4,
    "n_threads_batch": 4,
    "ctx_type": 0,
    "rope_scaling_type": -1,
    "pooling_type": -1,
    "attention_type": -1,
    "flash_attn_type": -1,
    "rope_freq_base": 0,
    "rope_freq_scale": 0,
    "yarn_ext_factor": -1,
    "yarn_attn_factor": -1,
    "yarn_beta_fast": -1,
    "yarn_beta_slow": -1,
    "yarn_orig_ctx": 0,
    "defrag_thold": -1,
    "type_k": 1,
    "type_v": 1,
    "embeddings": 0,
    "offload_kqv": 1,
    "no_perf": 1,
    "op_offload": 1,
    "swa_full": 1,
    "kv_unified": 0,
}
"""What llama.cpp's `*_default_params` set, as llama-context.cpp and llama-model.cpp have it. Pointers are null."""
