"""Images of handwriting and clothes: from IDX files, and from tables of numbers."""

import struct
from collections.abc import Sequence

from edgeprof.quality.packaged.makers.base import Made, picked, unpacked
from edgeprof.quality.packaged.recipe import SetRecipe
from edgeprof.quality.sets.arrays import ROWS_FILE, npy_bytes


def idx_images(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """Of an IDX file of images (uint8, three dimensions) and one of labels. Format: Y. LeCun, the MNIST database."""
    images, labels = (unpacked(member) for member in members)
    _, count, height, width = struct.unpack(">4I", images[:16])
    pixels, size = images[16:], height * width
    return _sampled([pixels[at * size : (at + 1) * size] for at in range(count)], labels[8:], (height, width), recipe)


def csv_images(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """Of a CSV without a header: pixels from 0 to 255, the label last. `options.shape`: height and width."""
    rows = [line.split(",") for line in unpacked(members[0]).decode().splitlines()]
    height, width = recipe.options["shape"]
    pixels = [bytes(int(float(value)) for value in row[:-1]) for row in rows]
    return _sampled(pixels, bytes(int(float(row[-1])) for row in rows), (height, width), recipe)


def _sampled(pixels: Sequence[bytes], labels: bytes, size: tuple[int, int], recipe: SetRecipe) -> Made:
    places = picked(len(pixels), recipe.options)
    items = [{"id": f"{recipe.name}-{place}", "row": row, "label": labels[place]} for row, place in enumerate(places)]
    array = npy_bytes(b"".join(pixels[place] for place in places), "|u1", (len(places), *size))
    return Made(list(items), {ROWS_FILE: array})
