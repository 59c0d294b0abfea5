"""How long and how often to measure: no axis of a cell. Each field once, with its words, its range and its places."""

from dataclasses import dataclass, replace
from typing import Annotated

from edgeprof.wire.run_field import SHORT_FORM, SURFACES, FormInput, Option, RunField, Surface
from edgeprof.wire.sweep_at import SweepAt

MAX_SWEEP_POINTS = 200
MIN_SOAK_S = 10.0
"""The sustained part, a fifth of it, must hold more than a few samples of a slow model."""
DAY_S = 86_400.0
MAX_RUNS = 100_000_000
"""Of a window: more than a day has for a model of a millisecond."""

_CAMPAIGN = "A campaign keeps to the default, or sets it through the REST API."
_NO_OPTION = "Set through the REST API and the Python interface only."
_NEVER: dict[Surface, str] = {"profile": _NO_OPTION, "flash": _NO_OPTION, "form": SHORT_FORM}
_HERE: dict[Surface, str] = {"flash": _CAMPAIGN, "form": SHORT_FORM}
_ENERGY_HERE = "Default: off; on with --meter or --replay."
_TERMINAL: dict[Surface, str] = {"form": SHORT_FORM}
_RUNS = RunField(title="", help="", code="bad_window", low=1, high=MAX_RUNS, not_offered=_NEVER)
"""How many runs a window has; each of the two limits has its own words."""


