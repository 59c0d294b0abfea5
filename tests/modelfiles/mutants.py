"""Model files that somebody, or a disk, has changed. A seed makes the same one again."""

import random


def mutated(whole: bytes, seed: int) -> bytes:
    """A few bytes changed, most of them in the structure at either end; cut now and then."""
    chance = random.Random(seed)
    raw = bytearray(whole)
    for _ in range(chance.randint(1, 8)):
        near = chance.choice((len(raw), min(len(raw), 400)))
        at = chance.randrange(near) if chance.random() < 0.5 else len(raw) - 1 - chance.randrange(near)
        raw[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    if chance.random() < 0.1:
        del raw[chance.randrange(1, len(raw)) :]
    return bytes(raw)
