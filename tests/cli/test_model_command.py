"""`edgeprof model` and what `flash` prints of a file's proposals, in words."""

from dataclasses import replace

from edgeprof.commands.model import lines_of, proposal_text
from tests.hub import fleet

MODEL = replace(fleet.model("net-int8", "net"), quantization="int8", parameters=4096)


def test_what_was_proposed_is_printed_with_the_command_that_changes_it() -> None:
    sentence = proposal_text(replace(MODEL, proposed=("family", "quantization", "parameters")))
    assert sentence is not None
    assert sentence.startswith("net-int8: proposed family net, quantization int8, 4,096 parameters. Change: ")
    assert f"edgeprof model edit {MODEL.model_id[:12]} --family" in sentence


def test_nothing_is_printed_where_a_person_said_it_all() -> None:
    assert proposal_text(MODEL) is None


def test_each_proposed_label_is_marked() -> None:
    lines = lines_of(replace(MODEL, proposed=("family",)))
    assert [line.endswith("(proposed)") for line in lines] == [False, True, False, False, False, False, False]
    assert "4,096" in lines[-2]
    assert "unknown" in lines_of(replace(MODEL, parameters=None))[-2]
