"""The model of an evaluation as a person names it: a file, or the name under which an endpoint serves it."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from edgeprof.modelfiles import served_file
from edgeprof.modelfiles.served_file import Served

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def document_name(model: str) -> str:
    """The file's name for a served model.

    >>> document_name("org/gpt-5 nano")
    'org-gpt-5-nano.served'
    """
    return _UNSAFE.sub("-", model).strip("-.") + served_file.SUFFIX


@contextmanager
def model_file(model: Path, *, is_served: bool) -> Generator[Path]:
    """The model's file. At an endpoint a name without a file stands for a document with nothing but that name.

    The document equals that of `edgeprof endpoint model NAME`, so that both have one model id. It lasts as long as the
    block. Raises ModelFileError for a name that no document may have.
    """
    if not is_served or model.suffix == served_file.SUFFIX or model.exists():
        yield model
        return
    data = served_file.written(Served(edgeprof_served=1, model=str(model)))
    name = document_name(str(model))
    served_file.parsed(data, name)
    with TemporaryDirectory(prefix="edgeprof-served-") as folder:
        file = Path(folder) / name
        file.write_bytes(data)
        yield file
