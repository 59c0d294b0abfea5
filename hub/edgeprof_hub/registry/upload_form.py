"""A form with files as a browser sends it (RFC 7578), written into a folder while it arrives.

Starlette's own parser spools every file into the system's temporary folder before anybody can look at its first bytes.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from edgeprof.errors import EdgeprofError
from edgeprof.modelfiles import first_look
from edgeprof.modelfiles.inspection import HEAD_BYTES
from edgeprof_hub.registry.registration import is_plain_path

MAX_FIELD_BYTES = 4096
MAX_FILES = 64
MAX_FIELDS = 16


class UploadForm:
    """Takes the body piece by piece. `fields` has the texts; `files` what lies in the folder, by the senders' names.

    Raises EdgeprofError at the first byte that shows that a file is no model, or that the form is none.
    """

    def __init__(self, content_type: str, folder: Path, look: Callable[[bytes, str], object] = first_look) -> None:
        """`look`: judges a file by its first bytes and its name."""
        kind, options = parse_options_header(content_type)
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise _broken()
        self.fields: dict[str, str] = {}
        self.files: list[Path] = []
        self._folder = folder
        self._judge = look
        self._is_whole = False
        self._parser = MultipartParser(
            options[b"boundary"],
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_end,
                "on_part_data": self._data,
                "on_part_end": self._end,
                "on_end": self._all,
            },
        )
        self._begin()

    def write(self, chunk: bytes) -> None:
        """The next bytes of the body."""
        try:
            self._parser.write(chunk)
        except FormParserError as error:
            raise _broken() from error

    def finish(self) -> None:
        """The body has ended. Raises EdgeprofError where the form has not."""
        if not self._is_whole:
            raise _broken()

    def close(self) -> None:
        """Close a file that is half written."""
        if self._stream:
            self._stream.close()

    def _begin(self) -> None:
        self._name, self._value = b"", b""
        self._disposition = b""
        self._field = ""
        self._text = b""
        self._head: bytes | None = None
        self._stream: BinaryIO | None = None

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        if len(self._name) > MAX_FIELD_BYTES:
            raise _broken()

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        if len(self._value) > MAX_FIELD_BYTES:
            raise _broken()

    def _header_end(self) -> None:
        if self._name.lower() == b"content-disposition":
            self._disposition = self._value
        self._name, self._value = b"", b""

    def _headers_end(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._field = options.get(b"name", b"").decode(errors="replace")
        filename = options.get(b"filename")
        if filename:  # a browser sends an empty one where no file was chosen
            self._open(filename.decode(errors="replace"))

    def _open(self, filename: str) -> None:
        name = filename.replace("\\", "/").rpartition("/")[2]
        path = self._folder / name
        if not is_plain_path(name):
            raise EdgeprofError("bad_file_name", f"{filename[:80]!r} is not a valid file name. Rename the file.")
        if len(self.files) >= MAX_FILES:
            raise EdgeprofError("too_many_files", f"An upload holds at most {MAX_FILES} files. Split it.")
        if path in self.files:
            raise EdgeprofError("bad_file_name", f"Two files have the name {name}. Rename one.")
        self.files.append(path)
        self._stream, self._head = path.open("xb"), b""

    def _data(self, data: bytes, start: int, end: int) -> None:
        part = data[start:end]
        if self._stream is None:
            self._text += part
            if len(self._text) > MAX_FIELD_BYTES:
                raise EdgeprofError("too_large", f"A form field is longer than {MAX_FIELD_BYTES} bytes.")
            return
        if self._head is not None:
            self._head += part[:HEAD_BYTES]
            if len(self._head) >= HEAD_BYTES:
                self._look()
        self._stream.write(part)

    def _look(self) -> None:
        if self._head is not None:
            self._judge(self._head, self.files[-1].name)
            self._head = None

    def _end(self) -> None:
        if self._stream is not None:
            self._look()
            self._stream.close()
            self._stream = None
        elif self._field and len(self.fields) < MAX_FIELDS:
            self.fields[self._field] = self._text.decode(errors="replace")

    def _all(self) -> None:
        self._is_whole = True


def _broken() -> EdgeprofError:
    return EdgeprofError("bad_form", "The upload is incomplete, or is not a form with files. Send it again.")
