"""The shipped price catalogue is sourced and dated; one that is not is refused with the field's name."""

from datetime import date, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import get_args

import pytest

from edgeprof_hub.commands.prices import problems, tiers_text
from edgeprof_hub.cost.catalogue.ages import MAX_AGE_DAYS
from edgeprof_hub.cost.catalogue.loader import FOLDER, load_catalogue, parse_catalogue, use_own_files
from edgeprof_hub.cost.catalogue.schema import EntryKind
from edgeprof_hub.cost.checks import CostError

GOOD = """
sources:
  page: {title: a page, kind: official, retrieved: 2026-10-07, licence: list price, confidence: high}
entries:
  - {id: one, kind: instance, title: one, vendor: v, region: r, unit: hour, currency: USD, basis: on_demand,
     price: 0.1, source: page}
"""


def test_every_shipped_entry_is_sourced_dated_and_verified():
    for name, priced in load_catalogue().entries.items():
        assert priced.source.kind != "unverified", name
        assert priced.source.title, name
        assert priced.entry.unit, name
        oldest = date(2019, 1, 1) if priced.entry.kind == "carbon" else date(2025, 1, 1)
        assert oldest < priced.as_of <= load_catalogue().as_of, name
        assert priced.price > 0, name


@pytest.mark.parametrize(
    ("entry_id", "kind", "price"),
    [
        ("aws-t4g-small", "instance", "0.0168"),
        ("aws-c7g-medium", "instance", "0.0363"),
        ("aws-g4dn-xlarge", "instance", "0.526"),
        ("aws-p4d-24xlarge", "instance", "21.957642"),
        ("tariff-us-household", "tariff", "0.1872"),
        ("tariff-de-household", "tariff", "0.3835"),
        ("tariff-world-household", "tariff", "0.165"),
        ("google-vision-label-detection", "call", "0.0015"),
        ("assemblyai-universal-2", "audio", "0.15"),
        ("xai-speech-streaming", "audio", "0.20"),
        ("google-speech-chirp", "audio", "0.016"),
        ("azure-document-layout", "page", "0.010"),
        ("aws-egress", "egress", "0.09"),
    ],
)
def test_prices_are_read_to_the_last_digit(entry_id: str, kind: str, price: str):
    priced = load_catalogue().entries[entry_id]
    assert (priced.entry.kind, priced.price) == (kind, D(price))


def test_the_image_services_have_their_tiers_and_free_units():
    labels = load_catalogue().get("aws-rekognition-detect-labels", "call")
    assert [tier.price for tier in labels.tiers] == [D("0.0010"), D("0.0008"), D("0.0006")]
    google = load_catalogue().get("google-vision-label-detection", "call")
    assert (google.tiers[0].up_to, google.tiers[0].price) == (1000, 0)


def test_what_contradicting_sources_say_is_not_shipped_and_one_source_is_not_trusted_far():
    entries = load_catalogue().entries
    assert not [name for name in entries if "transcribe" in name or name == "deepgram-nova-3-streaming"]
    for name, priced in entries.items():
        if "litellm" in priced.source.title:
            assert (priced.source.kind, priced.source.confidence) == ("aggregator", "low"), name


def test_a_statistic_is_as_old_as_the_period_that_it_covers():
    world = load_catalogue().get("tariff-world-household", "tariff")
    assert world.source.retrieved > world.as_of == date(2025, 6, 30)


@pytest.mark.parametrize(
    ("kind", "days"),
    [
        *((kind, 365) for kind in ("call", "audio", "page", "instance", "egress")),
        *(("tariff", 730), ("carbon", 2920)),
    ],
)
def test_an_entry_is_stale_when_it_is_older_than_its_kind_may_get(kind: EntryKind, days: int):
    text = GOOD.replace("kind: instance", f"kind: {kind}").replace("unit: hour", "unit: audio hour")
    priced = parse_catalogue({"a.yaml": text.encode()}).entries["one"]
    assert priced.max_age_days == MAX_AGE_DAYS[kind] == days
    assert not priced.stale(date(2026, 10, 7) + timedelta(days=days))
    assert priced.stale(date(2026, 10, 7) + timedelta(days=days + 1))


def test_every_kind_has_an_age():
    assert set(MAX_AGE_DAYS) == set(get_args(EntryKind))


def test_the_shipped_catalogue_passes_its_check_on_the_day_of_its_release():
    shipped = load_catalogue()
    assert problems(shipped, date(2026, 11, 30)) == []
    later = problems(shipped, date(2028, 6, 1))
    assert "tariff-world-household: stale. 1,067 days old, 730 allowed for tariff." in later
    assert len(later) == 70 - 15  # only the carbon of 2023 still stands
    assert problems(shipped, date(2026, 10, 8))[-1].endswith("is in the future.")


