"""`edgeprof family` and `edgeprof tag` against a real hub."""

from tests.cli.conftest import Run
from tests.hub import fleet
from tests.hub.live import Live

A1, A2 = fleet.model("net fp32", "net"), fleet.model("net int8", "net", quantization="int8")
B1 = fleet.model("other", "other")


def test_families_and_tags_from_a_terminal(run: Run, hub: Live) -> None:
    of = fleet.Fleet([fleet.state(1, "pi")], models=[A1, A2, B1])
    hub.hub.writer.call(lambda store: fleet.fill(store, of))
    assert run("family", "list").out == "net\n  net fp32  onnx fp32\n  net int8  onnx int8\nother\n  other  onnx fp32\n"
    dry = run("family", "merge", "net", "other", "--dry-run").out
    assert dry.startswith("From net to other: 2 models (net fp32, net int8).\n")
    assert dry.endswith("Nothing is deleted or measured again.\n")
    refused = run("family", "merge", "net", "other")
    assert refused.err.endswith("Confirm with --yes. [not_confirmed]\n")
    assert len(hub.client.families()) == 2
    assert run("family", "merge", "net", "net", "--yes").refused_with("same_family")
    assert run("family", "split", "net", "small", "net int8", "--yes").out.endswith("Done.\n")
    assert run("family", "split", "small", "tiny", "net int8", "--yes").refused_with("whole_family")
    assert run("family", "rename", "small", "x" * 200, "--yes").refused_with("bad_name")
    assert run("family", "rename", "small", "little", "--yes").code == 0
    assert [one.name for one in hub.client.families()] == ["little", "net", "other"]
    told = run("model", "edit", "net int8", "--family", "net", "--variant", "int8-static").out
    assert "Left in little: no model." in told
    assert "variant      int8-static" in told
    assert "family: little -> net" in run("model", "show", "net int8").out
    assert run("tag", "device", "pi", "Lab", "room-2").out == "pi: lab, room-2\n"
    assert run("tag", "device", "pi", "lab", "--remove").out == "pi: room-2\n"
    assert run("devices").out.splitlines()[1].endswith("room-2")
    assert "Queued 1 job(s)" in run("flash", "other", "--to", "tag:Room-2", "--no-wait").out
    assert run("flash", "other", "--to", "tag:attic", "--no-wait").refused_with("unknown_device")
    assert run("tag", "model", "other", "a,b").refused_with("bad_tag")
    assert run("tag", "model", "other", "a b").refused_with("bad_tag")
    assert run("tag", "model", "other", "best").out == "other: best\n"
    assert run("tag", "model", "other", "--remove").out == "other: no tags\n"
