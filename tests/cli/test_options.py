"""Input shapes as they are typed."""

import pytest

from edgeprof.commands.options import parse_shapes
from edgeprof.errors import UsageError


def test_each_input_gets_its_sizes() -> None:
    assert parse_shapes(("image=1,3,224,224", "mask=8", "past=1,0")) == {
        "image": (1, 3, 224, 224),
        "mask": (8,),
        "past": (1, 0),
    }


def test_a_name_may_hold_what_onnx_lets_it_hold() -> None:
    assert parse_shapes(("serving/x:0=a=1,2",)) == {"serving/x:0=a": (1, 2)}


@pytest.mark.parametrize("text", ["", "image", "image=", "=1,2", "image=1,-3", "image=1,,2", "image=1.5"])
def test_what_is_no_shape_is_quoted_back(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_shapes((text,))
    assert refused.value.code == "bad_shape"
    assert repr(text) in refused.value.message
