"""A text for perplexity, in pieces of whole paragraphs."""

import re
from collections.abc import Sequence

from edgeprof.quality.packaged.makers.base import Made
from edgeprof.quality.packaged.recipe import SetRecipe


def pieces(members: Sequence[bytes], recipe: SetRecipe) -> Made:
    """What lies between `options.after` and `options.before`, in pieces of at least `options.piece_chars` characters.

    Lines of a paragraph are joined; a piece ends with a paragraph.
    """
    text = members[0].decode().replace("\r\n", "\n")
    text = text.split(recipe.options["after"], 1)[1].split(recipe.options["before"], 1)[0]
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n\s*\n", text)]
    found: list[str] = []
    gathered: list[str] = []
    for paragraph in filter(None, paragraphs):
        gathered.append(paragraph)
        if sum(map(len, gathered)) >= recipe.options["piece_chars"]:
            found.append("\n\n".join(gathered))
            gathered = []
    found += ["\n\n".join(gathered)] if gathered else []
    return Made([{"id": f"{recipe.name}-{number:02}", "text": piece} for number, piece in enumerate(found)])
