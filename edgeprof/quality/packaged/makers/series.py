"""Time series of the UCR and UEA archives, from `.ts` files."""

import struct
from collections.abc import Sequence

from edgeprof.quality.packaged.makers.base import Made, picked
from edgeprof.quality.packaged.recipe import SetRecipe
from edgeprof.quality.sets.arrays import npy_bytes

SERIES_FILE = "files/series.npy"


def ts_series(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """[n, time] or [n, time, channels] as float32; `options.labels`: the file's labels in the order of the classes.

    Format: a line a case, its channels and last its label divided by colons; lines of `@` and `#` describe.
    """
    lines = [line for line in members[0].decode().splitlines() if line and line[0] not in "@#"]
    labels = list(recipe.options["labels"])
    places = picked(len(lines), recipe.options)
    cases = [lines[place].split(":") for place in places]
    values = [[[float(text) for text in channel.split(",")] for channel in case[:-1]] for case in cases]
    channels, steps = len(values[0]), len(values[0][0])
    flat = [case[channel][step] for case in values for step in range(steps) for channel in range(channels)]
    shape = (len(cases), steps) if channels == 1 else (len(cases), steps, channels)
    items = [
        {"id": f"{recipe.name}-{place}", "row": row, "label": labels.index(case[-1].strip())}
        for row, (place, case) in enumerate(zip(places, cases, strict=True))
    ]
    return Made(list(items), {SERIES_FILE: npy_bytes(struct.pack(f"<{len(flat)}f", *flat), "<f4", shape)})
