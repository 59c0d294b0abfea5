"""llama.cpp's C interface in the library of the prebuilt binding, called by ctypes: no Python package in between."""

import ctypes
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from edgeprof_agent.runtimes.llama.capi_layout import (
    EVAL_CALLBACK,
    LOG_CALLBACK,
    Batch,
    ChatMessage,
    ContextParams,
    ModelParams,
)

PACKAGE = "xllamacpp"

_P, _I, _B, _S = ctypes.c_void_p, ctypes.c_int32, ctypes.c_bool, ctypes.c_char_p
_SIZE = ctypes.c_size_t
_TOKENS = ctypes.POINTER(ctypes.c_int32)


class CapiLibrary:
    """The functions below as attributes: what `llamacpp_api.LlamaApi` describes. Raises OSError and AttributeError."""

    LLAMA_FLASH_ATTN_TYPE_AUTO = -1
    llama_token = ctypes.c_int32
    llama_chat_message = ChatMessage
    llama_log_callback = LOG_CALLBACK
    ggml_backend_sched_eval_callback = EVAL_CALLBACK

    def __init__(
        self, path: Path, context: type[ContextParams] = ContextParams, model: type[ModelParams] = ModelParams
    ) -> None:
        self.path = path
        self._library = ctypes.CDLL(str(path))
        for name, (result, arguments) in _functions(context, model).items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    def address(self, name: str) -> int:
        """Of one of the library's functions."""
        return ctypes.cast(getattr(self._library, name), ctypes.c_void_p).value or 0


def _functions(context: type[ContextParams], model: type[ModelParams]) -> dict[str, tuple[Any, Sequence[Any]]]:
    """Name: result, arguments, as in llama.h."""
    return {
        "llama_log_set": (None, [LOG_CALLBACK, _P]),
        "llama_backend_init": (None, []),
        "llama_model_default_params": (model, []),
        "llama_context_default_params": (context, []),
        "llama_model_load_from_file": (_P, [_S, model]),
        "llama_model_desc": (_I, [_P, _S, _SIZE]),
        "llama_model_get_vocab": (_P, [_P]),
        "llama_vocab_n_tokens": (_I, [_P]),
        "llama_vocab_get_add_bos": (_B, [_P]),
        "llama_vocab_bos": (_I, [_P]),
        "llama_vocab_is_eog": (_B, [_P, _I]),
        "llama_vocab_get_attr": (_I, [_P, _I]),
        "llama_token_to_piece": (_I, [_P, _I, ctypes.c_char_p, _I, _I, _B]),
        "llama_model_chat_template": (_S, [_P, _S]),
        "llama_chat_apply_template": (
            _I,
            [_S, ctypes.POINTER(ChatMessage), _SIZE, _B, ctypes.c_char_p, _I],
        ),
        "llama_tokenize": (_I, [_P, _S, _I, _TOKENS, _I, _B, _B]),
        "llama_model_n_ctx_train": (_I, [_P]),
        "llama_model_rope_type": (_I, [_P]),
        "llama_model_is_recurrent": (_B, [_P]),
        "llama_model_is_hybrid": (_B, [_P]),
        "llama_init_from_model": (_P, [_P, context]),
        "llama_free": (None, [_P]),
        "llama_model_free": (None, [_P]),
        "llama_sampler_free": (None, [_P]),
        "llama_get_memory": (_P, [_P]),
        "llama_memory_clear": (None, [_P, _B]),
        "llama_memory_seq_rm": (_B, [_P, _I, _I, _I]),
        "llama_memory_seq_cp": (None, [_P, _I, _I, _I, _I]),
        "llama_memory_seq_add": (None, [_P, _I, _I, _I, _I]),
        "llama_memory_can_shift": (_B, [_P]),
        "llama_batch_init": (Batch, [_I, _I, _I]),
        "llama_batch_free": (None, [Batch]),
        "llama_batch_get_one": (Batch, [_TOKENS, _I]),
        "llama_decode": (_I, [_P, Batch]),
        "llama_synchronize": (None, [_P]),
        "llama_get_logits": (_P, [_P]),
        "llama_get_logits_ith": (_P, [_P, _I]),
        "llama_sampler_init_greedy": (_P, []),
        "llama_sampler_sample": (_I, [_P, _P, _I]),
        "llama_print_system_info": (_S, []),
        "llama_n_ctx": (ctypes.c_uint32, [_P]),
        "llama_n_batch": (ctypes.c_uint32, [_P]),
        "llama_n_ubatch": (ctypes.c_uint32, [_P]),
        "llama_n_seq_max": (ctypes.c_uint32, [_P]),
        "llama_n_threads": (_I, [_P]),
        "llama_n_threads_batch": (_I, [_P]),
        "llama_state_seq_get_size": (_SIZE, [_P, _I]),
        "llama_state_seq_get_data": (_SIZE, [_P, _P, _SIZE, _I]),
        "llama_state_seq_set_data": (_SIZE, [_P, _P, _SIZE, _I]),
    }


def library_path() -> Path | None:
    """The binding's one shared library, found without importing it; None where the package is not installed."""
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError:
        return None
    files = [file for file in package.files or () if file.parts[:1] == (PACKAGE,) and file.suffix == ".so"]
    return Path(str(package.locate_file(files[0]))) if len(files) == 1 else None