@dataclass(frozen=True, kw_only=True)
class RunProtocol:
    """How long and how often to measure. It is no axis of a cell: more repeats are the same quantity, better known.

    Warm-up is at least `warmup_runs` and goes on until the speed is steady, for at most `warmup_limit_s`. The window is
    at least `min_runs` and `window_s`, and goes on until the median's 95 % interval lies within +- `precision` of it,
    for at most `window_limit_s`, and no longer than it takes to see that the interval cannot become so narrow in that
    time. `sweep`, `soak_s` come after it and change nothing in it.
    """

    warmup_runs: Annotated[
        int,
        RunField(
            title="Runs of warm-up",
            help="Least number of warm-up runs. Warm-up goes on until the speed is steady.",
            code="bad_warmup",
            low=0,
            high=100_000,
            option=Option(flags="--warmup"),
            not_offered=_HERE,
        ),
    ] = 5
    warmup_limit_s: Annotated[
        float,
        RunField(
            title="Seconds of warm-up",
            help="Warm-up ends here even if the speed is not steady.",
            code="bad_warmup",
            unit="s",
            low=0,
            high=3600,
            option=Option(flags="--warmup-limit-s"),
            not_offered=_HERE,
        ),
    ] = 5.0
    min_runs: Annotated[
        int, replace(_RUNS, title="Least runs in the window", help="The window has at least this many.")
    ] = 20
    max_runs: Annotated[
        int, replace(_RUNS, title="Most runs in the window", help="The window has at most this many.")
    ] = 100_000
    window_s: Annotated[
        float,
        RunField(
            title="Seconds of the window",
            help="The window lasts at least this long.",
            code="bad_window",
            unit="s",
            low=0.01,
            high=3600,
            option=Option(flags="--window-s"),
            not_offered=_HERE,
        ),
    ] = 0.5
    window_limit_s: Annotated[
        float,
        RunField(
            title="Greatest length of the window",
            help="The precision target extends the window up to this length. Default: {default:g}, or --window-s.",
            code="bad_window",
            unit="s",
            low=0.01,
            high=DAY_S,
            option=Option(flags="--window-limit-s", derived_default=True),
            not_offered=_HERE,
        ),
    ] = 10.0
    open_loop_requests: Annotated[
        int,
        RunField(
            title="Requests at a rate",
            help="With --rate: send about this many. 0, the default: as many as the window's length allows.",
            code="bad_rate",
            low=0,
            high=1_000_000,
            option=Option(flags="--requests"),
            not_offered=_TERMINAL,
        ),
    ] = 0
    precision: Annotated[
        float,
        RunField(
            title="The precision of a median",
            help="End the window when the median is known to ± this share, or cannot be within --window-limit-s.",
            code="bad_precision",
            low=0.0001,
            high=1,
            option=Option(flags="--precision"),
            not_offered=_TERMINAL,
        ),
    ] = 0.02
    deadline_s: Annotated[
        float,
        RunField(
            title="Time limit",
            help="Kill a measurement that takes longer. Sweep, requests at a rate and soak get extra time.",
            code="bad_deadline",
            unit="s",
            low=1,
            high=DAY_S,
            option=Option(flags="--deadline-s"),
            not_offered=_HERE,
        ),
    ] = 300.0
    seed: Annotated[
        int, RunField(title="Seed", help="Seed of the synthetic inputs and arrivals.", not_offered=_NEVER)
    ] = 20_261_123
    cold_start: Annotated[
        bool,
        RunField(
            title="Cold start",
            help="First, a start with the model's files dropped from the page cache.",
            option=Option(flags="--no-cold-start", help="Skip the start with the files dropped from the page cache."),
            not_offered=_HERE,
        ),
    ] = True
    sweep: Annotated[
        tuple[SweepAt, ...],
        RunField(
            title="Points of a sweep",
            help="Input shapes, or token counts of a language model, to measure after the window.",
            code="bad_sweep",
            high=MAX_SWEEP_POINTS,
            option=Option(flags="--sweep", by_hand=True),
            not_offered=_TERMINAL,
        ),
    ] = ()
    soak_s: Annotated[
        float,
        RunField(
            title="Seconds of a soak",
            help="After the rest, load the model without a pause for this long.",
            code="bad_soak",
            unit="s",
            low=MIN_SOAK_S,
            high=DAY_S,
            off=0.0,
            option=Option(flags="--soak", metavar="SECONDS"),
            form=FormInput(
                label="Soak, s",
                note="Load without a pause after the measurement; 0 for none, otherwise at least 10.",
                size=5,
            ),
        ),
    ] = 0.0
    start_below_c: Annotated[
        float | None,
        RunField(
            title="Start temperature",
            help="Wait until the device is cooler than this.",
            code="bad_start",
            unit="°C",
            low=-40,
            high=120,
            option=Option(flags="--start-below-c", metavar="°C"),
            not_offered=_TERMINAL,
        ),
    ] = None
    heat_wait_s: Annotated[
        float,
        RunField(
            title="Wait for the start temperature",
            help="Wait at most this long for --start-below-c. Default: {default:g}.",
            code="bad_start",
            unit="s",
            low=0,
            high=DAY_S,
            option=Option(flags="--heat-wait-s", derived_default=True),
            not_offered=_HERE,
        ),
    ] = 300.0
    energy: Annotated[
        bool,
        RunField(
            title="Energy",
            help="After the window, read power at idle, under load, and at idle, where a source can be read (90 s or "
            "more).",
            option=Option(flags="--energy/--no-energy", undecided={"profile": _ENERGY_HERE}),
            form=FormInput(label="Measure energy", note="Adds 90 s or more with a readable power source."),
        ),
    ] = True
    operators: Annotated[
        bool,
        RunField(
            title="Times of operators",
            help="After the measurement, profile the model's operators (20 s; needs the model's memory twice).",
            option=Option(flags="--operators"),
            form=FormInput(label="Profile operators", note="Adds 20 s, after the measurement."),
        ),
    ] = False
    energy_limit_s: Annotated[
        float,
        RunField(
            title="Load for energy",
            help="Load for energy lasts at most this long, even if a slow meter needs more.",
            code="bad_energy_limit",
            unit="s",
            low=1,
            high=DAY_S,
            option=Option(flags="--energy-limit-s"),
            not_offered=_TERMINAL,
        ),
    ] = 900.0
    download_limit_mbps: Annotated[
        float | None,
        RunField(
            title="Download limit",
            help="Fetch the model's files at no more than this. A lower limit of the device's own counts.",
            code="bad_download_limit",
            unit="Mbit/s",
            low=0.01,
            high=100_000,
            option=Option(flags="--download-limit-mbps", metavar="MBIT/S"),
            not_offered={"profile": "A local profile fetches nothing.", "form": SHORT_FORM},
        ),
    ] = None
    label: Annotated[
        str,
        RunField(
            title="Run label",
            help="A label to recognise the run by. It changes neither the cell nor the measurement.",
            code="bad_label",
            high=80,
            option=Option(flags="--label", more_flags={"profile": "--name"}),
            form=FormInput(label="Run label", note="To recognise the run by; it changes nothing else.", size=20),
        ),
    ] = ""
    evaluation_items: Annotated[
        int,
        RunField(
            title="Items of an evaluation set",
            help="Answer only the first N items of the set; 0 is all.",
            code="bad_items",
            low=0,
            high=10_000_000,
            not_offered=dict.fromkeys(SURFACES, "`edgeprof evaluate`, and `--evaluate` of a campaign, set it."),
        ),
    ] = 0
    evaluation_limit_s: Annotated[
        float,
        RunField(
            title="Time limit of an evaluation",
            help="Take no more items after this time. The result names what is missing.",
            code="bad_deadline",
            unit="s",
            low=1,
            high=DAY_S,
            not_offered=dict.fromkeys(SURFACES, "`edgeprof evaluate`, and `--evaluate` of a campaign, set it."),
        ),
    ] = 3600.0
