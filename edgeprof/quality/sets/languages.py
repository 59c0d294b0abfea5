"""Whether a set's texts look like the language that it states: by script, and by the commonest words of a few. Pure.

A guess, so it only warns. Words: the most frequent function words of each language that few others share.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, cast

from edgeprof.quality.evaluation_set import Item

MIN_LETTERS = 200
MIN_WORDS = 60
_WRONG_SCRIPT_SHARE = 0.5
_TIMES_MORE = 3
_MIN_DIFFERENT = 3
"""Function words of a language that its texts hold. One alone may be an answer, such as `y`."""
_SAMPLED_ITEMS = 500

_SCRIPTS: dict[str, tuple[str, ...]] = {
    "ar": ("ARABIC",),
    "bg": ("CYRILLIC",),
    "el": ("GREEK",),
    "fa": ("ARABIC",),
    "he": ("HEBREW",),
    "hi": ("DEVANAGARI",),
    "ja": ("CJK", "HIRAGANA", "KATAKANA"),
    "ko": ("HANGUL", "CJK"),
    "ru": ("CYRILLIC",),
    "th": ("THAI",),
    "uk": ("CYRILLIC",),
    "zh": ("CJK",),
}
_LATIN = ("LATIN",)
_LATIN_LANGUAGES = "cs da de en es et fi fr hr hu id it lt lv ms nl no pl pt ro sk sl sv sw tr vi"
_WORDS = {
    "de": "der die das und ist nicht ein eine mit auf für sich dem von wie wird sind zu auch",
    "en": "the and of is to that was for with are this from by which what how you it",
    "es": "el los las y que del por con para una es como pero más su lo está qué",
    "fr": "le les et des est une du que dans pour qui sur pas avec plus il vous quel",
    "it": "il di che è per una sono con non gli della nel più come anche del alla",
    "nl": "het een van en dat niet zijn voor met op ook maar wat hoe wordt deze bij",
    "pl": "nie się jest na że do jak ale tak przez dla jego tym czy oraz są był",
    "pt": "os não uma para com mais como mas foi são você pelo pela dos em um qual",
}


def language_warning(language: str, items: Iterable[Item]) -> str:
    """A sentence where the texts do not look like the stated language; empty where they do or too few are there."""
    primary = language.partition("-")[0].lower()
    texts = [text for number, item in enumerate(items) if number < _SAMPLED_ITEMS for text in _texts(item)]
    if not primary or not texts:
        return ""
    text = " ".join(texts)
    return _script_warning(language, primary, text) or _word_warning(language, primary, text)


def _script_warning(language: str, primary: str, text: str) -> str:
    expected = _SCRIPTS.get(primary, _LATIN if primary in _LATIN_LANGUAGES.split() else ())
    letters = Counter(_script(char) for char in text[:100_000] if char.isalpha())
    total = sum(letters.values())
    wrong = total - sum(letters[script] for script in expected)
    if not expected or total < MIN_LETTERS or wrong <= _WRONG_SCRIPT_SHARE * total:
        return ""
    found = letters.most_common(1)[0][0].title()
    return f"The set states the language {language!r}; {100 * wrong / total:.0f} % of its letters are {found}."


def _word_warning(language: str, primary: str, text: str) -> str:
    words = [word.strip(".,;:!?\"'()").lower() for word in text.split()]
    if primary not in _WORDS or len(words) < MIN_WORDS:
        return ""
    counts = {name: sum(word in known.split() for word in words) for name, known in _WORDS.items()}
    likeliest = max(counts, key=lambda name: counts[name])
    if likeliest == primary or counts[likeliest] < max(10, _TIMES_MORE * counts[primary]):
        return ""
    if len(set(words) & set(_WORDS[likeliest].split())) < _MIN_DIFFERENT:
        return ""
    return f"The set states the language {language!r}; its texts look like {likeliest!r}. Check the language."


def _script(char: str) -> str:
    return unicodedata.name(char, "UNKNOWN").split(" ")[0].split("-")[0]


def _texts(value: Any, name: str = "") -> list[str]:
    """Every text of an item but its id, its files and its code."""
    if name in ("id", "file", "files", "test", "entry_point"):
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return [text for each, inner in pairs for text in _texts(inner, each)]
    if isinstance(value, (list, tuple)):
        return [text for inner in cast("list[Any]", value) for text in _texts(inner)]
    return []
