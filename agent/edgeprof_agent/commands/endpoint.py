"""`edgeprof endpoint`: what an OpenAI-compatible endpoint serves, and the document for one of its models."""

import json
import os
from pathlib import Path

import click

from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.modelfiles import served_file
from edgeprof.modelfiles.served_file import Parameter, Served, ServedPrice
from edgeprof_agent.commands.served_name import document_name
from edgeprof_agent.endpoint import parse_endpoint
from edgeprof_agent.runtimes.openai.http import Connection, EndpointRefusal, EndpointUnreachable


@click.group()
def endpoint() -> None:
    """Measure a hosted model like one on a device.

    An endpoint is a device of kind cloud: `edgeprof agent run --endpoint URL` connects it to a hub. A document names
    one of its models and is flashed like a model file. Without a hub: `edgeprof profile NAME.served --endpoint URL`
    and `edgeprof evaluate NAME --endpoint URL --set SET`.
    """


@endpoint.command()
@click.argument("url")
@click.option("--key-env", metavar="NAME", help="Name of the variable that holds the key. The key is never stored.")
def check(url: str, key_env: str | None) -> None:
    """List the models that the endpoint at URL serves, and time a connection."""
    found = parse_endpoint(url, key_env, os.environ)
    connection = Connection(found.url, os.environ[key_env].strip() if key_env else None)
    try:
        connect_ms = connection.connect() / 1e6
        models = connection.models()
    except (EndpointRefusal, EndpointUnreachable) as error:
        raise EdgeprofError("endpoint_failed", f"{found.url} ({error.kind}): {error}") from error
    where = ", which is on this host, so its figures describe no cloud" if found.on_this_host else ""
    click.echo(f"{found.url}{where}")
    click.echo(f"Connected in {connect_ms:.1f} ms. It serves {len(models)} model{'s' * (len(models) != 1)}:")
    for name in sorted(models):
        click.echo(f"  {name}")


@endpoint.command()
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Output file (default: NAME.served).")
@click.option("--price-provider", metavar="ID", help="Provider's name in genai-prices, such as openai.")
@click.option(
    "--price-model", metavar="ID", help="Model's name in genai-prices (default: NAME, if a provider is given)."
)
@click.option(
    "--parameter",
    "parameters",
    metavar="FIELD=VALUE",
    multiple=True,
    help="Field added to every request, such as reasoning_effort=minimal or temperature=0; repeat it for several.",
)
def model(
    name: str, out: Path | None, price_provider: str | None, price_model: str | None, parameters: tuple[str, ...]
) -> None:
    """Write the document of the model that an endpoint serves as NAME. Flash it like a model file."""
    if price_model and not price_provider:
        raise UsageError("bad_usage", "--price-model needs --price-provider: several providers sell the same name.")
    price = ServedPrice(provider=price_provider, model=price_model or name) if price_provider else None
    served = Served(edgeprof_served=1, model=name, parameters=dict(map(_parameter, parameters)), price=price)
    file = out or Path(document_name(name))
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
        raise UsageError("bad_usage", f"{text!r} is not a parameter. Use FIELD=VALUE.")
    try:
        found = json.loads(value)
    except ValueError:
        return field, value
    if isinstance(found, dict):
        raise UsageError("bad_usage", f"{field}: use a text, a number, true, false, null or a list of texts.")
    return field, found
