"""Outcomes that a device sent are read as what they say they are, or refused with their line."""

import pytest

from edgeprof.quality.outcomes import Outcome, decode_outcomes, encode_outcomes


def test_what_was_written_is_read_back() -> None:
    written = [
        Outcome(item_id="1", correct=True, score=1.0, answer=[1, 2], details={"margin": 0.5}, parts_ns={"model": 3}),
        Outcome(item_id="é", problem="the file does not decode", pipeline_ns=5),
    ]
    assert list(decode_outcomes(encode_outcomes(written))) == written


@pytest.mark.parametrize(
    "line",
    [
        b'{"item_id":1}',
        b'{"item_id":["a"]}',
        b'{"item_id":"1","correct":"yes"}',
        b'{"item_id":"1","score":"high"}',
        b'{"item_id":"1","score":NaN}',
        b'{"item_id":"1","details":3}',
        b'{"item_id":"1","details":{"norm":"1"}}',
        b'{"item_id":"1","parts_ns":{"model":null}}',
        b"[]",
        b"{}",
        b"[" * 100_000,
    ],
)
def test_a_line_that_is_no_outcome_is_refused_with_its_place(line: bytes) -> None:
    good = encode_outcomes([Outcome(item_id="0")])
    with pytest.raises(ValueError, match="line 2 is not an outcome"):
        list(decode_outcomes(good + line))
