"""Prompts of about a wanted number of tokens for a tokenizer that is not known: common words, counted by the endpoint.

Every prompt begins with other words, so that a provider's prompt cache has nothing of it.
"""

import random

_WORDS = [
    "time",
    "year",
    "people",
    "way",
    "day",
    "man",
    "thing",
    "woman",
    "life",
    "child",
    "world",
    "school",
    "state",
    "family",
    "student",
    "group",
    "country",
    "problem",
    "hand",
    "part",
    "place",
    "case",
    "week",
    "company",
    "system",
    "program",
    "question",
    "work",
    "government",
    "number",
    "night",
    "point",
    "home",
    "water",
    "room",
    "mother",
    "area",
    "money",
    "story",
    "fact",
    "month",
    "lot",
    "right",
    "study",
    "book",
    "eye",
    "job",
    "word",
    "business",
    "issue",
    "side",
    "kind",
    "head",
    "house",
    "service",
    "friend",
    "father",
    "power",
    "hour",
    "game",
    "line",
    "end",
    "member",
    "law",
    "car",
    "city",
    "community",
    "name",
    "president",
    "team",
    "minute",
    "idea",
    "kid",
    "body",
    "back",
    "parent",
    "face",
    "others",
    "level",
    "office",
    "door",
    "health",
    "person",
    "art",
    "war",
    "history",
    "party",
    "result",
    "change",
    "morning",
    "reason",
    "research",
    "girl",
    "guy",
    "moment",
    "air",
    "teacher",
    "force",
    "education",
]
_CONTINUE = "Go on with this list of words for as long as you can, without any other text:"
_COUNT = "Count upwards from {start}, one number after the other, and do not stop before 10,000 numbers."
FEW_WORDS, MANY_WORDS = 8, 40
"""Of the two prompts by which the tokens of a word are counted."""


class Prompts:
    """Until `learned`, a word is taken for a token.

    Drawn anew in every run, not from its seed: the same prompts again would be found in an endpoint's prompt cache.
    """

    def __init__(self) -> None:
        self._random = random.SystemRandom()
        self._per_word = 1.0
        self._fixed = 0.0

    def words(self, count: int) -> str:
        """A prompt of `count` words, other ones each time, in front of a sentence that asks for more of them."""
        return f"{' '.join(self._random.choice(_WORDS) for _ in range(count))}\n{_CONTINUE}"

    def learned(self, few_tokens: int, many_tokens: int) -> None:
        """What the endpoint counted for prompts of FEW_WORDS and of MANY_WORDS."""
        self._per_word = max(0.1, (many_tokens - few_tokens) / (MANY_WORDS - FEW_WORDS))
        self._fixed = few_tokens - self._per_word * FEW_WORDS

    def of_tokens(self, tokens: int) -> str:
        """A prompt of about so many tokens, with what the endpoint puts around it; of one word at the least."""
        return self.words(max(1, round((tokens - self._fixed) / self._per_word)))

    def counting(self) -> str:
        """A short prompt whose answer is long."""
        return _COUNT.format(start=self._random.randint(1, 1_000_000))
