"""What the pages of a device and of a model show first."""

from dataclasses import replace

from edgeprof.wire import identity
from edgeprof.wire import messages as m
from edgeprof.wire.evidence import Trust
from tests.hub import fleet, realistic
from tests.hub.conftest import Open
from tests.hub.test_pages import words

FAST, SLOW, SAME = (fleet.model(f"net {name}", "net", quantization=name) for name in ("int8", "fp32", "fp16"))
LLM = fleet.model("llm", "llm", "gguf")


def made(*timed: tuple[object, float], trust: Trust | None = None) -> fleet.Fleet:
    models = [FAST, SLOW, SAME, LLM]
    results = [
        replace(fleet.result(1, model, fleet.vision_rows(p50, 0.01)), trust=trust or Trust())  # pyright: ignore[reportArgumentType]
        for model, p50 in timed
    ]
    llm = replace(fleet.result(1, LLM, fleet.language_rows(21.0)), trust=Trust())
    return fleet.Fleet([fleet.state(1, "pi")], [fleet.facts(1)], models, [*results, llm])


def test_a_device_leads_with_the_best_of_each_family(open_hub: Open) -> None:
    client = open_hub(made((FAST, 1.0), (SLOW, 4.0)))
    text = words(client.get(f"/devices/{fleet.device_id(1)}").text)
    assert text.index("Figures by family") < text.index("Device profile")
    assert "llm Decode 21.0 tokens/s 95 % 20.0–22.0 ✓ clean llm" in text
    assert "net p50 1.00 ms 95 % 0.99–1.01 ✓ clean net int8 58.2 MiB best of 2" in text
    assert "p50 4.00 ms 95 % 3.99–4.01 ✓ clean" in text.split("Recent runs")[1]


def test_no_winner_is_named_where_runs_do_not_differ_or_a_badge_doubts_them(open_hub: Open) -> None:
    client = open_hub(made((FAST, 1.0), (SAME, 1.001)))
    assert "not shown to differ from 1 other" in words(client.get(f"/devices/{fleet.device_id(1)}").text)


def test_a_doubted_figure_is_shown_with_its_badge_and_wins_nothing(open_hub: Open) -> None:
    client = open_hub(made((FAST, 1.0), (SLOW, 4.0), trust=Trust(marks=(realistic.BUSY,))))
    text = words(client.get(f"/devices/{fleet.device_id(1)}").text)
    assert "p50 1.00 ms 95 % 0.99–1.01 ! busy net int8 58.2 MiB best figure of 2, no winner named" in text


def test_a_model_leads_with_its_figure_on_each_device_and_what_failed(open_hub: Open) -> None:
    fails = fleet.result(2, FAST, failure=fleet.UNSUPPORTED)
    of = made((FAST, 1.0))
    of = replace(of, states=[*of.states, fleet.state(2, "jetson")], results=[*of.results, fails])
    text = words(open_hub(of).get(f"/models/{FAST.model_id}").text)
    assert text.index("Figures by device") < text.index("About this model")
    assert "pi p50 1.00 ms 95 % 0.99–1.01 ✓ clean 58.2 MiB" in text
    assert f"Failed now: 1. jetson ✕ {fleet.UNSUPPORTED.code} ." in text


def sized(p50: float, size: int) -> m.Result:
    run = fleet.result(1, FAST, fleet.vision_rows(p50, 0.01))
    config = replace(run.config, shapes={"image": (1, 3, size, size)})
    return replace(run, config=config, config_key=identity.config_key(config), trust=Trust())


def test_figures_of_two_input_sizes_have_a_line_each(open_hub: Open) -> None:
    of = made((SLOW, 4.0))
    of = replace(of, results=[*of.results, sized(1.0, 224), sized(16.0, 896)])
    text = words(open_hub(of).get(f"/devices/{fleet.device_id(1)}").text).split("Device profile")[0]
    assert text.count("the only one measured") == 4  # three sizes, and the language model
    assert "best" not in text.split("Figures by family")[1]


def test_best_counts_what_was_compared(open_hub: Open) -> None:
    of = made((FAST, 1.0), (SLOW, 4.0))
    of = replace(of, results=[*of.results, sized(8.0, 896)])
    text = words(open_hub(of).get(f"/devices/{fleet.device_id(1)}").text)
    assert "best of 2" in text
    assert "best of 3" not in text


def test_a_stale_figure_does_not_pass_for_a_current_one(open_hub: Open) -> None:
    of = made((FAST, 1.0))
    newer = m.RuntimeFact(variant="onnxruntime", formats=("onnx",), version="9.9.9")
    facts = replace(of.facts[0], runtimes=(newer, *of.facts[0].runtimes[1:]))
    client = open_hub(replace(of, facts=[facts]))
    text = words(client.get(f"/devices/{fleet.device_id(1)}").text)
    assert "p50 1.00 ms 95 % 0.99–1.01 ✓ clean net int8 58.2 MiB stale: another runtime version now" in text
    text = words(client.get(f"/models/{FAST.model_id}").text)
    assert "58.2 MiB stale: another runtime version now" in text
