"""A template's context ends with its page."""

import gc
import weakref
from typing import Any

import jinja2
import pytest

from edgeprof_hub.lent import Lent

TEMPLATE = "{% macro cell(one) %}{{ one }}{% endmacro %}{% for one in page.rows %}{{ cell(one) }}{% endfor %}"


class Rows(list[int]):
    """A list that can be referred to weakly."""


class Page:
    def __init__(self) -> None:
        self.rows = Rows([1, 2, 3])


def test_what_a_rendered_page_held_is_free_without_a_collection() -> None:
    gc.disable()
    try:
        page: Any = Page()
        lent = Lent(page)
        assert jinja2.Environment(autoescape=True).from_string(TEMPLATE).render(page=lent) == "123"
        rows = weakref.ref(page.rows)
        lent.take_back()
        del page
        assert rows() is None
    finally:
        gc.enable()


def test_a_missing_attribute_is_missing() -> None:
    with pytest.raises(AttributeError):
        _ = Lent(Page()).columns
