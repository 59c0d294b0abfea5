"""The options of `edgeprof flash` that say how to measure, and the campaign that they come to."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from edgeprof.commands.options import check_inputs, check_signature, spelled_points, sweep_points
from edgeprof.commands.run_options import Sweeps, run_options, sweeps_of, values_of
from edgeprof.errors import UsageError
from edgeprof.modelfiles import inspect
from edgeprof.wire import rest
from edgeprof.wire.evidence import SweepAt
from edgeprof.wire.run_request import RunProtocol

campaign_options = run_options("flash", (rest.CampaignRequest, RunProtocol))
"""The command takes them as `**options` and hands them to `campaign_of`."""


def campaign_of(options: Mapping[str, object], models: Sequence[str]) -> rest.CampaignRequest:
    """The campaign without its models and devices. `models` as typed: a swept dimension is looked up in the file.

    Raises UsageError for a text that is not a shape, and for a dimension that cannot be looked up.
    """
    campaign = msgspec.convert(
        {**values_of(rest.CampaignRequest, options), "model_ids": (), "device_ids": ()}, rest.CampaignRequest
    )
    sweeps = sweeps_of(options)
    points = (*_shape_points(sweeps, models, campaign), *sweeps.token_points)
    protocol = msgspec.convert({**values_of(RunProtocol, options), "sweep": points}, RunProtocol)
    return replace(campaign, protocol=protocol)


def _shape_points(sweeps: Sweeps, models: Sequence[str], campaign: rest.CampaignRequest) -> tuple[SweepAt, ...]:
    """Points over input shapes: checked against the model's file where there is one here, and only one."""
    if len(models) == 1 and Path(models[0]).exists():
        file = inspect(Path(models[0]))
        check_inputs(file, campaign)
        check_signature(file, campaign.signature)
        return sweep_points(file, sweeps.sweeps, sweeps.sweep_dims, campaign.shapes, campaign.signature, campaign.dims)
    if sweeps.sweep_dims:
        raise UsageError(
            "bad_sweep", "--sweep-dim looks its dimension up in one model's file. Spell the points out with --sweep."
        )
    return tuple(SweepAt(shapes=shapes) for shapes in spelled_points(sweeps.sweeps))
