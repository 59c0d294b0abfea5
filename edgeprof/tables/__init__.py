"""How comparisons and devices are printed; needs nothing but the standard library."""

import shutil

from edgeprof.errors import UsageError
from edgeprof.tables.devices import devices_json, devices_text
from edgeprof.tables.export import render_csv, render_json
from edgeprof.tables.markdown import render_md
from edgeprof.tables.text import render_text
from edgeprof.wire import rest

__all__ = ["devices_json", "devices_text", "render", "render_csv", "render_json", "render_md", "render_text"]

MAX_WIDTH = 130


def render(table: rest.CompareTable, kind: str, width: int | None = None) -> str:
    """The table as `table`, `json`, `csv` or `md`; ends in a line feed. `width`: of `table`; else the terminal's."""
    if kind == "table":
        return render_text(table, min(width or shutil.get_terminal_size((110, 24)).columns, MAX_WIDTH))
    renderers = {"json": render_json, "csv": render_csv, "md": render_md}
    if kind not in renderers:
        raise UsageError("unknown_format", f"{kind!r} is not a format of this table. Use table, json, csv or md.")
    return renderers[kind](table)
