"""Recordings for voice activity: clips of read speech laid into noise at places that are known.

The label of speech comes from the clean clip, before noise is added: frames of 10 ms louder than `_FLOOR_DB` below the
clip's loudest frame, with gaps of less than `_GAP_FRAMES` filled. Integers and a seeded generator: the same anywhere.
"""

import array
import io
import random
import sys
import wave
from collections.abc import Sequence
from typing import TypeAlias

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.packaged.makers.base import Made
from edgeprof.quality.packaged.recipe import SetRecipe

RATE_HZ = 16_000
_FRAME = RATE_HZ // 100
_FLOOR_DB = 35
_GAP_FRAMES = 30
_MAX_16 = 32_767

Samples: TypeAlias = "array.array[int]"
Span = tuple[int, int]


def speech_in_noise(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """`options.recordings` of one clip or two with pauses, over noise of each of `options.noise_amplitudes` in turn."""
    chance = random.Random(int(recipe.options["seed"]))
    clips = [(clip, speech_spans(clip)) for clip in map(samples_of, members)]
    items: list[Item] = []
    files: dict[str, bytes] = {}
    for number in range(int(recipe.options["recordings"])):
        chosen = [clips[(number + step) % len(clips)] for step in range(1 + number % 2)]
        amplitudes = recipe.options["noise_amplitudes"]
        samples, spans = _laid(chosen, int(amplitudes[number // 2 % len(amplitudes)]), chance)
        path = f"files/recording-{number:02}.wav"
        files[path] = wav_bytes(samples)
        segments = [[start / RATE_HZ, end / RATE_HZ] for start, end in spans]
        duration_s = len(samples) / RATE_HZ
        items.append({"id": f"{recipe.name}-{number:02}", "file": path, "duration_s": duration_s, "segments": segments})
    return Made(items, files)


def speech_spans(clip: Samples) -> list[Span]:
    """Where the clean clip holds speech, in samples."""
    powers = [sum(value * value for value in clip[at : at + _FRAME]) for at in range(0, len(clip) - _FRAME + 1, _FRAME)]
    floor = max(powers) / 10 ** (_FLOOR_DB / 10)
    loud = [place for place, power in enumerate(powers) if power >= floor]
    spans: list[Span] = []
    for place in loud:
        if spans and place - spans[-1][1] < _GAP_FRAMES:
            spans[-1] = (spans[-1][0], place + 1)
        else:
            spans.append((place, place + 1))
    return [(start * _FRAME, end * _FRAME) for start, end in spans]


def samples_of(data: bytes) -> Samples:
    """Of a mono .wav of 16 bits at 16 kHz."""
    with wave.open(io.BytesIO(data), "rb") as recording:
        assert (recording.getframerate(), recording.getsampwidth(), recording.getnchannels()) == (RATE_HZ, 2, 1)
        return _swapped(array.array("h", recording.readframes(recording.getnframes())))


def wav_bytes(samples: Samples) -> bytes:
    """A mono .wav of 16 bits at 16 kHz."""
    stream = io.BytesIO()
    with wave.open(stream, "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE_HZ)
        recording.writeframes(_swapped(samples).tobytes())
    return stream.getvalue()


def _laid(
    clips: Sequence[tuple[Samples, list[Span]]], amplitude: int, chance: random.Random
) -> tuple[Samples, list[Span]]:
    """Pauses of 1 to 3 s before, between and after the clips; noise over all."""
    samples: Samples = array.array("h")
    spans: list[Span] = []
    for clip, spoken in clips:
        samples.extend(_pause(chance))
        spans += [(len(samples) + start, len(samples) + end) for start, end in spoken]
        samples.extend(clip)
    samples.extend(_pause(chance))
    noisy = (value + int((2 * chance.random() - 1) * amplitude) for value in samples)
    return array.array("h", (max(-_MAX_16, min(_MAX_16, value)) for value in noisy)), spans


def _pause(chance: random.Random) -> Samples:
    return array.array("h", bytes(2 * _FRAME * (100 + int(chance.random() * 200))))


def _swapped(samples: Samples) -> Samples:
    """A .wav is little-endian."""
    if sys.byteorder == "big":
        samples = array.array("h", samples)
        samples.byteswap()
    return samples
