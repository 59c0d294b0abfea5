"""`edgeprof endpoint`: what an OpenAI-compatible endpoint serves, and the document for one of its models."""

import json
import os
import re
from pathlib import Path

import click

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import served_file
from edgeprof.modelfiles.served_file import Parameter, Price, Served
from edgeprof_agent.endpoint import parse_endpoint
from edgeprof_agent.runtimes.openai.http import Broken, Connection, Refusal

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@click.group()
def endpoint() -> None:
    """Measure a hosted model beside the ones that run on devices.

    An endpoint is a device of kind cloud: `edgeprof agent run --endpoint URL` connects it to a hub, and a document
    that names one of its models is flashed like a model file. Or measure at once: `edgeprof profile NAME.served
    --endpoint URL`.
    """


@endpoint.command()
@click.argument("url")
@click.option("--key-env", metavar="NAME", help="The variable that holds the key. It is never stored.")
def check(url: str, key_env: str | None) -> None:
    """Ask the endpoint at URL what it serves, and time a connection to it."""
    found = parse_endpoint(url, key_env, os.environ)
    connection = Connection(found.url, os.environ[key_env].strip() if key_env else None)
    try:
        connect_ms = connection.connect() / 1e6
        models = connection.models()
    except (Refusal, Broken) as error:
        raise EdgeprofError("endpoint_failed", f"{found.url} ({error.kind}): {error}") from error
    where = ", which is on this host: its figures would be of no cloud" if found.on_this_host else ""
    click.echo(f"{found.url}{where}")
    click.echo(f"A connection took {connect_ms:.1f} ms. It serves {len(models)} model{'s' * (len(models) != 1)}:")
    for name in sorted(models):
        click.echo(f"  {name}")


@endpoint.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file (default: NAME.served).")
@click.option("--price-provider", metavar="ID", help="Who sells it, as genai-prices names them, such as openai.")
@click.option("--price-model", metavar="ID", help="What it is sold as (default: NAME, where a provider is given).")
@click.option(
    "--parameter",
    "parameters",
    metavar="FIELD=VALUE",
    multiple=True,
    help="A field that every request has, such as reasoning_effort=minimal or temperature=0; may be repeated.",
)
def model(
    name: str, out: Path | None, price_provider: str | None, price_model: str | None, parameters: tuple[str, ...]
) -> None:
    """Write the document of the model that an endpoint serves as NAME; it is flashed like any model file."""
    if price_model and not price_provider:
        raise UsageError("bad_usage", "--price-model needs --price-provider: one name is sold by several.")
    price = Price(provider=price_provider, model=price_model or name) if price_provider else None
    served = Served(edgeprof_served=1, model=name, parameters=dict(map(_parameter, parameters)), price=price)
    file = out or Path(_UNSAFE.sub("-", name).strip("-.") + served_file.SUFFIX)
    if file.suffix != served_file.SUFFIX:
        raise UsageError("bad_usage", f"{file} must end in {served_file.SUFFIX}.")
    data = served_file.written(served)
    served_file.parsed(data, file.name)
    file.write_bytes(data)
    click.echo(f"{file} stands for {name}{f', priced as {price.provider} {price.model}' if price else ', no price'}.")
    click.echo(f"Measure it: edgeprof profile {file} --endpoint URL [--endpoint-key-env NAME]")


def _parameter(text: str) -> tuple[str, Parameter]:
    """The value as JSON where it is a number, a truth value, null or a list of texts, else the text itself."""
    field, separator, value = text.partition("=")
    if not separator or not field:
        raise UsageError("bad_usage", f"{text!r} is no parameter. Write it as FIELD=VALUE.")
    try:
        found = json.loads(value)
    except ValueError:
        return field, value
    if isinstance(found, dict):
        raise UsageError("bad_usage", f"{field}: only texts, numbers, true, false, null and lists of texts are taken.")
    return field, found
