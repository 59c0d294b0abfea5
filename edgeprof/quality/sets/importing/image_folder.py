"""A folder of images in class folders: `PATH/cat/1.jpg`. Every image is decoded once."""

from pathlib import Path

from edgeprof.quality.sets.importing.base import (
    Imported,
    ImportRequest,
    Placed,
    class_folders,
    class_index,
    class_names,
    same_files,
    scattered,
    stored_path,
)
from edgeprof.quality.sets.importing.images import SUFFIXES, check_image, pillow


class ImageFolder:
    """Image classification; an item's id is its path."""

    name = "images"
    title = "a folder of images in class folders"

    def fits(self, path: Path, task: str) -> bool:
        return path.is_dir() and task == "image-classification"

    def read(self, request: ImportRequest) -> Imported:
        pillow()
        by_class = class_folders(request.path, SUFFIXES)
        classes = class_names(by_class, request.classes)
        items: list[Placed] = []
        files: dict[str, Path | bytes] = {}
        for name, paths in by_class.items():
            label = class_index(name, classes, str(request.path / name))
            for path in paths:
                check_image(path)
                stored = stored_path(request.path, path)
                files[stored] = path
                identity = path.relative_to(request.path).as_posix()
                items.append(Placed({"id": identity, "file": stored, "label": label}, str(path)))
        return Imported(
            items=scattered(items),
            files=files,
            classes=classes,
            warnings=tuple(same_files(dict(sorted(files.items())))),
        )
