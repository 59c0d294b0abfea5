"""The page about the wire has every route of the API and every way to fail, and no other."""

import re
from pathlib import Path

from edgeprof.wire.failures import MEANING, STAGES
from edgeprof_hub.app import API_PREFIX, create_app
from edgeprof_hub.config import HubSettings
from tests.hub.test_access import ROUTES, filled

PAGE = (Path(__file__).parents[2] / "docs" / "wire.md").read_text()
ROUTE = re.compile(r"^\| `(/[^`]*)` \| ([A-Z, ]+) \|", re.MULTILINE)


def test_the_table_of_routes_is_that_of_the_application() -> None:
    rows = [(filled(API_PREFIX + path), methods.split(", ")) for path, methods in ROUTE.findall(PAGE)]
    told = {(method, path) for path, methods in rows for method in methods}
    served = {(method, path) for method, path in ROUTES if path.startswith(API_PREFIX)}
    assert told == served - {("GET", f"{API_PREFIX}/openapi.json"), ("HEAD", f"{API_PREFIX}/openapi.json")}


def test_the_table_of_failures_is_that_of_the_code() -> None:
    assert "".join(f"| `{code}` | {meaning} |\n" for code, meaning in MEANING.items()) in PAGE
    assert all(f"`{stage}`" in PAGE for stage in STAGES)


def test_every_route_says_what_its_errors_look_like() -> None:
    document = create_app(HubSettings(data=Path("unused"))).openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for status in ("422", "default"):
                if status in operation["responses"] or status == "default":
                    content = operation["responses"][status]["content"]["application/json"]
                    assert content["schema"]["$ref"].endswith("/ErrorDocument"), f"{method} {path} {status}"
