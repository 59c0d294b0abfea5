"""The scenario that all cells' costs rest on: as edgeprof comes, or as a person set it for the fleet."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

import msgspec

from edgeprof.errors import UsageError
from edgeprof_hub.cost.inputs import plain
from edgeprof_hub.cost.scenario import Scenario

USUAL = Scenario()
MAX_VALUE = Decimal(10**12)


@dataclass(frozen=True)
class Asked:
    """One number of it. `least`: it may not be below; an optional one may be blank, and is then the usual."""

    key: str
    name: str
    unit: str
    least: Decimal
    is_optional: bool = False


ASKED = (
    Asked("inferences_per_day", "Inferences a day", "", Decimal("0.000001")),
    Asked("answers_per_day", "Answers a day (language models)", "", Decimal("0.000001")),
    Asked("input_tokens", "Tokens read per answer", "", Decimal(1)),
    Asked("output_tokens", "Tokens written per answer", "", Decimal(1)),
    Asked("audio_s", "Audio per inference of a speech model", "s", Decimal("0.001")),
    Asked("lifetime_years", "Lifetime of a device", "years", Decimal("0.1")),
    Asked("lifetime_low_years", "at least", "years", Decimal("0.1")),
    Asked("lifetime_high_years", "at most", "years", Decimal("0.1")),
    Asked("maintenance_usd_per_year", "Maintenance of a device", "USD a year", Decimal(0)),
    Asked("tariff_usd_per_kwh", "Electricity", "USD/kWh", Decimal(0), is_optional=True),
)


def read(stored: str | None) -> Scenario:
    """The fleet's scenario; what was never set is the usual one."""
    if stored is None:
        return USUAL
    numbers = {key: float(text) for key, text in msgspec.json.decode(stored, type=dict[str, str]).items()}
    return replace(
        USUAL,
        inferences_per_day=numbers["inferences_per_day"],
        answers_per_day=numbers["answers_per_day"],
        input_tokens=int(numbers["input_tokens"]),
        output_tokens=int(numbers["output_tokens"]),
        audio_s=numbers.get("audio_s", USUAL.audio_s),  # a scenario that an earlier release stored has none
        lifetime_years=numbers["lifetime_years"],
        lifetime_limits_years=(numbers["lifetime_low_years"], numbers["lifetime_high_years"]),
        maintenance_usd_per_year=numbers["maintenance_usd_per_year"],
        tariff_usd_per_kwh=numbers.get("tariff_usd_per_kwh"),
        is_entered=True,
    )


def written(scenario: Scenario) -> dict[str, str]:
    """Its numbers as the form shows them."""
    low, high = scenario.lifetime_limits_years
    values = {**vars(scenario), "lifetime_low_years": low, "lifetime_high_years": high}
    return {
        asked.key: "" if values[asked.key] is None else plain(values[asked.key]).replace(",", "")
        for asked in ASKED
        if asked.key in values
    }


def checked(form: Mapping[str, str]) -> str:
    """What is stored of a form. Raises UsageError: bad_number, bad_limits."""
    numbers = {asked.key: number for asked in ASKED if (number := _number(asked, form.get(asked.key, ""))) is not None}
    if not numbers["lifetime_low_years"] <= numbers["lifetime_years"] <= numbers["lifetime_high_years"]:
        raise UsageError("bad_limits", "The lifetime must lie between its limits.")
    return msgspec.json.encode({key: str(number) for key, number in numbers.items()}).decode()


def _number(asked: Asked, text: str) -> Decimal | None:
    if asked.is_optional and not text.strip():
        return None
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    is_within = number.is_finite() and asked.least <= number <= MAX_VALUE
    if not is_within or (asked.key.endswith("_tokens") and number != number.to_integral_value()):
        raise UsageError("bad_number", f"{asked.name}: {text[:40]!r} is not a number of at least {asked.least:f}.")
    return number
