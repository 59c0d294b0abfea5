"""The trust badge of a run, and what kept its interval wide; a judgement that fails is never a clean bill."""

from dataclasses import replace

from edgeprof.wire.evidence import TRUST_CAUSES, Conditions, MemoryProfile, Timing, Trust
from edgeprof_agent.measuring.extras import Extras
from edgeprof_agent.measuring.figures import Figures
from edgeprof_agent.measuring.verdict import made_up_work_of
from edgeprof_agent.measuring.worker_run import Header, WorkerRun
from edgeprof_agent.worker_protocol.document import Measured


def trust_or_why_not(
    header: Header,
    run: WorkerRun,
    measured: Measured,
    timing: Timing | None,
    memory: MemoryProfile | None,
    conditions: Conditions | None,
    figures: Figures,
    extras: Extras,
) -> Trust:
    """A run whose causes could not be looked for is not a run without any."""
    why = None
    if timing is not None and memory is not None and conditions is not None:
        trust, why = extras.outcome(
            "the trust checks", lambda: _trust(header, run, measured, timing, memory, conditions, figures), None
        )
        if trust is not None:
            return trust
    why = why or "; ".join(extras.problems) or "what the checks rest on is missing"
    return Trust(marks=(), unchecked=dict.fromkeys(TRUST_CAUSES, why))


def _trust(
    header: Header,
    run: WorkerRun,
    measured: Measured,
    timing: Timing,
    memory: MemoryProfile,
    conditions: Conditions,
    figures: Figures,
) -> Trust:
    """Imported here: an agent that waits for work need not carry it."""
    from edgeprof_agent.measuring.run_evidence import RunEvidence
    from edgeprof_agent.measuring.trust import trust_of
    from edgeprof_agent.measuring.trust_in_samples import medians_of, pieces_ms, published_of

    series = medians_of(measured)
    return trust_of(
        RunEvidence(
            medians_of=series,
            published=published_of(series, figures.medians),
            pieces_ms=pieces_ms(measured),
            timing=timing,
            conditions=conditions,
            memory=memory,
            before=run.before,
            after=run.after,
            output=measured["output"],
            output_unread=measured["output_unread"],
            made_up_work=made_up_work_of(run.worker_output, run.outcome),
            emulated=header.emulated,
            replays=header.replays,
            gate=run.gate,
            beyond=bool(
                run.worker_output.points
                or header.protocol.sweep
                or header.config.arrival_rate_per_s
                or header.protocol.soak_s
            ),
        )
    )


def with_reason(
    header: Header, measured: Measured, timing: Timing | None, trust: Trust, figures: Figures
) -> Timing | None:
    """The timing with what kept the interval wide, where something did."""
    from edgeprof_agent.measuring.precision import prevented_by
    from edgeprof_agent.measuring.trust_in_samples import medians_of, published_of

    if timing is None:
        return None
    series = medians_of(measured)
    published = published_of(series, figures.medians)
    reason = prevented_by(timing, header.protocol.precision, trust, series, published)
    return replace(timing, prevented_by=reason)
