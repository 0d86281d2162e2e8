"""What `init` writes for each sketch: functions that a run of it proposes, or why it cannot be built."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from mlbench.core import backends
from mlbench.errors import EnvironmentFault, HostTimeout, MLBenchError
from mlbench.measure.profile import trial_of
from mlbench.measure.proposals import propose
from mlbench.pipeline.portable_paths import portable
from mlbench.pipeline.run import Services, asked_for, failure_of
from mlbench.suite.suggestions import Suggestion
from mlbench.suite.suite_file import SketchSpec
from mlbench.targets.emulator.target import EmulatorTarget
from mlbench.util.progress import Progress

SECONDS = 120.0
"""Host time after which no further sketch is begun."""
_MOST_SECONDS = 30.0
"""Of host time for each trial of a sketch."""


def suggest(
    specs: Sequence[SketchSpec], services: Services, progress: Progress, seconds: float = SECONDS
) -> tuple[Suggestion, ...]:
    """What each sketch is given in a new suite, in their order. What goes wrong is part of it.

    Raises:
        EnvironmentFault: there is no compiler, and none can be had.
    """
    deadline = time.monotonic() + seconds

    def job(spec: SketchSpec) -> Suggestion:
        if time.monotonic() > deadline:
            return Suggestion(note="not run, as `init` had taken long by then")
        return _suggestion(spec, services, progress)

    with ThreadPoolExecutor(services.limit(specs), thread_name_prefix="job") as pool:
        return tuple(pool.map(job, specs))


def _suggestion(spec: SketchSpec, services: Services, progress: Progress) -> Suggestion:
    project = None
    try:
        services.check_board(spec)
        project = services.obtain(spec)
        firmware = services.build(services.locate(project, spec))
    except EnvironmentFault:
        raise
    except MLBenchError as error:
        return Suggestion(failure=portable(failure_of(error), project, None).message)
    backend = backends.find(spec.backend)
    marked = firmware.is_template or not firmware.fits
    if marked or backend is None or backend.name != backends.default():
        return Suggestion()
    target = services.target(spec)
    if isinstance(target, EmulatorTarget):
        target = replace(target, host_seconds=_MOST_SECONDS)
    try:
        with progress.step(f"{spec.name}: looking for its functions"):
            proposal = propose(firmware, target, trial_of(asked_for(spec, project)))
    except HostTimeout:
        return Suggestion(note=f"not run to an end, as that took more than {_MOST_SECONDS:.0f} s")
    if proposal is None:
        return Suggestion(note="nothing that it does looks like an inference")
    typed = tuple(item.text for item in proposal.typed)
    return Suggestion(proposal.init or "", proposal.inference, typed, "; ".join(proposal.notes))
