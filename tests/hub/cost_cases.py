"""Fifty-odd runs with devices and scenarios as unlike as they come, and what cell and explorer show of their cost."""

import json
import random
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from edgeprof.errors import EdgeprofError
from edgeprof.tables import figures
from edgeprof.tables.cost_words import break_even_text
from edgeprof.wire import rest
from edgeprof.wire.messages import ModelFormat, Result
from edgeprof.wire.tasks import Task
from edgeprof_hub.cost import alternative, alternatives, costs, explorer, fields, fleet_scenario
from edgeprof_hub.cost import field as cost_field
from edgeprof_hub.cost.kind import compared_as
from edgeprof_hub.cost.price_moment import Prices, prices_now
from edgeprof_hub.cost.scenario import (
    AudioBaseline,
    Baseline,
    CallBaseline,
    InstanceBaseline,
    PageBaseline,
    Scenario,
    SpeechBaseline,
    TokenBaseline,
)
from edgeprof_hub.cost.subject import subject_of
from edgeprof_hub.views import cost_figures
from tests.hub import fleet

PRICES = prices_now(datetime(2026, 11, 27, 12, tzinfo=UTC).timestamp())
SCENARIOS = (
    None,
    {"inferences_per_day": "100000", "answers_per_day": "2000", "lifetime_years": "4"},
    {"inferences_per_day": "25", "answers_per_day": "3", "maintenance_usd_per_year": "12", "audio_s": "4.5"},
    {"inferences_per_day": "900000", "input_tokens": "1200", "output_tokens": "64", "tariff_usd_per_kwh": "0.31"},
    {"inferences_per_day": "0.5", "answers_per_day": "0.25", "lifetime_low_years": "1", "tariff_usd_per_kwh": "0"},
)
USUAL = {
    "inferences_per_day": "1000",
    "answers_per_day": "200",
    "input_tokens": "500",
    "output_tokens": "300",
    "audio_s": "30",
    "lifetime_years": "3",
    "lifetime_low_years": "2",
    "lifetime_high_years": "5",
    "maintenance_usd_per_year": "0",
}
WORK: tuple[tuple[Task, ModelFormat, tuple[Baseline | None, ...]], ...] = (
    (
        "image-classification",
        "onnx",
        (None, CallBaseline("google-vision-label-detection"), InstanceBaseline("aws-g4dn-xlarge")),
    ),
    ("object-detection", "tflite", (None, CallBaseline("google-vision-object-localization"))),
    ("segmentation", "onnx", (None, InstanceBaseline("aws-t4g-nano"), PageBaseline("azure-document-read"))),
    ("llm", "gguf", (None, TokenBaseline("openai", "gpt-4o-mini"), InstanceBaseline("aws-g4dn-xlarge"))),
    ("embedding", "onnx", (None, TokenBaseline("voyageai", "voyage-3.5-lite"))),
    ("embedding", "gguf", (None,)),
    (
        "speech-recognition",
        "onnx",
        (None, AudioBaseline("assemblyai-universal-2"), SpeechBaseline("openai", "whisper-1")),
    ),
)
ASKED: tuple[dict[str, str], ...] = (
    {},
    {"idle_w": "3.1", "maintenance_usd": "12", "retry_percent": "4"},
    {"sleep_w": "0.02", "wake_s": "0.2", "wake_j": "0.7", "availability_percent": "80"},
    {"battery_wh": "36", "battery_cycles": "500", "battery_usd": "20", "embodied_kg": "18", "energy_j": "1.5"},
    {"discount_percent": "5", "residual_usd": "10", "share_percent": "50", "sent_bytes": "50000", "usd_per_gb": "4"},
    {"instances": "2", "hours_a_day": "12", "disk_usd": "8", "response_bytes": "2000", "egress_usd_per_gb": "0.09"},
)
SCOPES = ("wall_ac", "dc_input", "cpu_package")


@dataclass(frozen=True, kw_only=True)
class Case:
    """`asked`: what the explorer's address holds in place of what is known."""

    name: str
    device: rest.DeviceRecord
    model: rest.ModelRecord
    result: Result
    scenario: Scenario
    asked: dict[str, str]


def cases() -> Iterator[Case]:
    """The same ones each time."""
    chance = random.Random(20_261_130)
    number = 0
    for task, form, baselines in WORK:
        for baseline in baselines:
            for scenario in chance.sample(range(len(SCENARIOS)), 3):
                number += 1
                yield _case(f"{number:02} {task} {form}", task, form, baseline, scenario, chance)


