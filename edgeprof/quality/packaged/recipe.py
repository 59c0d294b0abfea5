"""What a recipe says about one packaged set: its facts, the package that carries its data, and how items are made."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar, cast

from edgeprof.errors import EdgeprofError
from edgeprof.net.packages import PackageArchive
from edgeprof.quality.evaluation_set import SetFacts
from edgeprof.quality.sets.facts import DOMAINS

RecipeTable = TypeVar("RecipeTable", bound="PackageSource | SetRecipe")


@dataclass(frozen=True, kw_only=True)
class PackageSource:
    """Members of one published archive, which its SHA-256 pins as a whole. `platform`, `python`: see PackageArchive."""

    package: str
    version: str
    archive: str
    archive_bytes: int
    sha256: str
    members: tuple[str, ...]
    platform: str = "any"
    python: str = "3.11"

    @property
    def package_archive(self) -> PackageArchive:
        return PackageArchive(
            package=self.package,
            version=self.version,
            archive=self.archive,
            archive_bytes=self.archive_bytes,
            platform=self.platform,
            python=self.python,
        )


@dataclass(frozen=True, kw_only=True)
class SetRecipe:
    """One set. `set_id`, `items` and `size_bytes` are of the set as it is made."""

    name: str
    title: str
    task: str
    domain: str
    licence: str
    made_by: str
    """Who made the data and under which terms, in words."""
    note: str = ""
    """What a reader of its figures must know, as where a model may have seen the items."""
    language: str = ""
    template: str = ""
    classes: tuple[str, ...] = ()
    preparation: dict[str, Any] = field(default_factory=lambda: {})
    maker: str = ""
    """A name in `makers.table.MAKERS`; empty where edgeprof ships the set."""
    options: dict[str, Any] = field(default_factory=lambda: {})
    """The maker's own, as `count` and `seed` of a sample."""
    source: PackageSource | None = None
    """None: edgeprof ships the set."""
    set_id: str
    items: int
    size_bytes: int

    @property
    def origin(self) -> str:
        """Where the bytes come from, in one line."""
        return f"{self.source.package} {self.source.version}" if self.source else "edgeprof, bundled"

    @property
    def facts(self) -> SetFacts:
        """The facts of the set that is made."""
        return SetFacts(
            name=self.name,
            task=self.task,
            domain=self.domain,
            language=self.language,
            licence=self.licence,
            source=f"{self.origin}: {self.made_by}",
            template=self.template,
            classes=self.classes,
            preparation=self.preparation,
        )


def read(path: Path) -> SetRecipe:
    """The recipe in a TOML file. Raises EdgeprofError `bad_recipe` that names the file and the field."""
    import msgspec.toml  # it reads TOML on Python 3.10, too

    try:
        document = msgspec.toml.decode(path.read_bytes())
        if source := document.get("source"):
            document["source"] = _table(PackageSource, source)
        recipe = _table(SetRecipe, document)
    except (OSError, ValueError, TypeError) as error:
        raise EdgeprofError("bad_recipe", f"Invalid recipe {path}: {error}.") from error
    if recipe.name != path.stem:
        raise EdgeprofError("bad_recipe", f"Recipe {path} has the name {recipe.name!r}. Give the file that name.")
    if recipe.domain not in DOMAINS:
        raise EdgeprofError("bad_recipe", f"Recipe {path} has the unknown domain {recipe.domain!r}.")
    return recipe


def _table(kind: type[RecipeTable], document: dict[str, Any]) -> RecipeTable:
    """A misspelt key is a TypeError, as is a missing one."""
    lists = {each.name for each in fields(kind) if str(each.type).startswith("tuple")}
    values = {name: tuple(cast("list[Any]", value)) if name in lists else value for name, value in document.items()}
    return cast(Any, kind)(**values)
