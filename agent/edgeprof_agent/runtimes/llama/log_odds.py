"""Log-probabilities out of logits: float32, the maximum subtracted, few rows at a time. Loads numpy."""

import numpy as np
import numpy.typing as npt

from edgeprof_agent.worker_protocol.adapter import RuntimeFailure

Floats = npt.NDArray[np.float32]
_ROWS = 16
"""Of a vocabulary of 50,000 words they take 3 MiB: the copy stays in a processor's cache."""


def empty(rows: int, words: int) -> Floats:
    """Room for `all_words`."""
    return np.empty((rows, words), np.float32)


def is_finite(logits: Floats) -> bool:
    """Whether a row has no NaN, and something likely."""
    return bool(np.isfinite(logits.max()))


def generator(seed: int) -> np.random.Generator:
    """What `sampled` draws from."""
    return np.random.default_rng(seed)


def of_targets(logits: Floats, targets: list[int]) -> tuple[list[float], list[bool]]:
    """Each row's log-probability of its target in nats, and whether the target is the likeliest word.

    `logits`: [rows, words]. numpy adds the exponentials up pairwise: float32 is exact to 2e-6 nats here.
    Raises RuntimeFailure where one is NaN.
    """
    values: list[float] = []
    likeliest: list[bool] = []
    for first in range(0, len(targets), _ROWS):
        block, wanted = logits[first : first + _ROWS], np.asarray(targets[first : first + _ROWS])
        rows, tops = np.arange(len(wanted)), block.argmax(axis=1)
        maxima = block[rows, tops]
        shifted: Floats = block - maxima[:, None]
        chosen = shifted[rows, wanted].astype(np.float64)
        np.exp(shifted, out=shifted)
        values += (chosen - np.log(shifted.sum(axis=1).astype(np.float64))).tolist()
        likeliest += (tops == wanted).tolist()
    if not np.isfinite(values).all():
        raise RuntimeFailure("inference_error", "The model's logits are not finite: the answer has no likelihood.")
    return values, likeliest


def all_words(logits: Floats, out: Floats) -> None:
    """Every row's log-probabilities of all words, into `out`. Raises RuntimeFailure where one is NaN."""
    for first in range(0, len(logits), _ROWS):
        block, place = logits[first : first + _ROWS], out[first : first + _ROWS]
        np.subtract(block, block.max(axis=1, keepdims=True), out=place)
        place -= np.log(np.exp(place).sum(axis=1, keepdims=True))
    if np.isnan(out).any():
        raise RuntimeFailure("inference_error", "The model's logits are not finite: the answer has no likelihood.")


def sampled(logits: Floats, temperature: float, random: np.random.Generator) -> int:
    """A word by its odds at this temperature, all words allowed; the likeliest one at temperature 0."""
    if temperature <= 0:
        return int(logits.argmax())
    odds = np.exp((logits - logits.max()).astype(np.float64) / temperature)
    return int(np.argmax(np.cumsum(odds) > random.random() * odds.sum()))
