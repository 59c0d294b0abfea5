"""A model's labels on the hub: facts it reads itself, edits that stay, families kept apart, names made distinct."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from edgeprof.errors import UsageError
from edgeprof.modelfiles.context_length import check_context
from edgeprof.modelfiles.proposals import FileFacts
from edgeprof.tables.view import column_labels
from edgeprof.wire.run_config import RunConfig
from edgeprof_hub.app import create_app
from edgeprof_hub.config import HubSettings
from edgeprof_hub.matrix import table
from edgeprof_hub.registry import model_facts
from tests.hub import fleet, live, stores
from tests.modelfiles import makers

PROPOSED = ("family", "quantization", "task", "parameters")
NET = replace(fleet.model("net-int8", "net"), quantization="int8", variant="int8", parameters=1000, proposed=PROPOSED)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    app = create_app(HubSettings(data=tmp_path / "data", mqtt_port=live.free_port()))
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as opened:
        yield opened


def uploaded(client: TestClient, name: str = "digits-int8.onnx", weights: int = 300) -> dict[str, object]:
    data = makers.onnx_model(weights).SerializeToString()
    assert client.post("/models/upload", files=[("file", (name, data, "x/y"))]).status_code == 303
    newest: dict[str, object] = max(client.get("/api/v1/models").json(), key=lambda each: each["created_s"])
    return newest


def test_an_upload_without_labels_is_marked_as_proposed_and_the_page_says_so(client: TestClient) -> None:
    model = uploaded(client)
    assert (model["family"], model["quantization"], model["parameters"]) == ("digits", "fp32", 300)
    assert model["proposed"] == ["family", "quantization", "parameters"]
    page = client.get(f"/models/{model['model_id']}").text
    assert page.count("(proposed)") == 3
    assert "Proposed from the file: family, quantization, parameters" in page


def test_an_edit_over_rest_changes_what_it_names_and_confirms_it(client: TestClient) -> None:
    path = f"/api/v1/models/{uploaded(client)['model_id']}"
    assert client.patch(path, json={"family": "numbers", "task": "text"}).status_code == 204
    model = client.get(path).json()
    assert (model["family"], model["task"], model["quantization"]) == ("numbers", "text", "fp32")
    assert model["proposed"] == ["quantization", "parameters"]
    assert client.patch(path, json={"name": "one"}).status_code == 204
    assert client.get(path).json()["name"] == "one"


def test_an_edit_on_the_page_changes_all_of_it(client: TestClient) -> None:
    model_id = uploaded(client)["model_id"]
    form = {"family": "numbers", "quantization": "int8", "task": "text", "parameters": "1,234"}
    assert client.post(f"/models/{model_id}/about", data=form).status_code == 303
    model = client.get(f"/api/v1/models/{model_id}").json()
    assert {name: model[name] for name in ("family", "quantization", "variant", "task", "parameters")} == {
        **form,
        "variant": "int8",
        "parameters": 1234,
    }
    assert model["proposed"] == []


@pytest.mark.parametrize(
    ("body", "code"),
    [({"task": "poetry"}, "bad_task"), ({"parameters": -1}, "bad_parameters"), ({"family": " "}, "bad_name")],
)
def test_an_edit_that_makes_no_sense_is_refused(client: TestClient, body: dict[str, object], code: str) -> None:
    answer = client.patch(f"/api/v1/models/{uploaded(client)['model_id']}", json=body)
    assert answer.json()["error"]["code"] == code


def test_a_model_that_is_not_there_cannot_be_edited(client: TestClient) -> None:
    assert client.patch(f"/api/v1/models/{'0' * 64}", json={"family": "x"}).status_code == 404


def test_an_edit_stays_when_the_file_comes_again(client: TestClient) -> None:
    model_id = uploaded(client)["model_id"]
    client.patch(f"/api/v1/models/{model_id}", json={"family": "numbers", "quantization": "int8-static"})
    again = uploaded(client)
    assert (again["model_id"], again["family"], again["quantization"]) == (model_id, "numbers", "int8-static")
    assert again["proposed"] == ["parameters"]


def test_what_is_said_when_it_comes_again_counts() -> None:
    said = replace(NET, family="other-net", proposed=("quantization", "parameters"))
    merged = model_facts.merged(NET, said)
    assert (merged.family, "family" in merged.proposed) == ("other-net", False)


def test_unrelated_files_of_one_name_do_not_become_variants(client: TestClient) -> None:
    """No folder tells them apart: a browser sends names alone."""
    first, second = uploaded(client, "digits.onnx", 300), uploaded(client, "digits.onnx", 900)
    assert first["family"] == "digits"
    assert second["family"] == f"digits {str(second['model_id'])[:8]}"
    variant = uploaded(client, "digits-int8.onnx", 301)
    assert variant["family"] == "digits"
    other_variant = uploaded(client, "digits-fp16.onnx", 901)
    assert other_variant["family"] == second["family"]


def test_a_sender_that_knows_less_than_the_file_gets_the_files_facts() -> None:
    """As an older `edgeprof flash` is one."""
    old = replace(NET, quantization="unknown", variant="unknown", parameters=None, proposed=())
    found = model_facts.with_facts(old, FileFacts("int8", 42, 128))
    assert (found.quantization, found.variant, found.parameters, found.context_tokens) == ("int8", "int8", 42, 128)
    assert found.proposed == ("quantization", "parameters")


def test_models_of_one_name_are_distinct_in_the_table(tmp_path: Path) -> None:
    models = [fleet.model("model", "speech"), fleet.model("model", "vision"), fleet.model("other", "other")]
    results = [fleet.result(1, model, fleet.vision_rows(1.0, 0.1)) for model in models]
    with stores.opened(tmp_path) as store:
        fleet.fill(store.writer, fleet.Fleet([fleet.state(1, "pi")], [], models, results))
        built = table.build(store.reader, fleet.NOW_S)
    wanted = {f"model ({model.model_id[:8]})" for model in models[:2]} | {"other"}
    assert {column.model_name for column in built.columns} == wanted
    from_an_older_hub = [replace(column, model_name=column.model_name.partition(" (")[0]) for column in built.columns]
    assert {label.partition(" · ")[0] for label in column_labels(from_an_older_hub).values()} == wanted


@pytest.mark.parametrize(
    ("runtime", "prompt", "decode", "depth", "fits"),
    [
        ("llama-cpp-python", 128, 32, 0, True),
        ("llama-cpp-python", 129, 32, 0, False),
        ("xllamacpp", 128, 32, 0, False),
        ("xllamacpp", 127, 32, 0, True),
        ("xllamacpp", 64, 127, 0, False),
        ("llama-cpp-python", 64, 32, 64, True),
        ("llama-cpp-python", 64, 32, 65, False),
    ],
)
def test_a_run_longer_than_the_trained_context_is_refused_with_lengths_that_fit(
    runtime: str, prompt: int, decode: int, depth: int, fits: bool
) -> None:
    config = RunConfig(runtime=runtime, prompt_tokens=prompt, decode_tokens=decode, depth_tokens=depth)
    if fits:
        check_context("tale", 128, config)
        return
    with pytest.raises(UsageError, match="trained for a context of 128 tokens") as caught:
        check_context("tale", 128, config)
    assert caught.value.code == "context_too_small"
    words = caught.value.message.partition("Use `")[2].partition("`")[0].split()
    options = dict(zip(words[::2], map(int, words[1::2]), strict=True))
    shorter = replace(
        config,
        prompt_tokens=options.get("--prompt-tokens", prompt),
        decode_tokens=options.get("--decode-tokens", decode),
        depth_tokens=options.get("--depth-tokens", depth),
    )
    check_context("tale", 128, shorter)
