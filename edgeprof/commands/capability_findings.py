"""What stands below the capability table, a sentence a finding: contexts, drops, sources, groups."""

import math

from edgeprof.quality.against_source import AgainstSource
from edgeprof.quality.capability import Difference
from edgeprof.quality.capability_report import CapabilityReport, DropFinding, GroupFinding
from edgeprof.quality.effective_context import context_text
from edgeprof.tables.figures import clean

MAX_NAMED_FLIPS = 8
DASH = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"


def context_lines(report: CapabilityReport) -> list[str]:
    """A line for each effective context."""
    return [
        f"{clean(each.set_name)}: {clean(each.model)} on {clean(each.device)}: {context_text(each.context)}"
        for each in report.contexts
    ]


def drop_line(found: DropFinding) -> str:
    """What a perturbation cost."""
    change = _change(found.difference, found.ci_low, found.ci_high)
    claim = _claim(found.ci_low, found.ci_high, found.p, found.smallest_effect, found.n)
    flips = f"{len(found.lost):,} items lost, {len(found.gained):,} gained"
    about = f"{clean(found.set_name)}, {clean(found.perturbation)}: {clean(found.model)} on {clean(found.device)}"
    return f"{about}: {change}, {flips}; {claim}"


def source_line(found: AgainstSource) -> str:
    """A variant next to its source."""
    about = f"{clean(found.set_name)}: {clean(found.model)} against {clean(found.source)} on {clean(found.device)}"
    parts: list[str] = []
    if (extra := found.extra) is not None:
        scale = 100 if found.is_share else 1
        value, low, high, smallest = (
            scale * each for each in (extra.difference, extra.ci_low, extra.ci_high, extra.smallest_effect)
        )
        claim = _claim(low, high, extra.p, smallest, extra.n)
        parts.append(f"change by the perturbation minus that of the source {_change(value, low, high)}, {claim}")
    if (flips := found.flips) is not None:
        gained = ", ".join(map(clean, flips.gained[:MAX_NAMED_FLIPS]))
        parts.append(
            f"flips: {len(flips.gained):,} that the source has not{f' ({gained})' if gained else ''}, "
            f"{len(flips.lost):,} that only the source has, {flips.both:,} in both"
        )
    return f"{about}: {'; '.join(parts)}"


def group_line(found: GroupFinding) -> str:
    """How many groups agree, and which do not."""
    groups = found.groups
    about = f"{clean(found.set_name)}: {clean(found.model)} on {clean(found.device)}"
    if groups.interval is None:
        return f"{about}: no group has two answers"
    low, high = (100 * end for end in groups.interval)
    share = f"{groups.same:,} of {groups.groups:,} groups agree ({low:.1f}{DASH}{high:.1f} %)"
    named = ", ".join(clean(flip.group) for flip in groups.flips[:MAX_NAMED_FLIPS])
    more = f" and {len(groups.flips) - MAX_NAMED_FLIPS} more" if len(groups.flips) > MAX_NAMED_FLIPS else ""
    return f"{about}: {share}; {groups.all_right:,} all right{f'; flips: {named}{more}' if named else ''}"


def few_shot(shots: int, found: Difference) -> str:
    """Few shots against none."""
    about = f"{shots} shots {MINUS} 0 shots {_change(found.value, found.ci_low, found.ci_high)}"
    return f"{about}, {_claim(found.ci_low, found.ci_high, found.p, found.smallest_effect, found.n)}"


def _claim(low: float, high: float, p: float, smallest: float, n: int) -> str:
    if p <= 0.05 and (low > 0 or high < 0):
        return f"shown on {n:,} items"
    if not math.isfinite(smallest):
        return f"cannot tell: n = {n:,} shows no difference"
    return f"cannot tell: n = {n:,} shows {smallest:.1f} or more"


def _change(value: float, low: float, high: float) -> str:
    return f"{_signed(value)} ({_signed(low)} to {_signed(high)})"


def _signed(value: float) -> str:
    return f"{MINUS if round(value, 1) < 0 else '+'}{abs(value):.1f}"
