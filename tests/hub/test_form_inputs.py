"""The form's inputs are made from the fields of a run request, and what is typed into them becomes one."""

import pytest

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.run_field import fields_of
from edgeprof.wire.run_request import RunProtocol
from edgeprof_hub.campaigns.form_inputs import campaign_of, inputs
from tests.hub import fleet
from tests.hub.conftest import Open

OFFERED = [each for kind in (rest.CampaignRequest, RunProtocol) for each in fields_of(kind) if each.known.form]


def campaign(**typed: str) -> rest.CampaignRequest:
    return campaign_of(typed, ("m",), ("d",), ())


def test_each_field_that_the_form_offers_is_an_input_with_its_label() -> None:
    assert [(view.name, view.label) for view in inputs()] == [
        (each.name, each.known.form.label) for each in OFFERED if each.known.form
    ]
    assert {view.name for view in inputs()} >= {"threads", "repeats", "soak_s", "energy"}


def test_an_untouched_form_asks_for_the_defaults() -> None:
    untouched = {view.name: view.value for view in inputs() if view.checked is not False}
    assert campaign(**untouched) == rest.CampaignRequest(model_ids=("m",), device_ids=("d",))


def test_what_is_typed_arrives() -> None:
    assert campaign(label=" new heat sink ").protocol.label == "new heat sink"
    found = campaign(threads="4", repeats="3", soak_s="60.5", energy="yes")
    assert (found.threads, found.repeats, found.protocol.soak_s, found.protocol.energy) == (4, 3, 60.5, True)
    assert not campaign(threads="4").protocol.energy


def test_sizes_and_values_are_typed_as_on_the_command_line() -> None:
    found = campaign(dims="batch=1; held=0", input_values="sr=16000;shape=3,4")
    assert (found.dims, found.input_values) == ({"batch": 1, "held": 0}, {"sr": "16000", "shape": "3,4"})
    for typed, code in (
        ({"dims": "held"}, "bad_dim"),
        ({"dims": "a=1.5"}, "bad_dim"),
        ({"input_values": "=1"}, "bad_input"),
    ):
        with pytest.raises(UsageError) as refused:
            campaign(**typed)
        assert refused.value.code == code


@pytest.mark.parametrize("typed", [{"threads": "x"}, {"threads": "1.5"}, {"repeats": "-1"}, {"soak_s": "ten"}])
def test_what_is_not_a_number_is_refused_by_the_inputs_label(typed: dict[str, str]) -> None:
    with pytest.raises(UsageError) as refused:
        campaign(**typed)
    assert refused.value.code == "bad_number"
    assert repr(next(iter(typed.values()))) in refused.value.message


def test_a_refused_form_keeps_what_was_typed(open_hub: Open) -> None:
    typical = fleet.typical()
    client = open_hub(typical)
    chosen = {"model": typical.models[0].model_id, "device": fleet.device_id(1)}
    page = client.post("/flash", data={**chosen, "threads": "999", "soak_s": "30"})
    assert page.status_code == 400
    assert "Threads must be a whole number from 0 to 256, not 999." in page.text
    assert 'name="threads" inputmode="numeric" size="4" value="999"' in page.text
    assert 'name="soak_s" inputmode="numeric" size="5" value="30"' in page.text
