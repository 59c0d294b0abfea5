"""A characterization as one HTML file that needs nothing else: light and dark, for a phone as for a desk. Pure."""

from collections.abc import Sequence
from html import escape

from edgeprof.profiler import words
from edgeprof.profiler.plan import Plan
from edgeprof.profiler.profiles import ModelProfile
from edgeprof.profiler.verdict import ProfilerVerdict
from edgeprof.version import __version__

_STYLE = """
:root{color-scheme:light dark;--line:#8885;--soft:#8882;--bad:light-dark(#a11,#f88)}
body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:0 auto;padding:1rem}
h1{font-size:1.4rem}h2{font-size:1.15rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
td{font-variant-numeric:tabular-nums}.failed{color:var(--bad)}.note{font-size:.9rem;overflow-wrap:anywhere}
.verdict{background:var(--soft);padding:.8rem 1rem;border-radius:.5rem}ul{padding-left:1.2rem}
"""


def page(plan: Plan, profiles: Sequence[ModelProfile], verdict: ProfilerVerdict) -> str:
    """The whole document. Every text of a model, device or error is escaped."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>Model profiles</title><style>{_STYLE}</style></head><body>",
        "<h1>Model profiles</h1>",
        _verdict(verdict),
        "<h2>Figures</h2>",
        table(plan, profiles, whole=True),
        _notes(plan, profiles),
        "<h2>Plan</h2>",
        _plan(plan),
        f'<p class="note">edgeprof {escape(__version__)}. In brackets: 95 % interval. ~ marks a figure that was '
        "computed, not measured.</p></body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def table(plan: Plan, profiles: Sequence[ModelProfile], *, whole: bool = False) -> str:
    """The table alone, as a notebook shows it."""
    columns = words.columns_of(plan, profiles, whole=whole)
    heads = "".join(
        f'<th scope="col">{escape(text)}</th>' for text in ("model", "device", *map(words.title_of, columns))
    )
    rows = "".join(_row(plan.titles.get(profile.model, profile.model), profile, columns) for profile in profiles)
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _row(title: str, profile: ModelProfile, columns: Sequence[words.Column]) -> str:
    cells = "".join(_cell(profile, column) for column in columns)
    return f'<tr><th scope="row">{escape(title)}</th><td>{escape(profile.device)}</td>{cells}</tr>'


def _cell(profile: ModelProfile, column: words.Column) -> str:
    figure = profile.figure(*column)
    text = escape(words.cell_text(profile, column))
    if figure is None:
        kind = ' class="failed"' if text == "failed" else ""
        return f'<td{kind} title="{escape(profile.reason(column[0]), quote=True)}">{text}</td>'
    what = f"n = {figure.n:,}, {figure.origin}" + (f"; {figure.no_interval}" if figure.no_interval else "")
    return f'<td title="{escape(what, quote=True)}">{text}</td>'


def _verdict(verdict: ProfilerVerdict) -> str:
    first, *lines = str(verdict).splitlines()
    rest = "".join(f"<li>{escape(line.strip())}</li>" for line in lines)
    return f'<div class="verdict"><strong>{escape(first)}</strong>{f"<ul>{rest}</ul>" if rest else ""}</div>'


def _notes(plan: Plan, profiles: Sequence[ModelProfile]) -> str:
    lines = [
        f"<li><strong>{escape(plan.titles.get(profile.model, profile.model))}</strong> on "
        f"<strong>{escape(profile.device)}</strong>: {escape(text)}</li>"
        for profile in profiles
        for text in (
            *words.notes_of(profile),
            *(f"no {one.metric}: {one.reason}" for one in profile.absent),
        )
    ]
    return f'<h2>Notes</h2><ul class="note">{"".join(lines)}</ul>' if lines else ""


def _plan(plan: Plan) -> str:
    rows = (
        ("models", ", ".join(plan.models)),
        ("targets", ", ".join(plan.deployment_targets)),
        ("metrics", ", ".join(plan.metrics)),
        ("evaluation sets", ", ".join(plan.evaluation_sets)),
        ("gates", "; ".join(plan.gates)),
        ("repeats", str(plan.repeats)),
        ("options", ", ".join(f"{name} = {value}" for name, value in plan.options.items())),
    )
    lines = "".join(f"<tr><th scope='row'>{name}</th><td>{escape(text)}</td></tr>" for name, text in rows if text)
    return f'<div class="scroll"><table><tbody>{lines}</tbody></table></div>'