def test_tiers_are_written_with_their_ends_and_one_price_without():
    entries = load_catalogue().entries
    assert tiers_text(entries["google-speech-chirp"]) == ""
    assert tiers_text(entries["google-vision-label-detection"]) == (
        "free up to 1,000 a month; 0.0015 up to 5,000,000 a month; then 0.001"
    )
    assert tiers_text(entries["aws-rekognition-detect-labels"]).endswith("; 0.0006 up to 35,000,000 a month")


def test_the_hash_changes_with_every_byte():
    files = {path.name: path.read_bytes() for path in FOLDER.glob("*.yaml")}
    changed = {**files, "vision.yaml": files["vision.yaml"].replace(b"0.0010", b"0.0011", 1)}
    assert parse_catalogue(files).sha256 == load_catalogue().sha256
    assert parse_catalogue(changed).sha256 != load_catalogue().sha256


def test_an_unknown_entry_is_named_with_those_there_are():
    with pytest.raises(CostError, match=r"No instance 'aws-t5'.*aws-t4g-small"):
        load_catalogue().get("aws-t5", "instance")
    with pytest.raises(CostError, match="No tariff 'aws-t4g-small'"):
        load_catalogue().get("aws-t4g-small", "tariff")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("source: page}", "source: elsewhere}", "elsewhere"),
        (", source: page}", "}", "source"),
        ("price: 0.1", "prize: 0.1", "prize"),
        ("price: 0.1, ", "", "price"),
        ("price: 0.1", "price: -0.1", "zero or more"),
        ("price: 0.1", "price: .nan", "zero or more"),
        ("price: 0.1", "tiers: [{price: 1}, {price: 2, up_to: 5}]", "tiers must rise"),
        ("price: 0.1", "tiers: [{price: 1, up_to: 5}, {price: 2, up_to: 5}]", "tiers must rise"),
        ("currency: USD", "currency: dollars", "currency"),
        ("retrieved: 2026-10-07, ", "", "retrieved"),
        ("retrieved: 2026-10-07", "retrieved: soon", "retrieved"),
        ("kind: official", "kind: hearsay", "kind"),
        ("sources:", "sources: [", "cannot be used"),
        ("kind: instance", "kind: audio", "the unit of audio"),
        ("price: 0.1", "price: 0.1, billing_granularity: 0", "greater than zero"),
        ("price: 0.1", "price: 0.1, billing_minimum: -1", "zero or more"),
    ],
)
def test_a_bad_catalogue_is_refused_with_what_is_wrong(old: str, new: str, named: str):
    assert old in GOOD
    with pytest.raises(CostError, match=named) as refused:
        parse_catalogue({"mine.yaml": GOOD.replace(old, new, 1).encode()})
    assert refused.value.code == "catalogue_invalid"
    assert "mine.yaml" in refused.value.message


def test_an_id_that_is_there_twice_is_refused():
    with pytest.raises(CostError, match="'one' twice"):
        parse_catalogue({"a.yaml": GOOD.encode(), "b.yaml": GOOD.encode()})


OWN = """
sources:
  contract:
    {title: our contract, kind: official, retrieved: 2026-11-01, licence: private, confidence: high}
entries:
  - {id: aws-t4g-small, kind: instance, title: t4g.small, vendor: AWS, region: us-east-1, unit: hour, currency: USD,
     basis: reserved, price: 0.0101, source: contract}
  - {id: tariff-plant, kind: tariff, title: our plant, vendor: us, region: DE, unit: kWh, currency: USD, basis: list,
     price: 0.11, source: contract}
"""


def test_own_entries_are_added_or_come_before_the_shipped_ones(tmp_path: Path) -> None:
    shipped = load_catalogue()
    own = tmp_path / "own.yaml"
    own.write_text(OWN)
    use_own_files([own])
    try:
        both = load_catalogue()
        assert both.get("aws-t4g-small", "instance").price == D("0.0101")
        assert both.get("tariff-plant", "tariff").source.title == "our contract"
        assert len(both.entries) == len(shipped.entries) + 1
        assert both.sha256 != shipped.sha256
    finally:
        use_own_files([])
    assert load_catalogue() == shipped


@pytest.mark.parametrize(
    "contents", [None, "entries: 3", "sources: {}\nentries: []\nmore: 1", OWN.replace("0.0101", "-1")]
)
def test_own_entries_of_no_use_are_refused_and_change_nothing(tmp_path: Path, contents: str | None) -> None:
    shipped = load_catalogue()
    own = tmp_path / "own.yaml"
    if contents is not None:
        own.write_text(contents)
    with pytest.raises(CostError):
        use_own_files([own])
    assert load_catalogue() == shipped
