"""What a program really wrote and flushed, in order, recorded by strace; and what of it a power cut leaves.

Nothing is believed that POSIX does not promise: the bytes of a file stay as they were at its last fsync, and a name in
a folder (made, renamed, removed) as it was at the folder's last fsync.
"""

import ast
import random
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

SECTOR_BYTES = 512
TRACED = (
    "openat,close,dup,dup2,dup3,lseek,write,pwrite64,ftruncate,fsync,fdatasync,rename,renameat,renameat2,"
    "unlink,unlinkat,mkdir,mkdirat"
)
_LINE = re.compile(r"(\w+)\((.*)\)\s+= (-?\d+)")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
STDOUT = 1


@dataclass(frozen=True)
class Event:
    """One call that changed something or said something."""

    kind: str
    """write, truncate, sync, sync_folder, make, rename, remove, make_folder, said"""
    path: str = ""
    data: bytes = b""
    at: int = 0
    to: str = ""


def record(command: Sequence[str], folder: Path, trace: Path) -> list[Event]:
    """Run a program of one thread to its end; what it did below `folder`, and each line that it printed."""
    strace = ["strace", "-xx", "-s", "10000000", "-e", f"trace={TRACED}", "-o", str(trace)]
    done = subprocess.run([*strace, *command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    with trace.open(errors="replace") as lines:
        return list(_events(lines, str(folder)))


@dataclass
class _Open:
    path: str
    at: int = 0
    is_folder: bool = False


def _events(lines: Iterator[str], folder: str) -> Iterator[Event]:
    files: dict[int, _Open] = {}
    made: set[str] = set()
    said = b""
    for line in lines:
        found = _LINE.match(line)
        if not found or int(found[3]) < 0:
            continue
        call, arguments, answer = found[1], found[2], int(found[3])
        texts = [_bytes(each) for each in _TEXT.findall(arguments)]
        numbers = [int(each) for each in re.findall(r"(?<![\w\"\\])(\d+)(?![\w\"\\])", _TEXT.sub("", arguments))]
        if call == "openat":
            path = texts[0].decode()
            if path.startswith(folder):
                files[answer] = _Open(path, is_folder="O_DIRECTORY" in arguments or Path(path).is_dir())
                if "O_CREAT" in arguments and path not in made:
                    made.add(path)
                    yield Event("make", path)
                if "O_TRUNC" in arguments:
                    yield Event("truncate", path, at=0)
            else:
                files.pop(answer, None)
        elif call in ("rename", "renameat", "renameat2") and texts[-1].decode().startswith(folder):
            source, target = texts[0].decode(), texts[-1].decode()
            made.discard(source)
            made.add(target)
            for each in files.values():
                each.path = target if each.path == source else each.path
            yield Event("rename", source, to=target)
        elif call in ("unlink", "unlinkat") and texts[0].decode().startswith(folder):
            made.discard(texts[0].decode())
            yield Event("remove", texts[0].decode())
        elif call in ("mkdir", "mkdirat") and texts[0].decode().startswith(folder):
            yield Event("make_folder", texts[0].decode())
        elif numbers and call.startswith("dup") and numbers[0] in files:
            files[answer] = files[numbers[0]]
        elif call == "write" and numbers[0] == STDOUT and STDOUT not in files:
            *lines_said, said = (said + texts[0]).split(b"\n")
            yield from (Event("said", data=text) for text in lines_said)
        elif numbers and numbers[0] in files:
            yield from _on_file(call, files, numbers, texts, answer)


def _on_file(
    call: str, files: dict[int, _Open], numbers: list[int], texts: list[bytes], answer: int
) -> Iterator[Event]:
    file = files[numbers[0]]
    if call == "close":
        del files[numbers[0]]
    elif call == "lseek":
        file.at = answer
    elif call == "write":
        yield Event("write", file.path, texts[0][:answer], file.at)
        file.at += answer
    elif call == "pwrite64":
        yield Event("write", file.path, texts[0][:answer], numbers[-1])
    elif call == "ftruncate":
        yield Event("truncate", file.path, at=numbers[-1])
    elif call in ("fsync", "fdatasync"):
        yield Event("sync_folder" if file.is_folder else "sync", file.path)


def _bytes(escaped: str) -> bytes:
    """strace's `-xx`: every byte as \\xNN, which is Python's own spelling."""
    return ast.literal_eval(f"b'{escaped}'")


@dataclass
class _File:
    """One file, whatever its names: what it holds, what of that is on the disk, what was written since."""

    now: bytearray = field(default_factory=bytearray)
    kept: bytes = b""
    since: list[Event] = field(default_factory=list[Event])


class Disk:
    """Files and names as the program sees them, and as a power cut would leave them."""

    def __init__(self) -> None:
        self._names: dict[str, _File] = {}
        self._kept_names: dict[str, _File] = {}
        self._folders: set[str] = set()

    def play(self, event: Event) -> None:
        """One event more."""
        if event.kind == "make":
            self._names.setdefault(event.path, _File())
        elif event.kind == "make_folder":
            self._folders.add(event.path)
        elif event.kind == "rename":
            self._names[event.to] = self._names.pop(event.path)
        elif event.kind == "remove":
            self._names.pop(event.path, None)
        elif event.kind == "sync_folder":
            self._keep_names(event.path)
        elif event.kind in ("write", "truncate"):
            file = self._names[event.path]
            _apply(file.now, event)
            file.since.append(event)
        elif event.kind == "sync":
            file = self._names[event.path]
            file.kept, file.since = bytes(file.now), []

    def after_a_cut(self, chance: random.Random | None = None) -> dict[str, bytes]:
        """Contents by path. Without `chance` all that was not flushed is gone; else some sectors of it are there."""
        return {path: _torn(file, chance) if chance else file.kept for path, file in self._kept_names.items()}

    def after_a_kill(self) -> dict[str, bytes]:
        """Everything that was written."""
        return {path: bytes(file.now) for path, file in self._names.items()}

    def _keep_names(self, folder: str) -> None:
        def is_in(path: str) -> bool:
            return path.rpartition("/")[0] == folder.rstrip("/")

        others = {path: file for path, file in self._kept_names.items() if not is_in(path)}
        self._kept_names = others | {path: file for path, file in self._names.items() if is_in(path)}


def _apply(content: bytearray, event: Event) -> None:
    if event.kind == "truncate":
        content[event.at :] = bytes(max(0, event.at - len(content)))
        return
    content.extend(bytes(max(0, event.at - len(content))))
    content[event.at : event.at + len(event.data)] = event.data


def _torn(file: _File, chance: random.Random) -> bytes:
    """What was flushed, and of what was written since a random part of the sectors, in any order."""
    content = bytearray(file.kept)
    for event in file.since:
        if event.kind == "truncate":
            if chance.random() < 0.5:
                _apply(content, event)
            continue
        for start in range(0, len(event.data), SECTOR_BYTES):
            if chance.random() < 0.5:
                piece = event.data[start : start + SECTOR_BYTES]
                _apply(content, Event("write", data=piece, at=event.at + start))
    return bytes(content)


def lay_out(files: dict[str, bytes], was: Path, folder: Path) -> None:
    """Write these contents, recorded below `was`, below another folder."""
    for path, content in files.items():
        target = folder / Path(path).relative_to(was)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.name.endswith("-shm"):  # a map of the log that lives in memory: SQLite makes it anew
            target.write_bytes(content)
