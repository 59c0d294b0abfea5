"""An endpoint answers sets with generated text: cut at stop texts, without fields that it refuses."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeprof.modelfiles import served_file
from edgeprof.modelfiles.served_file import Served
from edgeprof.quality.evaluation_set import SetFacts
from edgeprof.quality.tasks.table import TASKS
from edgeprof_agent.commands.evaluate_run import prepare
from edgeprof_agent.endpoint import Endpoint
from edgeprof_agent.runtimes.openai.adapter import EndpointModel, OpenAiApi
from edgeprof_agent.runtimes.openai.writing import cut
from edgeprof_agent.worker.evaluation.answering import answered
from edgeprof_agent.worker.evaluation.base import Question
from edgeprof_agent.worker.evaluation.table import pipeline_of
from edgeprof_agent.worker_protocol.adapter import Generated, RuntimeFailure, WritesTexts
from edgeprof_agent.worker_protocol.document import job_from
from tests.agent.odd_endpoint import WORD, OddEndpoint, odd_endpoint

FACTS = SetFacts(
    name="s", task="exact-match", domain="language", template="Q: {question}", preparation={"max_tokens": 3}
)
ITEM = {"id": "1", "question": "Say it three times.", "target": (WORD * 3).strip()}


@pytest.fixture
def odd() -> Iterator[OddEndpoint]:
    with odd_endpoint() as server:
        yield server


@pytest.fixture
def model(odd: OddEndpoint, tmp_path: Path) -> Iterator[EndpointModel]:
    found = opened(odd, tmp_path)
    yield found
    found.close()


def opened(odd: OddEndpoint, folder: Path) -> EndpointModel:
    file = folder / "odd-1.served"
    file.write_bytes(served_file.written(Served(edgeprof_served=1, model="odd-1", parameters={}, price=None)))
    config = dict(prompt_tokens=8, decode_tokens=8, depth_tokens=0, arrival_rate_per_s=0.0)
    endpoint = {"url": odd.url, "key_variable": None}
    times = dict(stop_at_ns=1 << 62, extras_stop_at_ns=1 << 62)
    job = dict(course="evaluate", model_path=str(file), config=config, protocol=dict(seed=1), endpoint=endpoint)
    return OpenAiApi().open(job_from({**job, **times}))


def test_an_endpoint_answers_with_text_as_its_users_ask(odd: OddEndpoint, model: EndpointModel) -> None:
    assert isinstance(model, WritesTexts)
    pipeline = pipeline_of("exact-match")(Question(model, FACTS, Path(), [ITEM], 0))
    found = answered(pipeline, TASKS["exact-match"], FACTS, ITEM)
    assert (found.problem, found.correct, found.details["at_limit"]) == ("", True, 1.0)
    body = odd.bodies[-1]
    assert body["messages"] == [{"role": "user", "content": "Q: Say it three times."}]
    assert (body["temperature"], body["seed"], body["max_completion_tokens"]) == (0.0, 0, 3)


def test_a_field_that_is_refused_is_left_out_from_then_on(odd: OddEndpoint, model: EndpointModel) -> None:
    odd.refusals = [(400, '{"error": {"message": "temperature does not support 0.0 with this model"}}', {})]
    assert model.write("a", 2, ["zzz"], temperature=0.0, seed=1).text == WORD * 2
    assert model.write("b", 2, [], temperature=0.0, seed=1).tokens == 2
    assert [("temperature" in body, "seed" in body) for body in odd.bodies[-3:]] == [
        (True, True),
        (False, True),
        (False, True),
    ]


def test_a_run_says_what_was_asked_and_which_field_was_refused(odd: OddEndpoint, model: EndpointModel) -> None:
    setting = model.setting()
    assert (setting["inputs"], setting["input_source"]) == ({"prompt": "text"}, "items of the evaluation set")
    assert not any("default" in note for note in setting["notes"])
    odd.refusals = [(400, '{"error": {"message": "temperature does not support 0.0 with this model"}}', {})]
    model.write("a", 2, [], temperature=0.0, seed=1)
    assert "the endpoint refused temperature: answers are by its own default there" in model.setting()["notes"]


def test_two_endpoints_never_share_answers(tmp_path: Path) -> None:
    file = tmp_path / "odd-1.served"
    file.write_bytes(served_file.written(Served(edgeprof_served=1, model="odd-1", parameters={}, price=None)))
    options = dict(shots=0, items=0, time_limit_s=60, item_limit_s=60, threads=0, provider="cpu")
    both = [
        prepare(
            file,
            "instructions-40",
            {**options, "runtime": None, "memory_limit_mib": None},
            lambda _: None,
            Endpoint(url=f"http://{host}/v1", host=host, on_this_host=False),
        )
        for host in ("a", "b")
    ]
    assert both[0].journal != both[1].journal


def test_a_function_in_a_fence_is_not_cut_at_its_head(odd: OddEndpoint, model: EndpointModel) -> None:
    facts = SetFacts(name="s", task="code", domain="language", template="{prompt}", preparation={"max_tokens": 3})
    item = {"id": "1", "prompt": "def f():\n", "test": "def check(g): assert g()", "entry_point": "f"}
    pipeline = pipeline_of("code")(Question(model, facts, Path(), [item], 0))
    answered(pipeline, TASKS["code"], facts, item)
    assert "stop" not in odd.bodies[-1]
    text = "```python\ndef f():\n    return True\n```"
    assert pipeline.finish(item, Generated(text, 9, "end", 1, 1)).value["passed"]


def test_a_failure_that_has_a_fields_name_in_it_does_not_refuse_the_field(
    odd: OddEndpoint, model: EndpointModel
) -> None:
    odd.refusals = [(403, '{"error": {"message": "the seed account may not do that"}}', {})]
    with pytest.raises(RuntimeFailure, match="seed account"):
        model.write("a", 2, [], temperature=0.0, seed=1)
    odd.refusals = [(400, '{"error": {"message": "the policy stopped this"}}', {})]
    with pytest.raises(RuntimeFailure, match="stopped"):
        model.write("a", 2, ["x"], temperature=0.0, seed=1)
    assert not any("refused" in note for note in model.setting()["notes"])


def test_another_refusal_is_a_failure(odd: OddEndpoint, model: EndpointModel) -> None:
    odd.refusals = [(400, '{"error": {"message": "content is not allowed"}}', {})]
    with pytest.raises(RuntimeFailure, match="content is not allowed"):
        model.write("a", 2, [], temperature=0.0, seed=1)


def test_choices_are_refused_with_the_reason(model: EndpointModel) -> None:
    facts = SetFacts(name="s", task="multiple-choice", domain="language", template="{question}")
    with pytest.raises(RuntimeFailure, match="An endpoint shows no log-likelihood"):
        pipeline_of("multiple-choice")(Question(model, facts, Path(), [], 0))


def test_a_text_is_cut_at_the_first_of_its_stop_texts() -> None:
    assert cut("one\ntwo three", ["three", "\n", ""]) == ("one", True)
    assert cut("one", ["two"]) == ("one", False)
