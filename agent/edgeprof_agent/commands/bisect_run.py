"""What `edgeprof bisect` does: find the builds, tell the cost, search, print what came out."""

import hashlib
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import click
import msgspec

from edgeprof.bisecting import answers
from edgeprof.bisecting.course import Bench, Comparison, Search, Unusable, find_first_bad
from edgeprof.bisecting.environments import Environments, Wanted, check_pip
from edgeprof.errors import EdgeprofError, UsageError
from edgeprof.paths import cache_dir
from edgeprof.wire.identity import model_id
from edgeprof_agent.bisecting.answers_bench import Answers, AnswersBench
from edgeprof_agent.bisecting.bench import MeasuringBench
from edgeprof_agent.bisecting.builds import Build, file_build, version_build
from edgeprof_agent.bisecting.journal import JournaledBench, forget
from edgeprof_agent.bisecting.metrics import BisectMetric
from edgeprof_agent.commands.profile_request import ProfileRequest, parse_options
from edgeprof_agent.commands.profile_run import INTERRUPTED, setups_named
from edgeprof_agent.commands.view.bisect import cost_lines, progress_line, search_lines
from edgeprof_agent.commands.view.profile import Stages
from edgeprof_agent.series.setups import Setup
from edgeprof_agent.worker_protocol.runtime_table import VARIANTS

FOLDER = "bisect"
"""Of the cache: environments and journals."""


class _Options(msgspec.Struct, frozen=True, kw_only=True):
    package: str | None
    good: str | None
    bad: str | None
    metric: BisectMetric
    smallest: float
    index: str | None
    dry_run: bool
    again: bool
    order_seed: int
    as_json: bool


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is searched. `download_mib`: of wheels that are still to be fetched, at most; None: not known or nothing."""

    what: str
    builds: tuple[Build, ...]
    download_mib: float | None = None

    @property
    def labels(self) -> list[str]:
        return [build.label for build in self.builds]


@dataclass(frozen=True, kw_only=True)
class AnswersOf:
    """A build that was tried, against the good one. `note`: in words, also why it did not answer."""

    build: str
    differs: bool
    note: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """A search as `--json` prints it."""

    what: str
    metric: BisectMetric
    search: Search
    answers: tuple[AnswersOf, ...]


def run(models: Sequence[Path], options: Mapping[str, object]) -> int:
    """Returns the exit code: 0 where the search came to an end, whatever it found."""
    given = msgspec.convert(options, _Options)
    request = _request(given, options)
    plan = _versions(models, given, request) if given.package else _files(models, given, request)
    setup = plan.builds[0].setup
    for line in cost_lines(plan.what, plan.labels, given.metric, setup.protocol, plan.download_mib):
        click.echo(line, err=True)
    if given.dry_run:
        return 0
    journal = cache_dir() / FOLDER / "searches" / f"{_key(plan, given, setup)}.jsonl"
    if given.again:
        forget(journal)
    with Stages(sys.stderr) as stages, TemporaryDirectory(prefix="edgeprof-answers-") as folder:
        asked = Answers(plan.builds, request.host, Path(folder))
        inner: Bench = (
            AnswersBench(asked)
            if given.metric == "answers"
            else MeasuringBench(plan.builds, given.metric, request.host, given.order_seed, stages.show)
        )
        bench = JournaledBench(inner, plan.labels, journal)
        try:
            search = find_first_bad(plan.labels, bench, _teller(stages), given.smallest)
            found = _answers(search, plan.labels, asked)
        except KeyboardInterrupt:
            click.echo("Stopped. Run the same command again to continue the search.", err=True)
            return INTERRUPTED
    if given.as_json:
        document = Document(what=plan.what, metric=given.metric, search=search, answers=tuple(found))
        click.echo(msgspec.json.format(msgspec.json.encode(document)).decode())
        return 0
    for line in search_lines(search, plan.what, given.metric, [(one.build, one.differs, one.note) for one in found]):
        click.echo(line)
    if bench.recalled:
        click.echo(f"{bench.recalled} earlier comparisons were reused. --again measures them again.", err=True)
    return 0


def _request(given: _Options, options: Mapping[str, object]) -> ProfileRequest:
    """One set-up: a search has builds in the place of other axes. No cold start: it would double each run's time."""
    many = [name for name in ("runtime", "threads", "provider") if len(cast("tuple[object, ...]", options[name])) > 1]
    if many:
        raise UsageError("bad_usage", f"--{many[0]} takes one value here: the builds are what differs.")
    if options["replay"] is not None:
        raise UsageError("bad_usage", "--replay plays another machine, on which no version can be tried: leave it out.")
    request = parse_options({**options, "energy": given.metric == "energy"})
    run = request.run
    return replace(request, run=replace(run, protocol=replace(run.protocol, cold_start=False)))


