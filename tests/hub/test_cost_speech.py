"""Speech, documents and embeddings: billed as they are sold, on both sides, with what one inference holds named."""

import math
from dataclasses import replace
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeprof.errors import EdgeprofError
from edgeprof.wire import rest
from edgeprof_hub.cost import alternative, alternatives, explorer
from edgeprof_hub.cost import field as cost_field
from edgeprof_hub.cost import fields as cost_fields
from edgeprof_hub.cost.audio import AudioBilling, billing_of
from edgeprof_hub.cost.break_even import break_even_per_day
from edgeprof_hub.cost.catalogue.loader import load_catalogue
from edgeprof_hub.cost.field import Field
from edgeprof_hub.cost.kind import WorkKind, fed_tokens, kind_of
from edgeprof_hub.cost.scenario import AudioBaseline, PageBaseline, Scenario, SpeechBaseline
from edgeprof_hub.cost.subject import subject_of
from tests.hub import fleet
from tests.hub.cost_oracle_cloud import Tier, audio_units, call_usd
from tests.hub.explorer_cases import DEVICE, PRICES, TODAY, values
from tests.hub.test_cost_cell import FAST, WRITER, Cell

SPEECH = fleet.model("ears", "ears", task="speech-recognition")
SPEECH_RUN = fleet.result(1, SPEECH, fleet.vision_rows(400.0, 1.0))


def heard(**asked: str) -> dict[str, Field]:
    made = cost_fields.fields_of(subject_of(DEVICE, SPEECH, SPEECH_RUN), Scenario(), PRICES)
    return cost_field.changed(made, asked)


def cloud_usd(key: str, fields: dict[str, Field]) -> float:
    alternative = alternatives.alternative_of(key, fields, PRICES)
    return alternative.usd({**values(fields), "audio_s": fields["audio_s"].value or 0.0}, 1000.0)


@pytest.mark.parametrize(
    ("unit", "usd", "hour_usd"),
    [("audio second", "0.0001", "0.36"), ("audio minute", "0.006", "0.36"), ("audio hour", "0.36", "0.36")],
)
def test_a_second_a_minute_and_an_hour_are_the_same_price(unit: str, usd: str, hour_usd: str):
    seconds = {"audio second": 1, "audio minute": 60, "audio hour": 3600}[unit]
    assert audio_units(D(3600), D(seconds), None, D(0)) * D(usd) == D(hour_usd)
    assert AudioBilling(unit_s=seconds).units(3600) * float(usd) == pytest.approx(float(hour_usd), rel=1e-12)


@pytest.mark.parametrize(
    ("heard_s", "billed_s"), [("3", "15"), ("15", "15"), ("15.2", "16"), ("16", "16"), ("16.0001", "17")]
)
def test_what_is_billed_is_never_less_than_the_minimum_and_in_whole_steps(heard_s: str, billed_s: str):
    """The 15 s minimum and 1 s steps of formula 11's example."""
    assert audio_units(D(heard_s), D(60), D(1), D(15)) * 60 == D(billed_s)
    billing = AudioBilling(unit_s=60, granularity_s=1, minimum_s=15)
    assert billing.units(float(heard_s)) * 60 == pytest.approx(float(billed_s), rel=1e-12)


def test_without_steps_the_exact_length_is_billed_and_no_length_is_refused():
    assert audio_units(D("0.36"), D(3600), None, D(0)) == D("0.0001")
    assert AudioBilling(unit_s=3600).units(0.36) == pytest.approx(0.0001, rel=1e-12)
    with pytest.raises(EdgeprofError, match="seconds of audio"):
        AudioBilling(unit_s=3600).units(0.0)


