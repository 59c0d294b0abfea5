"""`edgeprof reproduce BUNDLE`: a run from a hub, once more on this machine, and what came out beside it."""

import os
import sys
from pathlib import Path

import click
import msgspec

from edgeprof.compare.report import report_on, text_of
from edgeprof.compare.sources import Run
from edgeprof.errors import EdgeprofError
from edgeprof_agent.commands.view.profile import Stages, report
from edgeprof_agent.endpoint import endpoint_of
from edgeprof_agent.series import bundle
from edgeprof_agent.series.host import Host
from edgeprof_agent.series.running import RunOutcome, measure_once
from edgeprof_agent.series.setups import Setup


@click.command()
@click.argument("file", metavar="BUNDLE", type=click.Path(path_type=Path))
@click.option("--endpoint", metavar="URL", help="Endpoint of a served model.")
@click.option("--endpoint-key-env", metavar="NAME", help="Name of the variable that holds the endpoint's key.")
@click.option("--json", "as_json", is_flag=True, help="Print only the new result document, as JSON.")
def reproduce(file: Path, endpoint: str | None, endpoint_key_env: str | None, as_json: bool) -> int:
    """Run again what a BUNDLE holds (a run's page on the hub gives it: "as one file"), and compare.

    Model, configuration and protocol are those of the recorded run; the machine is this one. In the comparison, A is
    the recorded run and B the new one.
    """
    host = Host(endpoint=endpoint_of(endpoint, endpoint_key_env, os.environ))
    with bundle.opened(file) as recorded:
        setup = Setup(
            file=recorded.model,
            config=recorded.result.config,
            protocol=recorded.result.protocol,
            label=recorded.result.model_name,
            folder="reproduced",
        )
        with Stages(sys.stderr) as stages:
            outcome = measure_once(setup, host, stages.show)
        if as_json:
            click.echo(msgspec.json.format(msgspec.json.encode(outcome.result)).decode())
        else:
            click.echo(report(outcome.result))
            click.echo(_beside(recorded, outcome))
    return 0 if outcome.result.status == "measured" else 1


def _beside(recorded: bundle.Bundle, outcome: RunOutcome) -> str:
    """The verdict on the two runs, or why there is none."""
    if recorded.result.failure is not None:
        code = recorded.result.failure.code
        now = outcome.result.failure.code if outcome.result.failure else "measured"
        return f"The recorded run failed ({code}); this one: {now}."
    if outcome.result.failure is not None:
        return "The recorded run was measured; this one failed. There is nothing to compare."
    new = Run("this machine", outcome.result, lambda ref: outcome.artifacts.get(ref.sha256))
    try:
        return "\n" + text_of(report_on([recorded.run], [new], None))
    except EdgeprofError as error:
        return f"No comparison: {error.message}"
