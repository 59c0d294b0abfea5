"""The package index as pip and uv read it: HTML by PEP 503, JSON by PEP 691, each file with its hash."""

import html
import json
from collections.abc import Iterable, Sequence

from edgeprof_hub.joining.wheel_index import Wheel

HTML = "text/html"
SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"
SIMPLE_JSON = "application/vnd.pypi.simple.v1+json"
_LATEST = {
    "application/vnd.pypi.simple.latest+html": SIMPLE_HTML,
    "application/vnd.pypi.simple.latest+json": SIMPLE_JSON,
}
_KINDS = (SIMPLE_JSON, SIMPLE_HTML, HTML)
_HEAD = '<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="1.0"><title>{0}</title></head><body>'


def chosen(accept: str) -> str:
    """The media type to answer with (PEP 691, version and format selection); HTML where nothing fits."""
    best, answer = 0.0, HTML
    for part in accept.split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        name = _LATEST.get(name, name)
        quality = _quality(parameters)
        if name in _KINDS and quality > best:
            best, answer = quality, name
    return answer


def projects(wheels: Iterable[Wheel], kind: str) -> str:
    """The root of the index."""
    names = sorted({wheel.project for wheel in wheels})
    if kind == SIMPLE_JSON:
        return json.dumps({"meta": {"api-version": "1.0"}, "projects": [{"name": name} for name in names]})
    links = "".join(f'<a href="{name}/">{name}</a><br>\n' for name in names)
    return f"{_HEAD.format('Simple index')}{links}</body></html>"


def files(project: str, wheels: Sequence[Wheel], kind: str) -> str:
    """One project's files."""
    if kind == SIMPLE_JSON:
        listed = [
            {
                "filename": wheel.name,
                "url": f"../files/{wheel.name}",
                "hashes": {"sha256": wheel.sha256},
                **({"requires-python": wheel.requires_python} if wheel.requires_python else {}),
            }
            for wheel in wheels
        ]
        return json.dumps({"meta": {"api-version": "1.0"}, "name": project, "files": listed})
    links = "".join(_link(wheel) for wheel in wheels)
    return f"{_HEAD.format(html.escape(project))}{links}</body></html>"


def _link(wheel: Wheel) -> str:
    python = f' data-requires-python="{html.escape(wheel.requires_python)}"' if wheel.requires_python else ""
    name = html.escape(wheel.name)
    return f'<a href="../files/{name}#sha256={wheel.sha256}"{python}>{name}</a><br>\n'


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
