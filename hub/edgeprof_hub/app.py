"""The web application: the API, the pages, and the guard before both."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import RedirectResponse
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from edgeprof.version import __version__
from edgeprof.wire import rest
from edgeprof_hub import failures
from edgeprof_hub.config import HubSettings
from edgeprof_hub.context import HubContext
from edgeprof_hub.lifecycle.running import running
from edgeprof_hub.people.credentials import Credentials
from edgeprof_hub.people.refusals import Refusals
from edgeprof_hub.routes import (
    api_agents,
    api_blobs,
    api_campaigns,
    api_costs,
    api_devices,
    api_families,
    api_fit,
    api_fleet,
    api_groups,
    api_identity,
    api_models,
    api_people,
    api_predictions,
    api_quality,
    api_results,
    api_rollouts,
    api_sets,
    api_uploads,
    cell_history,
    integration,
    joining,
    pages,
    ready,
    sign_in,
    upload,
)
from edgeprof_hub.routes.access import Guard
from edgeprof_hub.routes.audited import Audited
from edgeprof_hub.routes.guesses import Guesses
from edgeprof_hub.routes.read_only import ReadOnly

API_PREFIX = "/api/v1"
ROUTERS = (
    *(
        (API_PREFIX, part.router)
        for part in (
            api_agents,
            api_blobs,
            api_models,
            api_people,
            api_fit,
            api_predictions,
            api_fleet,
            api_devices,
            api_groups,
            api_identity,
            api_families,
            api_campaigns,
            api_rollouts,
            api_results,
            api_costs,
            api_sets,
            api_quality,
        )
    ),
    (API_PREFIX, api_uploads.router),
    (API_PREFIX, api_uploads.models),
    (API_PREFIX, upload.api),
    (API_PREFIX, cell_history.api),
    (API_PREFIX, ready.api),
    (API_PREFIX, integration.api),
    (API_PREFIX, joining.api),
    ("", upload.router),
    ("", sign_in.router),
    ("", joining.router),
    ("", api_identity.open_router),
    ("", pages.router),
)
ERRORS: dict[int | str, dict[str, Any]] = {
    422: {"model": rest.ErrorDocument, "description": "The request is invalid, with the reason."},
    "default": {"model": rest.ErrorDocument, "description": "An error. Every error has this shape."},
}
STATIC = Path(__file__).parent / "static"


def create_app(settings: HubSettings, hub: HubContext | None = None, clock: Callable[[], float] = time.time) -> FastAPI:
    """The application over a hub that runs already, or over one that it starts and stops itself.

    `clock`: Unix time, by which sessions and API tokens end.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        with ExitStack() as stack:
            app.state.hub = hub or stack.enter_context(running(settings))
            app.state.hub.events.attach(asyncio.get_running_loop())
            yield

    app = FastAPI(
        title="edgeprof hub",
        version=__version__,
        lifespan=lifespan,
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,  # FastAPI's own pages load scripts from elsewhere
        redoc_url=None,
    )
    app.state.credentials = credentials = Credentials(settings, clock)
    app.state.guesses = guesses = Guesses()
    app.state.refusals = refusals = Refusals()
    app.add_middleware(Audited)
    app.add_middleware(ReadOnly)
    app.add_middleware(Compressed)
    app.add_middleware(Guard, settings=settings, credentials=credentials, guesses=guesses, refusals=refusals)
    failures.install(app)
    for prefix, router in ROUTERS:
        is_api = prefix == API_PREFIX or router is api_identity.open_router
        app.include_router(router, prefix=prefix, responses=ERRORS if is_api else None)
    app.add_api_route("/docs", _docs, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


class Compressed(GZipMiddleware):
    """Pages and their static files travel compressed; the API's answers (model files, event streams) and wheels as they
    are."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and not scope["path"].startswith((API_PREFIX, "/simple/")):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def _docs() -> RedirectResponse:
    return RedirectResponse(f"{API_PREFIX}/openapi.json")