def _versions(models: Sequence[Path], given: _Options, request: ProfileRequest) -> Plan:
    """Versions of a package, each in an environment of its own."""
    if len(models) != 1:
        raise UsageError("bad_usage", "--package takes one MODEL. Several MODELs are searched without it.")
    if given.good is None or given.bad is None:
        raise UsageError("bad_usage", "--package needs --good VERSION and --bad VERSION.")
    check_pip()
    from packaging.tags import sys_tags
    from packaging.version import InvalidVersion, Version

    from edgeprof.bisecting.index_page import index_here, project_files
    from edgeprof.bisecting.releases import between, installable

    package = str(given.package)
    setup, module = _setup_for(models[0], package, request)
    try:
        pre = Version(given.good).is_prerelease or Version(given.bad).is_prerelease
    except InvalidVersion:
        pre = False  # `between` refuses it
    files = project_files(given.index or index_here(), package)
    releases = between(
        installable(files, package, list(sys_tags()), platform.python_version(), pre=pre),
        given.good,
        given.bad,
        package,
    )
    environments = Environments(
        cache_dir() / FOLDER / "environments", Wanted(package=package, module=module, index=given.index)
    )
    builds = tuple(version_build(environments, str(release), setup) for release in releases)
    sizes = [release.size_bytes for release in releases if not environments.has(str(release))]
    return Plan(what=package, builds=builds, download_mib=_download_mib(sizes, len(releases)))


def _setup_for(model: Path, package: str, request: ProfileRequest) -> tuple[Setup, str]:
    """The set-up in the runtime that the package brings, and what of the package must import."""
    named = request.axes.runtimes[0] if request.axes.runtimes else None
    able = [name for name, one in VARIANTS.items() if one.package == package and not one.needs_endpoint]
    if not able:
        known = sorted({one.package for one in VARIANTS.values() if not one.needs_endpoint})
        raise UsageError("no_such_package", f"No runtime is in a package {package!r}. Packages: {', '.join(known)}.")
    if named is not None and named not in able:
        raise UsageError(
            "no_such_package", f"The package {package} holds no runtime {named}. It holds: {', '.join(able)}."
        )
    runtimes = (named,) if named is not None else (able[0],)
    setups = setups_named([model], replace(request, axes=replace(request.axes, runtimes=runtimes)))
    return setups[0], VARIANTS[runtimes[0]].imported


def _files(models: Sequence[Path], given: _Options, request: ProfileRequest) -> Plan:
    """Files of a model in the runtime that is installed."""
    if given.good is not None or given.bad is not None or given.index is not None:
        raise UsageError("bad_usage", "--good, --bad and --index belong to --package: name the runtime's package.")
    if len(models) < 2:
        raise UsageError("bad_usage", "One MODEL needs --package NAME --good VERSION --bad VERSION.")
    setups = setups_named(models, request)
    if len(setups) != len(models):
        raise UsageError("bad_usage", "Two of these files are the same model. Name each once.")
    return Plan(what="model files", builds=tuple(map(file_build, setups)))


def _download_mib(sizes: Sequence[int | None], builds: int) -> float | None:
    """Of the wheels that a search fetches at most: as many of the largest as it can come to."""
    from edgeprof.bisecting.search import comparisons_needed

    known = sorted((size for size in sizes if size is not None), reverse=True)
    return sum(known[: comparisons_needed(builds) + 1]) / 2**20 if known else None


def _key(plan: Plan, given: _Options, setup: Setup) -> str:
    """Of a search: what is compared, by what, on what. Another seed, or another answer to `--smallest`, is the same."""
    model_ids = [model_id(build.setup.file.manifest) for build in plan.builds]
    document = [plan.what, plan.labels, model_ids, given.metric, given.index, setup.config, setup.protocol, sys.version]
    return hashlib.sha256(msgspec.json.encode(document)).hexdigest()[:16]


def _answers(search: Search, labels: Sequence[str], asked: Answers) -> list[AnswersOf]:
    """Of each build that the search tried and that ran, against the good end."""
    tried = {one.candidate for one in search.comparisons if one.mark != "skipped"}
    found: list[AnswersOf] = []
    for place, label in enumerate(labels):
        if place == 0 or label not in tried:
            continue
        try:
            differences = asked.differences(0, place)
        except (Unusable, EdgeprofError) as error:
            found.append(AnswersOf(build=label, differs=False, note=f"answers not compared: {error}"))
            continue
        found.append(AnswersOf(build=label, differs=answers.differs(differences), note=answers.sentence(differences)))
    return found


def _teller(stages: Stages) -> Callable[[Comparison], None]:
    """Shows each comparison once it is done, on a line that stays."""

    def tell(comparison: Comparison) -> None:
        stages.clear()
        click.echo(progress_line(comparison), err=True)

    return tell
