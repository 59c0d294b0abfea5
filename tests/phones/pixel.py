"""The files of a phone for `adbd.py`: what a Pixel 8 prints, written from documentation, and made-up runners."""

import shutil
from pathlib import Path

_TRANSCRIPTS = Path(__file__).parent / "transcripts"
_MACHINE = Path(__file__).parents[1] / "machines" / "phone-pixel-8"
_HAL = "android.hardware.power.stats.IPowerStats/default"

_DUMPSYS = f"""#!/bin/sh
here=$(dirname "$0")/../tools
case "$1" in
  battery) cat "$here/adb-dumpsys_battery" ;;
  thermalservice) cat "$here/adb-dumpsys_thermalservice" ;;
  {_HAL}) cat "$here/adb-dumpsys_powerstats_hal" ;;
  *) echo "Can't find service: $1" ;;
esac
"""
_CMD = '#!/bin/sh\ncat "$(dirname "$0")/../tools/adb-cmd_battery_current_now"\n'
_GETPROP = '#!/bin/sh\ncat "$(dirname "$0")/../tools/adb-getprop"\n'
_DF = '#!/bin/sh\ncat "$(dirname "$0")/../tools/adb-df"\n'
_UNAME = "#!/bin/sh\necho 5.15.137-android14-11\n"


def make_pixel(root: Path, serial: str, free_kib: int = 60_000_000) -> Path:
    """The folder of one phone. `serial` is its hardware serial number."""
    shutil.copytree(_MACHINE, root)
    for name in ("adb-dumpsys_thermalservice",):
        shutil.copy(_TRANSCRIPTS / name, root / "tools" / name)
    properties = (_TRANSCRIPTS / "adb-getprop").read_text().replace("SERIAL", serial)
    (root / "tools" / "adb-getprop").write_text(properties)
    fill(root, free_kib)
    (root / "proc/uptime").write_text("81234.50 512345.11\n")
    (root / "sys/devices/system/cpu").mkdir(parents=True)
    (root / "sys/devices/system/cpu/possible").write_text("0-8\n")
    (root / "data/local/tmp").mkdir(parents=True)
    (root / "bin").mkdir()
    programs = {"dumpsys": _DUMPSYS, "cmd": _CMD, "getprop": _GETPROP, "df": _DF, "uname": _UNAME}
    for name, text in programs.items():
        write_program(root / "bin" / name, text)
    return root


def fill(root: Path, free_kib: int) -> None:
    """So much is free on /data."""
    header = "Filesystem       1K-blocks     Used Available Use% Mounted on\n"
    (root / "tools/adb-df").write_text(f"{header}/dev/block/dm-52 115609024 50000000 {free_kib}  44% /data\n")


def write_program(file: Path, text: str) -> Path:
    """An executable file."""
    file.write_text(text)
    file.chmod(0o755)
    return file


def benchmark_model(folder: Path, body: str = "") -> Path:
    """A program that prints what `benchmark_model` documents, after `body`, and keeps its arguments."""
    report = (_TRANSCRIPTS / "benchmark_model.txt").read_text()
    text = f"#!/bin/sh\n{body}\necho \"$@\" >&2\ncat <<'END'\n{report}END\n"
    return write_program(folder / "benchmark_model", text)


def llama_bench(folder: Path) -> Path:
    """The same of `llama-bench`."""
    report = (_TRANSCRIPTS / "llama-bench.json").read_text()
    return write_program(folder / "llama-bench", f"#!/bin/sh\ncat <<'END'\n{report}END\n")
