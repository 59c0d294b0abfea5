"""What is kept of pages and answers: one version of the data, and no more than so many bytes."""

import pytest

from edgeprof_hub import page_cache
from edgeprof_hub.page_cache import PageCache


def test_an_answer_is_made_once_for_a_version_of_the_data() -> None:
    made: list[str] = []
    cache = PageCache()

    def make(text: str) -> str:
        made.append(text)
        return text

    assert [cache.page(1, "a", lambda: make("first")) for _ in range(3)] == ["first"] * 3
    assert cache.page(2, "a", lambda: make("second")) == "second"
    assert made == ["first", "second"]


def test_what_does_not_fit_pushes_out_the_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "MAX_BYTES", 100)
    cache, made = PageCache(), list[str]()

    def page(key: str, size: int) -> bytes:
        def make() -> bytes:
            made.append(key)
            return bytes(size)

        return cache.page(1, key, make)

    assert [len(page(*each)) for each in (("a", 60), ("b", 30), ("c", 60), ("b", 30))] == [60, 30, 60, 30]
    assert made == ["a", "b", "c"]
    page("a", 60)
    page("huge", 500)
    page("huge", 500)
    assert made == ["a", "b", "c", "a", "huge", "huge"]