@given(
    millis=st.integers(1, 10_000_000),
    step_millis=st.integers(1, 60_000),
    minimum_s=st.integers(0, 60),
    unit_s=st.sampled_from([1, 60, 3600]),
)
def test_the_float_billing_is_that_in_decimal(millis: int, step_millis: int, minimum_s: int, unit_s: int):
    duration_s, step_s = D(millis) / 1000, D(step_millis) / 1000
    billing = AudioBilling(unit_s=unit_s, granularity_s=float(step_s), minimum_s=minimum_s)
    billed_s, least_s = audio_units(duration_s, D(1), step_s, D(minimum_s)), max(duration_s, D(minimum_s))
    assert billing.units(float(duration_s)) * unit_s == pytest.approx(float(billed_s))
    assert least_s <= billed_s < least_s + step_s


def test_every_speech_and_page_entry_is_a_baseline_in_cell_and_explorer_with_one_price():
    for entry_id, priced in load_catalogue().entries.items():
        if priced.entry.kind not in ("audio", "page"):
            continue
        is_audio = priced.entry.kind == "audio"
        task = "speech-recognition" if is_audio else "text"
        baseline = AudioBaseline(entry_id) if is_audio else PageBaseline(entry_id)
        view = Cell(task=task, scenario=Scenario(baselines={task: baseline})).view()
        units = D(repr(billing_of(priced).units(30.0))) if is_audio else D(1)
        tiers = [Tier(tier.up_to, tier.price) for tier in priced.tiers]
        assert view.cloud_usd == pytest.approx(float(call_usd(D(1000), tiers, units) * 1000))
        assert view.cloud_usd == pytest.approx(cloud_usd(alternative.key_of(baseline), heard()) * 1000)
        assert priced.source.title in view.inputs["cloud price"]


def test_a_speech_model_is_compared_with_the_hosted_model_with_open_weights():
    """30 s at 0.04 USD an hour, a thousand times."""
    view = Cell(task="speech-recognition").view()
    assert view.cloud_name == "Groq whisper-large-v3-turbo"
    assert view.cloud_usd == pytest.approx(30 / 3600 * 0.04 * 1000)
    assert view.inputs["audio in an inference"].startswith("30 s (assumed: the window of the Whisper models")
    assert view.break_even_kind == "at_least"
    short = Cell(task="speech-recognition", scenario=Scenario(audio_s=2.0, is_entered=True)).view()
    assert short.cloud_usd == pytest.approx(10 / 3600 * 0.04 * 1000)  # ten seconds are the least that Groq bills
    assert short.inputs["audio in an inference"] == "2 s (entered: the fleet's scenario)"
    whisper = Scenario(baselines={"speech-recognition": SpeechBaseline("openai", "whisper-1")})
    assert Cell(task="speech-recognition", scenario=whisper).view().cloud_usd == pytest.approx(3.0)


def test_a_cell_breaks_even_by_what_a_piece_of_audio_costs_and_not_by_the_hour():
    """A board of 0.1 USD a day; 30 s at 0.15 USD an hour are 0.00125 USD."""
    scenario = Scenario(baselines={"speech-recognition": AudioBaseline("assemblyai-universal-2")})
    assert Cell(task="speech-recognition", scenario=scenario).view().break_even_per_day == pytest.approx(80)


def test_an_embedding_is_compared_by_the_tokens_that_it_reads():
    assumed = Cell(task="embedding").view()
    assert assumed.cloud_name == "OpenAI text-embedding-3-small"
    assert assumed.cloud_usd == pytest.approx(500 * 0.02 / 1e6 * 1000)
    assert assumed.inputs["read by an inference"] == "500 tokens (assumed: the scenario)"
    fed = Cell(task="embedding", inputs={"input_ids": "int64[1,256]"}).view()
    assert fed.cloud_usd == pytest.approx(256 * 0.02 / 1e6 * 1000)
    assert fed.inputs["read by an inference"].startswith("256 tokens (measured")


def test_an_embedding_model_in_gguf_reads_at_its_prefill_rate_and_writes_nothing():
    """500 tokens at 200 a second take 2.5 s: 34,560 a day."""
    view = Cell(task="embedding", format="gguf", metrics=WRITER).view()
    assert view.unit == "1,000 inferences"
    assert view.inputs["devices"].startswith("1 (assumed: one can do 34,560 inferences a day")
    assert view.cloud_usd == pytest.approx(500 * 0.02 / 1e6 * 1000)


