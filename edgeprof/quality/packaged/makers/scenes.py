"""Scenes composed of handwritten digits: lines to read, and pictures with boxes to find.

Images are PGM (`P5`), which holds pixels as they are: the bytes depend on no encoder.
"""

import random
from collections.abc import Sequence

from edgeprof.quality.evaluation_set import Item
from edgeprof.quality.packaged.makers.base import Made, picked, unpacked
from edgeprof.quality.packaged.recipe import SetRecipe

SIDE = 28
_INK = 64
"""Pixels at least so bright belong to a digit when its box is drawn."""


def digit_lines(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """Text lines of `options.digits` digits side by side, each from another image."""
    pool, digits = _Pool(members[0], recipe), int(recipe.options["digits"])
    items: list[Item] = []
    files: dict[str, bytes] = {}
    for number in range(int(recipe.options["lines"])):
        drawn = [pool.next() for _ in range(digits)]
        rows = [b"".join(image[row * SIDE : (row + 1) * SIDE] for image, _ in drawn) for row in range(SIDE)]
        path = f"files/line-{number:03}.pgm"
        files[path] = pgm(b"".join(rows), digits * SIDE, SIDE)
        text = "".join(str(label) for _, label in drawn)
        items.append({"id": f"{recipe.name}-{number:03}", "file": path, "text": text})
    return Made(items, files)


def digit_scenes(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """Pictures of `options.side` pixels with 1 to `options.max_digits` digits that do not overlap, and their boxes."""
    pool, side = _Pool(members[0], recipe), int(recipe.options["side"])
    chance = random.Random(int(recipe.options["seed"]))
    items: list[Item] = []
    files: dict[str, bytes] = {}
    for number in range(int(recipe.options["scenes"])):
        canvas = bytearray(side * side)
        corners = _corners(chance, 1 + int(chance.random() * int(recipe.options["max_digits"])), side)
        objects = [_pasted(canvas, side, *pool.next(), corner) for corner in corners]
        path = f"files/scene-{number:03}.pgm"
        files[path] = pgm(bytes(canvas), side, side)
        items.append({"id": f"{recipe.name}-{number:03}", "file": path, "objects": objects})
    return Made(items, files)


def pgm(pixels: bytes, width: int, height: int) -> bytes:
    """A grey image in Netpbm's binary form."""
    return b"P5\n%d %d\n255\n" % (width, height) + pixels


class _Pool:
    """Images and labels of the table, in the order that the seed decides, each once."""

    def __init__(self, table: bytes, recipe: SetRecipe) -> None:
        self._lines = unpacked(table).decode().splitlines()
        self._places = iter(picked(len(self._lines), {"seed": recipe.options["seed"]}))

    def next(self) -> tuple[bytes, int]:
        values = bytes(int(float(value)) for value in self._lines[next(self._places)].split(","))
        return values[:-1], values[-1]


def _corners(chance: random.Random, count: int, side: int) -> list[tuple[int, int]]:
    """Upper left corners, x and y, of squares that do not touch; fewer where no place was found."""
    found: list[tuple[int, int]] = []
    for _ in range(50 * count):
        x, y = (int(chance.random() * (side - SIDE + 1)) for _ in range(2))
        if len(found) < count and all(max(abs(x - left), abs(y - top)) >= SIDE for left, top in found):
            found.append((x, y))
    return found


def _pasted(canvas: bytearray, side: int, image: bytes, label: int, corner: tuple[int, int]) -> dict[str, object]:
    """Draws the digit, and returns its object: the box around its ink."""
    x, y = corner
    for row in range(SIDE):
        start = (y + row) * side + x
        canvas[start : start + SIDE] = image[row * SIDE : (row + 1) * SIDE]
    inked = [(at % SIDE, at // SIDE) for at, value in enumerate(image) if value >= _INK]
    left, top = min(each[0] for each in inked), min(each[1] for each in inked)
    right, bottom = max(each[0] for each in inked), max(each[1] for each in inked)
    return {"box": [x + left, y + top, right - left + 1, bottom - top + 1], "label": label}
