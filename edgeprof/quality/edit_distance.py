"""How many insertions, deletions and replacements of characters lie between two texts (Levenshtein 1966)."""


def edit_distance(first: str, second: str) -> int:
    """Edits between two texts, in characters (code points).

    Bit-parallel, a column a character: Myers 1999 in the form of Hyyrö 2001.

    >>> edit_distance("kitten", "sitting")
    3
    """
    if not first:
        return len(second)
    everywhere = (1 << len(first)) - 1
    last = 1 << (len(first) - 1)
    places: dict[str, int] = {}
    for place, character in enumerate(first):
        places[character] = places.get(character, 0) | 1 << place
    up, down, edits = everywhere, 0, len(first)
    for character in second:
        match = places.get(character, 0)
        diagonal = (((match & up) + up) ^ up) | match | down
        right, left = down | (everywhere & ~(diagonal | up)), diagonal & up
        edits += bool(right & last) - bool(left & last)
        right, left = ((right << 1) | 1) & everywhere, (left << 1) & everywhere
        up, down = left | (everywhere & ~(diagonal | right)), right & diagonal
    return edits
