"""Log-probabilities out of logits: float32, the maximum subtracted, few rows at a time. Loads numpy."""

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

Floats = npt.NDArray[np.float32]
_ROWS = 16
"""Of a vocabulary of 50,000 words they take 3 MiB: the copy stays in a processor's cache."""


def of_targets(logits: Floats, targets: list[int]) -> tuple[list[float], list[bool]]:
    """Each row's log-probability of its target in nats, and whether the target is the likeliest word.

    `logits`: [rows, words]. The sum of exponentials is added up in float64. Raises RuntimeFailure where one is NaN.
    """
    values: list[float] = []
    likeliest: list[bool] = []
    for first in range(0, len(targets), _ROWS):
        block, wanted = logits[first : first + _ROWS], np.asarray(targets[first : first + _ROWS])
        shifted, log_sums = _shifted(block)
        values += (shifted[np.arange(len(wanted)), wanted] - log_sums).tolist()
        likeliest += (block.argmax(axis=1) == wanted).tolist()
    if not np.isfinite(values).all():
        raise RuntimeFailure("inference_error", "The model's logits are not finite: the answer has no likelihood.")
    return values, likeliest


def all_words(logits: Floats, out: Floats) -> None:
    """Every row's log-probabilities of all words, into `out`. Raises RuntimeFailure where one is NaN."""
    for first in range(0, len(logits), _ROWS):
        shifted, log_sums = _shifted(logits[first : first + _ROWS])
        np.subtract(shifted, log_sums[:, None], out=out[first : first + _ROWS], casting="same_kind")
    if np.isnan(out).any():
        raise RuntimeFailure("inference_error", "The model's logits are not finite: the answer has no likelihood.")


def sampled(logits: Floats, temperature: float, random: np.random.Generator) -> int:
    """A word by its odds at this temperature, all words allowed; the likeliest one at temperature 0."""
    if temperature <= 0:
        return int(logits.argmax())
    odds = np.exp((logits - logits.max()).astype(np.float64) / temperature)
    return int(np.argmax(np.cumsum(odds) > random.random() * odds.sum()))


def _shifted(block: Floats) -> tuple[Floats, npt.NDArray[np.float64]]:
    """The rows less their maxima, and the logarithm of the sum of their exponentials."""
    shifted: Floats = block - block.max(axis=1, keepdims=True)
    log_sums: npt.NDArray[np.float64] = np.log(np.exp(shifted).sum(axis=1, dtype=np.float64))
    return shifted, log_sums
