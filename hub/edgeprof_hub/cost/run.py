"""The cost of one run in a scenario that an address holds: its inputs, its baseline, its prices."""

from collections.abc import Mapping
from dataclasses import replace

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof_hub.cost import alternative, alternatives, field, fleet_scenario
from edgeprof_hub.cost import fields as cost_fields
from edgeprof_hub.cost.alternative import Alternative
from edgeprof_hub.cost.case import Summary, case_of, summarised
from edgeprof_hub.cost.cell import EMULATED
from edgeprof_hub.cost.field import Field
from edgeprof_hub.cost.kind import WorkKind, compared_as
from edgeprof_hub.cost.past_prices import prices_asked
from edgeprof_hub.cost.price_moment import Prices
from edgeprof_hub.cost.subject import Subject, subject_of
from edgeprof_hub.failures import not_found
from edgeprof_hub.quality.correct import right_percents
from edgeprof_hub.quality.of_run import share_of
from edgeprof_hub.store.reader import SqliteReader

PRICE_KEYS = ("catalogue", "as_of")
"""What of an address says which prices are meant, and is no part of a scenario."""

OF_AN_ENDPOINT = (
    "This run measured an endpoint. Its list price is on the run's page. To compare, open the cost of a device's run."
)
OF_AN_EVALUATION = "This run is an evaluation. Open the cost of a run that measured the speed of the same set-up."

Asked = Mapping[str, str]


class RunCost:
    """Raises EdgeprofError where the run can have no cost."""

    def __init__(self, reader: SqliteReader, result_id: str) -> None:
        stored = reader.result(result_id)
        if stored is None:
            raise not_found("run", result_id)
        self.result = stored.result
        device, model = reader.device(self.result.device_id), reader.model(self.result.model_id)
        if device is None or model is None or self.result.status != "measured":
            raise UsageError("no_cost", "A cost needs a measured run whose device and model still exist.")
        if self.result.config.evaluation_set:
            raise UsageError("no_cost", OF_AN_EVALUATION)
        if self.result.config.load_only:
            raise UsageError("no_cost", "This run only flashed the model: without a speed, no cost.")
        self.subject = _evaluated(subject_of(device, model, self.result), share_of(reader, self.result, model.family))
        if self.subject.is_emulated:
            raise UsageError("no_cost", EMULATED)
        if self.result.remote is not None:
            raise UsageError("no_cost", OF_AN_ENDPOINT)
        self.device, self.model = device, model
        self.scenario = fleet_scenario.read(reader.fleet_scenario())
        self.kind: WorkKind = self.subject.kind
        self._reader = reader

    def prices(self, asked: Asked, now_s: float) -> Prices:
        """Those that the address names, else the present ones."""
        return prices_asked(self._reader, asked.get("catalogue", ""), asked.get("as_of", ""), now_s)

    def baseline(self, asked: Asked) -> str:
        """The key that was asked for, else that of the model's task."""
        return asked.get("baseline") or alternative.key_of(
            self.scenario.baseline(compared_as(self.model.task, self.model.format))
        )

    def fields(self, asked: Asked, prices: Prices) -> dict[str, Field]:
        """The inputs as the address has them. The measured ones follow the lengths that are asked for."""
        scenario = replace(
            self.scenario,
            input_tokens=_count(asked, "input_tokens", self.scenario.input_tokens),
            output_tokens=_count(asked, "output_tokens", self.scenario.output_tokens),
        )
        return field.changed(cost_fields.fields_of(self.subject, scenario, prices), asked)

    def alternative(self, asked: Asked, fields: Mapping[str, Field], prices: Prices) -> Alternative:
        """The cloud's side."""
        return alternatives.alternative_of(self.baseline(asked), fields, prices)

    def summary(self, asked: Asked, prices: Prices) -> Summary:
        """Both bills and the range between them."""
        fields = self.fields(asked, prices)
        return summarised(case_of(fields, self.alternative(asked, fields, prices)))


def _evaluated(subject: Subject, found: rest.EvaluationRecord | None) -> Subject:
    """With the share of right answers that this very set-up was evaluated to have, if it was."""
    value, low, high = right_percents(found) if found is not None else (None, None, None)
    if found is None or value is None or low is None or high is None:
        return subject
    if value <= 0:  # and not what somebody entered for the model: it is known better here
        none_right = f"no right answer on {found.set_name}, {found.answered:,} items"
        return replace(subject, accuracy=None, accuracy_on=none_right)
    without = f", {found.problems:,} more without an answer" if found.problems else ""
    return replace(
        subject,
        accuracy=value / 100,
        accuracy_on=f"{found.set_name}, {found.answered:,} items{without}",
        accuracy_ends=(low / 100, high / 100),
    )


def _count(asked: Asked, key: str, usual: int) -> int:
    text = asked.get(key, "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 9 and int(text) else usual
