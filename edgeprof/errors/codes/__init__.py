"""Every error code that edgeprof can print or send: what it means, what to do, the exit code. Closed, and stable.

`docs/error-codes.md` is made from this; a test holds it against the codes that the source raises. The agent does not
import it.
"""

from edgeprof.errors.codes import (
    agent,
    command_line,
    cost,
    derived_sets,
    evaluation_jobs,
    hub,
    identity,
    joining,
    models,
    people,
    profiler,
    quality,
    readiness,
)
from edgeprof.errors.codes.entry import ErrorCode as ErrorCode

GROUPS: dict[str, tuple[ErrorCode, ...]] = {
    "Names and ids": command_line.NAMING,
    "Using a command": command_line.USE,
    "Reaching a hub": command_line.TALKING,
    "Comparing results": command_line.COMPARING,
    "Exporting and publishing": command_line.PUBLISHING,
    "The demo": command_line.DEMO,
    "Missing parts": command_line.INSTALLING,
    "Starting a hub": hub.STARTING,
    "The REST API": hub.API,
    "People at the hub": people.PEOPLE,
    "Agents at the hub": hub.AGENTS,
    "Wheels for devices": joining.HUB,
    "Joining a hub": identity.IDENTITY,
    "Campaigns": hub.CAMPAIGNS,
    "Uploads": hub.UPLOADS,
    "The hub's page": hub.PAGE,
    "The agent's settings": agent.SETTINGS,
    "Installing an agent": joining.DEVICE,
    "Connecting an agent": agent.CONNECTING,
    "Files on the device": agent.STATE,
    "Signed jobs": agent.SIGNED_JOBS,
    "Endpoints": agent.ENDPOINTS,
    "Phones": agent.PHONES,
    "Times of operators": agent.OPERATORS,
    "Power": agent.POWER,
    "Series of runs": agent.SERIES,
    "Recorded machines": agent.RECORDING,
    "Model files": models.FILES,
    "Moving models": models.MOVING,
    "Bundles of models": models.BUNDLES,
    "Runtimes": models.RUNTIMES,
    "Recipes": models.RECIPES,
    "Device profiles": models.PROFILES,
    "Prices": cost.PRICES,
    "Costs": cost.COSTS,
    "Evaluations": quality.EVALUATION_OPTIONS,
    "Evaluation sets": quality.SETS,
    "The capability matrix": derived_sets.CAPABILITY,
    "Derived and generated sets": derived_sets.DERIVED_SETS,
    "Evaluations on a hub": evaluation_jobs.ON_A_HUB,
    "Comparing evaluations": quality.COMPARISONS,
    "Readiness": readiness.READINESS,
    "The profiler": profiler.PROFILER,
}

CODES: dict[str, ErrorCode] = {entry.code: entry for group in GROUPS.values() for entry in group}