def _case(
    name: str, task: Task, form: ModelFormat, baseline: Baseline | None, scenario: int, chance: random.Random
) -> Case:
    model = replace(fleet.model(name, "f", form, task=task), accuracy=chance.choice((None, 0.83)))
    if form == "gguf":
        rows = list(fleet.language_rows(round(chance.uniform(2, 60), 2)))
        energy = "energy_per_token_j"
    else:
        rows = list(fleet.vision_rows(round(10 ** chance.uniform(-0.5, 5), 3), 0.1))
        energy = "energy_per_inference_j"
    if chance.random() < 0.6:
        rows.append(fleet.row(energy, round(10 ** chance.uniform(-3, 1.5), 4), scope=chance.choice(SCOPES)))
    device = replace(
        fleet.record(1),
        profile_id=chance.choice((None, "rpi-5-8")),
        price_usd=round(10 ** chance.uniform(1, 3.2), 2),
        price_source="a shop",
    )
    texts = SCENARIOS[scenario]
    set_by_hand = None if texts is None else json.dumps({**USUAL, **texts})
    usual = fleet_scenario.read(set_by_hand)
    return Case(
        name=name,
        device=device,
        model=model,
        result=fleet.result(1, model, tuple(rows)),
        scenario=replace(usual, baselines={task: baseline}) if baseline else usual,
        asked=chance.choice(ASKED),
    )


def cell_of(case: Case) -> rest.CostView | str | None:
    """The cost in the table's cell and on the run's page."""
    return costs.cost_of(case.device, case.model, case.result, case.scenario, PRICES)


def cell_shown(case: Case) -> dict[str, Any]:
    """Every figure of it as it is written."""
    cost = cell_of(case)
    if not isinstance(cost, rest.CostView):
        return {"none": cost}
    return {
        "unit": cost.unit,
        "edge": figures.usd(cost.edge_usd),
        "parts": {name: figures.usd(usd) for name, usd in cost.edge_parts_usd.items()},
        "marginal": _usd(cost.edge_marginal_usd),
        "floor": _usd(cost.edge_floor_usd),
        "cloud": _usd(cost.cloud_usd),
        "per day": f"{cost.per_day:,.6g}",
        "break-even": break_even_text(cost) or cost.break_even_kind,
        "verdict": cost.verdict,
        "inputs": {name: text.split(" (")[0] for name, text in cost.inputs.items() if name != "price catalogue"},
        "not counted": list(cost.not_counted),
    }


def explored(case: Case, asked: dict[str, str], prices: Prices = PRICES) -> explorer.Explored:
    """As the explorer's page computes it."""
    made = fields.fields_of(subject_of(case.device, case.model, case.result), case.scenario, prices)
    changed = cost_field.changed(made, asked)
    key = alternative.key_of(case.scenario.baseline(compared_as(case.model.task, case.model.format)))
    return explorer.explore(changed, alternatives.alternative_of(key, changed, prices), prices.day)


def explorer_shown(case: Case, asked: dict[str, str]) -> dict[str, Any]:
    """Every figure of the explorer's page as it is written."""
    try:
        found = explored(case, asked)
    except EdgeprofError as error:
        return {"none": error.message}
    usd, crossing = cost_figures.usd, found.crossing
    return {
        "edge": usd(found.edge_usd),
        "parts": {name: usd(part) for name, part in found.parts_usd.items()},
        "marginal": None if found.marginal_usd is None else usd(found.marginal_usd),
        "floor": usd(found.floor_usd),
        "cloud": usd(found.cloud_usd),
        "spread": [cost_figures.span(found.spread.edge), cost_figures.span(found.spread.cloud)],
        "verdict": found.verdict,
        "break-even": None if crossing is None else [_whole(crossing.per_day), _whole(crossing.low), crossing.share],
        "devices": found.devices,
        "capacity": f"{found.capacity_per_day:,.0f}",
        "payback": None if found.payback_days is None else f"{found.payback_days:,.0f}",
        "carbon": None if found.carbon_g is None else [figures.number(grams * 1000) for grams in found.carbon_g],
        "right answer": None if found.edge_per_correct_usd is None else usd(found.edge_per_correct_usd),
        "not counted": list(found.not_counted),
        "drivers": [f"{driver.name} {driver.ratio_at_low:.4g} {driver.ratio_at_high:.4g}" for driver in found.drivers],
    }


def shown() -> dict[str, Any]:
    """All of it by case."""
    return {
        case.name: {
            "cell": cell_shown(case),
            "explorer": explorer_shown(case, {}),
            "explorer asked": explorer_shown(case, case.asked),
        }
        for case in cases()
    }


def numbers_only(of: Any) -> Any:
    """The same with every sentence cut down to its numbers: words may change, figures may not."""
    if isinstance(of, dict):
        return {key: numbers_only(value) for key, value in of.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(of, list):
        return [numbers_only(value) for value in of]  # pyright: ignore[reportUnknownVariableType]
    return " ".join(re.findall(r"never|[\d][\d,.]*\d|\d", of)) if isinstance(of, str) else of


def _usd(value: float | None) -> str | None:
    return None if value is None else figures.usd(value)


def _whole(value: float | None) -> str | None:
    return None if value is None else f"{value:,.0f}"


if __name__ == "__main__":
    print(json.dumps(shown() if "--words" in sys.argv else numbers_only(shown()), indent=1, ensure_ascii=False))
