"""`edgeprof group` and `edgeprof flash --group` against a real hub."""

from tests.cli.conftest import Run
from tests.hub import fleet
from tests.hub.live import Live

MODEL = fleet.model("cnn", "cnn")


def test_groups_from_a_terminal(run: Run, hub: Live) -> None:
    of = fleet.Fleet([fleet.state(number, f"pi-{number}") for number in (1, 2, 3)], models=[MODEL])
    hub.hub.writer.call(lambda store: fleet.fill(store, of))
    assert "No groups yet" in run("group").out
    assert run("group", "lab", "pi-1", "pi-3").out == "lab: pi-1, pi-3.\n"
    assert run("group").out == "lab: pi-1, pi-3\n"
    assert run("group", "lab").out == "lab: pi-1, pi-3\n"
    assert run("group", "kitchen").refused_with("unknown_group")
    assert run("group", "lab", "cellar").refused_with("unknown_device")
    assert run("group", "--delete").refused_with("no_name")
    assert "Queued 2 job(s)" in run("flash", MODEL.name, "--group", "lab", "--no-wait").out
    assert run("flash", MODEL.name, "--group", "kitchen", "--no-wait").refused_with("unknown_group")
    assert run("group", "lab", "--delete").out == "Deleted group lab.\n"
    assert hub.client.groups() == []