@pytest.mark.parametrize(
    ("inputs", "tokens"),
    [
        ({"input_ids": "int64[1,256]"}, 256),
        ({"input_ids": "int64[4, 128]"}, 512),
        ({"input_ids": "int64[]"}, None),
        ({"input_ids": "int64[1,?]"}, None),
        ({"pixels": "float32[1,3]"}, None),
        ({"input_ids": "int64[1,0]"}, None),
    ],
)
def test_the_tokens_that_were_fed_are_read_from_the_run(inputs: dict[str, str], tokens: int | None):
    assert fed_tokens(inputs) == tokens


@pytest.mark.parametrize(
    ("task", "format", "kind"),
    [
        ("embedding", "gguf", "reading"),
        ("embedding", "onnx", "reading"),
        ("speech-recognition", "onnx", "listening"),
        ("other", "gguf", "answer"),
        ("llm", "gguf", "answer"),
        ("segmentation", "tflite", "inference"),
    ],
)
def test_the_kind_of_work_follows_from_task_and_format(task: str, format: str, kind: WorkKind):
    assert kind_of(task, format) == kind


def test_the_explorer_asks_for_the_audio_and_says_where_the_value_is_from():
    field = heard()["audio_s"]
    assert (field.value, field.origin) == (30.0, "assumed")
    assert heard(audio_s="5")["audio_s"].origin == "entered"
    assert set(alternative.offered(load_catalogue(), "listening")) >= {
        "speech:openai/whisper-1",
        "audio:assemblyai-universal-2",
        "instance:aws-t4g-small",
    }
    assert not [key for key in alternative.offered(load_catalogue(), "inference") if key.startswith("audio:")]
    with pytest.raises(EdgeprofError, match="No cloud baseline"):
        alternatives.alternative_of("audio:azure-speech", {"service_ms": field}, PRICES)


def test_limits_of_the_audio_go_through_the_draws_and_drive_the_range():
    wide = heard(audio_s="30", **{"audio_s.low": "5", "audio_s.high": "60"})
    found = explorer.explore(wide, alternatives.alternative_of("speech:openai/whisper-1", wide, PRICES), TODAY)
    assert found.cloud_usd == pytest.approx(30 * 0.0001)
    assert "audio_s" in [driver.name for driver in found.drivers]
    assert 5 * 0.0001 < found.spread.cloud.low < found.spread.cloud.middle < found.spread.cloud.high < 60 * 0.0001


def test_retries_are_billed_again():
    once = cloud_usd("audio:assemblyai-universal-2", heard())
    assert cloud_usd("audio:assemblyai-universal-2", heard(retry_percent="10")) == pytest.approx(once * 1.1)


def test_break_even_counts_hours_of_audio():
    """Ten seconds at 0.15 USD an hour; the fixed part of the board alone."""
    fields = heard(audio_s="10", energy_j="0", lifetime_years="3")
    alternative = alternatives.alternative_of("audio:assemblyai-universal-2", fields, PRICES)
    fixed_usd_per_day = 120 / 3 / 365
    crossing = break_even_per_day({**values(fields), "service_ms": 0.01}, alternative)
    assert crossing == math.ceil(fixed_usd_per_day / (10 / 3600 * 0.15))


def test_a_run_that_measured_no_time_has_no_cost_either():
    assert isinstance(Cell(task="speech-recognition", metrics={}).cost(), str)
    assert isinstance(Cell(task="embedding", format="gguf", metrics=FAST).cost(), str)
    bare = replace(SPEECH_RUN, metrics=())
    assert cost_fields.fields_of(subject_of(DEVICE, SPEECH, bare), Scenario(), PRICES)["service_ms"].value is None


def test_the_task_is_one_that_a_model_can_have():
    record: rest.ModelRecord = SPEECH
    assert record.task == "speech-recognition"
