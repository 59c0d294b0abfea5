"""Checks a campaign request: every field within the range that the request's fields give. Pure."""

from edgeprof.errors import UsageError
from edgeprof.wire import rest
from edgeprof.wire.run_limits import problem
from edgeprof.wire.run_request import RunProtocol


def check(request: rest.CampaignRequest) -> None:
    """Raises UsageError for the first value that no device could follow."""
    found = problem(request, rest.CampaignRequest) or problem(request.protocol, RunProtocol)
    if found:
        raise UsageError(found.code, found.sentence)
