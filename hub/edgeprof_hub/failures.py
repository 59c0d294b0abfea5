"""One shape for every error of the API, whoever raises it."""

import sqlite3
from collections.abc import Sequence
from typing import TypedDict, cast

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import compile_path

from edgeprof.errors import EdgeprofError
from edgeprof.errors.codes import CODES
from edgeprof.wire import rest
from edgeprof_hub.context import hub_of

STATUS = {entry.code: entry.http[0] for entry in CODES.values() if entry.http}
"""Codes with a status of their own; what is wrong with a model or a request is 422."""

INTERNAL_ERROR = "Internal error. The hub's log has the details for a bug report."
_SENTENCES = {
    400: ("invalid_request", "The request is malformed."),
    404: ("not_found", "Nothing at this address."),
    405: ("method_not_allowed", "This address does not accept that method."),
    408: ("request_timeout", "The request did not arrive in time."),
    413: ("too_large", "The request is too large for the hub."),
}


def not_found(kind: str, item_id: str) -> EdgeprofError:
    """The requested item does not exist."""
    return EdgeprofError("not_found", f"No {kind} {item_id[:80]!r} on this hub.")


def error_response(status: int, code: str, message: str) -> Response:
    """One error, in the one shape."""
    document = rest.ErrorDocument(error=rest.ErrorBody(code=code, message=message))
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def install(app: FastAPI) -> None:
    """Make every error of this application take the one shape."""
    app.add_exception_handler(EdgeprofError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(sqlite3.Error, _database)
    app.add_exception_handler(OSError, _database)
    app.add_exception_handler(UnicodeEncodeError, _no_text)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unexpected)


def _expected(_: Request, error: Exception) -> Response:
    known = cast(EdgeprofError, error)
    return error_response(STATUS.get(known.code, 422), known.code, known.message)


def _invalid(_: Request, error: Exception) -> Response:
    problems = cast("Sequence[_Problem]", cast(RequestValidationError, error).errors())
    details = "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in problems[:5])
    return error_response(422, "invalid_request", f"The request is invalid: {details}.")


def _http(request: Request, error: Exception) -> Response:
    known = cast(HTTPException, error)
    code, message = _SENTENCES.get(known.status_code, (f"http_{known.status_code}", str(known.detail)))
    response = error_response(known.status_code, code, message)
    response.headers.update(known.headers or {})
    if known.status_code == 405 and (methods := _methods(request)):
        response.headers["Allow"] = ", ".join(sorted(methods))
    return response


def _methods(request: Request) -> set[str]:
    """What the address takes by the API's description (RFC 9110, 15.5.6): the framework names its first route's alone.

    An address that is spelled out goes before one with a variable in that place.
    """
    paths: dict[str, dict[str, object]] = cast(FastAPI, request.app).openapi()["paths"]
    fitting = [path for path in paths if compile_path(path)[0].match(request.url.path)]
    spelled_out = [path for path in fitting if "{" not in path]
    return {method.upper() for path in spelled_out or fitting for method in paths[path]}


def _database(request: Request, error: Exception) -> Response:
    """A full disk, or a database that is not whole any more; any other error of theirs is a bug, with its traceback."""
    known = hub_of(request).trouble(error)
    if known is None:
        raise error
    return _expected(request, known)


def _no_text(_: Request, error: Exception) -> Response:
    """JSON can name half a character (a lone surrogate), which neither the database nor a message can hold."""
    return error_response(422, "invalid_request", "The request contains text that is not Unicode.")


def _gone(_: Request, error: Exception) -> Response:
    """Nobody reads this: the client went away in the middle of its upload."""
    return Response(status_code=400)


def _unexpected(_: Request, error: Exception) -> Response:
    return error_response(500, "internal_error", INTERNAL_ERROR)


class _Problem(TypedDict):
    loc: tuple[str | int, ...]
    msg: str
