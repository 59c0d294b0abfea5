"""Topics: built and parsed in one place; no device id can reach beyond its own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.wire import topics


def test_a_topic_parses_back_to_its_parts() -> None:
    topic = topics.build("home", "d-0123456789abcdef", "result")
    assert topic == "edgeprof/1/home/d-0123456789abcdef/result"
    assert topics.parse(topic) == topics.Topic("home", "d-0123456789abcdef", "result")


@pytest.mark.parametrize("name", ["+", "#", "a/b", "$SYS", "", "x" * 65_536, "UPPER", "a b", "ab\n", "é-é-é", "-ab"])
def test_a_name_that_could_reach_another_topic_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is not valid in a topic"):
        topics.build("home", name, "job")


@pytest.mark.parametrize(
    "topic",
    [
        "edgeprof/2/home/d-123/state",
        "edgeprof/1/home/d-123/unknown",
        "edgeprof/1/home/d-123",
        "edgeprof/1/home/d-123/state/more",
        "x/edgeprof/1/home/d-123/state",
        "",
    ],
)
def test_a_topic_of_another_kind_is_none(topic: str) -> None:
    assert topics.parse(topic) is None


@given(st.text())
def test_no_text_makes_parsing_fail(text: str) -> None:
    parsed = topics.parse(text)
    assert parsed is None or topics.is_name(parsed.device_id)


def test_the_hub_never_subscribes_to_everything() -> None:
    assert all("#" not in item for item in topics.hub_filters())
    assert not set(topics.UPWARD) & set(topics.DOWNWARD)
